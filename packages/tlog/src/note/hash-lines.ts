import { HASH_BYTES, requireHashes } from '../tree/node-hash.ts'
import { decodeBase64, encodeBase64 } from './base64.ts'
import { noteMalformed } from './note-text.ts'

/**
 * Writes hashes in base64, one in each line.
 *
 * @throws TlogError `hash-malformed`
 */
export function formatHashLines(hashes: readonly Uint8Array[]): string {
  requireHashes(hashes)
  return hashes.map((hash) => `${encodeBase64(hash)}\n`).join('')
}

/**
 * Reads such lines, taken apart already.
 *
 * @throws TlogError `note-malformed`
 */
export function parseHashLines(lines: readonly string[]): readonly Uint8Array[] {
  return lines.map((line) => {
    const hash = decodeBase64(line)
    if (hash?.length !== HASH_BYTES) throw noteMalformed('a line of a proof is no hash in base64')
    return hash
  })
}
