import type { CryptoSuite } from '@warren/crypto'
import { encodeMultikey } from './multikey.ts'
import { multihashOf } from './multihash.ts'

/** The public key of a 32-byte seed. */
export function publicKeyOfSeed(
  algorithm: CryptoSuite['ed25519' | 'mlDsa44'],
  seed: Uint8Array,
): Uint8Array {
  const signer = algorithm.signer(seed)
  try {
    return signer.publicKey.slice()
  } finally {
    signer.wipe()
  }
}

/** What a log commits to before the update key of a 32-byte Ed25519 seed signs an entry: `Qm…`, 46 characters. */
export function updateKeyHash(suite: CryptoSuite, seed: Uint8Array): string {
  const bytes = publicKeyOfSeed(suite.ed25519, seed)
  return multihashOf(suite, encodeMultikey({ type: 'ed25519', bytes }))
}
