import { concat } from 'uint8arrays/concat'
import { TlogError } from '../tlog-error.ts'
import { TILE_WIDTH } from './tile-address.ts'

/** Bytes of the longest entry: its length stands in two bytes. */
export const ENTRY_BYTES_MAX = 65_535

const LENGTH_BYTES = 2

/**
 * Writes the entries of a tile: each after its length in two bytes, big-endian (C2SP tlog-tiles, "Log entries").
 *
 * @throws TlogError `bundle-malformed`
 */
export function encodeEntryBundle(entries: readonly Uint8Array[]): Uint8Array {
  requireCount(entries.length)
  if (entries.some(({ length }) => length > ENTRY_BYTES_MAX)) {
    throw malformed(`an entry has at most ${ENTRY_BYTES_MAX} bytes`)
  }
  return concat(
    entries.flatMap((entry) => [Uint8Array.of(entry.length >> 8, entry.length & 0xff), entry]),
  )
}

/**
 * Reads that many entries, and nothing behind them.
 *
 * @throws TlogError `bundle-malformed`
 */
export function decodeEntryBundle(bytes: Uint8Array, count: number): readonly Uint8Array[] {
  requireCount(count)
  const entries: Uint8Array[] = []
  let at = 0
  while (entries.length < count) {
    const [high, low] = bytes.subarray(at, at + LENGTH_BYTES)
    if (high === undefined || low === undefined) throw malformed('it ends before its last entry')
    const start = at + LENGTH_BYTES
    at = start + high * 256 + low
    if (at > bytes.length) throw malformed('it ends inside an entry')
    entries.push(bytes.slice(start, at))
  }
  if (at !== bytes.length) throw malformed('something stands behind its last entry')
  return entries
}

function requireCount(count: number): void {
  if (Number.isSafeInteger(count) && count > 0 && count <= TILE_WIDTH) return
  throw malformed(`it has 1 to ${TILE_WIDTH} entries`)
}

function malformed(reason: string): TlogError {
  return new TlogError('bundle-malformed', `this is not a bundle of entries: ${reason}`)
}
