import type { CryptoSuite } from '@warren/crypto'
import { multihashOf } from '@warren/identity'
import { adminProofs, methodOf } from '../admin-keys.ts'
import type { CharterAdmin } from '../charter.ts'

/** Key pairs that may sign, by each of the two names under which a proof can name them. */
export type Keyring = ReadonlyMap<string, readonly CharterAdmin[]>

/** Pairs never change, and naming one costs hashing. */
const NAMES = new WeakMap<CharterAdmin, string>()

/** The name of a key pair: whose it is, and both keys, since one key may stand in several pairs over the years. */
export function pairName(suite: CryptoSuite, pair: CharterAdmin): string {
  const known = NAMES.get(pair)
  if (known !== undefined) return known
  const { did, ed25519, mlDsa44 } = pair
  const name = `${methodOf(suite, did, ed25519.multikey)}+${multihashOf(suite, mlDsa44.multikey)}`
  NAMES.set(pair, name)
  return name
}

/** Puts key pairs on a ring, with those of another. */
export function keyringOf(
  suite: CryptoSuite,
  pairs: Iterable<CharterAdmin>,
  others: Keyring = new Map(),
): Keyring {
  const ring = new Map(others)
  for (const pair of pairs) {
    for (const { verificationMethod } of adminProofs(suite, pair)) {
      const known = ring.get(verificationMethod) ?? []
      if (known.some((each) => pairName(suite, each) === pairName(suite, pair))) continue
      ring.set(verificationMethod, [...known, pair])
    }
  }
  return ring
}
