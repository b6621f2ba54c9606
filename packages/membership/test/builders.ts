import { canonicalJson, type JsonObject } from '@warren/core'
import { nodeSuite } from '@warren/crypto'
import {
  addProofs,
  createIdentity,
  type Identity,
  peerIdOf,
  type VerifiedLog,
  verifyLog,
} from '@warren/identity'
import {
  acceptJoin,
  adminSigner,
  type AdminSigner,
  type ChannelFacts,
  createCharter,
  createInvitation,
  type InvitationLedger,
  type InvitationRecord,
  invitationStanding,
  issueMembership,
  judgeRedemption,
  type Membership,
  MembershipError,
  type MembershipErrorCode,
  type MembershipGrant,
  parseInvitation,
  RecordSet,
  type VerifiedCharter,
} from '@warren/membership'

export const suite = nodeSuite
export const HOUR_MS = 3_600_000
export const YEAR_MS = 365 * 24 * HOUR_MS
export const NOW_MS = Date.UTC(2026, 10, 22, 10)

export function identity(nowMs = NOW_MS - HOUR_MS): Identity {
  return createIdentity({ suite, nowMs })
}

export function logOf({ log }: Identity): VerifiedLog {
  return verifyLog({ suite, text: log.text, nowMs: NOW_MS })
}

/** The channel as its other end sees it, when this identity made it. */
export function channelOf(
  owner: Identity,
  handshakeHash = new Uint8Array(32).fill(7),
): ChannelFacts {
  return {
    peerId: peerIdOf(owner.nodeSigner.publicKey),
    ed25519Key: owner.nodeSigner.publicKey,
    mlDsa44Key: owner.mlDsaSigner.publicKey,
    handshakeHash,
  }
}

export interface TestMesh {
  readonly owners: readonly Identity[]
  readonly admins: readonly AdminSigner[]
  readonly charter: VerifiedCharter
}

export function mesh(count = 1, k = 1, name = 'plant'): TestMesh {
  const owners = Array.from({ length: count }, () => identity())
  const admins = owners.map(adminSigner)
  return { owners, admins, charter: createCharter({ suite, name, admins, k, nowMs: NOW_MS }) }
}

export function memberOf(
  { charter, admins }: TestMesh,
  owner: Identity,
  changes: Partial<MembershipGrant> = {},
): Membership {
  return issueMembership({
    suite,
    charter,
    admins: admins.slice(0, charter.k),
    member: owner.log,
    enclave: 'plant-a',
    roles: ['operator', 'tool-host'],
    notBeforeMs: NOW_MS,
    notAfterMs: NOW_MS + YEAR_MS,
    nowMs: NOW_MS,
    ...changes,
  })
}

/** A proof, to be altered. */
export interface LooseProof {
  cryptosuite: string
  proofPurpose: string
  proofValue: string
  verificationMethod: string
}

/** A record or message of any kind, to be altered. */
export interface Loose {
  [key: string]: unknown
  proof: LooseProof[]
  credentialSubject: { admin?: boolean; enclave: string; gen: number; id: string; roles: string[] }
  admins: { keys: string[] }[]
  inviter: object
  charter: string
}

/** The same record with some members changed, in canonical form, its proofs as they were. */
export function edited(text: string, change: (record: Loose) => void): string {
  const record = JSON.parse(text) as Loose
  change(record)
  return canonicalJson(record as JsonObject)
}

/** The record of `edited`, signed again by these admins: what a dishonest admin can make. */
export function resigned(
  text: string,
  admins: readonly AdminSigner[],
  change: (record: Loose) => void,
): string {
  const names = new Map<string, string>()
  const { proof, ...document } = JSON.parse(edited(text, change)) as Loose
  for (const { verificationMethod, cryptosuite } of proof) {
    const [did = ''] = verificationMethod?.split('#') ?? []
    names.set(`${did} ${cryptosuite}`, verificationMethod ?? '')
  }
  const signers = admins.flatMap(({ did, ed25519, mlDsa44 }) => [
    signerOf(names.get(`${did} eddsa-jcs-2022`) ?? '', ed25519, 'eddsa-jcs-2022' as const),
    signerOf(names.get(`${did} mldsa44-jcs-2024`) ?? '', mlDsa44, 'mldsa44-jcs-2024' as const),
  ])
  return canonicalJson(
    addProofs({ suite, document: document as JsonObject, signers, createdMs: NOW_MS }),
  )
}

