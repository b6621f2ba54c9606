import { AuditError, decodeEntry, type Entry } from '@warren/audit'
import { type AuditArchive, StorageError } from '@warren/storage'

/** Which entries somebody wants; places or times, the end not included. */
export interface EntryRange {
  readonly from?: EntryBound
  readonly to?: EntryBound
}

/** A place in the log, or a time as entries have it. */
export type EntryBound = { readonly seq: number } | { readonly at: string }

/** Whether an entry is of a range. Those of whose time a clock was wrong are where their own clock puts them. */
export function isInRange({ seq, at }: Entry, { from, to }: EntryRange): boolean {
  const [since, until] = [timeOf(from), timeOf(to)]
  return (
    seq >= (placeOf(from) ?? 0) &&
    seq < (placeOf(to) ?? Infinity) &&
    (since === undefined || at >= since) &&
    (until === undefined || at < until)
  )
}

/** Entries of a range, in order. */
export async function* readRange(archive: AuditArchive, range: EntryRange): AsyncGenerator<Entry> {
  const end = Math.min(archive.size, placeOf(range.to) ?? archive.size)
  for await (const { seq, bytes } of archive.entries(placeOf(range.from) ?? 0)) {
    if (seq >= end) return
    const entry = decodeEntry(bytes)
    if (isInRange(entry, range)) yield entry
  }
}

/** Entries that were found, and what is wrong with the segments of which not all could be read. */
export interface FoundEntries {
  readonly entries: readonly Entry[]
  readonly troubles: readonly string[]
}

/**
 * The entries at some places, in the order of the log, each segment read once at most; erased ones are left out, and of a
 * damaged segment what stands behind the damage.
 */
export async function readPlaces(
  archive: AuditArchive,
  places: readonly number[],
): Promise<FoundEntries> {
  const entries: Entry[] = []
  const troubles: string[] = []
  for (const [at, first] of archive.segments.entries()) {
    const end = archive.segments[at + 1] ?? archive.size
    const here = places.filter((seq) => seq >= first && seq < end)
    if (here.length === 0) continue
    try {
      for await (const entry of readSome(archive, here)) entries.push(entry)
    } catch (error) {
      if (!(error instanceof StorageError || error instanceof AuditError)) throw error
      troubles.push(`${error.message} (segment ${first})`)
    }
  }
  return { entries, troubles }
}

async function* readSome(archive: AuditArchive, places: readonly number[]): AsyncGenerator<Entry> {
  const wanted = new Set(places)
  const last = Math.max(...places)
  for await (const { seq, bytes } of archive.entries(Math.min(...places))) {
    if (wanted.has(seq)) yield decodeEntry(bytes)
    if (seq >= last) return
  }
}

function placeOf(bound: EntryBound | undefined): number | undefined {
  return bound !== undefined && 'seq' in bound ? bound.seq : undefined
}

function timeOf(bound: EntryBound | undefined): string | undefined {
  return bound !== undefined && 'at' in bound ? bound.at : undefined
}
