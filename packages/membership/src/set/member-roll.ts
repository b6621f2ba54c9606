import type { Membership } from '../membership.ts'
import type { MembershipRecord } from '../records/mesh-record.ts'
import { IdTrie } from './id-trie.ts'
import type { RecordSet } from './record-set.ts'
import { standingOf } from './standing.ts'
import { FANOUT } from './trie-digest.ts'

/** Members that are looked at in one go: a few milliseconds, whatever the size of the mesh. */
export const ROLL_STEP = 500

/** What stands in a roll for a member: who, and the membership that counts. */
export function rollEntry({ did, id }: Pick<Membership, 'did' | 'id'>): string {
  return `${did} ${id}`
}

/**
 * Who is a member in good standing by a set at a time, called over a few at a time.
 *
 * A function of the two alone: whoever knows the same records comes to the same root. Whoever is revoked, kept out, expired or
 * unknown is not in it, so that being in it says that nothing has been taken away as well.
 */
export class MemberRoll {
  readonly set: RecordSet
  readonly timeMs: number
  readonly #open: Iterator<readonly MembershipRecord[]>
  #trie: IdTrie
  #hashed = 0

  constructor(set: RecordSet, timeMs: number) {
    this.set = set
    this.timeMs = timeMs
    this.#open = set.tables.memberships.values()[Symbol.iterator]()
    this.#trie = IdTrie.empty(set.suite)
  }

  /** Looks at some more; the whole roll as soon as everybody has been looked at, and the root is known. */
  advance(): IdTrie | undefined {
    for (let step = 0; step < ROLL_STEP; step += 1) {
      const next = this.#open.next()
      if (next.done === true) return this.#hash()
      this.#enter(next.value)
    }
    return undefined
  }

  /** The root of many takes as long as looking at them: one child of it at a time, where there are many. */
  #hash(): IdTrie | undefined {
    if (this.#trie.count > ROLL_STEP && this.#hashed < FANOUT) {
      this.#trie.summary(this.#hashed.toString(FANOUT))
      this.#hashed += 1
      return undefined
    }
    return this.#trie
  }

  #enter([first]: readonly MembershipRecord[]): void {
    if (first === undefined) return
    const standing = standingOf(this.set, first.membership.did, this.timeMs)
    if (standing.status === 'member') this.#trie = this.#trie.with(rollEntry(standing.membership))
  }
}
