import type { CryptoSuite } from '@warren/crypto'
import type { Checkpoint } from '../note/checkpoint.ts'
import type { KnownSigner } from '../note/hybrid-keys.ts'
import { type SignedHead, verifyCheckpoint } from '../note/verify-checkpoint.ts'
import { type Cosignature, verifyCosignatures } from '../note/verify-cosignatures.ts'
import { TlogError } from '../tlog-error.ts'

/** Which cosigners together are enough: one, or so many of several parts. */
export type QuorumPart =
  | { readonly cosigner: string }
  | { readonly threshold: number; readonly members: readonly QuorumPart[] }

/** Which logs are believed, and whose cosignatures they need for it. */
export interface TrustPolicy {
  readonly logs: readonly KnownSigner[]
  readonly cosigners: readonly KnownSigner[]
  readonly quorum: QuorumPart | 'none'
}

/** A checkpoint that a policy believes, and who has cosigned it. */
export interface TrustedHead {
  readonly head: SignedHead
  readonly cosignatures: readonly Cosignature[]
}

export interface ApplyPolicyInput {
  readonly suite: CryptoSuite
  readonly policy: TrustPolicy
  readonly checkpoint: Checkpoint
}

/**
 * Checks that a checkpoint is of a log that the policy lists, and cosigned by its quorum.
 *
 * @throws TlogError `quorum-missed`; as `verifyCheckpoint` and `verifyCosignatures` do
 */
export function applyPolicy({ suite, policy, checkpoint }: ApplyPolicyInput): TrustedHead {
  const log = policy.logs.find(({ name }) => name === checkpoint.origin)
  if (log === undefined) throw new TlogError('origin-foreign', 'the policy lists no such log')
  const head = verifyCheckpoint({ suite, checkpoint, log })
  const { cosigners, quorum } = policy
  const cosignatures = verifyCosignatures({ suite, checkpoint, log, cosigners })
  const names = new Set(cosignatures.map(({ name }) => name))
  if (quorum !== 'none' && !isReached(quorum, names)) {
    throw new TlogError(
      'quorum-missed',
      'too few of the cosigners that the policy counts on signed',
    )
  }
  return { head, cosignatures }
}

function isReached(part: QuorumPart, names: ReadonlySet<string>): boolean {
  if ('cosigner' in part) return names.has(part.cosigner)
  return part.members.filter((member) => isReached(member, names)).length >= part.threshold
}
