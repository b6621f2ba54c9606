import { type RunView, type Invariant } from '@warren/testkit'
import { type Cast } from './cast.ts'
import { type RecordActor } from './record-actor.ts'

/** Whom invariants speak of: nobody answers for what a hostile node does. */
export type IsHonest = (node: number) => boolean

type RecordInvariant = Invariant<RecordActor>

/** What must hold after every step of a run. */
export function recordInvariants(cast: Cast, isHonest: IsHonest): readonly RecordInvariant[] {
  return [
    ofTouched(isHonest, breaksNothing),
    ofTouched(isHonest, refusesNobodyElse(cast)),
    remembers(cast, isHonest),
  ]
}

export interface Convergence {
  readonly atMs: number
  readonly cast: Cast
  readonly isHonest: IsHonest
  /** Where the revocation was submitted, again and again. */
  readonly administrator: number
}

/** At that time honest nodes that reach each other hold the same records; those round the administrator, the revocation. */
export function converge({ atMs, cast, isHonest, administrator }: Convergence): RecordInvariant {
  let asked = false
  return (run) => {
    if (asked || run.nowMs < atMs) return undefined
    asked = true
    if (run.actor(administrator)?.set.has(cast.revocationId) !== true) {
      return { message: `n${administrator} does not know what it was told`, nodes: [administrator] }
    }
    for (const group of honestGroups(run, isHonest)) {
      const roots = new Map(group.map((node) => [rootsOf(run, node), node]))
      if (roots.size > 1) {
        return {
          message: `${group.length} honest nodes hold ${roots.size} different sets of records`,
          nodes: [...roots.values()].slice(0, 2),
        }
      }
    }
    return undefined
  }
}

function rootsOf(run: RunView<RecordActor>, node: number): string {
  const set = run.actor(node)?.set
  return `${set?.trie('removal').root} ${set?.trie('grant').root}`
}

/** Honest nodes, together with all that they reach over honest ones. */
function honestGroups(
  run: RunView<RecordActor>,
  isHonest: IsHonest,
): readonly (readonly number[])[] {
  const groups: (readonly number[])[] = []
  const seen = new Set<number>()
  /** Notes a node; true the first time, where it counts. */
  const isNew = (node: number): boolean => {
    if (seen.has(node) || !isHonest(node) || run.actor(node) === undefined) return false
    seen.add(node)
    return true
  }
  for (let first = 0; first < run.nodes; first += 1) {
    if (!isNew(first)) continue
    const group = [first]
    for (const node of group) {
      group.push(...(run.actor(node)?.peers ?? []).map(numberOf).filter(isNew))
    }
    groups.push(group)
  }
  return groups
}

/** The number of a node by its name. */
function numberOf(name: string): number {
  return Number(name.slice(1))
}

type Fault = (actor: RecordActor, isHonestName: (name: string) => boolean) => string | undefined

function ofTouched(isHonest: IsHonest, fault: Fault): RecordInvariant {
  return (run) => {
    const { node, actor } = touched(run, isHonest)
    const message = actor && fault(actor, (name) => isHonest(numberOf(name)))
    return message === undefined ? undefined : { message: `n${node} ${message}`, nodes: [node] }
  }
}

function touched(
  run: RunView<RecordActor>,
  isHonest: IsHonest,
): { readonly node: number; readonly actor: RecordActor | undefined } {
  const node = run.touched ?? 0
  return { node, actor: isHonest(node) ? run.actor(node) : undefined }
}

/** What leaves it is durable, and it settles no connection to an honest node without the removals of that node. */
function breaksNothing(
  { breach }: RecordActor,
  isHonestName: (name: string) => boolean,
): string | undefined {
  if (breach?.peer !== undefined && !isHonestName(breach.peer)) return undefined
  return breach?.text
}

function refusesNobodyElse({ others, target }: Cast): Fault {
  return (actor) => {
    const refused = others.find((did) => actor.standingOf(did)?.status !== 'member')
    if (refused !== undefined) return `refuses ${refused}, whom nobody has revoked`
    const standing = actor.standingOf(target)
    if (standing?.status === 'unknown') return `does not know ${target}`
    return undefined
  }
}

interface Memory {
  boot: number
  hasRefused: boolean
  readonly promised: Set<string>
}

/**
 * Who has refused the target refuses the membership that was taken away for the whole of its life; and in
 * its next lives too, where it has told anybody of the revocation.
 */
function remembers({ target }: Cast, isHonest: IsHonest): RecordInvariant {
  const memories = new Map<number, Memory>()
  return (run) => {
    const { node, actor } = touched(run, isHonest)
    if (actor === undefined) return undefined
    const memory = memories.get(node) ?? {
      boot: actor.boot,
      hasRefused: false,
      promised: new Set(),
    }
    memories.set(node, memory)
    if (memory.boot !== actor.boot) {
      memory.boot = actor.boot
      memory.hasRefused = false
      const lost = [...memory.promised].find((id) => !actor.set.has(id))
      if (lost !== undefined)
        return { message: `n${node} passed ${lost} on and forgot it`, nodes: [node] }
    }
    for (const id of actor.passedOn) memory.promised.add(id)
    const standing = actor.standingOf(target)
    const accepts = standing?.status === 'member' && standing.membership.gen === 1
    if (accepts && memory.hasRefused) {
      return { message: `n${node} accepts again whom it has refused`, nodes: [node] }
    }
    memory.hasRefused ||= !accepts
    return undefined
  }
}
