import type { CryptoSuite } from '@warren/crypto'
import { contentId } from '@warren/identity'
import { multibaseText } from './byte-text.ts'
import type { ChannelFacts } from './channel.ts'
import { grantMembership, type MembershipIssuer } from './grant-membership.ts'
import { type JoinRequest, verifyJoinRequest } from './join-request.ts'
import { createJoinResponse } from './join-response.ts'
import type { Membership } from './membership.ts'
import { MembershipError } from './membership-error.ts'
import {
  type Grant,
  type InvitationLedger,
  offeredGrant,
  redeemInvitation,
} from './redeem-invitation.ts'
import { authorityRecords, BESIDE_JOIN } from './set/authority-records.ts'
import type { RecordSet } from './set/record-set.ts'

export interface AcceptJoinInit {
  readonly suite: CryptoSuite
  /** What the inviter knows of its mesh. */
  readonly set: RecordSet
  /** Whose keys here may let somebody in with this grant; nobody's when undefined. Asked before the invitation is used up. */
  readonly issuerFor: (grant: Grant) => MembershipIssuer | undefined
  readonly ledger: InvitationLedger
  /** This node, the inviter. */
  readonly self: { readonly peerId: string; readonly log: string }
  readonly bytes: Uint8Array
  readonly channel: ChannelFacts
  /** Wall-clock milliseconds since 1970. */
  readonly nowMs: number
  /** How long the membership lasts. */
  readonly lifetimeMs: number
}

export interface AcceptedJoin {
  readonly request: JoinRequest
  readonly membership: Membership
  /** Bytes for the joiner. */
  readonly response: Uint8Array
}

/**
 * The inviter's side of a join: verifies the request, makes the membership, uses up the invitation.
 *
 * Where nobody here may admit, or the mesh would not take the membership up, the invitation stays. It is used before the membership
 * is anywhere but here, so that no failure can let two machines in on one invitation. On a throw the network tells the joiner the code, and nothing else.
 *
 * @throws MembershipError with the reason
 */
export function acceptJoin(init: AcceptJoinInit): AcceptedJoin {
  const { suite, set, issuerFor, ledger, self, bytes, channel, nowMs, lifetimeMs } = init
  const { charter } = set
  const { meshId } = charter
  const request = verifyJoinRequest({
    suite,
    meshId,
    selfPeerId: self.peerId,
    ledger,
    bytes,
    channel,
    nowMs,
  })
  const { secretHash, did, log, name } = request
  const { enclave, roles } = offeredGrant(ledger, { secretHash, nowMs })
  const issuer = issuerFor({ enclave, roles })
  if (issuer === undefined) {
    throw new MembershipError('join-refused', 'this node may admit nobody any more')
  }
  const membership = grantMembership({
    set,
    issuer,
    member: log,
    name,
    enclave,
    roles,
    notBeforeMs: nowMs,
    notAfterMs: nowMs + lifetimeMs,
    enrolRef: contentId(suite, { secretHash: multibaseText(secretHash) }),
    nowMs,
  })
  redeemInvitation(ledger, { secretHash, did, nowMs })
  return {
    request,
    membership,
    response: createJoinResponse({
      charter,
      membership,
      inviterLog: self.log,
      supporting: authorityRecords(set, membership.issuer, BESIDE_JOIN),
    }),
  }
}
