import { createHash, type Hash } from 'node:crypto'
import { createNobleSuite } from '@warren/crypto'
import { describe, expect, test } from 'vitest'
import { bytes, hex, suites, text } from './suites.ts'

const CRY_1 = { tags: ['CRY-1'] }

describe.each(suites)('$name', (suite) => {
  // FIPS 180-4, the examples of one and of no block.
  test('SHA-256', CRY_1, () => {
    expect(suite.sha256(text('abc')).toHex()).toBe(
      'ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad',
    )
    expect(suite.sha256().toHex()).toBe(
      'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855',
    )
    expect(suite.sha256(text('a'), text(''), text('bc'))).toStrictEqual(suite.sha256(text('abc')))
    expect(suite.sha256(bytes(5000), bytes(5000))).toStrictEqual(suite.sha256(bytes(10_000)))
  })

  test.each([4095, 4096, 4097])('SHA-256 of %i bytes in two parts', CRY_1, (length) => {
    const first = suite.sha256(bytes(1), bytes(length - 1))
    expect(first).toStrictEqual(suite.sha256(bytes(length)))
    // What was hashed before is neither in a later hash, nor is an earlier hash lost to it.
    expect(suite.sha256(bytes(1, 1), bytes(2, 1))).toStrictEqual(suite.sha256(bytes(3, 1)))
    expect(first).toStrictEqual(suite.sha256(bytes(length)))
  })

  test.each([0, 1, 64, 5000])('SHA-256 of %i bytes that come in pieces', CRY_1, (length) => {
    const state = suite.startSha256()
    for (let at = 0; at < length; at += 63) state.update(bytes(Math.min(63, length - at)))
    expect(state.digest()).toStrictEqual(suite.sha256(bytes(length)))
  })

  // RFC 4231 §4.3 and §4.7.
  test('HMAC-SHA-256', CRY_1, () => {
    expect(
      suite.hmacSha256(text('Jefe'), text('what do ya want '), text('for nothing?')).toHex(),
    ).toBe('5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843')
    const message = text('Test Using Larger Than Block-Size Key - Hash Key First')
    expect(suite.hmacSha256(bytes(131, 0xaa), message).toHex()).toBe(
      '60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54',
    )
  })

  // RFC 5869 appendices A.1 and A.3.
  test.for([
    {
      salt: '000102030405060708090a0b0c',
      info: 'f0f1f2f3f4f5f6f7f8f9',
      okm: '3cb25f25faacd57a90434f64d0362f2a2d2d0a90cf1a5a4c5db02d56ecc4c5bf34007208d5b887185865',
    },
    {
      salt: '',
      info: '',
      okm: '8da4e775a563c18f715f802a063c5a31b8a11f5c5ee1879ec3454e5f3c738d2d9d201395faa4b61a96c8',
    },
  ])('HKDF-SHA-256 with info "$info"', CRY_1, ({ salt, info, okm }) => {
    const input = { ikm: bytes(22, 0x0b), salt: hex(salt), info: hex(info), length: 42 }
    expect(suite.hkdfSha256(input).toHex()).toBe(okm)
  })

  // The reference implementation's own tests (phc-winner-argon2, src/test.c).
  test.for([
    { lanes: 1, tag: '9dfeb910e80bad0311fee20f9c0e2b12c17987b4cac90c2ef54d5b3021c68bfe' },
    { lanes: 2, tag: '6d093c501fd5999645e0ea3bf620d7b8be7fd2db59c20d9fff9539da2bf57037' },
  ])('Argon2id with $lanes lanes', CRY_1, async ({ lanes, tag }) => {
    const derived = await suite.argon2id({
      password: text('password'),
      salt: text('somesalt'),
      memoryKib: 256,
      passes: 2,
      lanes,
      length: 32,
    })
    expect(derived.toHex()).toBe(tag)
  })

  // RFC 7748 §5.2 (the second one has a u with its highest bit set) and §6.1.
  test.for([
    {
      scalar: 'a546e36bf0527c9d3b16154b82465edd62144c0ac1fc5a18506a2244ba449ac4',
      u: 'e6db6867583030db3594c1a424b15f7c726624ec26b3353b10a903a6d0ab1c4c',
      shared: 'c3da55379de9c6908e94ea4df28d084f32eccf03491c71f754b4075577a28552',
    },
    {
      scalar: '4b66e9d4d1b4673c5ad22691957d6af5c11b6421e0ea01d42ca4169e7918ba0d',
      u: 'e5210f12786811d3f4b7959d0538ae2c31dbe7106fc03c3efc4cd549c715a493',
      shared: '95cbde9476e8907d7aade45cb4b873f88b595a68799fa152e6f8f7647aac7957',
    },
    {
      scalar: '77076d0a7318a57d3c16c17251b26645df4c2f87ebc0992ab177fba51db92c2a',
      u: 'de9edb7d7b7dc1b4d35b61c2ece435373f8343c85b78674dadfc7e146f882b4f',
      shared: '4a5d9d5ba4ce2de1728e3bf480350f25e07e21c947d19e3376f09b3c1e161742',
    },
  ])('X25519 of $scalar', CRY_1, ({ scalar, u, shared }) => {
    expect(suite.x25519.generate(hex(scalar)).agree(hex(u)).toHex()).toBe(shared)
  })

  // RFC 7748 §6.1.
  test('X25519 public key', CRY_1, () => {
    const alice = suite.x25519.generate(
      hex('77076d0a7318a57d3c16c17251b26645df4c2f87ebc0992ab177fba51db92c2a'),
    )
    expect(alice.publicKey.toHex()).toBe(
      '8520f0098930a754748b7ddcb43ef75a0dbf3a0d26381af4eba4a98eaa9b4e6a',
    )
  })

  // RFC 8032 §7.1, tests 1 and 3.
  test.for([
    {
      seed: '9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60',
      publicKey: 'd75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a',
      message: '',
      signature:
        'e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e39701cf9b46bd25bf5f0595bbe24655141438e7a100b',
    },
    {
      seed: 'c5aa8df43f9f837bedb7442f31dcb7b166d38535076f094b85ce3a2e0b4458f7',
      publicKey: 'fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025',
      message: 'af82',
      signature:
        '6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac18ff9b538d16f290ae67f760984dc6594a7c15e9716ed28dc027beceea1ec40a',
    },
  ])('Ed25519 of "$message"', CRY_1, (vector) => {
    const signer = suite.ed25519.signer(hex(vector.seed))
    const message = hex(vector.message)
    const signature = signer.sign(message)
    expect(signer.publicKey.toHex()).toBe(vector.publicKey)
    expect(signature.toHex()).toBe(vector.signature)
    expect(suite.ed25519.verify({ publicKey: signer.publicKey, message, signature })).toBe(true)
  })

  // RFC 8439 §2.8.2.
  test('ChaCha20-Poly1305', CRY_1, () => {
    const input = {
      key: hex('808182838485868788898a8b8c8d8e8f909192939495969798999a9b9c9d9e9f'),
      nonce: hex('070000004041424344454647'),
      associatedData: hex('50515253c0c1c2c3c4c5c6c7'),
      data: text(
        "Ladies and Gentlemen of the class of '99: If I could offer you only one tip for the future, sunscreen would be it.",
      ),
    }
    const sealed = suite.chaCha20Poly1305.seal(input)
    expect(sealed.toHex()).toBe(
      'd31a8d34648e60db7b86afbc53ef7ec2a4aded51296e08fea9e2b5a736ee62d6' +
        '3dbea45e8ca9671282fafb69da92728b1a71de0a9e060b2905d6a5b67ecd3b36' +
        '92ddbd7f2d778b8c9803aee328091b58fab324e4fad675945585808b4831d7bc' +
        '3ff4def08e4b7a9de576d26586cec64b61161ae10b594f09e26a7e902ecbd0600691',
    )
    expect(suite.chaCha20Poly1305.open({ ...input, data: sealed })).toStrictEqual(input.data)
  })

  // C2SP CCTV, ML-KEM accumulated vectors in the form of Go's crypto/mlkem, 100 rounds.
  test('ML-KEM-768 over a hundred keys', CRY_1, () => {
    const stream = shakeStream()
    const encapsulator = createNobleSuite({ randomBytes: stream })
    const answers = createHash('shake128', { outputLength: 32 })
    for (let round = 0; round < 100; round += 1) {
      const pair = suite.mlKem768.generate(stream(64))
      const { ciphertext, sharedSecret } = encapsulator.mlKem768.encapsulate(pair.publicKey)
      expect(pair.decapsulate(ciphertext)).toStrictEqual(sharedSecret)
      accumulate(answers, pair.publicKey, ciphertext, sharedSecret, pair.decapsulate(stream(1088)))
    }
    expect(answers.digest('hex')).toBe(
      '1114b1b6699ed191734fa339376afa7e285c9e6acf6ff0177d346696ce564415',
    )
  })

  // C2SP CCTV, ML-DSA accumulated vectors, 100 rounds; the deterministic variant is the hedged one over zeroes.
  test('ML-DSA-44 over a hundred keys', { ...CRY_1, timeout: 20_000 }, () => {
    const stream = shakeStream()
    const deterministic = createNobleSuite({ randomBytes: (length) => new Uint8Array(length) })
    const answers = createHash('shake128', { outputLength: 32 })
    const message = new Uint8Array(0)
    for (let round = 0; round < 100; round += 1) {
      const seed = stream(32)
      const { publicKey } = suite.mlDsa44.signer(seed)
      const signature = deterministic.mlDsa44.signer(seed).sign(message)
      expect(suite.mlDsa44.verify({ publicKey, message, signature })).toBe(true)
      accumulate(answers, publicKey, signature)
    }
    expect(answers.digest('hex')).toBe(
      'd51148e1f9f4fa1a723a6cf42e25f2a99eb5c1b378b3d2dbbd561b1203beeae4',
    )
  })
})

/** Draws from SHAKE128 over nothing, as the accumulated vectors prescribe. */
function shakeStream(): (length: number) => Uint8Array {
  const output = createHash('shake128', { outputLength: 200_000 }).digest()
  let offset = 0
  return (length) => {
    offset += length
    return Uint8Array.from(output.subarray(offset - length, offset))
  }
}

function accumulate(answers: Hash, ...parts: readonly Uint8Array[]): void {
  for (const part of parts) answers.update(part)
}
