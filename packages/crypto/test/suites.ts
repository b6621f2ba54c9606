import { expect } from 'vitest'
import { type CryptoSuite, nobleSuite, nodeSuite } from '@warren/crypto'

export const suites: readonly CryptoSuite[] = [nodeSuite, nobleSuite]

/** Every order of two suites, the same one twice included. */
export const pairs: readonly {
  readonly name: string
  readonly a: CryptoSuite
  readonly b: CryptoSuite
}[] = suites.flatMap((a) => suites.map((b) => ({ name: `${a.name} to ${b.name}`, a, b })))

export const hex = (text: string): Uint8Array => Uint8Array.fromHex(text)
export const text = (value: string): Uint8Array => new TextEncoder().encode(value)
export const bytes = (length: number, fill = 7): Uint8Array => new Uint8Array(length).fill(fill)

/** A copy with one bit changed. */
export function flip(original: Uint8Array, bit: number): Uint8Array {
  const changed = Uint8Array.from(original)
  changed[bit >> 3]! ^= 1 << (bit & 7)
  return changed
}

/** Positions to change: both ends, and a prime stride so that runs stay short and touch every part. */
export function someBits(data: Uint8Array): readonly number[] {
  const last = data.length * 8 - 1
  const stride = Math.max(1, Math.floor(last / 23) | 1)
  const positions = Array.from({ length: Math.ceil(last / stride) }, (_, index) => index * stride)
  return [...positions, last]
}

export const code = (expected: string): unknown =>
  expect.objectContaining({ name: 'CryptoError', code: expected })
