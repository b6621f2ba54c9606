import type { RecordClass } from '../records/mesh-record.ts'
import type { IdTrie, TrieSummary } from '../set/id-trie.ts'
import type { SyncLimits } from './sync-limits.ts'
import type { SyncMessage } from './sync-message.ts'

/**
 * Fetches what a neighbour has of one part and this node has not, by comparing sums below prefixes.
 *
 * It ends when every question has been answered and everything asked for has come. A neighbour can
 * make it neither endless nor large: it may name only prefixes below those that were asked for, and
 * not more ids than it said there were.
 */
export class Pull {
  readonly part: RecordClass
  readonly #limits: SyncLimits
  readonly #prefixes: string[] = ['']
  readonly #asked = new Set<string>()
  readonly #wanted: string[] = []
  /** Ids of which the answers are on their way. */
  readonly #coming = new Set<string>()
  readonly #named = new Set<string>()
  #idsLeft: number
  #asksLeft: number

  constructor(part: RecordClass, count: number, limits: SyncLimits) {
    this.part = part
    this.#limits = limits
    // The neighbour's set may grow while it is read.
    this.#idsLeft = count + limits.namedMax
    // No prefix that is asked for is empty, so there are not more of them than ids.
    this.#asksLeft = this.#idsLeft
  }

  get isDone(): boolean {
    return (
      this.#prefixes.length === 0 &&
      this.#asked.size === 0 &&
      this.#wanted.length === 0 &&
      this.#coming.size === 0
    )
  }

  /** How many records are known to be missing. */
  get missing(): number {
    return this.#wanted.length + this.#coming.size
  }

  /** The next questions, as many as may be open. */
  next(bare: boolean): readonly SyncMessage[] {
    const messages: SyncMessage[] = []
    while (this.#asked.size < this.#limits.asksMax) {
      const prefix = this.#prefixes.shift()
      if (prefix === undefined) break
      this.#asked.add(prefix)
      this.#asksLeft -= 1
      messages.push({ type: 'ask', part: this.part, prefix })
    }
    // What is missing is asked for once it is clear how much that is, so that proofs are left out where they may be.
    const isListed = this.#prefixes.length === 0 && this.#asked.size === 0
    if (isListed && this.#coming.size === 0 && this.#wanted.length > 0) {
      const ids = this.#wanted.splice(0, this.#limits.idsMax)
      for (const id of ids) this.#coming.add(id)
      messages.push({ type: 'want', ids, bare })
    }
    return messages
  }

  /** Takes an answer to `ask`. False when it answers nothing that was asked. */
  below(
    answer: {
      readonly prefix: string
      readonly ids: readonly string[]
      readonly sums: readonly TrieSummary[]
    },
    own: IdTrie,
  ): boolean {
    const { prefix, ids, sums } = answer
    if (!this.#asked.delete(prefix)) return false
    const deeper = prefix.length + 2
    if (sums.some((sum) => sum.prefix.length !== deeper || !sum.prefix.startsWith(prefix))) {
      return false
    }
    this.#idsLeft -= ids.length
    if (this.#idsLeft < 0 || new Set(sums.map((sum) => sum.prefix)).size < sums.length) return false
    for (const id of ids) {
      if (own.has(id) || this.#named.has(id)) continue
      this.#named.add(id)
      this.#wanted.push(id)
    }
    for (const sum of sums) {
      if (sum.count > 0 && own.summary(sum.prefix).digest !== sum.digest) {
        this.#prefixes.push(sum.prefix)
      }
    }
    return this.#prefixes.length <= this.#asksLeft
  }

  /** Notes what came in answer to `want`; `isLast` ends that answer. False when something is missing then. */
  received(ids: readonly string[], isLast: boolean): boolean {
    for (const id of ids) this.#coming.delete(id)
    return !isLast || this.#coming.size === 0
  }

  /** Asks for these once more, with their proofs. */
  again(ids: readonly string[]): void {
    this.#wanted.push(...ids)
  }
}
