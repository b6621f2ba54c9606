import { canonicalJson, type JsonObject } from '@warren/core'
import type { CryptoSuite } from '@warren/crypto'
import { contentId, isDid } from '@warren/identity'
import { CHARTER_TYPE, type CharterAdmin, readCharter, type VerifiedCharter } from '../charter.ts'
import { MembershipError } from '../membership-error.ts'
import { RecordReader } from '../record-reader.ts'
import { readStatement, RECORD_LENGTH_MAX, type Statement } from '../records/decode-record.ts'
import { keyringOf, pairName } from '../records/keyring.ts'
import { verifySigners } from '../records/verify-signers.ts'
import type { AdminSet } from '../set/admin-set.ts'
import { revocationThreshold } from '../set/check-signed.ts'

/** What a charter says, before all of its admins have signed it. */
export interface CharterStatement extends Omit<VerifiedCharter, 'text' | 'meshId'> {
  readonly type: 'charter'
}

/** What witnesses say, and what proves itself: admins are not asked. */
type UnaskedType = 'checkpoint' | 'fork-proof' | 'audit-fork'
const UNASKED: ReadonlySet<string> = new Set<UnaskedType>([
  'checkpoint',
  'fork-proof',
  'audit-fork',
])

/** What admins are asked to sign. */
export type RequestStatement = CharterStatement | Exclude<Statement, { readonly type: UnaskedType }>

/** One record of a request, with the signatures that it has so far, each of them verified. */
export interface RequestedRecord {
  /** Content id: what is signed, by name. */
  readonly id: string
  readonly says: RequestStatement
  /** The record with its proofs, where it has any. */
  readonly document: JsonObject
  /** The key pairs that may sign it. */
  readonly asked: readonly CharterAdmin[]
  /** How many of them it takes. */
  readonly threshold: number
  readonly signed: readonly CharterAdmin[]
}

/** Where a record is to be signed. */
export interface RequestBase {
  readonly suite: CryptoSuite
  readonly meshId: string
  /** The admins in force, as far as the request knows. */
  readonly admins: AdminSet
}

/** The charter that a request asks for, and the set of admins that it would put in force. */
export function readFounding(
  suite: CryptoSuite,
  document: JsonObject,
): { readonly says: CharterStatement; readonly base: RequestBase } {
  const says: CharterStatement = { type: 'charter', ...readCharter(signable('charter', document)) }
  const meshId = contentId(suite, document)
  const { admins, k, kAdmin, witnesses, kWitness } = says
  return {
    says,
    base: {
      suite,
      meshId,
      admins: { head: meshId, admins, k, kAdmin, witnesses, kWitness },
    },
  }
}

/**
 * Reads one record that is to be signed: limits, members, mesh, then the signatures that it has already.
 *
 * @throws MembershipError as `readStatement`, and `request-malformed`, `request-outdated`, `signer-unknown`, `record-unproved`
 */
export function readRequested(base: RequestBase, document: JsonObject): RequestedRecord {
  if (canonicalJson(document).length > RECORD_LENGTH_MAX) {
    const message = `a record has at most ${RECORD_LENGTH_MAX} characters`
    throw new MembershipError('record-too-large', message)
  }
  const isCharter = document['type'] === CHARTER_TYPE
  const says = isCharter ? readFounding(base.suite, document).says : readAsked(base, document)
  const { asked, threshold } = askedFor(base.admins, says)
  const id = contentId(base.suite, document)
  return { id, says, document, asked, threshold, signed: signersOf(base.suite, document, asked) }
}

function readAsked({ suite, meshId, admins }: RequestBase, document: JsonObject): RequestStatement {
  const record = signable('record', document)
  const says = readStatement(record, { suite, meshId, witnesses: new Map() })
  if (!isAsked(says)) throw record.fault('it is no record that admins sign')
  if (says.type === 'membership' && isDid(says.membership.issuer)) {
    throw record.fault('an enroller grants it, not the admins')
  }
  if (says.type === 'admin-change' && says.prev !== admins.head) {
    throw new MembershipError(
      'request-outdated',
      'the admins have been changed since this change was written; write it anew',
    )
  }
  return says
}

/** A record that nobody has signed has no member `proof`; its other members are read in the same way. */
function signable(kind: 'charter' | 'record', document: JsonObject): RecordReader {
  return new RecordReader(kind, { proof: [], ...document })
}

/** Who may sign, and how many of them have to. */
function askedFor(
  set: AdminSet,
  says: RequestStatement,
): { readonly asked: readonly CharterAdmin[]; readonly threshold: number } {
  switch (says.type) {
    case 'charter':
      return { asked: says.admins, threshold: says.admins.length }
    case 'admin-change': {
      const approvers = set.admins.filter(({ did }) => says.approvers.includes(did))
      const asked = [...approvers, ...says.add, ...says.rotate]
      const everybody = says.approvers.length + says.add.length + says.rotate.length
      return { asked, threshold: everybody }
    }
    case 'quarantine':
      return { asked: set.admins.filter(({ did }) => did === says.issuer), threshold: 1 }
    case 'revocation':
      return { asked: set.admins, threshold: revocationThreshold(says)(set) }
    case 'membership':
    case 'enroller':
    case 'readmission':
    case 'island':
    default:
      return { asked: set.admins, threshold: set.k }
  }
}

function signersOf(
  suite: CryptoSuite,
  document: JsonObject,
  asked: readonly CharterAdmin[],
): readonly CharterAdmin[] {
  if (document['proof'] === undefined) return []
  const signers = verifySigners({ suite, document, keyring: keyringOf(suite, asked) })
  const names = new Set(signers.map((pair) => pairName(suite, pair)))
  return asked.filter((pair) => names.has(pairName(suite, pair)))
}

function isAsked(says: Statement): says is Exclude<Statement, { readonly type: UnaskedType }> {
  return !UNASKED.has(says.type)
}
