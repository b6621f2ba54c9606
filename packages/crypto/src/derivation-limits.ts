import { CryptoError } from './crypto-error.ts'
import type { Argon2idInput, HkdfInput } from './crypto-suite.ts'
import { HASH_BYTES, requireLengthWithin } from './lengths.ts'

/** RFC 5869 §2.3. */
export const HKDF_OUTPUT_BYTES_MAX: number = 255 * HASH_BYTES
/** What the node suite can take; held by both, so that one suite does not accept more than the other. */
export const HKDF_INFO_BYTES_MAX = 1024

/** RFC 9106 §3.1 asks for 8 bytes at least. */
export const ARGON2ID_SALT_BYTES: { readonly min: number; readonly max: number } = {
  min: 8,
  max: 1024,
}
export const ARGON2ID_OUTPUT_BYTES: { readonly min: number; readonly max: number } = {
  min: 4,
  max: 1024,
}
/** 1 GiB: parameters come from a file, and a file must not be able to exhaust the memory. */
export const ARGON2ID_MEMORY_KIB_MAX = 1_048_576
export const ARGON2ID_PASSES_MAX = 64
export const ARGON2ID_LANES_MAX = 16
/** RFC 9106 §3.1: eight blocks of one KiB for every lane. */
const ARGON2ID_MEMORY_KIB_PER_LANE = 8

export function requireHkdfLimits(input: HkdfInput): void {
  requireLengthWithin('HKDF output', input.length, { min: 1, max: HKDF_OUTPUT_BYTES_MAX })
  requireLengthWithin('HKDF info', input.info.length, { min: 0, max: HKDF_INFO_BYTES_MAX })
}

export function requireArgon2idLimits(input: Argon2idInput): void {
  requireLengthWithin('an Argon2id salt', input.salt.length, ARGON2ID_SALT_BYTES)
  requireLengthWithin('Argon2id output', input.length, ARGON2ID_OUTPUT_BYTES)
  requireCount('passes', input.passes, { min: 1, max: ARGON2ID_PASSES_MAX })
  requireCount('lanes', input.lanes, { min: 1, max: ARGON2ID_LANES_MAX })
  requireCount('memoryKib', input.memoryKib, {
    min: ARGON2ID_MEMORY_KIB_PER_LANE * input.lanes,
    max: ARGON2ID_MEMORY_KIB_MAX,
  })
}

function requireCount(
  what: string,
  count: number,
  range: { readonly min: number; readonly max: number },
): void {
  if (Number.isInteger(count) && count >= range.min && count <= range.max) return
  throw new CryptoError('input-range', `Argon2id ${what} is ${range.min} to ${range.max}`)
}
