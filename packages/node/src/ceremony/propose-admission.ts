import type { JsonObject } from '@warren/core'
import { nodeSuite as suite } from '@warren/crypto'
import {
  JOIN_FILE_LENGTH_MAX,
  type JoinFile,
  memberKeys,
  readJoinFile,
  type CharterAdmin,
  writeEnroller,
  writeMembership,
  writeReadmission,
  writeRenewal,
} from '@warren/membership'
import { readSharedFile } from '@warren/storage'
import type { DescribedMembership, MeshDescription } from '../control/records-protocol.ts'
import { checkEnclave, checkRoles } from '../label.ts'
import { MEMBERSHIP_LIFETIME_MS } from '../membership-lifetime.ts'
import { NodeError } from '../node-error.ts'
import { systemClock } from '../system-clock.ts'
import { fresh } from './proposals.ts'

/** What somebody who asks by a file is to get. */
export interface AdmissionWish {
  readonly enclave: string
  readonly roles: readonly string[]
}

/** Reads the file in which a machine asks to be admitted. */
export async function openJoinFile(path: string): Promise<JoinFile> {
  return readJoinFile(suite, await readSharedFile(path, JOIN_FILE_LENGTH_MAX), systemClock.wallMs())
}

/**
 * A membership for a machine that asks by a file, unsigned.
 *
 * @throws NodeError `enclave-malformed`, `role-malformed`, `readmission-needed`
 */
export function proposeAdmission(
  { set, members }: MeshDescription,
  joining: JoinFile,
  wish: AdmissionWish,
): JsonObject {
  const known = members.find(({ did }) => did === joining.did)
  if (known?.revocation !== undefined) {
    throw new NodeError('readmission-needed', 'that DID was revoked; use "warren readmit"')
  }
  return membershipFor(set.charter.meshId, joining, { ...wish, gen: known?.gen ?? 1 })
}

/**
 * What lets a revoked DID return, unsigned: a readmission with its new keys, and the membership that goes with it.
 *
 * @throws NodeError `enclave-malformed`, `role-malformed`, `not-revoked`
 */
export function proposeReturn(
  { set, members }: MeshDescription,
  joining: JoinFile,
  wish: AdmissionWish,
): readonly JsonObject[] {
  const known = members.find(({ did }) => did === joining.did)
  if (known?.revocation === undefined) {
    throw new NodeError('not-revoked', 'no revocation of that DID is known; use "warren admit"')
  }
  const { meshId } = set.charter
  const gen = known.gen + 1
  const { did, log } = joining
  const keys = memberKeys(log)
  return [
    writeReadmission({ ...fresh(meshId), did, gen, keys, ref: known.revocation }),
    membershipFor(meshId, joining, { ...wish, gen }),
  ]
}

/**
 * The membership of a member that stays, for another time, unsigned.
 *
 * @throws NodeError `readmission-needed`
 */
export function proposeRenewal(
  { set, members }: MeshDescription,
  membership: DescribedMembership,
  forMs: number,
): JsonObject {
  const known = members.find(({ did }) => did === membership.did)
  if (known?.status === 'revoked') {
    throw new NodeError('readmission-needed', 'that DID was revoked; use "warren readmit"')
  }
  const notBeforeMs = systemClock.wallMs()
  const place = { suite, meshId: set.charter.meshId }
  return writeRenewal(place, { ...membership, notBeforeMs, notAfterMs: notBeforeMs + forMs })
}

/** A credential by which another node admits members, unsigned. */
export function proposeEnroller(
  { set }: MeshDescription,
  wish: AdmissionWish & {
    readonly enroller: CharterAdmin
    readonly quota: number
    readonly forMs: number
  },
): JsonObject {
  const { enclave, roles, enroller, quota, forMs } = wish
  checkEnclave(enclave)
  checkRoles(roles)
  const base = fresh(set.charter.meshId)
  const notAfterMs = base.claimedMs + forMs
  return writeEnroller({ ...base, enroller, enclave, roles, quota, notAfterMs })
}

function membershipFor(
  meshId: string,
  { log, name }: JoinFile,
  { enclave, roles, gen }: AdmissionWish & { readonly gen: number },
): JsonObject {
  checkEnclave(enclave)
  checkRoles(roles)
  const nowMs = systemClock.wallMs()
  return writeMembership({
    suite,
    meshId,
    member: log,
    name,
    gen,
    enclave,
    roles,
    notBeforeMs: nowMs,
    notAfterMs: nowMs + MEMBERSHIP_LIFETIME_MS,
  })
}
