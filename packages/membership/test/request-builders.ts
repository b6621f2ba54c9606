import type { JsonObject } from '@warren/core'
import type { Identity } from '@warren/identity'
import {
  adminSigner,
  type AdminSigner,
  createRequest,
  publicPair,
  type RevocationTarget,
  type SigningRequest,
  signRequest,
  writeAdminChange,
  writeQuarantine,
  writeRevocation,
} from '@warren/membership'
import { HOUR_MS, NOW_MS, suite } from './builders.ts'
import { uuid, type WitnessedMesh } from './record-builders.ts'

export function revocationOf(
  { charter }: WitnessedMesh,
  targets: readonly RevocationTarget[],
): JsonObject {
  return writeRevocation({
    meshId: charter.meshId,
    uuid: uuid(),
    claimedMs: NOW_MS,
    targets,
    class: 'compromised',
    reason: 'laptop stolen',
    since: [],
  })
}

export function quarantineBy(
  { charter }: WitnessedMesh,
  issuer: AdminSigner,
  member: Identity,
): JsonObject {
  return writeQuarantine({
    meshId: charter.meshId,
    uuid: uuid(),
    issuer: issuer.did,
    claimedMs: NOW_MS,
    notAfterMs: NOW_MS + 2 * HOUR_MS,
    did: member.did,
    reason: 'odd traffic',
  })
}

/** A change that puts somebody in and lets nobody go. */
export function adding(
  { charter, admins }: WitnessedMesh,
  added: Identity,
  { prev = charter.meshId, kAdmin = 3 }: { prev?: string; kAdmin?: number } = {},
): JsonObject {
  return writeAdminChange({
    meshId: charter.meshId,
    claimedMs: NOW_MS,
    prev,
    approvers: admins.slice(0, charter.kAdmin).map(({ did }) => did),
    add: [publicPair(adminSigner(added))],
    remove: [],
    rotate: [],
    addWitnesses: [],
    removeWitnesses: [],
    k: charter.k,
    kAdmin,
    kWitness: charter.kWitness,
    since: [],
  })
}

export function asked(mesh: WitnessedMesh, ...records: readonly JsonObject[]): SigningRequest {
  return createRequest({ suite, set: mesh.empty, records })
}

export function signedBy(
  request: SigningRequest,
  ...signers: readonly (AdminSigner | undefined)[]
): SigningRequest {
  return signers.reduce<SigningRequest>((before, pair) => {
    if (pair === undefined) throw new Error('a mesh has as many admins as the test says')
    return signRequest({ suite, request: before, pair, nowMs: NOW_MS })
  }, request)
}
