import { canonicalJson, type JsonObject } from '@warren/core'
import type { CryptoSuite } from '@warren/crypto'
import { parseCharter } from '../charter.ts'
import { MembershipError } from '../membership-error.ts'
import { parseRecord, type RecordReader } from '../record-reader.ts'
import { RECORD_LENGTH_MAX } from '../records/decode-record.ts'
import { pairName } from '../records/keyring.ts'
import { RecordSet } from '../set/record-set.ts'
import {
  readFounding,
  type RequestBase,
  type RequestedRecord,
  readRequested,
} from './requested-record.ts'

/** Records that admins are asked to sign, with all that it takes to judge them on a machine that knows nothing. */
export interface SigningRequest {
  readonly meshId: string
  /** The mesh with its admins in force; absent where the request founds a mesh. */
  readonly set: RecordSet | undefined
  /** What is signed together: whoever signs one of them signs all for which they are asked. */
  readonly records: readonly RequestedRecord[]
}

/** What a request is made of. */
export interface RequestInit {
  readonly suite: CryptoSuite
  /** The mesh as it is known; absent where the first record is the charter of a new one. */
  readonly set?: RecordSet | undefined
  /** Unsigned, or signed in part. */
  readonly records: readonly JsonObject[]
}

/** Characters of one request. */
export const REQUEST_LENGTH_MAX = 8_388_608
const RECORDS_MAX = 8
const CHANGES_MAX = 64
const CHARTER_LENGTH_MAX = 131_072
const MARK = 'request'
const VERSION = 1

/**
 * Makes a request, and refuses one that no signature could make valid.
 *
 * @throws MembershipError as `decodeRequest`
 */
export function createRequest({ suite, set, records }: RequestInit): SigningRequest {
  return decodeRequest(suite, requestText(set, records))
}

/** The request as it stands in a file: canonical JSON (RFC 8785). */
export function encodeRequest({ set, records }: SigningRequest): string {
  return requestText(
    set,
    records.map(({ document }) => document),
  )
}

function requestText(set: RecordSet | undefined, records: readonly JsonObject[]): string {
  const founding = { warren: MARK, v: VERSION, records }
  if (set === undefined) return canonicalJson(founding)
  const { charter, tree } = set
  const changes = tree.reigns.flatMap(({ endedBy }) => (endedBy === undefined ? [] : endedBy.text))
  return canonicalJson({ ...founding, charter: charter.text, changes })
}

/**
 * Reads a request from outside and verifies all of it: the charter, every admin change, every signature that a record has.
 *
 * That makes it consistent, not wanted: whoever signs reads what it says first, and compares the mesh.
 *
 * @throws MembershipError `request-too-large`, `request-malformed`, `request-outdated`, and those of the charter and the records in it
 */
export function decodeRequest(suite: CryptoSuite, text: string): SigningRequest {
  const file = parseRecord('request', text, REQUEST_LENGTH_MAX)
  file.members(['warren', 'v', 'records'], ['charter', 'changes'])
  file.constant('warren', MARK)
  file.constant('v', VERSION)
  const documents = file.children('records', RECORDS_MAX).map(({ object }) => object)
  const [first] = documents
  if (first === undefined) throw file.fault('it asks for nothing')
  const set = file.has('charter') ? readSet(suite, file) : undefined
  const base = set === undefined ? readFounding(suite, first).base : baseOf(set)
  const records = documents.map((document) => readRequested(base, document))
  checkTogether(file, { set, records })
  return { meshId: base.meshId, set, records }
}

function readSet(suite: CryptoSuite, file: RecordReader): RecordSet {
  const charter = parseCharter(suite, file.text('charter', { lengthMax: CHARTER_LENGTH_MAX }))
  const rule = { lengthMax: RECORD_LENGTH_MAX, countMax: CHANGES_MAX }
  const { set, added, refused } = RecordSet.empty(suite, charter).accept(
    file.texts('changes', rule),
  )
  for (const { error } of refused) throw error
  if (added.some(({ type }) => type !== 'admin-change')) {
    throw file.fault('"changes" holds something else than admin changes')
  }
  return set
}

function baseOf({ suite, charter, tree }: RecordSet): RequestBase {
  return { suite, meshId: charter.meshId, admins: tree.tip }
}

/** One charter, first and alone of its kind, where a mesh is founded; no record twice; nobody asked who cannot sign. */
function checkTogether(
  file: RecordReader,
  { set, records }: Pick<SigningRequest, 'set' | 'records'>,
): void {
  if (set === undefined && file.has('changes')) throw file.fault('"charter" is missing')
  const charters = records.filter(({ says }) => says.type === 'charter').length
  if (charters !== (set === undefined ? 1 : 0)) throw file.fault('it has a charter too many')
  if (new Set(records.map(({ id }) => id)).size < records.length) {
    throw file.fault('it asks for one record twice')
  }
  for (const record of records) {
    if (record.asked.length < record.threshold || record.asked.length === 0) {
      throw file.fault('a record needs a signature of somebody who is no admin')
    }
    checkFits(set, record)
  }
}

/** An admin change that would not fit once all have signed is refused before anybody does. */
function checkFits(set: RecordSet | undefined, { says, id, asked }: RequestedRecord): void {
  if (says.type !== 'admin-change') return
  if (set === undefined) {
    throw new MembershipError('request-malformed', 'a mesh is not changed before it is founded')
  }
  const signers = asked.map((pair) => pairName(set.suite, pair))
  set.tree.with({ ...says, id, text: '', signers })
}
