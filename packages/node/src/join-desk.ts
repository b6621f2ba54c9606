import type { Clock } from '@warren/core'
import type { CryptoSuite } from '@warren/crypto'
import type { Did } from '@warren/identity'
import {
  acceptJoin,
  type AdminSigner,
  createInvitation,
  type VerifiedCharter,
} from '@warren/membership'
import type { Channel, JoinPort } from '@warren/network'
import type { Invitations } from '@warren/storage'
import { MEMBERSHIP_LIFETIME_MS } from './membership-lifetime.ts'
import type { Report } from './node-event.ts'

export interface JoinDeskInit {
  readonly suite: CryptoSuite
  readonly clock: Clock
  readonly charter: VerifiedCharter
  readonly admin: AdminSigner
  readonly self: {
    readonly did: Did
    readonly peerId: string
    readonly mlDsa44Key: Uint8Array
    readonly log: string
  }
  readonly invitations: Invitations
  readonly report: Report
}

/** What an invitation grants, and until when. */
export interface InvitationWish {
  readonly roles: readonly string[]
  readonly enclave: string
  readonly expiresMs: number
  readonly addresses: readonly string[]
}

/** Where an administrator's node makes invitations and turns each, once, into a membership. */
export class JoinDesk implements JoinPort {
  readonly #init: JoinDeskInit

  constructor(init: JoinDeskInit) {
    this.#init = init
  }

  /** Makes an invitation; what is stored of its secret is the hash alone. */
  invite(wish: InvitationWish): string {
    const { suite, clock, charter, self, invitations, report } = this.#init
    const { roles, enclave, expiresMs, addresses } = wish
    const invitation = createInvitation({
      suite,
      meshId: charter.meshId,
      addresses,
      inviter: self,
      enclave,
      roles,
      expiresMs,
    })
    invitations.add({
      secretHash: invitation.secretHash,
      createdMs: clock.wallMs(),
      expiresMs,
      enclave,
      roles,
      note: '',
    })
    report({ event: 'invited', level: 'info', enclave, roles })
    return invitation.text
  }

  // oxlint-disable-next-line require-await -- the port is asynchronous; what `acceptJoin` throws must reject
  async answer(request: Uint8Array, channel: Channel): Promise<Uint8Array> {
    const { suite, clock, charter, admin, self, invitations, report } = this.#init
    const accepted = acceptJoin({
      suite,
      charter,
      admins: [admin],
      ledger: invitations,
      self,
      bytes: request,
      channel,
      nowMs: clock.wallMs(),
      lifetimeMs: MEMBERSHIP_LIFETIME_MS,
    })
    report({
      event: 'joined',
      level: 'info',
      did: accepted.request.did,
      name: accepted.request.name,
      enclave: accepted.membership.enclave,
      roles: accepted.membership.roles,
    })
    return accepted.response
  }
}
