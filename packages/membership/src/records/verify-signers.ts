import type { JsonObject } from '@warren/core'
import type { CryptoSuite } from '@warren/crypto'
import { IdentityError, verifyProofs } from '@warren/identity'
import { adminProofs } from '../admin-keys.ts'
import type { CharterAdmin } from '../charter.ts'
import { MembershipError } from '../membership-error.ts'
import { RecordReader } from '../record-reader.ts'
import type { Keyring } from './keyring.ts'

export interface SignersCheck {
  readonly suite: CryptoSuite
  readonly document: JsonObject
  readonly keyring: Keyring
}

/** Sixteen signers of two keys each. */
export const PROOFS_MAX = 32
const METHOD_RULE = { lengthMax: 512 } as const

/**
 * Says who signed a record: key pairs of which both proofs are there and valid.
 *
 * A pair counts with both proofs or not at all. One missing half, a proof too many, an unknown key or
 * suite refuses the whole, so nothing can be stripped or stuffed in.
 *
 * @throws MembershipError `record-malformed`, `signer-unknown` (whom a newer set may know), `record-unproved`
 */
export function verifySigners({ suite, document, keyring }: SignersCheck): readonly CharterAdmin[] {
  const pairs = claimedPairs({ suite, document, keyring })
  const required = pairs.flatMap((pair) => adminProofs(suite, pair))
  try {
    verifyProofs({ suite, document, required, purpose: 'assertionMethod' })
  } catch (cause) {
    if (!(cause instanceof IdentityError)) throw cause
    throw new MembershipError('record-unproved', `the record is not signed: ${cause.message}`, {
      cause,
    })
  }
  return pairs
}

/**
 * The pairs that the proofs claim to be of. Where a key stands in several pairs it is the one whose
 * other key is named as well; where there is none, one of them, so that the missing half is missed.
 */
function claimedPairs({ suite, document, keyring }: SignersCheck): readonly CharterAdmin[] {
  const methods = new RecordReader('record', document)
    .children('proof', PROOFS_MAX)
    .map((proof) => proof.text('verificationMethod', METHOD_RULE))
  const pairs = new Set<CharterAdmin>()
  for (const method of methods) {
    const candidates = keyring.get(method) ?? []
    const whole = candidates.find((pair) =>
      adminProofs(suite, pair).every(({ verificationMethod }) =>
        methods.includes(verificationMethod),
      ),
    )
    const pair = whole ?? candidates[0]
    if (pair === undefined) {
      throw new MembershipError(
        'signer-unknown',
        'a key that this mesh does not know signed the record',
      )
    }
    pairs.add(pair)
  }
  return [...pairs]
}
