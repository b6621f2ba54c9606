import { decodeEntry, type Entry } from '@warren/audit'
import type { AuditArchive } from '@warren/storage'

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

/** The entries at some places, in the order of the log, each segment read once at most; erased ones are left out. */
export async function readPlaces(
  archive: AuditArchive,
  places: readonly number[],
): Promise<readonly Entry[]> {
  const wanted = new Set(places)
  const found: Entry[] = []
  for (const [at, first] of archive.segments.entries()) {
    const end = archive.segments[at + 1] ?? archive.size
    const here = places.filter((seq) => seq >= first && seq < end)
    if (here.length === 0) continue
    const last = Math.max(...here)
    for await (const { seq, bytes } of archive.entries(Math.min(...here))) {
      if (wanted.has(seq)) found.push(decodeEntry(bytes))
      if (seq >= last) break
    }
  }
  return found
}

function placeOf(bound: EntryBound | undefined): number | undefined {
  return bound !== undefined && 'seq' in bound ? bound.seq : undefined
}

function timeOf(bound: EntryBound | undefined): string | undefined {
  return bound !== undefined && 'at' in bound ? bound.at : undefined
}
