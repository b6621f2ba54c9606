import type { CedarValueJson, Context } from '@cedar-policy/cedar-wasm/nodejs'
import { isJsonObject } from '@warren/core'
import type { PolicyRequest } from '../policy-request.ts'
import type { CedarType } from '../vocabulary/cedar-type.ts'
import type { Supplied } from '../vocabulary/policy-schema.ts'
import type { ToolAction } from '../vocabulary/vocabulary.ts'
import { ContextBudget } from './context-budget.ts'
import { ContextFlaw } from './context-flaw.ts'
import { NOTHING_READ, type Reads, readsBelow } from './context-reads.ts'
import { requireFit } from './require-fit.ts'
import { requireType } from './require-type.ts'
import { type SaidRecord, valueRead } from './value-read.ts'
import { writeFacts, writeTexts } from './write-facts.ts'
import { writeInput } from './write-input.ts'

/** What the context of one action holds. */
export interface ContextPlan {
  readonly supplies: ReadonlySet<Supplied>
  /** The tool, where one is defined. */
  readonly tool: ToolAction | undefined
  /** The types of all that the node says, whether or not a rule reads it. */
  readonly said: ReadonlyMap<string, CedarType>
  /** What rules on this action read of the context. */
  readonly reads: Reads
}

/**
 * Writes the context of a request: what its rules read, and no more. All that the node says is compared with its type,
 * also what no rule reads.
 *
 * @throws ContextFlaw; TypeError when this node does not say what it declared
 */
export function writeContext(request: PolicyRequest, plan: ContextPlan): Context {
  const { tool, reads } = plan
  const budget = new ContextBudget()
  const supplied = writeSupplied(request, plan.supplies, budget)
  const inputReads = readsBelow(reads, 'input')
  const input = tool && writeArguments(request, tool, { reads: inputReads ?? NOTHING_READ, budget })
  const said: SaidRecord = {
    ...supplied,
    ...(tool && { fact: writeArgumentFacts(request, tool, budget) }),
  }
  for (const [name, type] of plan.said) requireType(type, said[name])
  return {
    ...(readsBelow(reads, 'at') !== undefined && { at: datetime(request.atMs) }),
    ...(input !== undefined && inputReads !== undefined && { input }),
    ...valueRead(said, reads),
  }
}

function writeSupplied(
  { action, session, toolState, credentials }: PolicyRequest,
  supplies: ReadonlySet<Supplied>,
  budget: ContextBudget,
): SaidRecord {
  const isCall = action === 'call'
  return {
    ...(supplies.has('session') && { session: writeFacts('session', session, budget) }),
    ...(supplies.has('tool') && isCall && { tool: writeFacts('tool', toolState, budget) }),
    ...(supplies.has('credentials') && {
      credentials: writeTexts('credentials', credentials, budget),
    }),
  }
}

function writeArguments(
  { input = {} }: PolicyRequest,
  { shape }: ToolAction,
  { reads, budget }: { readonly reads: Reads; readonly budget: ContextBudget },
): CedarValueJson {
  if (!isJsonObject(input)) {
    throw new ContextFlaw('input-mismatch', 'the arguments of a tool are an object')
  }
  if (shape === undefined) return {}
  requireFit(shape, input)
  return writeInput(shape, input, { reads, budget })
}

function writeArgumentFacts(
  { facts: given = {} }: PolicyRequest,
  { facts }: ToolAction,
  budget: ContextBudget,
): CedarValueJson {
  const unknown = Object.keys(given).find((argument) => !facts.has(argument))
  const missing = [...facts].find(([argument, { sure }]) => sure && !Object.hasOwn(given, argument))
  const amiss = unknown ?? missing?.[0]
  if (amiss !== undefined) {
    const message = `this node has not the facts of the argument "${amiss}" that its rules need`
    throw new ContextFlaw('facts-mismatch', message)
  }
  return Object.fromEntries(
    Object.entries(given).map(([argument, fact]) => [
      argument,
      writeFacts(`fact of "${argument}"`, fact, budget),
    ]),
  )
}

function datetime(atMs: number): CedarValueJson {
  const epoch = { __extn: { fn: 'datetime', arg: '1970-01-01' } }
  const since = { __extn: { fn: 'duration', arg: `${atMs}ms` } }
  return { __extn: { fn: 'offset', args: [epoch, since] } }
}
