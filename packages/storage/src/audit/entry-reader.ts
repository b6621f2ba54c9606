import { StorageError } from '../storage-error.ts'
import { readTombstone } from './closed-files.ts'
import { type Line, readLines } from './read-lines.ts'
import { segmentPath } from './segment-name.ts'

const OPEN_BRACE = 0x7b
const HASH_SIGN = 0x23

/** One entry as it was hashed and stored. */
export interface StoredEntry {
  readonly seq: number
  readonly bytes: Uint8Array
}

/** Where the entries lie. */
export interface ReaderSource {
  readonly directory: string
  /** The places of the first entries of all segments, in order. */
  readonly firsts: readonly number[]
  /** The segment that grows, and how much of it may be read. */
  readonly active: { readonly first: number; readonly length: number }
}

/** How far somebody has read, so as to go on there and not from the beginning of the segment. */
export interface ReadCursor {
  readonly first: number
  readonly offset: number
  /** The place of the entry that comes next. */
  readonly seq: number
}

/** Entries that came with one read, and where to go on. */
export interface ReadSlice {
  readonly entries: readonly StoredEntry[]
  readonly cursor: ReadCursor
}

/**
 * Reads entries in order, a slice at a time. Erased segments are passed over, and show as a gap in the places.
 *
 * @throws StorageError `audit-damaged` for a segment that is neither there nor erased, or is not what a log writes
 */
export async function* readSlices(
  source: ReaderSource,
  from: number | ReadCursor,
): AsyncGenerator<ReadSlice> {
  const begin = typeof from === 'number' ? cursorOf(source, from) : from
  const wanted = typeof from === 'number' ? from : 0
  for (const [at, first] of source.firsts.entries()) {
    if (first < begin.first) continue
    const start = first === begin.first ? begin : { first, offset: 0, seq: first }
    yield* readSegment(source, { start, next: source.firsts[at + 1], wanted })
  }
}

/** Entries in order from a place on. */
export async function* readEntries(
  source: ReaderSource,
  from: number,
): AsyncGenerator<StoredEntry> {
  for await (const { entries } of readSlices(source, from)) yield* entries
}

/**
 * One entry of a log that has so many.
 *
 * @throws StorageError `audit-entry-missing`, `audit-erased`, and as `readSlices`
 */
export async function readEntry(
  source: ReaderSource,
  { seq, size }: { readonly seq: number; readonly size: number },
): Promise<Uint8Array> {
  if (!Number.isSafeInteger(seq) || seq < 0 || seq >= size) {
    throw new StorageError('audit-entry-missing', `the log has ${size} entries`)
  }
  for await (const entry of readEntries(source, seq)) {
    if (entry.seq === seq) return entry.bytes
    break
  }
  throw new StorageError('audit-erased', `entry ${seq} was erased`)
}

/** The segment in which an entry lies. */
export function segmentOf(firsts: readonly number[], seq: number): number | undefined {
  return firsts.findLast((first) => first <= seq)
}

function cursorOf({ firsts }: ReaderSource, seq: number): ReadCursor {
  const first = segmentOf(firsts, seq) ?? 0
  return { first, offset: 0, seq: first }
}

interface SegmentToRead {
  readonly start: ReadCursor
  /** The place of the first entry of the segment behind it, which is where it has to end. */
  readonly next: number | undefined
  readonly wanted: number
}

async function* readSegment(
  { directory, active }: ReaderSource,
  { start, next, wanted }: SegmentToRead,
): AsyncGenerator<ReadSlice> {
  const path = segmentPath(directory, start.first)
  // A segment that was closed a moment ago, or when a crash came, has its room still.
  const to = start.first === active.first ? active.length : 'room'
  let cursor = start
  try {
    for await (const lines of readLines({ path, from: start.offset, to })) {
      const slice = sliceOf(lines, cursor)
      if (slice === undefined) throw damaged(path)
      cursor = slice.cursor
      yield { cursor, entries: slice.entries.filter(({ seq }) => seq >= wanted) }
    }
    if (next !== undefined && cursor.seq !== next) throw damaged(path)
  } catch (error) {
    if (!(error instanceof StorageError) || error.code !== 'file-missing') throw error
    if ((await readTombstone(path)) === undefined) throw damaged(path)
  }
}

/** The entries of some lines; undefined where a line is neither an entry nor a checkpoint. */
function sliceOf(lines: readonly Line[], { first, ...from }: ReadCursor): ReadSlice | undefined {
  let { seq, offset } = from
  const entries: StoredEntry[] = []
  for (const { bytes, offset: begin, ended } of lines) {
    const isEntry = bytes[0] === OPEN_BRACE
    if (!ended || (!isEntry && bytes[0] !== HASH_SIGN)) return undefined
    if (isEntry) {
      entries.push({ seq, bytes })
      seq += 1
    }
    offset = begin + bytes.length + 1
  }
  return { entries, cursor: { first, seq, offset } }
}

function damaged(path: string): StorageError {
  return new StorageError(
    'audit-damaged',
    `"${path}" is missing or not what this log wrote: let "warren audit verify" say where`,
  )
}
