import type { Clock } from '@warren/core'
import type { CryptoSuite } from '@warren/crypto'
import type { Did } from '@warren/identity'
import {
  acceptJoin,
  type AdminSigner,
  createInvitation,
  type FreshnessView,
  type Grant,
  isInOffice,
  MembershipError,
  type MembershipIssuer,
  type RecordSet,
  standingOf,
} from '@warren/membership'
import type { Channel, JoinPort } from '@warren/network'
import type { Invitations } from '@warren/storage'
import { MEMBERSHIP_LIFETIME_MS } from './membership-lifetime.ts'
import { NodeError } from './node-error.ts'
import type { Report } from './node-event.ts'
import type { Submission } from './records/record-desk.ts'

export interface JoinDeskInit {
  readonly suite: CryptoSuite
  readonly clock: Clock
  readonly records: JoinRecords
  /** Whether this node may trust what it knows. */
  readonly freshness: { judge(): Pick<FreshnessView, 'state'> }
  /** The admin whose keys lie here, where one works on this machine. */
  readonly admin: AdminSigner | undefined
  /** This node's own keys: they may be an enroller's. */
  readonly signer: AdminSigner
  readonly self: {
    readonly did: Did
    readonly peerId: string
    readonly mlDsa44Key: Uint8Array
    readonly log: string
  }
  readonly invitations: Invitations
  readonly report: Report
}

/** What the node knows of its mesh, and where new records go. */
export interface JoinRecords {
  readonly set: RecordSet
  submit(texts: readonly string[]): Promise<Pick<Submission, 'refused' | 'durable'>>
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
    const { suite, clock, records, self, invitations, report } = this.#init
    const { roles, enclave, expiresMs, addresses } = wish
    if (this.#issuer(wish) === undefined) throw mayNotAdmit(wish)
    const invitation = createInvitation({
      suite,
      meshId: records.set.charter.meshId,
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

  async answer(request: Uint8Array, channel: Channel): Promise<Uint8Array> {
    const { suite, clock, records, self, invitations, report } = this.#init
    const accepted = acceptJoin({
      suite,
      set: records.set,
      issuerFor: (grant) => {
        this.#checkFresh()
        return this.#issuer(grant)
      },
      ledger: invitations,
      self,
      bytes: request,
      channel,
      nowMs: clock.wallMs(),
      lifetimeMs: MEMBERSHIP_LIFETIME_MS,
    })
    // In the mesh before the newcomer is: whoever it meets knows it already.
    await this.#takeUp(accepted.membership.text)
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

  /** Nobody is told that it is in whom the mesh has not taken up, or whose membership a restart would lose. */
  async #takeUp(text: string): Promise<void> {
    const { refused, durable } = await this.#init.records.submit([text])
    for (const error of refused) throw error
    if (durable) return
    throw new MembershipError(
      'join-not-durable',
      'this node could not write the membership to its disk; invite anew once it can',
    )
  }

  /**
   * Refuses to admit anybody while this node may not trust what it knows: it might be revoked itself.
   *
   * Nor could a mesh begin, of which the witnesses have to be admitted first: where fewer than it takes have ever said
   * anything, there is nothing yet from which this node could be cut off.
   */
  #checkFresh(): void {
    const { records, freshness } = this.#init
    const { logs, tree } = records.set
    if (freshness.judge().state !== 'stop' || logs.ends().length < tree.tip.kWitness) return
    throw new MembershipError(
      'inviter-stale',
      'this node has not heard of the witnesses for too long, and admits nobody until it has: look at its connections',
    )
  }

  /**
   * Whose keys here let somebody in with that: an admin's where one is enough, an enroller's where its credential reaches so far.
   *
   * @throws MembershipError `inviter-revoked` where a credential that reaches so far was taken away, `inviter-not-a-member` where this node is none now
   */
  #issuer({ enclave, roles }: Grant): MembershipIssuer | undefined {
    const { admin, signer, records, clock } = this.#init
    const { set } = records
    const { admins, k } = set.tree.tip
    if (admin !== undefined && k === 1 && admins.some(({ did }) => did === admin.did)) {
      return { admins: [admin] }
    }
    const reaching = (set.tables.enrollers.get(signer.did) ?? []).filter(
      (credential) =>
        credential.enclave === enclave &&
        roles.every((role) => credential.roles.includes(role)) &&
        clock.wallMs() < credential.notAfterMs,
    )
    if (reaching.length === 0) return undefined
    if (reaching.some((credential) => isInOffice(set, credential))) {
      this.#checkMember()
      return { enroller: signer }
    }
    throw inviterRevoked()
  }

  /** Whoever is kept out itself, for a while or for good, lets nobody in as an enroller. */
  #checkMember(): void {
    const { records, signer, clock } = this.#init
    const { status } = standingOf(records.set, signer.did, clock.wallMs())
    if (status === 'member') return
    if (status === 'revoked') throw inviterRevoked()
    throw new MembershipError(
      'inviter-not-a-member',
      `this node is no member in good standing now (${status}), and admits nobody: see "warren why"`,
    )
  }
}

function inviterRevoked(): MembershipError {
  return new MembershipError(
    'inviter-revoked',
    'the admins have taken away what this node admits others by; invite on another node, or use "warren admit"',
  )
}

function mayNotAdmit({ enclave, roles }: Grant): NodeError {
  return new NodeError(
    'no-admin-key',
    `this node may admit nobody to the enclave "${enclave}" with the roles ${roles.join(', ') || '(none)'}: ` +
      'it holds neither the keys of enough admins nor an enroller credential for that; invite on another node, or use "warren admit"',
  )
}
