import type { CryptoSuite } from '@warren/crypto'
import { type Did, noteName } from '@warren/identity'
import {
  type HybridKeys,
  type HybridSigners,
  parseCheckpoint,
  signCheckpoint,
  TreeFrontier,
  verifyCheckpoint,
} from '@warren/tlog'
import { concat } from 'uint8arrays/concat'
import { equals } from 'uint8arrays/equals'
import { AuditError } from './audit-error.ts'
import { decodeEntry } from './entry-codec.ts'
import { type BatchEntry, BatchWriter, type RefusedDraft } from './batch-writer.ts'
import type { EntryDraft } from './entry-draft.ts'
import { parseMicros } from './entry-time.ts'
import type { AlertBody } from './entry.ts'
import type { Body } from './keep-value.ts'
import type { SecretFinder } from './replace-secrets.ts'
import { checkpointLine, entryLine } from './segment-line.ts'
import { headOf, type Stamp } from './stamp.ts'

/** Drafts that one batch takes. */
export const BATCH_MAX = 1024
/** How far the wall clock may go back without an alert: less than any clock of ours is set by in good order. */
export const CLOCK_SKEW_US = 1_000_000

const US_PER_SECOND = 1_000_000

/** What the log before ended with. */
interface LogEnd {
  /** The wall clock of the last entry, in microseconds since 1970. */
  readonly wallUs: number
  /** The time of the last checkpoint. */
  readonly timeSeconds: number
}

export interface AuditLogInit {
  readonly suite: CryptoSuite
  /** Whose log it is. */
  readonly node: Did
  readonly signers: HybridSigners
  readonly secrets: SecretFinder
}

/** A log as its files show it. */
export interface StoredLog {
  /** Computed from the entries. */
  readonly frontier: TreeFrontier
  /** The note of the newest checkpoint. */
  readonly checkpoint: string
  /** The bytes of the newest entry. */
  readonly lastEntry: Uint8Array
  /** Every pair of keys that the node's key log gives it, oldest first. */
  readonly keys: readonly HybridKeys[]
}

/** What is to be written at once, and what the log is then. */
export interface Batch {
  /** Whole lines to append: entries, then the checkpoint. Empty when every draft was refused. */
  readonly bytes: Uint8Array
  readonly entries: readonly BatchEntry[]
  /** What is to be kept beside the entries, encrypted. */
  readonly bodies: readonly Body[]
  readonly refused: readonly RefusedDraft[]
  /** The signed note; nobody may see it before its lines are durable. Undefined when there is nothing to write. */
  readonly checkpoint: string | undefined
  readonly next: AuditLog
}

export interface BatchInput {
  readonly drafts: readonly EntryDraft[]
  readonly stamp: Stamp
  /** Of the segment into which the batch goes. */
  readonly saltKey: Uint8Array
}

const NO_END: LogEnd = { wallUs: 0, timeSeconds: 0 }

/** The origin of the log of a node, which is the name of its keys in notes. */
export function originOf(node: Did): string {
  return noteName(node)
}

/**
 * The log of a node, up to its last checkpoint.
 *
 * An immutable value: a batch gives the lines to write and the log as it is once they are durable. Whoever could not
 * write them goes on with the log from before, so no place is ever given out twice under two roots that both got out.
 */
export class AuditLog {
  readonly #init: AuditLogInit
  readonly #end: LogEnd
  /** The tree of all entries so far. */
  readonly frontier: TreeFrontier

  private constructor(init: AuditLogInit, frontier: TreeFrontier, end: LogEnd) {
    this.#init = init
    this.frontier = frontier
    this.#end = end
  }

  /** A log without entries. */
  static empty(init: AuditLogInit): AuditLog {
    return new AuditLog(init, TreeFrontier.empty(init.suite), NO_END)
  }

