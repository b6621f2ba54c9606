import { createHash, createHmac, hash, hkdfSync } from 'node:crypto'
import { concatenate, totalLength } from '../concatenate.ts'
import type { HkdfInput } from '../crypto-suite.ts'
import { requireHkdfLimits } from '../derivation-limits.ts'
import { plainBytes } from './plain-bytes.ts'

/** Up to here, joining the parts and hashing at once costs less than a hash object. */
const ONE_SHOT_BYTES_MAX = 4096

export function sha256(...parts: readonly Uint8Array[]): Uint8Array {
  if (parts.length <= 1 || totalLength(parts) <= ONE_SHOT_BYTES_MAX) {
    return plainBytes(hash('sha256', concatenate(parts), 'buffer'))
  }
  const state = createHash('sha256')
  for (const part of parts) state.update(part)
  return plainBytes(state.digest())
}

export function hmacSha256(key: Uint8Array, ...parts: readonly Uint8Array[]): Uint8Array {
  const state = createHmac('sha256', key)
  for (const part of parts) state.update(part)
  return plainBytes(state.digest())
}

export function hkdfSha256(input: HkdfInput): Uint8Array {
  requireHkdfLimits(input)
  return new Uint8Array(hkdfSync('sha256', input.ikm, input.salt, input.info, input.length))
}
