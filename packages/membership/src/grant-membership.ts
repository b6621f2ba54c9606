import { canonicalJson } from '@warren/core'
import type { AdminSigner } from './admin-signer.ts'
import { signByAdmins } from './admin-signer.ts'
import { type MembershipWish, writeMembership } from './issue-membership.ts'
import type { Membership } from './membership.ts'
import { MembershipError } from './membership-error.ts'
import type { RecordSet } from './set/record-set.ts'
import { standingOf } from './set/standing.ts'
import { standingRefusal } from './set/standing-refusal.ts'

/** Whose keys are at hand to let somebody in. */
export type MembershipIssuer =
  /** At least k admins. */
  | { readonly admins: readonly AdminSigner[] }
  /** One who may admit members by a credential of the mesh. */
  | { readonly enroller: AdminSigner }

export interface GrantInit extends Omit<MembershipWish, 'suite' | 'meshId'> {
  readonly set: RecordSet
  readonly issuer: MembershipIssuer
  readonly nowMs: number
}

/**
 * Makes a DID a member, and makes sure that the mesh takes it for one: nothing that would be refused is handed out.
 *
 * @throws MembershipError `record-unproved`, `membership-not-granted` and others, when the issuer may not grant it
 */
export function grantMembership({ set, issuer, nowMs, ...wish }: GrantInit): Membership {
  const { suite, charter } = set
  const written = writeMembership({ ...wish, suite, meshId: charter.meshId })
  const isEnrolled = 'enroller' in issuer
  const document = isEnrolled ? { ...written, issuer: issuer.enroller.did } : written
  const signers = isEnrolled ? [issuer.enroller] : issuer.admins
  const text = canonicalJson(signByAdmins({ suite, document, signers, createdMs: nowMs }))
  const record = set.decode(text)
  if (record.type !== 'membership') throw new Error('what was written is a membership')
  const standing = standingOf(
    set.with([record]),
    wish.member.did,
    Math.max(nowMs, wish.notBeforeMs),
  )
  const refusal = standingRefusal(standing)
  if (refusal !== undefined) throw refusal
  if (standing.status === 'member' && standing.membership.id === record.id) return record.membership
  throw new MembershipError('record-invalid', 'the DID has a membership already that is stronger')
}
