import {
  createCipheriv,
  createHash,
  createHmac,
  createPrivateKey,
  createPublicKey,
  decapsulate,
  diffieHellman,
  type KeyObject,
  sign,
  verify,
} from 'node:crypto'

/** The primitives of docs/specs/handshake.md, straight from node:crypto and without a line of packages/. */
export function utf8(text: string): Buffer {
  return Buffer.from(text, 'utf8')
}

export function unhex(text: string): Buffer {
  return Buffer.from(text, 'hex')
}

export function sha256(...parts: readonly Uint8Array[]): Buffer {
  return createHash('sha256').update(Buffer.concat(parts)).digest()
}

export function hmac(key: Uint8Array, ...parts: readonly Uint8Array[]): Buffer {
  return createHmac('sha256', key).update(Buffer.concat(parts)).digest()
}

/** u32 big-endian length, then the part. */
export function lp(part: Uint8Array): Buffer {
  const length = Buffer.alloc(4)
  length.writeUInt32BE(part.length)
  return Buffer.concat([length, part])
}

/** ChaCha20-Poly1305 with the nonce of Noise: four zero bytes, then the counter in 64 bits little-endian. */
export function seal(
  key: Uint8Array,
  counter: number,
  input: { readonly ad: Uint8Array; readonly plaintext: Uint8Array },
): Buffer {
  const cipher = createCipheriv('chacha20-poly1305', key, nonce(counter), { authTagLength: 16 })
  cipher.setAAD(input.ad, { plaintextLength: input.plaintext.length })
  const ciphertext = Buffer.concat([cipher.update(input.plaintext), cipher.final()])
  return Buffer.concat([ciphertext, cipher.getAuthTag()])
}

/** Takes the tag off and the keystream away. Checks nothing: the caller seals again and compares. */
export function unseal(key: Uint8Array, counter: number, sealed: Uint8Array): Buffer {
  const cipher = createCipheriv('chacha20-poly1305', key, nonce(counter), { authTagLength: 16 })
  return cipher.update(sealed.subarray(0, -16))
}

function nonce(counter: number): Buffer {
  const bytes = Buffer.alloc(12)
  bytes.writeBigUInt64LE(BigInt(counter), 4)
  return bytes
}

export function privateKey(type: 'x25519' | 'ed25519', raw: Uint8Array): KeyObject {
  return createPrivateKey({ key: Buffer.from(raw), format: 'raw-private', asymmetricKeyType: type })
}

export function seedKey(type: 'ml-kem-768' | 'ml-dsa-44', seed: Uint8Array): KeyObject {
  return createPrivateKey({ key: Buffer.from(seed), format: 'raw-seed', asymmetricKeyType: type })
}

/** The raw public key of a private one. */
export function publicOf(key: KeyObject): Buffer {
  return createPublicKey(key).export({ format: 'raw-public' })
}

export function dh(ours: KeyObject, theirs: KeyObject): Buffer {
  return diffieHellman({ privateKey: ours, publicKey: createPublicKey(theirs) })
}

export function kemSecret(key: KeyObject, ciphertext: Uint8Array): Buffer {
  return Buffer.from(decapsulate(key, Buffer.from(ciphertext)))
}

export function ed25519Sign(key: KeyObject, message: Uint8Array): Buffer {
  return sign(null, message, key)
}

export function mlDsa44Verify(
  key: KeyObject,
  message: Uint8Array,
  signed: { readonly signature: Uint8Array; readonly context: Uint8Array },
): boolean {
  const options = { key: createPublicKey(key), context: signed.context }
  return verify(null, message, options, signed.signature)
}
