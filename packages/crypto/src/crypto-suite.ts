import type { RandomSource } from '@warren/core'

/**
 * Every algorithm that Warren uses, behind one interface with two implementations.
 *
 * All methods are synchronous but `argon2id`. Wrong lengths and malformed keys throw a
 * `CryptoError`; nothing returns a value that stands for failure, but `verify`, whose boolean is
 * consumed by the callers in identity and handshake, which throw.
 */
export interface CryptoSuite extends RandomSource {
  readonly name: 'node' | 'noble'
  /** SHA-256 over the concatenation of the parts (FIPS 180-4). 32 bytes. */
  sha256(...parts: readonly Uint8Array[]): Uint8Array
  /** SHA-256 of what comes in pieces and is too long to be kept. */
  startSha256(): Sha256State
  /** HMAC-SHA-256 (RFC 2104) over the concatenation of the parts. 32 bytes. */
  hmacSha256(key: Uint8Array, ...parts: readonly Uint8Array[]): Uint8Array
  /** HKDF-SHA-256 (RFC 5869), Extract and Expand in one. With an empty `info` it is the HKDF of Noise §4.3. */
  hkdfSha256(input: HkdfInput): Uint8Array
  /** Argon2id (RFC 9106), version 0x13. Throws `input-range` for costs outside of the limits. */
  argon2id(input: Argon2idInput): Promise<Uint8Array>
  readonly x25519: X25519
  readonly mlKem768: MlKem768
  readonly ed25519: Ed25519
  readonly mlDsa44: MlDsa44
  readonly chaCha20Poly1305: ChaCha20Poly1305
}

/** A SHA-256 under way. */
export interface Sha256State {
  update(part: Uint8Array): void
  /** 32 bytes. Called once, and last. */
  digest(): Uint8Array
}

export interface HkdfInput {
  readonly ikm: Uint8Array
  readonly salt: Uint8Array
  /** At most 1024 bytes. */
  readonly info: Uint8Array
  /** Bytes of output, 1 to 255 * 32. */
  readonly length: number
}

export interface Argon2idInput {
  readonly password: Uint8Array
  /** At least 8 bytes. */
  readonly salt: Uint8Array
  /** KiB, 8 for each lane to 1,048,576. */
  readonly memoryKib: number
  /** 1 to 64. */
  readonly passes: number
  /** 1 to 16. */
  readonly lanes: number
  /** Bytes of output, 4 to 1024. */
  readonly length: number
}

/** X25519 (RFC 7748). */
export interface X25519 {
  /** A fresh pair, or the one of a 32-byte private key. */
  generate(privateKey?: Uint8Array): X25519KeyPair
}

export interface X25519KeyPair {
  /** 32 bytes. */
  readonly publicKey: Uint8Array
  /** The shared secret, 32 bytes. Throws `key-agreement-failed` when it would be all zero (RFC 7748 §6.1). */
  agree(peerPublicKey: Uint8Array): Uint8Array
  /** Erases what can be erased; every later call throws `key-wiped`. */
  wipe(): void
}

/** ML-KEM-768 (FIPS 203). */
export interface MlKem768 {
  /** A fresh pair, or the one of a 64-byte seed (d ‖ z). */
  generate(seed?: Uint8Array): MlKem768KeyPair
  /** Encapsulates to a public key of 1184 bytes; a key that fails the modulus check throws `key-malformed`. */
  encapsulate(publicKey: Uint8Array): Encapsulation
}

export interface Encapsulation {
  /** 1088 bytes, for the holder of the private key. */
  readonly ciphertext: Uint8Array
  /** 32 bytes. */
  readonly sharedSecret: Uint8Array
}

export interface MlKem768KeyPair {
  /** 1184 bytes. */
  readonly publicKey: Uint8Array
  /** 32 bytes. A wrong ciphertext of the right length gives another secret and no error (implicit rejection). */
  decapsulate(ciphertext: Uint8Array): Uint8Array
  /** Erases what can be erased; every later call throws `key-wiped`. */
  wipe(): void
}

/**
 * Ed25519, strict RFC 8032: canonical S and point encodings, the equation without the cofactor,
 * small-order keys refused, no ZIP 215.
 */
export interface Ed25519 {
  /** The signer of a 32-byte seed, fresh when there is none. */
  signer(seed?: Uint8Array): Signer
  /** Throws `input-length` for a wrong length; every other flaw, the key's included, is `false`. */
  verify(input: VerifyInput): boolean
}

/** ML-DSA-44 (FIPS 204). */
export interface MlDsa44 {
  /** The signer of a 32-byte seed, fresh when there is none. */
  signer(seed?: Uint8Array): Signer
  /** Throws `input-length` for a wrong length; every other flaw, the key's included, is `false`. */
  verify(input: VerifyInput): boolean
}

export interface Signer {
  /** 32 bytes for Ed25519, 1312 for ML-DSA-44. */
  readonly publicKey: Uint8Array
  /** 64 bytes for Ed25519, 2420 for ML-DSA-44. The context is for ML-DSA alone, at most 255 bytes. */
  sign(message: Uint8Array, context?: Uint8Array): Uint8Array
  /** A copy of the 32-byte seed, for the sealed key file. */
  exportSeed(): Uint8Array
  /** Erases what can be erased; every later call throws `key-wiped`. */
  wipe(): void
}

export interface VerifyInput {
  readonly publicKey: Uint8Array
  readonly message: Uint8Array
  readonly signature: Uint8Array
  /** ML-DSA alone; empty when absent. */
  readonly context?: Uint8Array
}

/** ChaCha20-Poly1305 (RFC 8439), tag of 16 bytes at the end of the ciphertext. */
export interface ChaCha20Poly1305 {
  /** One buffer: `headroom` free bytes, ciphertext, tag. */
  seal(input: SealInput): Uint8Array
  /** Throws `aead-open-failed` when the tag does not fit, or the data is shorter than a tag. */
  open(input: AeadInput): Uint8Array
}

export interface AeadInput {
  /** 32 bytes. */
  readonly key: Uint8Array
  /** 12 bytes. */
  readonly nonce: Uint8Array
  /** Plaintext for `seal`, ciphertext with its tag for `open`. */
  readonly data: Uint8Array
  readonly associatedData: Uint8Array
}

export interface SealInput extends AeadInput {
  /** Bytes that the result keeps free in front of the ciphertext, for a header in the same buffer; 0 when absent. */
  readonly headroom?: number
}
