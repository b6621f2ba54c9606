import { leafHash, type Sha256, type TreeFrontier } from '@warren/tlog'
import { equals } from 'uint8arrays/equals'
import { StorageError } from '../storage-error.ts'
import { parseCheckpointLine } from './checkpoint-line.ts'
import { type Line, readLines } from './read-lines.ts'

const OPEN_BRACE = 0x7b
const CLOSE_BRACE = 0x7d
/** The end of a checkpoint, which is a JSON string; an entry ends with a brace. */
const QUOTE = 0x22

export interface SegmentToScan {
  readonly path: string
  readonly suite: Sha256
  /** The tree before the first entry of the segment. */
  readonly start: TreeFrontier
  /** Takes the leaf hashes of a batch whose checkpoint is there. */
  readonly onBatch?: (leaves: readonly Uint8Array[]) => Promise<void>
  /** Entries that can stand before one checkpoint; what comes behind more does not fit. */
  readonly batchMax?: number
}

/** What a segment holds, up to its last whole batch. */
export interface ScannedSegment {
  /** Bytes up to and with the last checkpoint that fits its entries. */
  readonly length: number
  readonly frontier: TreeFrontier
  /** The last checkpoint; undefined for a first segment without one. */
  readonly checkpoint: string | undefined
  /** The last entry under it; undefined where the segment has none. */
  readonly lastEntry: Uint8Array | undefined
  /** Whether something lies behind: what a crash has left of one batch, or room that was made ahead. */
  readonly torn: boolean
}

interface ScanState {
  length: number
  frontier: TreeFrontier
  checkpoint: string | undefined
  lastEntry: Uint8Array | undefined
  /** The tree with the entries for which no checkpoint has come yet. */
  grown: TreeFrontier
  leaves: Uint8Array[]
  newestEntry: Uint8Array | undefined
  line: number
}

/**
 * Reads a segment through and computes its tree again.
 *
 * What a crash can leave behind the last checkpoint is no damage: part of one batch, with holes where the disk wrote in
 * another order. Whatever else does not fit is, and no entry behind it is believed.
 *
 * @throws StorageError `audit-damaged`, with the file and the line
 */
export async function scanSegment(input: SegmentToScan): Promise<ScannedSegment> {
  const state: ScanState = {
    length: 0,
    frontier: input.start,
    checkpoint: undefined,
    lastEntry: undefined,
    grown: input.start,
    leaves: [],
    newestEntry: undefined,
    line: 0,
  }
  const tail = new TornTail()
  for await (const lines of readLines({ path: input.path })) {
    for (const line of lines) {
      if (tail.begun) tail.add(line)
      else if (!(await take(line, state, input))) tail.begin(line, state.line)
    }
  }
  tail.check(input.path)
  const { length, frontier, checkpoint, lastEntry } = state
  return { length, frontier, checkpoint, lastEntry, torn: tail.begun || state.leaves.length > 0 }
}

/** Takes one line that fits to what stands before it; false for every other. */
async function take(line: Line, state: ScanState, input: SegmentToScan): Promise<boolean> {
  const { bytes, offset, ended } = line
  state.line += 1
  if (!ended || bytes.includes(0)) return false
  if (bytes[0] === OPEN_BRACE) return takeEntry(bytes, state, input)
  const checkpoint = parseCheckpointLine(bytes)
  if (checkpoint === undefined || checkpoint.size !== state.grown.size) return false
  if (!equals(checkpoint.root, state.grown.root())) return false
  state.length = offset + bytes.length + 1
  state.frontier = state.grown
  state.checkpoint = checkpoint.note
  state.lastEntry = state.newestEntry
  if (state.leaves.length > 0) await input.onBatch?.(state.leaves)
  state.leaves = []
  return true
}

function takeEntry(bytes: Uint8Array, state: ScanState, input: SegmentToScan): boolean {
  // A line break that was altered would let an entry swallow the checkpoint behind it.
  const isWhole = bytes.at(-1) === CLOSE_BRACE
  if (!isWhole || (state.length === 0 && input.start.size > 0)) return false
  if (state.leaves.length >= (input.batchMax ?? Infinity)) return false
  const leaf = leafHash(input.suite, bytes)
  state.grown = state.grown.append(leaf)
  state.leaves.push(leaf)
  state.newestEntry = bytes
  return true
}

/** What lies from the first line that does not fit to the end of the file. */
class TornTail {
  #line = 0
  #holes = false
  #zeros = false
  #checkpoints = 0
  #afterCheckpoint = false

  get begun(): boolean {
    return this.#line > 0
  }

  begin(line: Line, number: number): void {
    this.#line = number
    this.add(line)
  }

  add({ bytes, ended }: Line): void {
    const last = bytes.at(-1)
    // Zeros up to the end of the file are room; with anything behind them they are a hole.
    if (!ended && last === 0) {
      this.#zeros = true
      return
    }
    if (this.#zeros || bytes.includes(0)) this.#holes = true
    if (this.#checkpoints > 0) this.#afterCheckpoint = true
    // Where a hole has taken the beginning of a line, its end still says what it was.
    if (ended && last === QUOTE) this.#checkpoints += 1
  }

  /** One batch at most can have been under way; it was acknowledged by nobody where part of it never reached the disk. */
  check(path: string): void {
    if (this.#checkpoints === 0) return
    if (this.#checkpoints === 1 && this.#holes && !this.#afterCheckpoint) return
    throw new StorageError(
      'audit-damaged',
      `"${path}" is damaged at line ${this.#line}: what stands there is not what was signed; keep the file as it is, ` +
        'and restore it from a copy or move the audit directory away to begin a new log',
    )
  }
}
