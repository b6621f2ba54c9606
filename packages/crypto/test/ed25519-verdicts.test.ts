import { ed25519 } from '@noble/curves/ed25519.js'
import { bytesToNumberLE, numberToBytesLE } from '@noble/curves/utils.js'
import { sha512 } from '@noble/hashes/sha2.js'
import { describe, expect, test } from 'vitest'
import { hex, suites, text } from './suites.ts'

const CRY_5 = { tags: ['CRY-5'] }
const { Point } = ed25519
type EdwardsPoint = typeof Point.BASE
const ORDER = Point.Fn.ORDER

/** A point of order 8, which generates all that are small. */
const TORSION = Point.fromBytes(
  hex('26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05'),
)

/** The encodings of all eight points of small order, and of those that have a second, unreduced or negative-zero one. */
const SMALL_ORDER_KEYS = [
  '0100000000000000000000000000000000000000000000000000000000000000',
  'ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f',
  '0000000000000000000000000000000000000000000000000000000000000000',
  '0000000000000000000000000000000000000000000000000000000000000080',
  'c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a',
  'c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac03fa',
  '26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05',
  '26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc85',
  '0100000000000000000000000000000000000000000000000000000000000080',
  'ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff',
  'edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f',
  'edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff',
  'eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f',
  'eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff',
]

/** What the equation says without any rule of ours, with or without the cofactor. */
function equationHolds(input: Forgery, cofactor: boolean): boolean {
  const k = challenge(input)
  const s = Point.Fn.create(bytesToNumberLE(input.signature.subarray(32)))
  const a = Point.fromBytes(input.publicKey, true)
  const r = Point.fromBytes(input.signature.subarray(0, 32), true)
  const difference = Point.BASE.multiplyUnsafe(s).subtract(a.multiplyUnsafe(k)).subtract(r)
  return (cofactor ? difference.clearCofactor() : difference).is0()
}

interface Forgery {
  readonly publicKey: Uint8Array
  readonly message: Uint8Array
  readonly signature: Uint8Array
}

function challenge({ publicKey, message, signature }: Forgery): bigint {
  const r = signature.subarray(0, 32)
  return Point.Fn.create(bytesToNumberLE(sha512(new Uint8Array([...r, ...publicKey, ...message]))))
}

/** Signs with a key and a nonce that the signer has moved by points of small order. */
function signMoved(message: Uint8Array, keyShift: EdwardsPoint, nonceShift: EdwardsPoint): Forgery {
  const [secret, nonce] = [123_456_789n, 987_654_321n]
  const publicKey = Point.BASE.multiply(secret).add(keyShift).toBytes()
  const r = Point.BASE.multiply(nonce).add(nonceShift).toBytes()
  const k = challenge({ publicKey, message, signature: r })
  const s = Point.Fn.create(nonce + k * secret)
  return { publicKey, message, signature: new Uint8Array([...r, ...numberToBytesLE(s, 32)]) }
}

describe.each(suites)('$name', (suite) => {
  test.for(SMALL_ORDER_KEYS)('no signature fits the key %s', CRY_5, (key) => {
    const publicKey = hex(key)
    let forgeries = 0
    for (const r of SMALL_ORDER_KEYS) {
      for (let index = 0; index < 8; index += 1) {
        const signature = new Uint8Array([...hex(r), ...new Uint8Array(32)])
        const forgery = { publicKey, message: text(`any message ${index}`), signature }
        if (equationHolds(forgery, false)) forgeries += 1
        expect(suite.ed25519.verify(forgery)).toBe(false)
      }
    }
    // The equation alone would have been satisfied: the refusal is the rule's doing.
    expect(forgeries).toBeGreaterThan(0)
  })

  test('S is refused from L on', CRY_5, () => {
    const signer = suite.ed25519.signer()
    const message = text('malleable')
    const signature = signer.sign(message)
    const s = bytesToNumberLE(signature.subarray(32))
    const withS = (value: bigint): Forgery => ({
      publicKey: signer.publicKey,
      message,
      signature: new Uint8Array([...signature.subarray(0, 32), ...numberToBytesLE(value, 32)]),
    })
    expect(suite.ed25519.verify(withS(s))).toBe(true)
    for (let multiple = 1n; multiple < 16n; multiple += 1n) {
      if (s + multiple * ORDER >= 2n ** 256n) break
      expect(equationHolds(withS(s + multiple * ORDER), false)).toBe(true)
      expect(suite.ed25519.verify(withS(s + multiple * ORDER))).toBe(false)
    }
  })

  // y = p + 3 and the like: on the curve, not small, but not reduced.
  test('a y that is not reduced is no key', CRY_5, () => {
    const signature = suite.ed25519.signer().sign(text('m'))
    for (let low = 0xed; low <= 0xff; low += 1) {
      for (const high of ['7f', 'ff']) {
        const publicKey = hex(`${low.toString(16)}${'ff'.repeat(30)}${high}`)
        expect(suite.ed25519.verify({ publicKey, message: text('m'), signature })).toBe(false)
      }
    }
  })

  test('a key that is not on the curve is refused, not thrown at', CRY_5, () => {
    const signature = suite.ed25519.signer().sign(text('m'))
    const publicKey = hex(`02${'00'.repeat(31)}`)
    expect(suite.ed25519.verify({ publicKey, message: text('m'), signature })).toBe(false)
  })

  test('a signature that needs the cofactor is refused', CRY_5, () => {
    const forgery = signMoved(text('moved nonce'), Point.ZERO, TORSION)
    expect(equationHolds(forgery, true)).toBe(true)
    expect(suite.ed25519.verify(forgery)).toBe(false)
  })

  test('a key moved by a point of small order gets the verdict of the equation', CRY_5, () => {
    const verdicts = new Set<boolean>()
    for (let index = 0; index < 40; index += 1) {
      const signed = signMoved(text(`moved key ${index}`), TORSION, Point.ZERO)
      const verdict = suite.ed25519.verify(signed)
      expect(equationHolds(signed, true)).toBe(true)
      expect(verdict).toBe(equationHolds(signed, false))
      verdicts.add(verdict)
    }
    // About one message in eight: the others show where cofactor and no cofactor part.
    expect(verdicts).toEqual(new Set([true, false]))
  })
})
