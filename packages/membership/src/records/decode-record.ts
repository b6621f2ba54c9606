import { isJsonObject } from '@warren/core'
import type { CryptoSuite } from '@warren/crypto'
import { contentId, isDid } from '@warren/identity'
import type { CharterAdmin } from '../charter.ts'
import { MEMBERSHIP_TYPES, meshUrn, readMembership } from '../membership.ts'
import { MembershipError } from '../membership-error.ts'
import { parseRecord, type RecordReader } from '../record-reader.ts'
import { type Keyring, keyringOf, pairName } from './keyring.ts'
import { classOf, type MeshRecord } from './mesh-record.ts'
import { ADMIN_CHANGE_TYPE, readAdminChange } from './read-admin-change.ts'
import { AUDIT_FORK_TYPE, readAuditFork, verifyAuditFork } from './read-audit-fork.ts'
import { CHECKPOINT_TYPE, readCheckpoint } from './read-checkpoint.ts'
import { FORK_PROOF_TYPE, readForkProof } from './read-fork-proof.ts'
import {
  ENROLLER_TYPE,
  ISLAND_TYPE,
  READMISSION_TYPE,
  readEnroller,
  readIsland,
  readReadmission,
} from './read-grants.ts'
import { QUARANTINE_TYPE, readQuarantine } from './read-quarantine.ts'
import { readRevocation, REVOCATION_TYPE } from './read-revocation.ts'
import { PROOFS_MAX, verifySigners } from './verify-signers.ts'

/** Characters of one record: 16 signers of two keys, and what is said. */
export const RECORD_LENGTH_MAX = 262_144

/** What it takes to know who signed a record. */
export interface DecodeContext {
  readonly suite: CryptoSuite
  readonly meshId: string
  /** Key pairs of everybody who is or was an admin, a witness, an enroller. */
  readonly admins: Keyring
  readonly witnesses: Keyring
  readonly enrollers: Keyring
  /** Refuses what cannot be taken up now whoever signed it, before anything is verified. */
  check(said: Statement, id: string): void
  /** The record of that id, where it has been verified before. */
  known(id: string): MeshRecord | undefined
  /** Whether a revocation of that id needs no look at its proofs: witnesses vouch for it, and nobody has sent it. */
  isVouched(id: string): boolean
}

/** What a record says, of whatever type: who signed it is another question. */
export type Statement = MeshRecord extends infer R
  ? R extends MeshRecord
    ? Omit<R, 'id' | 'text' | 'signers'>
    : never
  : never

type StatementContext = Pick<DecodeContext, 'suite' | 'meshId' | 'witnesses'>
type Reader = (record: RecordReader, context: StatementContext) => Statement

const READERS: Readonly<Record<string, Reader>> = {
  [MEMBERSHIP_TYPES[1] ?? '']: (record, { meshId }) => {
    const said = readMembership(record, meshId)
    return {
      type: 'membership',
      claimedMs: said.notBeforeMs,
      membership: { ...said, id: '', text: '' },
    }
  },
  [ENROLLER_TYPE]: (record, { meshId }) => readEnroller(record, meshId),
  [QUARANTINE_TYPE]: (record, { meshId }) => readQuarantine(record, meshId),
  [REVOCATION_TYPE]: (record, { meshId }) => readRevocation(record, meshId),
  [READMISSION_TYPE]: (record, { meshId }) => readReadmission(record, meshId),
  [ADMIN_CHANGE_TYPE]: (record, { meshId }) => readAdminChange(record, meshId),
  [CHECKPOINT_TYPE]: (record, { meshId }) => readCheckpoint(record, meshId),
  [FORK_PROOF_TYPE]: (record, context) => readForkProof(record, context),
  [AUDIT_FORK_TYPE]: (record, { meshId }) => readAuditFork(record, meshId),
  [ISLAND_TYPE]: (record, { meshId }) => readIsland(record, meshId),
}

/**
 * Reads a record and verifies every signature on it: length, canonical form, exact members, mesh, then cryptography.
 *
 * Whether its signers were enough of them is judged by the set that takes it up.
 *
 * @throws MembershipError `record-too-large`, `record-malformed`, `record-foreign`, `membership-foreign`, `signer-unknown`, `record-unproved`
 */
