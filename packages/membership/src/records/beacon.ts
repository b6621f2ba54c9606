import type { Did } from '@warren/identity'
import { CONTENT_ID_RULE } from '../labels.ts'
import type { RecordReader } from '../record-reader.ts'
import { readPlain } from './envelope.ts'
import { COUNT_RULE, ROOT_RULE } from './read-checkpoint.ts'

export const BEACON_TYPE = 'WarrenBeacon'

/** A witness's word that it is there, when, and what has been taken away as far as it knows. Verified. */
export interface Beacon {
  /** Content id. */
  readonly id: string
  readonly text: string
  readonly witness: Did
  /** Rises with every beacon of this witness. */
  readonly seq: number
  /** Mesh time of the witness, milliseconds since 1970, whole seconds. */
  readonly timeMs: number
  /** When the next one is due at the latest. */
  readonly nextByMs: number
  readonly removalRoot: string
  readonly removalCount: number
  /** The members in good standing, as the witness knew them at `timeMs`: see `MemberRoll`. */
  readonly memberRoot: string
  readonly memberCount: number
  /** The newest checkpoint of this witness, where it has made one. */
  readonly checkpoint: string | undefined
}

const MEMBERS = [
  '@context',
  'type',
  'mesh',
  'witness',
  'seq',
  'time',
  'nextBySeconds',
  'removalRoot',
  'removalCount',
  'memberRoot',
  'memberCount',
] as const
const SECONDS_RULE = { min: 1, max: 31_536_000 } as const

/** Reads what a beacon says. */
export function readBeacon(record: RecordReader, meshId: string): Omit<Beacon, 'id' | 'text'> {
  record.members(MEMBERS, ['checkpoint', 'proof'])
  readPlain(record, BEACON_TYPE, meshId)
  return {
    witness: record.did('witness'),
    seq: record.integer('seq', { min: 1, max: Number.MAX_SAFE_INTEGER }),
    timeMs: record.timeMs('time'),
    nextByMs: record.integer('nextBySeconds', SECONDS_RULE) * 1000,
    removalRoot: record.text('removalRoot', ROOT_RULE),
    removalCount: record.integer('removalCount', COUNT_RULE),
    memberRoot: record.text('memberRoot', ROOT_RULE),
    memberCount: record.integer('memberCount', COUNT_RULE),
    checkpoint: record.has('checkpoint') ? record.text('checkpoint', CONTENT_ID_RULE) : undefined,
  }
}
