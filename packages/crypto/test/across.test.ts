import { describe, expect, test } from 'vitest'
import { bytes, pairs, text } from './suites.ts'

const CRY_2 = { tags: ['CRY-2'] }

describe.each(pairs)('$name', ({ a, b }) => {
  test('hashes, keys and codes agree', CRY_2, async () => {
    const message = a.randomBytes(333)
    const salt = a.randomBytes(32)
    const hkdf = { ikm: message, salt, info: text('info'), length: 96 }
    const argon2id = { password: message, salt, memoryKib: 64, passes: 1, lanes: 1, length: 32 }
    expect(a.sha256(message, salt)).toStrictEqual(b.sha256(message, salt))
    const [first, second] = [a.startSha256(), b.startSha256()]
    for (const part of [message, salt]) for (const state of [first, second]) state.update(part)
    expect(first.digest()).toStrictEqual(second.digest())
    expect(a.hmacSha256(salt, message)).toStrictEqual(b.hmacSha256(salt, message))
    expect(a.hkdfSha256(hkdf)).toStrictEqual(b.hkdfSha256(hkdf))
    expect(await a.argon2id(argon2id)).toStrictEqual(await b.argon2id(argon2id))
  })

  test('both sides of X25519 agree', CRY_2, () => {
    const mine = a.x25519.generate()
    const theirs = b.x25519.generate()
    expect(mine.agree(theirs.publicKey)).toStrictEqual(theirs.agree(mine.publicKey))
  })

  test('one private X25519 key has one public key', CRY_2, () => {
    const privateKey = a.randomBytes(32)
    expect(a.x25519.generate(privateKey).publicKey).toStrictEqual(
      b.x25519.generate(privateKey).publicKey,
    )
  })

  test('one decapsulates what the other encapsulated', CRY_2, () => {
    const seed = a.randomBytes(64)
    const pair = a.mlKem768.generate(seed)
    const { ciphertext, sharedSecret } = b.mlKem768.encapsulate(pair.publicKey)
    expect(pair.publicKey).toStrictEqual(b.mlKem768.generate(seed).publicKey)
    expect(pair.decapsulate(ciphertext)).toStrictEqual(sharedSecret)
    expect(a.mlKem768.generate().publicKey).toHaveLength(1184)
  })

  test.for([0, 1, 1000])('one verifies what the other signed over %i bytes', CRY_2, (length) => {
    const message = a.randomBytes(length)
    const ed25519 = a.ed25519.signer()
    const again = b.ed25519.signer(ed25519.exportSeed())
    const signature = ed25519.sign(message)
    expect(again.publicKey).toStrictEqual(ed25519.publicKey)
    expect(again.sign(message)).toStrictEqual(signature)
    expect(b.ed25519.verify({ publicKey: ed25519.publicKey, message, signature })).toBe(true)
  })

  test.for([0, 1, 255])('ML-DSA-44 with a context of %i bytes', CRY_2, (length) => {
    const message = a.randomBytes(100)
    const context = bytes(length)
    const mlDsa44 = a.mlDsa44.signer()
    const publicKey = b.mlDsa44.signer(mlDsa44.exportSeed()).publicKey
    const signature = mlDsa44.sign(message, context)
    expect(publicKey).toStrictEqual(mlDsa44.publicKey)
    expect(b.mlDsa44.verify({ publicKey, message, signature, context })).toBe(true)
    if (length === 0) expect(b.mlDsa44.verify({ publicKey, message, signature })).toBe(true)
  })

  test.for([0, 1, 16, 255, 65_519])('one opens %i bytes that the other sealed', CRY_2, (length) => {
    const input = {
      key: a.randomBytes(32),
      nonce: a.randomBytes(12),
      associatedData: a.randomBytes(length % 50),
      data: a.randomBytes(length),
    }
    const sealed = a.chaCha20Poly1305.seal(input)
    expect(sealed).toHaveLength(length + 16)
    expect(b.chaCha20Poly1305.open({ ...input, data: sealed })).toStrictEqual(input.data)
  })
})