export function decodeRecord(context: DecodeContext, text: string): MeshRecord {
  const record = parseRecord('record', text, RECORD_LENGTH_MAX)
  const id = contentId(context.suite, record.object)
  const known = context.known(id)
  // Whoever signed as well makes a grant count for longer; proofs of the same signers are not looked at again.
  if (known !== undefined && !addsSigners(record, known, context)) return known
  const said = readStatement(record, context)
  context.check(said, id)
  const isVouched = said.type === 'revocation' && context.isVouched(id)
  const signers = isVouched ? [] : signersOf(record, said, context)
  if (said.type === 'membership') {
    return { ...said, id, text, signers, membership: { ...said.membership, id, text } }
  }
  return { ...said, id, text, signers }
}

/**
 * Reads what a record says: exact members, mesh, limits; no signature.
 *
 * @throws MembershipError `record-malformed`, `record-foreign`, `membership-foreign`
 */
export function readStatement(record: RecordReader, context: StatementContext): Statement {
  const reader = READERS[typeNameOf(record)]
  if (reader === undefined) throw record.fault('it is of a type that this version does not know')
  return reader(record, context)
}

function typeNameOf({ object }: RecordReader): string {
  const { type } = object
  const name = Array.isArray(type) ? type[1] : type
  return typeof name === 'string' && Object.hasOwn(READERS, name) ? name : ''
}

function addsSigners(
  record: RecordReader,
  { type, signers }: MeshRecord,
  { suite, admins }: DecodeContext,
): boolean {
  if (classOf(type) !== 'grant' || !isSignedList(record)) return false
  return record.children('proof', PROOFS_MAX).some(({ object }) => {
    const { verificationMethod } = object
    const pairs =
      typeof verificationMethod === 'string' ? admins.get(verificationMethod) : undefined
    return pairs?.every((pair) => !signers.includes(pairName(suite, pair))) ?? false
  })
}

function signersOf(
  record: RecordReader,
  said: Statement,
  context: DecodeContext,
): readonly string[] {
  const { suite } = context
  if (said.type === 'fork-proof') return []
  if (said.type === 'audit-fork') {
    verifyAuditFork(suite, record, said.did)
    return []
  }
  if (!record.has('proof')) {
    // Witnesses may vouch for what takes away: the set that takes it up sees to that.
    if (said.type === 'revocation') return []
    throw new MembershipError('record-unproved', 'the record is not signed')
  }
  if (!isSignedList(record)) throw record.fault('"proof" is not a list')
  const pairs = verifySigners({ suite, document: record.object, keyring: ringOf(said, context) })
  checkSingle(record, said, pairs)
  return pairs.map((pair) => pairName(suite, pair)).toSorted()
}

function isSignedList({ object }: RecordReader): boolean {
  return Array.isArray(object['proof']) && object['proof'].every((proof) => isJsonObject(proof))
}

function ringOf(
  said: Statement,
  { suite, meshId, admins, witnesses, enrollers }: DecodeContext,
): Keyring {
  if (said.type === 'checkpoint') return witnesses
  if (said.type === 'membership' && said.membership.issuer !== meshUrn(meshId)) return enrollers
  if (said.type !== 'admin-change') return admins
  // Whoever is put in signs as well, so that nobody can put in a key that somebody else holds.
  return keyringOf(suite, [...said.add, ...said.rotate], admins)
}

/** Statements of one: signed by the one who makes them and nobody else. */
function checkSingle(record: RecordReader, said: Statement, pairs: readonly CharterAdmin[]): void {
  const owner = ownerOf(said)
  if (owner === undefined) return
  const [signer] = pairs
  if (pairs.length !== 1 || signer === undefined || signer.did !== owner) {
    throw record.fault('it is not signed by its issuer alone')
  }
}

function ownerOf(said: Statement): string | undefined {
  if (said.type === 'checkpoint') return said.witness
  if (said.type === 'quarantine') return said.issuer
  if (said.type !== 'membership' || !isDid(said.membership.issuer)) return undefined
  return said.membership.issuer
}
