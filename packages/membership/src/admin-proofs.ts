import type { JsonObject } from '@warren/core'
import type { CryptoSuite } from '@warren/crypto'
import { IdentityError, verifyProofs } from '@warren/identity'
import { adminProofs } from './admin-keys.ts'
import type { CharterAdmin } from './charter.ts'
import { MembershipError } from './membership-error.ts'
import { RecordReader } from './record-reader.ts'

export interface AdminProofCheck {
  readonly suite: CryptoSuite
  readonly kind: 'charter' | 'membership' | 'policy-set'
  readonly document: JsonObject
  readonly admins: readonly CharterAdmin[]
  /** How many different admins must have signed. */
  readonly threshold: number
}

const METHOD_LENGTH_MAX = 512
const SIGNERS = { charter: 'admins', membership: 'admins', 'policy-set': 'signers' } as const
const REQUIRED = {
  charter: 'the charter is not signed as the mesh requires',
  membership: 'the membership is not signed as the mesh requires',
  'policy-set': 'the policy set is not signed as the configuration requires',
} as const

/**
 * Requires complete proof sets of at least `threshold` different admins, and nothing else.
 *
 * An admin counts with both proofs or not at all, so taking one away cannot weaken a record; a
 * proof of anybody else, a second proof by one key, or an unknown suite refuses the whole.
 *
 * @throws MembershipError `charter-unproved`, `membership-unproved`, `policy-set-unproved`, or `-malformed` when there is no proof set
 */
export function verifyAdminProofs(check: AdminProofCheck): void {
  const { suite, kind, document, threshold } = check
  const signers = claimedSigners(check)
  if (signers.length < threshold) {
    throw unproved(kind, `${signers.length} of ${threshold} ${SIGNERS[kind]} signed it`)
  }
  const required = signers.flatMap((signer) => adminProofs(suite, signer))
  try {
    verifyProofs({ suite, document, required, purpose: 'assertionMethod' })
  } catch (cause) {
    if (!(cause instanceof IdentityError)) throw cause
    throw unproved(kind, cause.message, cause)
  }
}

/** The different admins whose keys the proofs name. */
function claimedSigners({
  suite,
  kind,
  document,
  admins,
}: AdminProofCheck): readonly CharterAdmin[] {
  const owners = new Map<string, CharterAdmin>()
  for (const admin of admins) {
    for (const { verificationMethod } of adminProofs(suite, admin)) {
      owners.set(verificationMethod, admin)
    }
  }
  const rule = { lengthMax: METHOD_LENGTH_MAX }
  const signers = new Set<CharterAdmin>()
  // One proof more than there are keys, so that a proof too many gets its own answer below.
  for (const proof of new RecordReader(kind, document).children('proof', owners.size + 1)) {
    const signer = owners.get(proof.text('verificationMethod', rule))
    if (signer === undefined)
      throw unproved(kind, `a key that is none of the ${SIGNERS[kind]} signed it`)
    signers.add(signer)
  }
  return [...signers]
}

function unproved(kind: AdminProofCheck['kind'], why: string, cause?: unknown): MembershipError {
  const message = `${REQUIRED[kind]}: ${why}`
  return new MembershipError(
    `${kind}-unproved`,
    message,
    cause === undefined ? undefined : { cause },
  )
}
