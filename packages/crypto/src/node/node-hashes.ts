import { createHash, createHmac, hash, hkdfSync } from 'node:crypto'
import type { HkdfInput, Sha256State } from '../crypto-suite.ts'
import { requireHkdfLimits } from '../derivation-limits.ts'
import { plainBytes } from './plain-bytes.ts'

/** Up to here, joining the parts and hashing at once costs less than a hash object. */
const ONE_SHOT_BYTES_MAX = 4096
/** Where parts are joined: room of its own for every call would cost more than the hash. Holds nothing between calls. */
const JOINED = new Uint8Array(ONE_SHOT_BYTES_MAX)

export function sha256(...parts: readonly Uint8Array[]): Uint8Array {
  const [only] = parts
  if (only !== undefined && parts.length === 1) return plainBytes(hash('sha256', only, 'buffer'))
  const length = totalLength(parts)
  if (length <= ONE_SHOT_BYTES_MAX) return hashJoined(parts, length)
  const state = createHash('sha256')
  for (const part of parts) state.update(part)
  return plainBytes(state.digest())
}

export function startSha256(): Sha256State {
  const state = createHash('sha256')
  return { update: (part) => void state.update(part), digest: () => plainBytes(state.digest()) }
}

function hashJoined(parts: readonly Uint8Array[], length: number): Uint8Array {
  const joined = JOINED.subarray(0, length)
  try {
    let offset = 0
    for (const part of parts) {
      joined.set(part, offset)
      offset += part.length
    }
    return plainBytes(hash('sha256', joined, 'buffer'))
  } finally {
    joined.fill(0)
  }
}

function totalLength(parts: readonly Uint8Array[]): number {
  let total = 0
  for (const part of parts) total += part.length
  return total
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
