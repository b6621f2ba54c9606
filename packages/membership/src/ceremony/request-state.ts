import { canonicalJson } from '@warren/core'
import type { CryptoSuite } from '@warren/crypto'
import { toString } from 'uint8arrays/to-string'
import { utf8Bytes } from '../byte-text.ts'
import { type CharterAdmin, parseCharter } from '../charter.ts'
import { MembershipError } from '../membership-error.ts'
import { pairName } from '../records/keyring.ts'
import { RecordSet } from '../set/record-set.ts'
import type { SigningRequest } from './signing-request.ts'

/** How far a request is. */
export interface RequestState {
  /** Signatures that the record which wants most of them needs. */
  readonly threshold: number
  /** Everybody who may sign. */
  readonly asked: readonly CharterAdmin[]
  /** Who has signed all that they are asked for. */
  readonly signed: readonly CharterAdmin[]
  /** Who may still sign. */
  readonly missing: readonly CharterAdmin[]
  /** Signatures that are wanting still, at least. */
  readonly needed: number
  readonly complete: boolean
}

/** How far a request is: who has signed, who may still, how many are wanting. */
export function requestState(suite: CryptoSuite, { records }: SigningRequest): RequestState {
  const name = (pair: CharterAdmin): string => pairName(suite, pair)
  const everybody = new Map(records.flatMap(({ asked }) => asked).map((pair) => [name(pair), pair]))
  const asked = [...everybody.values()]
  const missing = asked.filter((pair) =>
    records.some(
      (record) =>
        record.asked.some((each) => name(each) === name(pair)) &&
        !record.signed.some((each) => name(each) === name(pair)),
    ),
  )
  const needed = Math.max(
    ...records.map(({ threshold, signed }) => Math.max(0, threshold - signed.length)),
  )
  return {
    threshold: Math.max(...records.map(({ threshold }) => threshold)),
    asked,
    signed: asked.filter((pair) => !missing.includes(pair)),
    missing,
    needed,
    complete: needed === 0,
  }
}

/**
 * The records of a complete request, as a mesh takes them up; a charter first.
 *
 * @throws MembershipError `request-incomplete`, and what a node would refuse a record with
 */
export function completedRecords(suite: CryptoSuite, request: SigningRequest): readonly string[] {
  if (!requestState(suite, request).complete) {
    throw new MembershipError('request-incomplete', 'the request has not all its signatures yet')
  }
  const texts = request.records.map(({ document }) => canonicalJson(document))
  const [first = '', ...rest] = texts
  const isFounding = request.set === undefined
  const set = request.set ?? RecordSet.empty(suite, parseCharter(suite, first))
  for (const { error } of set.accept(isFounding ? rest : texts).refused) throw error
  return texts
}

const FINGERPRINT_BYTES = 12

/** A short name of what a request asks for, to be read out and compared: six groups of four hexadecimal digits. */
export function requestFingerprint(suite: CryptoSuite, { records }: SigningRequest): string {
  const ids = records.map(({ id }) => id).join(' ')
  const digest = suite.sha256(utf8Bytes(ids)).slice(0, FINGERPRINT_BYTES)
  return toString(digest, 'hex').replaceAll(/(.{4})(?!$)/g, '$1 ')
}
