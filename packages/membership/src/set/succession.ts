import type { Did } from '@warren/identity'
import type { AdminChangeRecord } from '../records/mesh-record.ts'
import type { AdminSet } from './admin-set.ts'
import type { ChangeTree } from './change-tree.ts'
import { areEnough, type Evidence, wasSeen } from './witnessed.ts'

/** A set that was or is in force, and the change that ended it. */
export interface Reign {
  readonly set: AdminSet
  /** Absent for the set in force now. */
  readonly endedBy: AdminChangeRecord | undefined
}

/** Two changes of one set that is or was in force. */
export interface AdminConflict {
  readonly prev: string
  /** The change that is in force, and those that lost. */
  readonly winner: string
  readonly losers: readonly string[]
  /** Whom they concern: they may decide nothing until witnesses have settled on one. */
  readonly frozen: ReadonlySet<Did>
  /** Whether the witnesses of the set before have settled on the winner, and on no other. */
  readonly isSettled: boolean
}

/** Which sets of admins were in force one after the other, and where that was in doubt. */
export interface Succession {
  /** The newest last. */
  readonly reigns: readonly Reign[]
  readonly conflicts: readonly AdminConflict[]
}

/** A change that may be in force, with what speaks for it. */
interface Candidate {
  readonly change: AdminChangeRecord
  readonly isSettled: boolean
  /** How many of its approvers count. */
  readonly approvers: number
}

interface Question {
  readonly tree: ChangeTree
  readonly evidence: Evidence
  readonly set: AdminSet
  /** Admins whom changes of earlier sets concern that nobody has settled. */
  readonly frozen: ReadonlySet<Did>
}

/**
 * Who decides, from the charter to now: a function of what is known, whatever came first.
 *
 * What the witnesses of a set have settled on stays, whatever comes later: keys that were retired cannot undo what
 * removed them. Before that the change with more approvers that count is in force, then one that removes, then
 * the one with the lower id.
 */
export function successionOf(tree: ChangeTree, evidence: Evidence): Succession {
  const reigns: Reign[] = []
  const conflicts: AdminConflict[] = []
  let frozen: ReadonlySet<Did> = new Set()
  for (let set: AdminSet | undefined = tree.first; set !== undefined;) {
    const candidates = candidatesOf({ tree, evidence, set, frozen })
    const endedBy = candidates[0]?.change
    reigns.push({ set, endedBy })
    const conflict = conflictOf(set.head, candidates)
    if (conflict !== undefined) conflicts.push(conflict)
    // Where nobody can settle it, whoever was frozen would be so for ever.
    const isOpen = conflict?.isSettled === false && set.kWitness > 0
    if (isOpen) frozen = new Set([...frozen, ...conflict.frozen])
    set = endedBy === undefined ? undefined : tree.setOf(endedBy.id)
  }
  return { reigns, conflicts }
}

/** The changes of a set that may be in force, the strongest first. */
function candidatesOf(question: Question): readonly Candidate[] {
  const { tree, set } = question
  const isBarred = barrier(question)
  return tree
    .changesOf(set.head)
    .map((change) => ({
      change,
      isSettled: isSettledOn(question, change),
      approvers: change.approvers.filter((did) => !isBarred(did, change)).length,
    }))
    .filter(({ isSettled, approvers }) => isSettled || approvers >= set.kAdmin)
    .toSorted(byStrength)
}

/** Whether enough sound witnesses of the set before have said that a change, or what rests on it, is in force. */
function isSettledOn({ tree, evidence, set }: Question, { id }: AdminChangeRecord): boolean {
  const settled = set.witnesses
    .map(({ did }) => did)
    .filter((did) => evidence.logs.adminHeadsOf(did).some((head) => tree.restsOn(head, id)))
  return areEnough(evidence, settled, set)
}

/**
 * Whose approval of a change of a set does not count: an admin who was revoked, where witnesses had not seen the
 * change before; and one who is frozen.
 *
 * Both end where too few would be left to change anything: kAdmin old keys that revoke everybody must not end a mesh
 * for good. And where a set has no witnesses nothing tells a change of today from one of long ago, so that to stop counting
 * a revoked admin would undo what it approved while it was in office, and bring back whom that removed.
 */
function barrier({
  evidence,
  set,
  frozen,
}: Question): (did: Did, change: AdminChangeRecord) => boolean {
  const { removals } = evidence.tables
  const isRevoked = (did: Did): boolean =>
    set.kWitness > 0 && removals.revocations(`admin ${did}`).length > 0
  const isLeftToItself = (isOut: (did: Did) => boolean): boolean =>
    set.admins.filter(({ did }) => !isOut(did)).length < set.kAdmin
  if (isLeftToItself(isRevoked)) return () => false
  const isWithoutFrozen = !isLeftToItself((did) => isRevoked(did) || frozen.has(did))
  return (did, { id }) => {
    if (isWithoutFrozen && frozen.has(did)) return true
    if (!isRevoked(did)) return false
    return removals
      .revocations(`admin ${did}`)
      .some(({ since }) => !wasSeen(evidence, { id, since }, set))
  }
}

function byStrength(left: Candidate, right: Candidate): number {
  const settled = Number(right.isSettled) - Number(left.isSettled)
  if (settled !== 0) return settled
  const approvers = right.approvers - left.approvers
  if (approvers !== 0) return approvers
  const removal = Number(right.change.remove.length > 0) - Number(left.change.remove.length > 0)
  if (removal !== 0) return removal
  return left.change.id < right.change.id ? -1 : 1
}

function conflictOf(prev: string, candidates: readonly Candidate[]): AdminConflict | undefined {
  const [winner, ...losers] = candidates
  if (winner === undefined || losers.length === 0) return undefined
  const changes = candidates.map(({ change }) => change)
  return {
    prev,
    winner: winner.change.id,
    losers: losers.map(({ change }) => change.id),
    frozen: new Set([...changes.flatMap(touched), ...twice(changes)]),
    isSettled: winner.isSettled && losers.every(({ isSettled }) => !isSettled),
  }
}

function touched({ add, remove, rotate }: AdminChangeRecord): readonly Did[] {
  return [...[...add, ...rotate].map(({ did }) => did), ...remove]
}

/** Admins who approved more than one change of one set. */
function twice(changes: readonly AdminChangeRecord[]): readonly Did[] {
  const approvers = changes.flatMap((change) => change.approvers)
  return approvers.filter((did, at) => approvers.indexOf(did) !== at)
}