  /**
   * Goes on with a log from its files, if its entries are those of its newest checkpoint, and the node has signed that.
   *
   * @throws AuditError `log-mismatch`, and what `decodeEntry` throws; TlogError as `parseCheckpoint` and `verifyCheckpoint` do
   */
  static resume(init: AuditLogInit, stored: StoredLog): AuditLog {
    const { frontier } = stored
    const { suite, node } = init
    const log = { name: originOf(node), keys: stored.keys }
    const head = verifyCheckpoint({ suite, checkpoint: parseCheckpoint(stored.checkpoint), log })
    if (head.size !== frontier.size || !equals(head.root, frontier.root())) {
      throw new AuditError('log-mismatch', 'the entries are not those of the newest checkpoint')
    }
    const last = decodeEntry(stored.lastEntry)
    if (last.node !== node || last.seq !== frontier.size - 1) {
      throw new AuditError('log-mismatch', 'the last entry is not the last one of this log')
    }
    const { timeSeconds } = head
    return new AuditLog(init, frontier, { wallUs: parseMicros(last.at), timeSeconds })
  }

  /** Entries so far: the place of the next one. */
  get size(): number {
    return this.frontier.size
  }

  /** The same log under other keys: those of the newest version of the node's key log. */
  withSigners(signers: HybridSigners): AuditLog {
    return new AuditLog({ ...this.#init, signers }, this.frontier, this.#end)
  }

  /**
   * Makes entries of drafts, in their order, and the checkpoint behind them.
   *
   * Where the wall clock stands before the last entry by more than the skew, an alert goes first. A draft that breaks a
   * rule is refused alone.
   *
   * @throws AuditError `batch-too-large`, `time-malformed`
   */
  batch({ drafts, stamp, saltKey }: BatchInput): Batch {
    if (drafts.length > BATCH_MAX) {
      throw new AuditError('batch-too-large', `a batch has at most ${BATCH_MAX} drafts`)
    }
    const { suite, node, secrets } = this.#init
    const writer = new BatchWriter({
      frontier: this.frontier,
      head: headOf(node, stamp),
      keeper: { suite, saltKey, secrets },
    })
    const alert = this.#clockAlert(stamp)
    if (alert !== undefined && drafts.length > 0) writer.add(alert)
    for (const [index, draft] of drafts.entries()) writer.add(draft, index)
    const { entries, bodies, refused, frontier } = writer
    if (entries.length === 0) {
      return {
        bytes: new Uint8Array(0),
        entries,
        bodies,
        refused,
        checkpoint: undefined,
        next: this,
      }
    }
    const { checkpoint, next } = this.#seal(frontier, stamp)
    const lines = [...entries.map(({ bytes }) => entryLine(bytes)), checkpointLine(checkpoint)]
    return { bytes: concat(lines), entries, bodies, refused, checkpoint, next }
  }

  #seal(
    frontier: TreeFrontier,
    { wallUs }: Stamp,
  ): { readonly checkpoint: string; readonly next: AuditLog } {
    const { suite, node, signers } = this.#init
    // An honest log's times never go back: two of its notes of which the later is the smaller prove that it is none.
    const timeSeconds = Math.max(Math.floor(wallUs / US_PER_SECOND), this.#end.timeSeconds, 1)
    const checkpoint = signCheckpoint({
      suite,
      origin: originOf(node),
      size: frontier.size,
      root: frontier.root(),
      timeSeconds,
      signers,
    })
    return { checkpoint, next: new AuditLog(this.#init, frontier, { wallUs, timeSeconds }) }
  }

  #clockAlert({ wallUs }: Stamp): AlertBody | undefined {
    const backUs = this.#end.wallUs - wallUs
    if (backUs <= CLOCK_SKEW_US) return undefined
    const seconds = Math.ceil(backUs / US_PER_SECOND)
    return {
      kind: 'alert',
      code: 'clock-set-back',
      severity: 'error',
      sentence: `The clock of this machine stands ${seconds} s before the last entry of the log.`,
    }
  }
}
