import { describe, expect, test } from 'vitest'
import { bytes, code, flip, someBits, suites } from './suites.ts'

describe.each(suites)('$name', (suite) => {
  const message = bytes(40)
  const aead = {
    key: bytes(32),
    nonce: bytes(12, 9),
    associatedData: bytes(8, 1),
    data: bytes(48, 2),
  }

  test('a wrong length is refused, on both sides of the right one', { tags: ['CRY-3'] }, () => {
    const x25519 = suite.x25519.generate()
    const mlKem768 = suite.mlKem768.generate()
    const cases: readonly [length: number, use: (input: Uint8Array) => unknown][] = [
      [32, (key) => suite.x25519.generate(key)],
      [32, (key) => x25519.agree(key)],
      [64, (seed) => suite.mlKem768.generate(seed)],
      [1184, (key) => suite.mlKem768.encapsulate(key)],
      [1088, (ciphertext) => mlKem768.decapsulate(ciphertext)],
      [32, (seed) => suite.ed25519.signer(seed)],
      [32, (key) => suite.ed25519.verify({ publicKey: key, message, signature: bytes(64) })],
      [64, (signature) => suite.ed25519.verify({ publicKey: bytes(32), message, signature })],
      [32, (seed) => suite.mlDsa44.signer(seed)],
      [1312, (key) => suite.mlDsa44.verify({ publicKey: key, message, signature: bytes(2420) })],
      [2420, (signature) => suite.mlDsa44.verify({ publicKey: bytes(1312), message, signature })],
      [32, (key) => suite.chaCha20Poly1305.seal({ ...aead, key })],
      [12, (nonce) => suite.chaCha20Poly1305.seal({ ...aead, nonce })],
      [32, (key) => suite.chaCha20Poly1305.open({ ...aead, key })],
      [12, (nonce) => suite.chaCha20Poly1305.open({ ...aead, nonce })],
    ]
    for (const [length, use] of cases) {
      for (const wrong of [0, length - 1, length + 1]) {
        expect(() => use(bytes(wrong))).toThrow(code('input-length'))
      }
    }
  })

  test('a context that the algorithm cannot take is refused', { tags: ['CRY-3'] }, () => {
    const ed25519 = suite.ed25519.signer()
    const mlDsa44 = suite.mlDsa44.signer()
    const { publicKey } = ed25519
    const context = bytes(1)
    const signature = ed25519.sign(message, new Uint8Array(0))
    expect(() => ed25519.sign(message, context)).toThrow(code('input-length'))
    expect(() => suite.ed25519.verify({ publicKey, message, signature, context })).toThrow(
      code('input-length'),
    )
    expect(() => mlDsa44.sign(message, bytes(256))).toThrow(code('input-length'))
  })

  test.for([-1, 1.5, 1_048_577, Number.NaN])('%d random bytes', { tags: ['CRY-3'] }, (length) => {
    expect(() => suite.randomBytes(length)).toThrow(code('input-length'))
  })

  test('as many random bytes as asked for, never the same', { tags: ['CRY-3'] }, () => {
    expect(suite.randomBytes(0)).toHaveLength(0)
    expect(suite.randomBytes(1_048_576)).toHaveLength(1_048_576)
    expect(suite.randomBytes(32)).not.toStrictEqual(suite.randomBytes(32))
  })

  test('a changed bit ends an Ed25519 signature', { tags: ['CRY-4'] }, () => {
    const signer = suite.ed25519.signer()
    const valid = { publicKey: signer.publicKey, message, signature: signer.sign(message) }
    for (const part of ['publicKey', 'message', 'signature'] as const) {
      for (const bit of someBits(valid[part])) {
        expect(suite.ed25519.verify({ ...valid, [part]: flip(valid[part], bit) })).toBe(false)
      }
    }
    expect(suite.ed25519.verify(valid)).toBe(true)
  })

  test('a changed bit ends an ML-DSA-44 signature', { tags: ['CRY-4'] }, () => {
    const context = bytes(6, 3)
    const signer = suite.mlDsa44.signer()
    const signature = signer.sign(message, context)
    const valid = { publicKey: signer.publicKey, message, signature, context }
    for (const part of ['publicKey', 'message', 'signature', 'context'] as const) {
      for (const bit of someBits(valid[part])) {
        expect(suite.mlDsa44.verify({ ...valid, [part]: flip(valid[part], bit) })).toBe(false)
      }
    }
    expect(suite.mlDsa44.verify({ ...valid, context: new Uint8Array(0) })).toBe(false)
    expect(suite.mlDsa44.verify(valid)).toBe(true)
  })

  test('a changed bit keeps a ciphertext shut', { tags: ['CRY-4'] }, () => {
    const valid = { ...aead, data: suite.chaCha20Poly1305.seal(aead) }
    for (const part of ['key', 'nonce', 'associatedData', 'data'] as const) {
      for (const bit of someBits(valid[part])) {
        expect(() =>
          suite.chaCha20Poly1305.open({ ...valid, [part]: flip(valid[part], bit) }),
        ).toThrow(code('aead-open-failed'))
      }
    }
    expect(suite.chaCha20Poly1305.open(valid)).toStrictEqual(aead.data)
  })

  test('a ciphertext that lost its end stays shut', { tags: ['CRY-4'] }, () => {
    const sealed = suite.chaCha20Poly1305.seal(aead)
    for (const length of [0, 1, 15, 16, sealed.length - 1]) {
      const data = sealed.subarray(0, length)
      expect(() => suite.chaCha20Poly1305.open({ ...aead, data })).toThrow(code('aead-open-failed'))
    }
  })

  // u of the points of order 1, 2, 4 and 8 (twice), then 0 and 1 as they look unreduced, and with the ignored top bit set.
  test.for([
    '0000000000000000000000000000000000000000000000000000000000000000',
    '0100000000000000000000000000000000000000000000000000000000000000',
    'ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f',
    'e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800',
    '5f9c95bca3508c24b1d0b1559c83ef5b04445cc4581c8e86d8224eddd09f1157',
    'edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f',
    'eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f',
    '0000000000000000000000000000000000000000000000000000000000000080',
  ])('X25519 with the point %s', { tags: ['CRY-6'] }, (u) => {
    expect(() => suite.x25519.generate().agree(Uint8Array.fromHex(u))).toThrow(
      code('key-agreement-failed'),
    )
  })

  test('a coefficient at the modulus is one too many', { tags: ['CRY-7'] }, () => {
    const { publicKey } = suite.mlKem768.generate()
    // Two coefficients of 12 bits stand in three bytes (FIPS 203 §4.2.1); the first becomes 3328, then 3329.
    const largest = Uint8Array.from(publicKey)
    largest.set([0x00, (largest[1]! & 0xf0) | 0x0d])
    const tooLarge = Uint8Array.from(largest)
    tooLarge[0] = 0x01
    expect(suite.mlKem768.encapsulate(largest).ciphertext).toHaveLength(1088)
    expect(() => suite.mlKem768.encapsulate(tooLarge)).toThrow(code('key-malformed'))
    expect(() => suite.mlKem768.encapsulate(bytes(1184, 0xff))).toThrow(code('key-malformed'))
  })

  test(
    'a changed ciphertext gives another secret, the same in both suites',
    {
      tags: ['CRY-7'],
    },
    () => {
      const seed = suite.randomBytes(64)
      const pair = suite.mlKem768.generate(seed)
      const { ciphertext, sharedSecret } = suite.mlKem768.encapsulate(pair.publicKey)
      for (const bit of someBits(ciphertext)) {
        const changed = flip(ciphertext, bit)
        const rejection = pair.decapsulate(changed)
        expect(rejection).not.toStrictEqual(sharedSecret)
        for (const other of suites) {
          expect(other.mlKem768.generate(seed).decapsulate(changed)).toStrictEqual(rejection)
        }
      }
    },
  )

  test.for([
    { length: 0, info: 0, refused: true },
    { length: 1, info: 0, refused: false },
    { length: 8160, info: 1024, refused: false },
    { length: 8161, info: 0, refused: true },
    { length: 32, info: 1025, refused: true },
  ])('HKDF to $length bytes with $info of info', { tags: ['CRY-9'] }, (row) => {
    const input = { ikm: message, salt: message, info: bytes(row.info), length: row.length }
    if (row.refused) expect(() => suite.hkdfSha256(input)).toThrow(code('input-length'))
    else expect(suite.hkdfSha256(input)).toHaveLength(row.length)
  })

  test.for([
    { name: 'the least of everything', change: {}, refusal: undefined },
    { name: 'too short a salt', change: { salt: bytes(7) }, refusal: 'input-length' },
    { name: 'too long a salt', change: { salt: bytes(1025) }, refusal: 'input-length' },
    { name: 'too short an output', change: { length: 3 }, refusal: 'input-length' },
    { name: 'too long an output', change: { length: 1025 }, refusal: 'input-length' },
    { name: 'too little memory', change: { memoryKib: 7 }, refusal: 'input-range' },
    {
      name: 'too little memory for two lanes',
      change: { memoryKib: 15, lanes: 2 },
      refusal: 'input-range',
    },
    { name: 'too much memory', change: { memoryKib: 1_048_577 }, refusal: 'input-range' },
    { name: 'no pass', change: { passes: 0 }, refusal: 'input-range' },
    { name: 'too many passes', change: { passes: 65 }, refusal: 'input-range' },
    { name: 'half a pass', change: { passes: 1.5 }, refusal: 'input-range' },
    { name: 'no lane', change: { lanes: 0 }, refusal: 'input-range' },
    { name: 'too many lanes', change: { lanes: 17, memoryKib: 1024 }, refusal: 'input-range' },
  ])('Argon2id with $name', { tags: ['CRY-9'] }, async ({ change, refusal }) => {
    const least = {
      password: message,
      salt: bytes(8),
      memoryKib: 8,
      passes: 1,
      lanes: 1,
      length: 4,
    }
    const derived = suite.argon2id({ ...least, ...change })
    if (refusal === undefined) expect(await derived).toHaveLength(4)
    else await expect(derived).rejects.toThrow(code(refusal))
  })
})
