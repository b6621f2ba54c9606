import type { CryptoSuite } from '@warren/crypto'
import type { Did } from '@warren/identity'
import type { VerifiedCharter } from '../charter.ts'
import { MembershipError } from '../membership-error.ts'
import { type Keyring, keyringOf } from '../records/keyring.ts'
import type { AdminChangeRecord } from '../records/mesh-record.ts'
import { type AdminSet, changedSet, charterSet } from './admin-set.ts'

/** A set that was or is in force, and the change that ended it. */
export interface Reign {
  readonly set: AdminSet
  /** Absent for the set in force now. */
  readonly endedBy: AdminChangeRecord | undefined
}

interface Tree {
  readonly sets: ReadonlyMap<string, AdminSet>
  readonly children: ReadonlyMap<string, readonly AdminChangeRecord[]>
  readonly admins: Keyring
  readonly witnesses: Keyring
}

/** Two changes of one set: whom they touch may decide nothing until witnesses have settled on one. */
export interface AdminConflict {
  readonly prev: string
  /** The change that is in force, and those that lost. */
  readonly winner: string
  readonly losers: readonly string[]
  readonly frozen: ReadonlySet<Did>
}

/**
 * Every valid admin change there is, as a tree from the charter: an immutable value.
 *
 * Of two changes of one set the one with more approvers is in force, then one that removes, then the
 * one with the lower id; the same everywhere, whatever came first.
 */
export class AdminTree {
  readonly #suite: CryptoSuite
  readonly #meshId: string
  readonly #sets: ReadonlyMap<string, AdminSet>
  readonly #children: ReadonlyMap<string, readonly AdminChangeRecord[]>
  readonly #admins: Keyring
  readonly #witnesses: Keyring
  readonly #reigns: readonly Reign[]

  private constructor(suite: CryptoSuite, meshId: string, tree: Tree) {
    this.#suite = suite
    this.#meshId = meshId
    this.#sets = tree.sets
    this.#children = tree.children
    this.#admins = tree.admins
    this.#witnesses = tree.witnesses
    this.#reigns = this.#walk()
  }

  static of(suite: CryptoSuite, charter: VerifiedCharter): AdminTree {
    const { meshId, admins, witnesses } = charter
    return new AdminTree(suite, meshId, {
      sets: new Map([[meshId, charterSet(charter)]]),
      children: new Map(),
      admins: keyringOf(suite, admins),
      witnesses: keyringOf(suite, witnesses),
    })
  }

  /**
   * The tree with one change more.
   *
   * @throws MembershipError `predecessor-unknown`, `record-invalid`, `record-unproved`
   */
  with(change: AdminChangeRecord): AdminTree {
    if (this.#sets.has(change.id)) return this
    const before = this.#sets.get(change.prev)
    if (before === undefined) {
      const message = 'the admin change before this one is not known here'
      throw new MembershipError('predecessor-unknown', message)
    }
    const after = changedSet(this.#suite, before, change)
    const sets = new Map(this.#sets).set(change.id, after)
    const siblings = [...(this.#children.get(change.prev) ?? []), change]
    const children = new Map(this.#children).set(change.prev, siblings.toSorted(byStrength))
    const { add, rotate, addWitnesses } = change
    return new AdminTree(this.#suite, this.#meshId, {
      sets,
      children,
      admins: keyringOf(this.#suite, [...add, ...rotate], this.#admins),
      witnesses: keyringOf(this.#suite, addWitnesses, this.#witnesses),
    })
  }

  /** Whether a change, or the mesh id, stands in the tree. */
  knows(head: string): boolean {
    return this.#sets.has(head)
  }

  /** The set in force. */
  get tip(): AdminSet {
    const last = this.#reigns.at(-1)
    if (last === undefined) throw new Error('a tree has the set of its charter')
    return last.set
  }

  /** The sets that were in force, the newest last. */
  get reigns(): readonly Reign[] {
    return this.#reigns
  }

  /** Every set of every branch: what takes away may rest on any of them. */
  get allSets(): Iterable<AdminSet> {
    return this.#sets.values()
  }

  /** Key pairs of all who are or were admins, on any branch. */
  get admins(): Keyring {
    return this.#admins
  }

  get witnesses(): Keyring {
    return this.#witnesses
  }

  /** Where a set has been changed twice. */
  conflicts(): readonly AdminConflict[] {
    return [...this.#children].flatMap(([prev, changes]) => {
      const [winner, ...losers] = changes
      if (winner === undefined || losers.length === 0) return []
      const frozen = new Set(changes.flatMap((change) => [...touched(change), ...twice(changes)]))
      return [{ prev, winner: winner.id, losers: losers.map(({ id }) => id), frozen }]
    })
  }

  /** Whether a change, or the mesh id, is in force or has led to what is. */
  isInForce(head: string): boolean {
    return this.#reigns.some(({ set }) => set.head === head)
  }

  /** Whether `head` is `ancestor` or comes after it. */
  isAfter(head: string, ancestor: string): boolean {
    const heads = this.#reigns.map(({ set }) => set.head)
    const at = heads.indexOf(head)
    return at !== -1 && at >= heads.indexOf(ancestor) && heads.includes(ancestor)
  }

  #walk(): readonly Reign[] {
    const reigns: Reign[] = []
    let set = this.#sets.get(this.#meshId)
    while (set !== undefined) {
      const endedBy = this.#children.get(set.head)?.[0]
      reigns.push({ set, endedBy })
      set = endedBy === undefined ? undefined : this.#sets.get(endedBy.id)
    }
    return reigns
  }
}

/** The strongest first. */
function byStrength(left: AdminChangeRecord, right: AdminChangeRecord): number {
  const approvers = right.approvers.length - left.approvers.length
  if (approvers !== 0) return approvers
  const removal = Number(right.remove.length > 0) - Number(left.remove.length > 0)
  if (removal !== 0) return removal
  return left.id < right.id ? -1 : 1
}

function touched({ add, remove, rotate }: AdminChangeRecord): readonly Did[] {
  return [...[...add, ...rotate].map(({ did }) => did), ...remove]
}

/** Admins who approved more than one change of one set. */
function twice(changes: readonly AdminChangeRecord[]): readonly Did[] {
  const approvers = changes.flatMap((change) => change.approvers)
  return approvers.filter((did, at) => approvers.indexOf(did) !== at)
}
