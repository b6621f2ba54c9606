import type { CryptoSuite } from '@warren/crypto'
import { contentId } from '@warren/identity'
import type { RecordReader } from '../record-reader.ts'
import { BEACON_TYPE, readBeacon } from './beacon.ts'
import { readPlain } from './envelope.ts'
import type { Keyring } from './keyring.ts'
import type { ForkProofRecord } from './mesh-record.ts'
import { CHECKPOINT_TYPE, readCheckpoint } from './read-checkpoint.ts'
import type { Said } from './said.ts'
import { verifySigners } from './verify-signers.ts'

export const FORK_PROOF_TYPE = 'WarrenForkProof'
const HEADS = 2

export interface ForkCheck {
  readonly suite: CryptoSuite
  readonly meshId: string
  readonly witnesses: Keyring
}

/**
 * Reads a fork proof, which proves itself: two signed statements of one witness, of one kind and
 * under one number, that do not say the same.
 */
export function readForkProof(record: RecordReader, check: ForkCheck): Said<ForkProofRecord> {
  record.members(['@context', 'type', 'mesh', 'heads'])
  readPlain(record, FORK_PROOF_TYPE, check.meshId)
  const [left, right] = record.children('heads', HEADS).map((head) => readHead(head, check))
  if (left === undefined || right === undefined) throw record.fault('a fork has two heads')
  const isOneNumber = left.witness === right.witness && left.number === right.number
  // In one order only, so that there is one proof of one fork.
  if (!isOneNumber || !(left.id < right.id)) throw record.fault('its two heads are no fork')
  return { type: 'fork-proof', witness: left.witness, claimedMs: 0 }
}

function readHead(
  head: RecordReader,
  { suite, meshId, witnesses }: ForkCheck,
): { readonly witness: ForkProofRecord['witness']; readonly number: string; readonly id: string } {
  const { object } = head
  const isBeacon = object['type'] === BEACON_TYPE
  if (!isBeacon && object['type'] !== CHECKPOINT_TYPE) throw head.fault('a head is no statement')
  const said = isBeacon ? readBeacon(head, meshId) : readCheckpoint(head, meshId)
  const [signer, ...others] = verifySigners({ suite, document: object, keyring: witnesses })
  if (signer === undefined || others.length > 0 || signer.did !== said.witness) {
    throw head.fault('a head is not signed by its witness alone')
  }
  const number = 'seq' in said ? `beacon ${said.seq}` : `checkpoint ${said.epoch}`
  return { witness: said.witness, number, id: contentId(suite, object) }
}
