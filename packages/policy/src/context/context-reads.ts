import type { PolicyJson } from '@cedar-policy/cedar-wasm/nodejs'
import { accessOf, partsOf, variableOf } from './expression.ts'

/**
 * Which parts of the context rules read: all below here, or the attributes that are listed. An
 * attribute with nothing below it is asked for by `has`, and no more.
 */
export type Reads = 'all' | ReadonlyMap<string, Reads>

/** What is read where no rule looks. */
export const NOTHING_READ: Reads = new Map()

/** One chain of attributes behind `context`. */
interface Chain {
  readonly steps: readonly string[]
  /** What stands there is taken; otherwise it is only asked for. */
  readonly taken: boolean
}

/**
 * Finds what policies read of the context, from the engine's own syntax tree.
 *
 * The language has no variables, so every reading is a chain of attributes behind the word
 * `context`; a chain that ends in a record, or the word alone, reads all that is below.
 */
export function contextReads(policies: readonly Pick<PolicyJson, 'conditions'>[]): Reads {
  return treeOf(
    policies.flatMap(({ conditions }) => conditions.flatMap(({ body }) => chainsIn(body))),
  )
}

/** What is read below one attribute; undefined when it is not read at all. */
export function readsBelow(reads: Reads, attribute: string): Reads | undefined {
  return reads === 'all' ? 'all' : reads.get(attribute)
}

/** Says whether anything is read. */
export function isReading(reads: Reads): boolean {
  return reads === 'all' || reads.size > 0
}

function treeOf(chains: readonly Chain[]): Reads {
  if (chains.some(({ steps, taken }) => steps.length === 0 && taken)) return 'all'
  const longer = chains.filter(({ steps }) => steps.length > 0)
  const byFirst = Map.groupBy(longer, ({ steps: [first = ''] }) => first)
  return new Map([...byFirst].map(([first, those]) => [first, treeOf(those.map(withoutFirst))]))
}

function withoutFirst({ steps, taken }: Chain): Chain {
  return { steps: steps.slice(1), taken }
}

function chainsIn(expression: unknown): readonly Chain[] {
  const chain = chainOf(expression)
  return chain === undefined ? partsOf(expression).flatMap(chainsIn) : [chain]
}

function chainOf(expression: unknown): Chain | undefined {
  if (variableOf(expression) === 'context') return { steps: [], taken: true }
  const access = accessOf(expression)
  if (access === undefined) return undefined
  const before = chainOf(access.left)
  if (before === undefined) return undefined
  return { steps: [...before.steps, ...access.attributes], taken: access.operator === '.' }
}
