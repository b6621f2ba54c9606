import type { CryptoSuite } from '@warren/crypto'
import type { VerifiedCharter } from '../charter.ts'
import { MembershipError } from '../membership-error.ts'
import { type Keyring, keyringOf } from '../records/keyring.ts'
import type { AdminChangeRecord } from '../records/mesh-record.ts'
import { type AdminSet, changedSet, charterSet } from './admin-set.ts'

interface Tree {
  readonly first: AdminSet
  readonly sets: ReadonlyMap<string, AdminSet>
  readonly changes: ReadonlyMap<string, AdminChangeRecord>
  readonly children: ReadonlyMap<string, readonly AdminChangeRecord[]>
  readonly admins: Keyring
  readonly witnesses: Keyring
}

/**
 * Every valid admin change there is, as a tree from the charter: an immutable value.
 *
 * Which of them are in force is another question: `successionOf` asks it.
 */
export class ChangeTree {
  readonly #suite: CryptoSuite
  readonly #tree: Tree

  private constructor(suite: CryptoSuite, tree: Tree) {
    this.#suite = suite
    this.#tree = tree
  }

  static of(suite: CryptoSuite, charter: VerifiedCharter): ChangeTree {
    const { meshId, admins, witnesses } = charter
    const first = charterSet(charter)
    return new ChangeTree(suite, {
      first,
      sets: new Map([[meshId, first]]),
      changes: new Map(),
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
  with(change: AdminChangeRecord): ChangeTree {
    const { first, sets, changes, children, admins, witnesses } = this.#tree
    if (sets.has(change.id)) return this
    const before = sets.get(change.prev)
    if (before === undefined) {
      const message = 'the admin change before this one is not known here'
      throw new MembershipError('predecessor-unknown', message)
    }
    const after = changedSet(this.#suite, before, change)
    const siblings = [...this.changesOf(change.prev), change]
    const { add, rotate, addWitnesses } = change
    return new ChangeTree(this.#suite, {
      first,
      sets: new Map(sets).set(change.id, after),
      changes: new Map(changes).set(change.id, change),
      children: new Map(children).set(change.prev, siblings),
      admins: keyringOf(this.#suite, [...add, ...rotate], admins),
      witnesses: keyringOf(this.#suite, addWitnesses, witnesses),
    })
  }

  /** The set of the charter. */
  get first(): AdminSet {
    return this.#tree.first
  }

  /** The set that a change has made, or that of the charter by the mesh id. */
  setOf(head: string): AdminSet | undefined {
    return this.#tree.sets.get(head)
  }

  /** The changes of one set, in no order that means anything. */
  changesOf(head: string): readonly AdminChangeRecord[] {
    return this.#tree.children.get(head) ?? []
  }

  /** Whether `head` is `ancestor` or rests on it, on whatever branch. */
  restsOn(head: string, ancestor: string): boolean {
    for (let at: string | undefined = head; at !== undefined;) {
      if (at === ancestor) return true
      at = this.#tree.changes.get(at)?.prev
    }
    return false
  }

  /** Every set of every branch: what takes away may rest on any of them. */
  get allSets(): Iterable<AdminSet> {
    return this.#tree.sets.values()
  }

  /** Key pairs of all who are or were admins, on any branch. */
  get admins(): Keyring {
    return this.#tree.admins
  }

  get witnesses(): Keyring {
    return this.#tree.witnesses
  }
}
