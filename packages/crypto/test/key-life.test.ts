import { createHash } from 'node:crypto'
import { createNobleSuite, type CryptoSuite } from '@warren/crypto'
import { describe, expect, test } from 'vitest'
import { bytes, code, suites } from './suites.ts'

const message = bytes(10)

describe.each(suites)('$name', (suite) => {
  test('nothing works after wipe, and wiping twice is fine', { tags: ['CRY-8'] }, () => {
    const x25519 = suite.x25519.generate()
    const mlKem768 = suite.mlKem768.generate()
    const { ciphertext } = suite.mlKem768.encapsulate(mlKem768.publicKey)
    const signers = [suite.ed25519.signer(), suite.mlDsa44.signer()]
    for (const key of [x25519, mlKem768, ...signers]) {
      key.wipe()
      key.wipe()
    }
    expect(() => x25519.agree(suite.x25519.generate().publicKey)).toThrow(code('key-wiped'))
    expect(() => mlKem768.decapsulate(ciphertext)).toThrow(code('key-wiped'))
    for (const signer of signers) {
      expect(() => signer.sign(message)).toThrow(code('key-wiped'))
      expect(() => signer.exportSeed()).toThrow(code('key-wiped'))
    }
  })

  test("the caller's arrays stay the caller's", { tags: ['CRY-10'] }, () => {
    const seed32 = bytes(32)
    const seed64 = bytes(64)
    const x25519 = suite.x25519.generate(seed32)
    const ed25519 = suite.ed25519.signer(seed32)
    const mlDsa44 = suite.mlDsa44.signer(seed32)
    const mlKem768 = suite.mlKem768.generate(seed64)
    const peer = suite.x25519.generate().publicKey
    const { ciphertext, sharedSecret } = suite.mlKem768.encapsulate(mlKem768.publicKey)
    const before = [x25519.agree(peer), ed25519.sign(message)]

    seed32.fill(0)
    seed64.fill(0)
    expect([x25519.agree(peer), ed25519.sign(message)]).toStrictEqual(before)
    expect(mlKem768.decapsulate(ciphertext)).toStrictEqual(sharedSecret)

    ed25519.exportSeed().fill(0)
    mlDsa44.exportSeed().fill(0)
    expect(ed25519.exportSeed()).toStrictEqual(bytes(32))
    expect(mlDsa44.exportSeed()).toStrictEqual(bytes(32))

    for (const key of [x25519, ed25519, mlDsa44, mlKem768]) key.wipe()
    const again = bytes(32)
    suite.ed25519.signer(again).wipe()
    suite.x25519.generate(again).wipe()
    suite.mlDsa44.signer(again).wipe()
    expect(again).toStrictEqual(bytes(32))
  })

  test(
    'inputs are not written to, and outputs are plain arrays of their own',
    {
      tags: ['CRY-10'],
    },
    () => {
      const data = bytes(32)
      const input = { key: data, nonce: bytes(12), associatedData: bytes(0), data }
      const sealed = suite.chaCha20Poly1305.seal(input)
      const broken = Uint8Array.from(sealed).fill(0, 0, 1)
      expect(() => suite.chaCha20Poly1305.open({ ...input, data: broken })).toThrow(
        code('aead-open-failed'),
      )
      const outputs = [
        sealed,
        suite.chaCha20Poly1305.open({ ...input, data: sealed }),
        suite.sha256(data),
        suite.hmacSha256(data, data),
        suite.hkdfSha256({ ikm: data, salt: data, info: data, length: 32 }),
        suite.randomBytes(32),
        suite.ed25519.signer(data).sign(data),
        suite.ed25519.signer(data).publicKey,
        suite.mlDsa44.signer(data).sign(data),
        suite.mlDsa44.signer(data).exportSeed(),
        suite.x25519.generate(data).agree(suite.x25519.generate().publicKey),
      ]
      for (const output of outputs) {
        expect(Object.getPrototypeOf(output)).toBe(Uint8Array.prototype)
        expect(output.byteLength).toBe(output.buffer.byteLength)
        output.fill(0)
      }
      expect(data).toStrictEqual(bytes(32))
    },
  )
})

test(
  'private bytes are overwritten: fresh ones at wipe, one-time ones after use',
  {
    tags: ['CRY-8'],
  },
  () => {
    const drawn: Uint8Array[] = []
    const suite = createNobleSuite({
      randomBytes(length) {
        const fresh = bytes(length)
        drawn.push(fresh)
        return fresh
      },
    })
    const keys = [suite.x25519.generate(), suite.ed25519.signer(), suite.mlDsa44.signer()]
    expect(drawn.map((array) => array[0])).toEqual([7, 7, 7])
    for (const key of keys) key.wipe()
    suite.mlKem768.encapsulate(suite.mlKem768.generate().publicKey)
    suite.mlDsa44.signer(bytes(32)).sign(message)
    expect(drawn).toHaveLength(6)
    for (const array of drawn) expect(array).toStrictEqual(new Uint8Array(array.length))
  },
)

test('the same seed gives the same run, another seed another one', { tags: ['CRY-11'] }, () => {
  const first = run(createNobleSuite(seeded('one')))
  expect(run(createNobleSuite(seeded('one')))).toEqual(first)
  const other = run(createNobleSuite(seeded('two')))
  for (const [index, output] of first.entries()) expect(other[index]).not.toBe(output)
})

/** Draws on every place where the suite takes randomness. */
function run(suite: CryptoSuite): readonly string[] {
  const kem = suite.mlKem768.generate()
  const encapsulation = suite.mlKem768.encapsulate(kem.publicKey)
  const outputs = [
    suite.randomBytes(16),
    suite.x25519.generate().publicKey,
    suite.ed25519.signer().publicKey,
    suite.mlDsa44.signer().sign(message),
    kem.publicKey,
    encapsulation.ciphertext,
    encapsulation.sharedSecret,
  ]
  return outputs.map((output) => output.toHex())
}

function seeded(seed: string): { randomBytes(length: number): Uint8Array } {
  let draws = 0
  return {
    randomBytes(length) {
      draws += 1
      const shake = createHash('shake256', { outputLength: length })
      return Uint8Array.from(shake.update(`${seed} ${draws}`).digest())
    },
  }
}
