import { decodeEntry, type Entry } from '@warren/audit'
import type { AuditArchive } from '@warren/storage'

/** Which entries somebody wants; places or times, the end not included. */
export interface EntryRange {
  readonly from?: EntryBound
  readonly to?: EntryBound
}

/** A place in the log, or a time as entries have it. */
export type EntryBound = { readonly seq: number } | { readonly at: string }

/** Entries of a range, in order. Those of whose time a clock was wrong are where their own clock puts them. */
export async function* readRange(
  archive: AuditArchive,
  { from, to }: EntryRange,
): AsyncGenerator<Entry> {
  const end = Math.min(archive.size, placeOf(to) ?? archive.size)
  const [since, until] = [timeOf(from), timeOf(to)]
  for await (const { seq, bytes } of archive.entries(placeOf(from) ?? 0)) {
    if (seq >= end) return
    const entry = decodeEntry(bytes)
    const isThen =
      (since === undefined || entry.at >= since) && (until === undefined || entry.at < until)
    if (isThen) yield entry
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
