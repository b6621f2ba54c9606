import type { JsonObject } from '@warren/core'
import type { CryptoSuite } from '@warren/crypto'
import { type Did, IdentityError, noteIdentity, noteName, verifyLog } from '@warren/identity'
import { type Evidence, evidenceJson, parseEvidence, TlogError, verifyEvidence } from '@warren/tlog'
import { MembershipError } from '../membership-error.ts'
import type { RecordReader } from '../record-reader.ts'
import { readPlain, writePlain } from './envelope.ts'
import type { AuditForkRecord } from './mesh-record.ts'
import type { Said } from './said.ts'

export const AUDIT_FORK_TYPE = 'WarrenAuditForkProof'
const KEY_LOG_LENGTH_MAX = 262_144

/**
 * Reads what a proof says that the audit log of a member was forked; whether it proves that is for `verifyAuditFork`.
 *
 * What proves it stands in `proof`, and so is no part of its id: of each member there is one such record, whatever the
 * contradictions that are shown, and no number of them can fill a set.
 */
export function readAuditFork(record: RecordReader, meshId: string): Said<AuditForkRecord> {
  record.members(['@context', 'type', 'mesh', 'did', 'proof'])
  readPlain(record, AUDIT_FORK_TYPE, meshId)
  const did = record.did('did')
  const { evidence } = readProof(record)
  if (evidence.origin !== noteName(did)) throw record.fault('its evidence is of another log')
  const [smaller, larger] = evidence.checkpoints
  return {
    type: 'audit-fork',
    did,
    kind: evidence.kind,
    sizes: [smaller.size, larger.size],
    claimedMs: 0,
  }
}

/**
 * Checks that a proof proves what it says, by nothing but what stands in it: the key log of the member, every version
 * of it, and two checkpoints signed with its keys. No clock has a say, so that it proves the same to everybody.
 *
 * @throws MembershipError `record-malformed`, `record-unproved`
 */
export function verifyAuditFork(suite: CryptoSuite, record: RecordReader, did: Did): void {
  const { evidence, keyLog } = readProof(record)
  try {
    const log = verifyLog({ suite, text: keyLog, nowMs: Number.MAX_SAFE_INTEGER })
    if (log.did !== did) throw record.fault('its key log is that of somebody else')
    verifyEvidence({ suite, evidence, log: noteIdentity(log) })
  } catch (cause) {
    if (!(cause instanceof IdentityError) && !(cause instanceof TlogError)) throw cause
    const message = `the proof that an audit log was forked proves nothing: ${cause.message}`
    throw new MembershipError('record-unproved', message, { cause })
  }
}

/** Writes the proof that the audit log of a member was forked. */
export function writeAuditFork(
  meshId: string,
  fork: { readonly did: Did; readonly keyLog: string; readonly evidence: Evidence },
): JsonObject {
  const { did, keyLog, evidence } = fork
  const proof = { evidence: evidenceJson(evidence), keyLog }
  return { ...writePlain(AUDIT_FORK_TYPE, meshId), did, proof }
}

function readProof(record: RecordReader): { readonly evidence: Evidence; readonly keyLog: string } {
  const proof = record.child('proof')
  proof.members(['evidence', 'keyLog'])
  const keyLog = proof.text('keyLog', { lengthMax: KEY_LOG_LENGTH_MAX })
  try {
    return { evidence: parseEvidence(proof.child('evidence').object), keyLog }
  } catch (cause) {
    if (!(cause instanceof TlogError)) throw cause
    throw record.fault(`its evidence is none: ${cause.message}`)
  }
}
