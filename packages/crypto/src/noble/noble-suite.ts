import type { RandomSource } from '@warren/core'
import type { CryptoSuite } from '../crypto-suite.ts'
import { systemRandom } from '../system-random.ts'
import { nobleChaCha20Poly1305 } from './noble-chacha20-poly1305.ts'
import { nobleEd25519 } from './noble-ed25519.ts'
import { argon2id, hkdfSha256, hmacSha256, sha256, startSha256 } from './noble-hashes.ts'
import { nobleMlDsa44 } from './noble-ml-dsa-44.ts'
import { nobleMlKem768 } from './noble-ml-kem-768.ts'
import { nobleX25519 } from './noble-x25519.ts'

/**
 * The noble suite over a source of randomness of the caller's choice, from which it draws every
 * random byte: keys, the coins of ML-KEM, the hedge of ML-DSA. From one seeded source, runs repeat
 * exactly; that is for test vectors and simulations, never for a node.
 */
export function createNobleSuite(random: RandomSource): CryptoSuite {
  return {
    name: 'noble',
    randomBytes: (length) => random.randomBytes(length),
    sha256,
    startSha256,
    hmacSha256,
    hkdfSha256,
    argon2id,
    x25519: nobleX25519(random),
    mlKem768: nobleMlKem768(random),
    ed25519: nobleEd25519(random),
    mlDsa44: nobleMlDsa44(random),
    chaCha20Poly1305: nobleChaCha20Poly1305,
  }
}

/**
 * The @noble libraries: a second implementation to prove the first one by. Its randomness is the
 * operating system's as well, through node:crypto. It does not claim to run in constant time.
 */
export const nobleSuite: CryptoSuite = createNobleSuite(systemRandom)
