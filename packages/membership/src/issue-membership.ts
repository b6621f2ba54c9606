import { canonicalJson, type JsonObject } from '@warren/core'
import type { CryptoSuite } from '@warren/crypto'
import {
  authenticationKeys,
  encodeMultikey,
  formatTimestamp,
  peerIdOf,
  type VerifiedLog,
} from '@warren/identity'
import { toString } from 'uint8arrays/to-string'
import { signByAdmins, type AdminSigner } from './admin-signer.ts'
import type { VerifiedCharter } from './charter.ts'
import {
  type Membership,
  MEMBERSHIP_CONTEXTS,
  MEMBERSHIP_TYPES,
  meshUrn,
  verifyMembership,
} from './membership.ts'

/** What a new membership says. */
export interface MembershipWish {
  readonly suite: CryptoSuite
  readonly meshId: string
  /** The key log of the new member, verified. */
  readonly member: VerifiedLog
  /** What people call the new member. */
  readonly name?: string
  readonly enclave: string
  readonly roles: readonly string[]
  /** 1 unless the member returns. */
  readonly gen?: number
  readonly notBeforeMs: number
  readonly notAfterMs: number
  /** Content id or hash of what the member was admitted by. */
  readonly enrolRef?: string | undefined
}

export interface MembershipGrant extends Omit<MembershipWish, 'meshId'> {
  readonly charter: VerifiedCharter
  /** At least k of the charter's admins. */
  readonly admins: readonly AdminSigner[]
  readonly nowMs: number
}

/**
 * Makes a DID a member: a VC 2.0 credential whose issuer is the mesh and whose proofs are those of its admins.
 *
 * @throws MembershipError what `verifyMembership` throws, so that nothing invalid is ever handed out
 */
export function issueMembership(grant: MembershipGrant): Membership {
  const { suite, charter, admins, nowMs } = grant
  const document = signByAdmins({
    suite,
    document: writeMembership({ ...grant, meshId: charter.meshId }),
    signers: admins,
    createdMs: nowMs,
  })
  const text = canonicalJson(document)
  return verifyMembership({ suite, charter, text, nowMs: Math.max(nowMs, grant.notBeforeMs) })
}

/** What a membership that goes on says of its member: as it was, with another time. */
export type RenewalWish = Pick<
  Membership,
  'did' | 'gen' | 'name' | 'keys' | 'peerIds' | 'enclave' | 'roles' | 'notBeforeMs' | 'notAfterMs'
>

/** A membership granted by the mesh, unsigned. */
export function writeMembership(grant: MembershipWish): JsonObject {
  const { suite, meshId, member, gen = 1, enrolRef, name, ...rest } = grant
  const { ed25519 } = authenticationKeys(member.document)
  const subject = { did: member.did, gen, keys: memberKeys(member), peerIds: ed25519.map(peerIdOf) }
  return write({ suite, meshId }, { ...rest, ...subject, name, enrolRef })
}

/** The membership of a member that stays, for another time, unsigned. */
export function writeRenewal(
  place: { readonly suite: CryptoSuite; readonly meshId: string },
  wish: RenewalWish,
): JsonObject {
  return write(place, { ...wish, enrolRef: undefined })
}

function write(
  { suite, meshId }: { readonly suite: CryptoSuite; readonly meshId: string },
  said: RenewalWish & Pick<Membership, 'enrolRef'>,
): JsonObject {
  const { did, gen, name, keys, peerIds, enclave, roles, enrolRef } = said
  return {
    '@context': MEMBERSHIP_CONTEXTS,
    id: randomUuid(suite),
    type: MEMBERSHIP_TYPES,
    mesh: meshId,
    issuer: meshUrn(meshId),
    validFrom: formatTimestamp(said.notBeforeMs),
    validUntil: formatTimestamp(said.notAfterMs),
    credentialSubject: {
      id: did,
      gen,
      ...(name === undefined ? {} : { name }),
      keys,
      peerIds,
      enclave,
      roles,
      ...(enrolRef === undefined ? {} : { enrolRef }),
    },
  }
}

/** The keys of a member as its membership names them. */
export function memberKeys({ document }: VerifiedLog): readonly string[] {
  const { ed25519, mlDsa44 } = authenticationKeys(document)
  return [
    ...ed25519.map((bytes) => encodeMultikey({ type: 'ed25519', bytes })),
    ...mlDsa44.map((bytes) => encodeMultikey({ type: 'mldsa44', bytes })),
  ]
}

/** A random UUID, version 4 (RFC 9562 §5.4), as a URN. */
export function randomUuid(suite: CryptoSuite): string {
  const bytes = suite.randomBytes(16)
  bytes[6] = ((bytes[6] ?? 0) & 0x0f) | 0x40
  bytes[8] = ((bytes[8] ?? 0) & 0x3f) | 0x80
  const hex = toString(bytes, 'hex')
  return `urn:uuid:${hex.replace(/^(.{8})(.{4})(.{4})(.{4})/, '$1-$2-$3-$4-')}`
}
