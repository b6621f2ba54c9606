/**
 * The one place that names an algorithm: two suites, node:crypto and @noble, behind one interface.
 *
 * Pure but for node:crypto. Specified in docs/specs/crypto.md.
 *
 * @packageDocumentation
 */
export { CryptoError, type CryptoErrorCode } from './crypto-error.ts'
export type {
  AeadInput,
  Argon2idInput,
  ChaCha20Poly1305,
  CryptoSuite,
  Ed25519,
  Encapsulation,
  HkdfInput,
  MlDsa44,
  MlKem768,
  MlKem768KeyPair,
  SealInput,
  Sha256State,
  Signer,
  VerifyInput,
  X25519,
  X25519KeyPair,
} from './crypto-suite.ts'
export { nodeSuite } from './node/node-suite.ts'
export { createNobleSuite, nobleSuite } from './noble/noble-suite.ts'
