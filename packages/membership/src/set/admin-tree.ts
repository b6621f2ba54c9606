import type { CryptoSuite } from '@warren/crypto'
import type { VerifiedCharter } from '../charter.ts'
import type { Keyring } from '../records/keyring.ts'
import type { AdminChangeRecord } from '../records/mesh-record.ts'
import type { AdminSet } from './admin-set.ts'
import { ChangeTree } from './change-tree.ts'
import { type AdminConflict, type Reign, type Succession, successionOf } from './succession.ts'
import type { Evidence } from './witnessed.ts'

/** The admin changes of a set of records, and which of them are in force by what else is known: an immutable value. */
export class AdminTree {
  readonly #changes: ChangeTree
  readonly #evidence: Evidence
  #known: Succession | undefined

  private constructor(changes: ChangeTree, evidence: Evidence) {
    this.#changes = changes
    this.#evidence = evidence
  }

  static of(suite: CryptoSuite, charter: VerifiedCharter, evidence: Evidence): AdminTree {
    return new AdminTree(ChangeTree.of(suite, charter), evidence)
  }

  /**
   * The tree with one change more.
   *
   * @throws MembershipError `predecessor-unknown`, `record-invalid`, `record-unproved`
   */
  with(change: AdminChangeRecord): AdminTree {
    return new AdminTree(this.#changes.with(change), this.#evidence)
  }

  /** The same changes by what is known now. */
  by(evidence: Evidence): AdminTree {
    return new AdminTree(this.#changes, evidence)
  }

  /** Whether a change, or the mesh id, stands in the tree. */
  knows(head: string): boolean {
    return this.#changes.setOf(head) !== undefined
  }

  /** The set in force. */
  get tip(): AdminSet {
    const last = this.reigns.at(-1)
    if (last === undefined) throw new Error('a tree has the set of its charter')
    return last.set
  }

  /** The sets that were in force, the newest last. */
  get reigns(): readonly Reign[] {
    return this.#succession.reigns
  }

  /** Every set of every branch: what takes away may rest on any of them. */
  get allSets(): Iterable<AdminSet> {
    return this.#changes.allSets
  }

  /** Key pairs of all who are or were admins, on any branch. */
  get admins(): Keyring {
    return this.#changes.admins
  }

  get witnesses(): Keyring {
    return this.#changes.witnesses
  }

  /** Where a set that is or was in force has been changed twice. */
  conflicts(): readonly AdminConflict[] {
    return this.#succession.conflicts
  }

  /** Whether `head` is `ancestor` or comes after it, both in force or what has led to it. */
  isAfter(head: string, ancestor: string): boolean {
    const heads = this.reigns.map(({ set }) => set.head)
    const at = heads.indexOf(head)
    return at !== -1 && at >= heads.indexOf(ancestor) && heads.includes(ancestor)
  }

  get #succession(): Succession {
    this.#known ??= successionOf(this.#changes, this.#evidence)
    return this.#known
  }
}
