import { leafHash, type TreeFrontier } from '@warren/tlog'
import { AuditError } from './audit-error.ts'
import { encodeEntry } from './entry-codec.ts'
import { draftEntry, type EntryDraft } from './entry-draft.ts'
import type { Entry, EntryHead } from './entry.ts'
import type { Body, ValueKeeper } from './keep-value.ts'

/** One entry of a batch, as it is to be stored. */
export interface BatchEntry {
  readonly seq: number
  readonly entry: Entry
  readonly bytes: Uint8Array
  readonly leafHash: Uint8Array
  /** Which draft it was; absent for an alert of the log itself. */
  readonly draft?: number
}

/** A draft of which no entry could be made. The others of its batch are not harmed. */
export interface RefusedDraft {
  readonly draft: number
  readonly error: AuditError
}

interface BatchWriterInit {
  readonly frontier: TreeFrontier
  readonly head: (seq: number) => EntryHead
  readonly keeper: ValueKeeper
}

/** Gathers the entries of one batch. */
export class BatchWriter {
  readonly entries: BatchEntry[] = []
  readonly bodies: Body[] = []
  readonly refused: RefusedDraft[] = []
  frontier: TreeFrontier
  readonly #head: (seq: number) => EntryHead
  readonly #keeper: ValueKeeper

  constructor({ frontier, head, keeper }: BatchWriterInit) {
    this.frontier = frontier
    this.#head = head
    this.#keeper = keeper
  }

  add(draft: EntryDraft, index?: number): void {
    const seq = this.frontier.size
    try {
      const { entry, bodies } = draftEntry(draft, this.#head(seq), this.#keeper)
      const bytes = encodeEntry(entry)
      const hash = leafHash(this.#keeper.suite, bytes)
      const place = index === undefined ? {} : { draft: index }
      this.frontier = this.frontier.append(hash)
      this.entries.push({ seq, entry, bytes, leafHash: hash, ...place })
      this.bodies.push(...bodies)
    } catch (error) {
      // One call must not be able to keep others from being recorded; it is refused alone.
      if (!(error instanceof AuditError) || index === undefined) throw error
      this.refused.push({ draft: index, error })
    }
  }
}
