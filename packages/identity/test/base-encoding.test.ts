import fc from 'fast-check'
import { fromString } from 'uint8arrays/from-string'
import { toString } from 'uint8arrays/to-string'
import { expect, test } from 'vitest'
import { decodeBase64Url } from '../src/base-encoding.ts'

const LENGTH_MAX = 64
const anyDigits = fc.string({
  unit: fc.constantFrom(...'AQgwBCDZaz019-_'.split(''), '=', '+', '/', ' ', 'é', '\u{1F600}'),
  maxLength: 12,
})

/** The same by a decoder and an encoder of a library. */
function expected(text: string): Uint8Array | undefined {
  try {
    const bytes = fromString(text, 'base64url')
    return toString(bytes, 'base64url') === text ? bytes : undefined
  } catch {
    return undefined
  }
}

test('what was written in base64url is read back', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 48 }), (bytes) => {
      expect(decodeBase64Url(toString(bytes, 'base64url'), LENGTH_MAX)).toEqual(bytes)
    }),
  )
})

test('whatever is not the one way to write some bytes is refused', () => {
  fc.assert(
    fc.property(anyDigits, (text) => {
      expect(decodeBase64Url(text, LENGTH_MAX)).toEqual(expected(text))
    }),
    { numRuns: 1_000 },
  )
  expect(decodeBase64Url('AA', LENGTH_MAX)).toEqual(Uint8Array.of(0))
  for (const text of ['A', 'AB', 'AA==', 'AAB', 'AA\n', 'ΑΑ']) {
    expect(decodeBase64Url(text, LENGTH_MAX)).toBeUndefined()
  }
})

test('a text is measured first', () => {
  expect(decodeBase64Url('A'.repeat(64), LENGTH_MAX)).toHaveLength(48)
  expect(decodeBase64Url('A'.repeat(66), LENGTH_MAX)).toBeUndefined()
})
