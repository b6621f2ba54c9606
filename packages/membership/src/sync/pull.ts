import type { RecordClass } from '../records/mesh-record.ts'
import type { IdTrie } from '../set/id-trie.ts'
import type { SyncLimits } from './sync-limits.ts'
import type { SyncMessage } from './sync-message.ts'

export interface PullInit {
  readonly part: RecordClass
  /** How many records the neighbour says it has of the part. */
  readonly count: number
  /** Whether everything has to have proved itself at the end; otherwise what has not is left for later. */
  readonly isStrict: boolean
}

/** What became of a wanted record: it is in the set, or it rests on something that is not there yet. */
export interface Arrival {
  readonly ids: readonly string[]
  readonly openIds: readonly string[]
  readonly addedCount: number
}

/**
 * Fetches what a neighbour has of one part and this node has not, by comparing sums below prefixes.
 *
 * A neighbour can make it neither endless nor large. Sets only grow, so below every prefix there must be at least as
 * many ids as it said, each of which belongs there; and what it names it has to give before it is asked for much more.
 */
export class Pull {
  readonly part: RecordClass
  readonly #limits: SyncLimits
  readonly #isStrict: boolean
  /** Prefixes to be asked for, the deepest last, so that few wait at a time; with the number of ids below. */
  readonly #prefixes: { readonly prefix: string; readonly count: number }[]
  readonly #asked = new Map<string, number>()
  #wanted: string[] = []
  /** Ids of which the answers are on their way. */
  readonly #coming = new Set<string>()
  /** Ids that came and rest on what had not come. */
  #open: string[] = []
  #hasProgress = false
  #isBare = false

  constructor({ part, count, isStrict }: PullInit, limits: SyncLimits) {
    this.part = part
    this.#limits = limits
    this.#isStrict = isStrict
    this.#prefixes = count === 0 ? [] : [{ prefix: '', count }]
  }

  /** Whether all has come that will; undefined when what has come last proves nothing. */
  get outcome(): 'open' | 'done' | 'unproved' {
    const isOver =
      this.#prefixes.length === 0 &&
      this.#asked.size === 0 &&
      this.#wanted.length === 0 &&
      this.#coming.size === 0
    if (!isOver) return 'open'
    return this.#isStrict && this.#open.length > 0 ? 'unproved' : 'done'
  }

  /** The next questions, as many as may be open. */
  next(): readonly SyncMessage[] {
    const { asksMax, idsMax } = this.#limits
    const messages: SyncMessage[] = []
    while (this.#asked.size < asksMax && this.#wanted.length < idsMax) {
      const next = this.#prefixes.pop()
      if (next === undefined) break
      this.#asked.set(next.prefix, next.count)
      messages.push({ type: 'ask', part: this.part, prefix: next.prefix })
    }
    const isListed = this.#prefixes.length === 0 && this.#asked.size === 0
    this.#askAgain(isListed)
    if (this.#coming.size === 0 && (this.#wanted.length >= idsMax || isListed)) {
      messages.push(...this.#want())
    }
    return messages
  }

  /** Takes an answer to `ask`; what is not missing is not asked for. False when it does not fit what was asked. */
  below(
    answer: Extract<SyncMessage, { type: 'below' }>,
    own: IdTrie,
    isMissing: (id: string) => boolean,
  ): boolean {
    const { prefix, ids, sums } = answer
    const count = this.#asked.get(prefix)
    if (count === undefined || !this.#asked.delete(prefix)) return false
    if (ids.length > 0 && sums.length > 0) return false
    const isBelow =
      areBelow(prefix, ids, own) &&
      sums.every((sum) => sum.prefix.length === prefix.length + 2 && sum.prefix.startsWith(prefix))
    if (!isBelow || new Set(sums.map((sum) => sum.prefix)).size < sums.length) return false
    if (ids.length + sums.reduce((total, sum) => total + sum.count, 0) < count) return false
    this.#wanted.push(...ids.filter(isMissing))
    for (const sum of sums) {
      if (sum.count > 0 && own.summary(sum.prefix).digest !== sum.digest) this.#prefixes.push(sum)
    }
    return true
  }

  /** Whether ids may come now: all of them were asked for, and there is at least one. */
  expects(ids: readonly string[]): boolean {
    return ids.length > 0 && ids.every((id) => this.#coming.has(id))
  }

  /** Notes what came in answer to `want`: `last` ends that answer, and after `more` the rest is asked for again. False when something is missing at the end. */
  received(
    { ids, openIds, addedCount }: Arrival,
    answer: Extract<SyncMessage, { type: 'records' }>['answer'],
  ): boolean {
    for (const id of [...ids, ...openIds]) this.#coming.delete(id)
    this.#open.push(...openIds)
    if (addedCount > 0) this.#hasProgress = true
    if (answer === 'more') {
      this.#wanted.push(...this.#coming)
      this.#coming.clear()
    }
    return answer !== 'last' || this.#coming.size === 0
  }

  /** Whether more has come than may wait for what it rests on. */
  get isOverfull(): boolean {
    return this.#open.length > this.#limits.openMax
  }

  /** What rested on something else is asked for once more when other things have come meanwhile. */
  #askAgain(isListed: boolean): void {
    const isOver = isListed && this.#wanted.length === 0 && this.#coming.size === 0
    if (!isOver || !this.#hasProgress) return
    this.#hasProgress = false
    this.#wanted = this.#open
    this.#open = []
  }

  #want(): readonly SyncMessage[] {
    // Many removals come without the proofs that witnesses make unnecessary.
    if (this.part === 'removal' && this.#wanted.length >= this.#limits.bareFrom) this.#isBare = true
    const ids = this.#wanted.splice(0, this.#limits.idsMax)
    if (ids.length === 0) return []
    for (const id of ids) this.#coming.add(id)
    return [{ type: 'want', ids, bare: this.#isBare }]
  }
}

/** Below the root stands every id; elsewhere it costs a digest to know. */
function areBelow(prefix: string, ids: readonly string[], trie: IdTrie): boolean {
  return prefix === '' || ids.every((id) => trie.keyOf(id).startsWith(prefix))
}
