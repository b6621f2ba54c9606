import type { JsonObject } from '@warren/core'
import { type Did, formatTimestamp } from '@warren/identity'
import type { CharterAdmin } from '../charter.ts'
import { type Beacon, BEACON_TYPE } from './beacon.ts'
import { writeEnvelope, writePlain } from './envelope.ts'
import type {
  AdminChangeRecord,
  CheckpointRecord,
  EnrollerRecord,
  IslandRecord,
  LogPosition,
  QuarantineRecord,
  ReadmissionRecord,
  RevocationRecord,
  RevocationTarget,
} from './mesh-record.ts'
import { ADMIN_CHANGE_TYPE } from './read-admin-change.ts'
import { CHECKPOINT_TYPE } from './read-checkpoint.ts'
import { FORK_PROOF_TYPE } from './read-fork-proof.ts'
import { ENROLLER_TYPE, ISLAND_TYPE, READMISSION_TYPE } from './read-grants.ts'
import { QUARANTINE_TYPE } from './read-quarantine.ts'
import { REVOCATION_TYPE } from './read-revocation.ts'

/** What a record says, ready to be written for a mesh. `uuid` is a fresh `urn:uuid:…`. */
type Wish<R, Extra = object> = Omit<R, 'id' | 'text' | 'signers' | 'type' | 'scid'> &
  Extra & { readonly meshId: string }
type WithUuid = { readonly uuid: string }

/** A revocation, unsigned. */
export function writeRevocation(wish: Wish<RevocationRecord, WithUuid>): JsonObject {
  const { targets, class: kind, reason, since, ...rest } = wish
  return writeEnvelope({
    ...rest,
    type: REVOCATION_TYPE,
    subject: {
      target: targets.map(writeTarget),
      class: kind,
      reason,
      since: since.map(writePosition),
    },
  })
}

function writeTarget(target: RevocationTarget): JsonObject {
  return { ...target }
}

function writePosition({ witness, size }: LogPosition): JsonObject {
  return { witness, size }
}

/** A quarantine, unsigned. */
export function writeQuarantine(wish: Wish<QuarantineRecord, WithUuid>): JsonObject {
  const { did, reason, ...rest } = wish
  return writeEnvelope({ ...rest, type: QUARANTINE_TYPE, subject: { id: did, reason } })
}

/** A readmission, unsigned. */
export function writeReadmission(wish: Wish<ReadmissionRecord, WithUuid>): JsonObject {
  const { did, gen, keys, ref, ...rest } = wish
  return writeEnvelope({ ...rest, type: READMISSION_TYPE, subject: { id: did, gen, keys, ref } })
}

/** An enroller credential, unsigned. */
export function writeEnroller(wish: Wish<EnrollerRecord>): JsonObject {
  const { enroller, enclave, roles, quota, ...rest } = wish
  const { id, keys } = writeSigner(enroller)
  const subject: JsonObject = { id, keys, enclave, roles, quota }
  return writeEnvelope({ ...rest, type: ENROLLER_TYPE, subject })
}

/** An island grant, unsigned. */
export function writeIsland(wish: Wish<IslandRecord>): JsonObject {
  const { enclave, maxStalenessMs, servers, ...rest } = wish
  const subject = { enclave, maxStalenessSeconds: maxStalenessMs / 1000, servers }
  return writeEnvelope({ ...rest, type: ISLAND_TYPE, subject })
}

/** An admin change, unsigned. */
export function writeAdminChange(wish: Wish<AdminChangeRecord>): JsonObject {
  const { add, rotate, addWitnesses, kWitness: kw, since, claimedMs } = wish
  const { prev, approvers, remove, removeWitnesses, k, kAdmin } = wish
  return {
    ...writePlain(ADMIN_CHANGE_TYPE, wish.meshId),
    created: formatTimestamp(claimedMs),
    prev,
    approvers,
    add: add.map(writeSigner),
    remove,
    rotate: rotate.map(writeSigner),
    addWitnesses: addWitnesses.map(writeSigner),
    removeWitnesses,
    k,
    kAdmin,
    kw,
    since: since.map(writePosition),
  }
}

/** A checkpoint, unsigned. */
export function writeCheckpoint(wish: Wish<CheckpointRecord>): JsonObject {
  const { witness, epoch, prev, size, added, removalRoot, removalCount, adminHead } = wish
  return {
    ...writePlain(CHECKPOINT_TYPE, wish.meshId),
    witness,
    created: formatTimestamp(wish.claimedMs),
    epoch,
    ...(prev === undefined ? {} : { prev }),
    size,
    added,
    removalRoot,
    removalCount,
    adminHead,
  }
}

/** A beacon, unsigned. */
export function writeBeacon(
  wish: Omit<Beacon, 'id' | 'text'> & { readonly meshId: string },
): JsonObject {
  const { witness, seq, timeMs, nextByMs, checkpoint } = wish
  const { removalRoot, removalCount, memberRoot, memberCount } = wish
  return {
    ...writePlain(BEACON_TYPE, wish.meshId),
    witness,
    seq,
    time: formatTimestamp(timeMs),
    nextBySeconds: nextByMs / 1000,
    removalRoot,
    removalCount,
    memberRoot,
    memberCount,
    ...(checkpoint === undefined ? {} : { checkpoint }),
  }
}

/** A fork proof of two signed statements, the one with the lower id first. */
export function writeForkProof(
  meshId: string,
  heads: readonly [JsonObject, JsonObject],
): JsonObject {
  return { ...writePlain(FORK_PROOF_TYPE, meshId), heads }
}

/** An admin, witness or enroller as it stands in a record. */
export function writeSigner(pair: CharterAdmin): {
  readonly id: Did
  readonly keys: readonly [string, string]
  readonly nextKeysHash?: string
} {
  const { did, ed25519, mlDsa44, nextKeysHash } = pair
  const keys: readonly [string, string] = [ed25519.multikey, mlDsa44.multikey]
  return nextKeysHash === undefined ? { id: did, keys } : { id: did, keys, nextKeysHash }
}
