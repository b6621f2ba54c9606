import { argon2idAsync } from '@noble/hashes/argon2.js'
import { hkdf } from '@noble/hashes/hkdf.js'
import { hmac } from '@noble/hashes/hmac.js'
import { sha256 as nobleSha256 } from '@noble/hashes/sha2.js'
import type { Argon2idInput, HkdfInput, Sha256State } from '../crypto-suite.ts'
import {
  ARGON2ID_MEMORY_KIB_MAX,
  requireArgon2idLimits,
  requireHkdfLimits,
} from '../derivation-limits.ts'

/** Of what the library allocates; twice the largest input, since it counts more than the blocks. */
const ARGON2ID_ALLOCATION_BYTES_MAX = 2 * ARGON2ID_MEMORY_KIB_MAX * 1024

export function sha256(...parts: readonly Uint8Array[]): Uint8Array {
  const state = nobleSha256.create()
  for (const part of parts) state.update(part)
  return state.digest()
}

export function startSha256(): Sha256State {
  const state = nobleSha256.create()
  return { update: (part) => void state.update(part), digest: () => state.digest() }
}

export function hmacSha256(key: Uint8Array, ...parts: readonly Uint8Array[]): Uint8Array {
  const state = hmac.create(nobleSha256, key)
  for (const part of parts) state.update(part)
  return state.digest()
}

export function hkdfSha256(input: HkdfInput): Uint8Array {
  requireHkdfLimits(input)
  return hkdf(nobleSha256, input.ikm, input.salt, input.info, input.length)
}

export async function argon2id(input: Argon2idInput): Promise<Uint8Array> {
  requireArgon2idLimits(input)
  return argon2idAsync(input.password, input.salt, {
    m: input.memoryKib,
    t: input.passes,
    p: input.lanes,
    dkLen: input.length,
    maxmem: ARGON2ID_ALLOCATION_BYTES_MAX,
  })
}