function signerOf<Suite>(
  verificationMethod: string,
  signer: AdminSigner['ed25519'],
  cryptosuite: Suite,
): {
  verificationMethod: string
  purpose: 'assertionMethod'
  signer: AdminSigner['ed25519']
  cryptosuite: Suite
} {
  return { verificationMethod, purpose: 'assertionMethod', signer, cryptosuite }
}

/** An inviter with one open invitation. */
export interface Inviting {
  readonly mesh: TestMesh
  readonly inviter: Identity
  readonly text: string
  readonly ledger: InvitationLedger & { readonly records: ReadonlyMap<string, InvitationRecord> }
}

export function inviting(expiresMs = NOW_MS + HOUR_MS): Inviting {
  const made = mesh()
  const [inviter] = made.owners
  if (inviter === undefined) throw new Error('a mesh has an admin')
  const { text, secretHash } = createInvitation({
    suite,
    meshId: made.charter.meshId,
    addresses: ['/ip4/192.168.1.7/tcp/4001'],
    inviter: {
      did: inviter.did,
      peerId: peerIdOf(inviter.nodeSigner.publicKey),
      mlDsa44Key: inviter.mlDsaSigner.publicKey,
    },
    enclave: 'plant-a',
    roles: ['tool-host', 'operator'],
    expiresMs,
  })
  const { enclave, roles } = parseInvitation(text)
  return {
    mesh: made,
    inviter,
    text,
    ledger: ledgerWith(secretHash, { enclave, roles, expiresMs, usedBy: undefined }),
  }
}

function ledgerWith(secretHash: Uint8Array, record: InvitationRecord): Inviting['ledger'] {
  const records = new Map([[secretHash.join(), record]])
  return {
    records,
    standing(question) {
      return invitationStanding(records.get(question.secretHash.join()), question.nowMs)
    },
    offered(question) {
      const known = records.get(question.secretHash.join())
      return judgeRedemption(known, { ...question, did: 'nobody' }).result
    },
    redeem(redemption) {
      const key = redemption.secretHash.join()
      const judged = judgeRedemption(records.get(key), redemption)
      if (judged.record !== undefined) records.set(key, judged.record)
      return judged.result
    },
  }
}

export function accept(
  { mesh: { charter, admins }, inviter, ledger }: Inviting,
  { bytes, channel, nowMs = NOW_MS }: { bytes: Uint8Array; channel: ChannelFacts; nowMs?: number },
): ReturnType<typeof acceptJoin> {
  const self = { peerId: peerIdOf(inviter.nodeSigner.publicKey), log: inviter.log.text }
  return acceptJoin({
    suite,
    set: RecordSet.empty(suite, charter),
    issuerFor: () => ({ admins }),
    ledger,
    self,
    bytes,
    channel,
    nowMs,
    lifetimeMs: YEAR_MS,
  })
}

/** The refusal that an attempt ends in; any other end is a fault of the test's subject. */
export function refusal(attempt: () => unknown): MembershipError {
  try {
    attempt()
  } catch (error) {
    if (error instanceof MembershipError) return error
    throw error
  }
  throw new Error('nothing was refused')
}

export function refusalCode(attempt: () => unknown): MembershipErrorCode {
  return refusal(attempt).code
}

export function utf8(text: string): Uint8Array {
  return new TextEncoder().encode(text)
}

export function utf8Text(bytes: Uint8Array): string {
  return new TextDecoder().decode(bytes)
}
