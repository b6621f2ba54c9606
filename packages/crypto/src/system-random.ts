import { randomFillSync } from 'node:crypto'
import type { RandomSource } from '@warren/core'
import { requireLengthWithin } from './lengths.ts'

/** More than any key, nonce or pad of ours: a length from outside cannot become an allocation. */
export const RANDOM_BYTES_MAX = 1_048_576

/** The operating system's generator, through OpenSSL. Both suites draw from it. */
export const systemRandom: RandomSource = {
  randomBytes(length: number): Uint8Array {
    requireLengthWithin('a random value', length, { min: 0, max: RANDOM_BYTES_MAX })
    return randomFillSync(new Uint8Array(length))
  },
}
