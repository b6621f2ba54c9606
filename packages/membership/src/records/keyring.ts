import type { CryptoSuite } from '@warren/crypto'
import { adminProofs, methodOf } from '../admin-keys.ts'
import type { CharterAdmin } from '../charter.ts'

/** Key pairs that may sign, by each of the two names under which a proof can name them. */
export type Keyring = ReadonlyMap<string, CharterAdmin>

/** The name of a key pair: the verification method of its Ed25519 key. */
export function pairName(suite: CryptoSuite, { did, ed25519 }: CharterAdmin): string {
  return methodOf(suite, did, ed25519.multikey)
}

/** Puts key pairs on a ring. */
export function keyringOf(suite: CryptoSuite, pairs: Iterable<CharterAdmin>): Keyring {
  const ring = new Map<string, CharterAdmin>()
  for (const pair of pairs) {
    for (const { verificationMethod } of adminProofs(suite, pair))
      ring.set(verificationMethod, pair)
  }
  return ring
}
