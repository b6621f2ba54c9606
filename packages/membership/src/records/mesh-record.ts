import type { Did } from '@warren/identity'
import type { EvidenceKind } from '@warren/tlog'
import type { CharterAdmin } from '../charter.ts'
import type { Membership } from '../membership.ts'

/** What every record has, whatever it says. */
interface RecordBase {
  /** Content id: the name of what the record says; signatures are no part of it. */
  readonly id: string
  /** The canonical text, as it travels. */
  readonly text: string
  /** Names of the key pairs of which both proofs are valid; empty where witnesses vouch for the record instead, whatever proofs its text has. */
  readonly signers: readonly string[]
  /** When the signer says it was made: a claim that decides no order. */
  readonly claimedMs: number
}

/** A position in the log of a witness: what stands before it was seen in time. */
export interface LogPosition {
  readonly witness: Did
  readonly size: number
}

/** Makes a DID a member. */
export interface MembershipRecord extends RecordBase {
  readonly type: 'membership'
  readonly membership: Membership
}

/** Lets one key admit members, so many, into one enclave, with some roles. */
export interface EnrollerRecord extends RecordBase {
  readonly type: 'enroller'
  readonly uuid: string
  readonly enroller: CharterAdmin
  readonly enclave: string
  readonly roles: readonly string[]
  readonly quota: number
  readonly notAfterMs: number
}

/** Keeps a member out for a short time; one admin's word. */
export interface QuarantineRecord extends RecordBase {
  readonly type: 'quarantine'
  readonly issuer: Did
  readonly did: Did
  readonly scid: string
  readonly reason: string
  readonly notAfterMs: number
}

/** What a revocation takes away. */
export type RevocationTarget =
  /** A member, up to a generation. */
  | { readonly did: Did; readonly maxGen: number }
  /** Whoever has this key: `zQm…`, the SHA-256 multihash of the multikey text. */
  | { readonly keyHash: string }
  /** An enroller, and what it granted that was not witnessed before `since`. */
  | { readonly enroller: Did }
  /** An admin, and what it signed that was not witnessed before `since`. */
  | { readonly admin: Did }
  /** A signer of bundles. */
  | { readonly bundleSigner: Did }
  /** One credential, by its `id`. */
  | { readonly credential: string }

export type RevocationClass = 'lost' | 'compromised' | 'policy' | 'retired'

/** Takes something away for good. */
export interface RevocationRecord extends RecordBase {
  readonly type: 'revocation'
  readonly targets: readonly RevocationTarget[]
  readonly class: RevocationClass
  readonly reason: string
  readonly since: readonly LogPosition[]
}

/** Lets a revoked DID come back: with a higher generation and new keys. */
export interface ReadmissionRecord extends RecordBase {
  readonly type: 'readmission'
  readonly did: Did
  readonly scid: string
  readonly gen: number
  readonly keys: readonly string[]
  /** The revocation that it answers. */
  readonly ref: string
}

/** Changes who the admins or the witnesses are. */
export interface AdminChangeRecord extends RecordBase {
  readonly type: 'admin-change'
  /** The change before it, or the mesh id. */
  readonly prev: string
  /** Who signs: exactly these, so that their number is part of what is said. */
  readonly approvers: readonly Did[]
  readonly add: readonly CharterAdmin[]
  readonly remove: readonly Did[]
  readonly rotate: readonly CharterAdmin[]
  readonly addWitnesses: readonly CharterAdmin[]
  readonly removeWitnesses: readonly Did[]
  readonly k: number
  readonly kAdmin: number
  readonly kWitness: number
  readonly since: readonly LogPosition[]
}

/** What one witness has seen up to now, in its own order. */
export interface CheckpointRecord extends RecordBase {
  readonly type: 'checkpoint'
  readonly witness: Did
  readonly epoch: number
  /** The checkpoint before it by the same witness; absent in the first. */
  readonly prev: string | undefined
  /** Ids in its log with those added here; they stand at the end of it. */
  readonly size: number
  readonly added: readonly string[]
  readonly removalRoot: string
  readonly removalCount: number
  /** The newest admin change in force for the witness, or the mesh id. */
  readonly adminHead: string
}

/** Two statements of one witness under one number that say different things. */
export interface ForkProofRecord extends RecordBase {
  readonly type: 'fork-proof'
  readonly witness: Did
}

/** Two checkpoints of the audit log of one member that no honest log would both have signed. */
export interface AuditForkRecord extends RecordBase {
  readonly type: 'audit-fork'
  readonly did: Did
  readonly kind: EvidenceKind
  /** Sizes of the two trees. */
  readonly sizes: readonly [number, number]
}

/** Lets an enclave live longer without proofs of freshness. */
export interface IslandRecord extends RecordBase {
  readonly type: 'island'
  readonly uuid: string
  readonly enclave: string
  readonly maxStalenessMs: number
  /** Names of the servers that may go on being used. */
  readonly servers: readonly string[]
  readonly notAfterMs: number
}

/** A record of the mesh, verified. */
export type MeshRecord =
  | MembershipRecord
  | EnrollerRecord
  | QuarantineRecord
  | RevocationRecord
  | ReadmissionRecord
  | AdminChangeRecord
  | CheckpointRecord
  | ForkProofRecord
  | AuditForkRecord
  | IslandRecord

export type RecordType = MeshRecord['type']

/** The three parts of a set, each with a root of its own. */
export type RecordClass = 'checkpoint' | 'removal' | 'grant'

const CLASSES: Readonly<Record<RecordType, RecordClass>> = {
  membership: 'grant',
  enroller: 'grant',
  readmission: 'grant',
  island: 'grant',
  quarantine: 'removal',
  revocation: 'removal',
  'admin-change': 'removal',
  'fork-proof': 'removal',
  checkpoint: 'checkpoint',
  // It takes nothing away by itself, so no beacon has to commit to it.
  'audit-fork': 'checkpoint',
}

/** Which part of a set a record belongs to: what takes away is never mixed with what gives. */
export function classOf(type: RecordType): RecordClass {
  return CLASSES[type]
}
