import type { CryptoSuite } from '../crypto-suite.ts'
import { systemRandom } from '../system-random.ts'
import { argon2id } from './node-argon2id.ts'
import { chaCha20Poly1305 } from './node-chacha20-poly1305.ts'
import { ed25519 } from './node-ed25519.ts'
import { hkdfSha256, hmacSha256, sha256, startSha256 } from './node-hashes.ts'
import { mlDsa44 } from './node-ml-dsa-44.ts'
import { mlKem768 } from './node-ml-kem-768.ts'
import { x25519 } from './node-x25519.ts'

/** OpenSSL through node:crypto: the suite that nodes run on. Private keys stay outside of JavaScript's heap. */
export const nodeSuite: CryptoSuite = {
  name: 'node',
  randomBytes: (length) => systemRandom.randomBytes(length),
  sha256,
  startSha256,
  hmacSha256,
  hkdfSha256,
  argon2id,
  x25519,
  mlKem768,
  ed25519,
  mlDsa44,
  chaCha20Poly1305,
}
