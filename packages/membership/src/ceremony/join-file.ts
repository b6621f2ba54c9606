import { canonicalJson } from '@warren/core'
import type { CryptoSuite } from '@warren/crypto'
import {
  addProofs,
  contentId,
  type Did,
  type Identity,
  IdentityError,
  type VerifiedLog,
  verifyProofs,
} from '@warren/identity'
import { MembershipError } from '../membership-error.ts'
import { verifyMemberLog } from '../member-log.ts'
import { possessionProofs, possessionSigners } from '../possession.ts'
import { parseRecord } from '../record-reader.ts'

/** A machine that asks to be admitted, by a file. */
export interface JoinFile {
  /** Content id, to be compared by voice. */
  readonly id: string
  readonly did: Did
  readonly name: string
  readonly log: VerifiedLog
}

/** Characters of such a file. */
export const JOIN_FILE_LENGTH_MAX = 524_288
const LOG_LENGTH_MAX = 262_144
const MARK = 'join'
const VERSION = 1

/** Asks for admission in a file: key log and name, signed with every key of the identity. It names no mesh: the answer does. */
export function writeJoinFile(init: {
  readonly suite: CryptoSuite
  readonly identity: Identity
  readonly name: string
  readonly nowMs: number
}): string {
  const { suite, identity, name, nowMs } = init
  const document = { warren: MARK, v: VERSION, name, log: identity.log.text }
  const signers = possessionSigners(identity)
  return canonicalJson(addProofs({ suite, document, signers, createdMs: nowMs }))
}

/**
 * Reads such a file: form, key log, then a proof by every key in it.
 *
 * @throws MembershipError `join-too-large`, `join-malformed`, `join-unproved`, and those of the log
 */
export function readJoinFile(suite: CryptoSuite, text: string, nowMs: number): JoinFile {
  const file = parseRecord('join', text, JOIN_FILE_LENGTH_MAX)
  file.members(['warren', 'v', 'name', 'log', 'proof'])
  file.constant('warren', MARK)
  file.constant('v', VERSION)
  const name = file.printableName('name')
  const logText = file.text('log', { lengthMax: LOG_LENGTH_MAX })
  const log = verifyMemberLog({ suite, text: logText, nowMs })
  try {
    const required = possessionProofs(log.document)
    verifyProofs({ suite, document: file.object, required, purpose: 'authentication' })
  } catch (cause) {
    if (!(cause instanceof IdentityError)) throw cause
    const message = `not every key of the identity signed the request: ${cause.message}`
    throw new MembershipError('join-unproved', message, { cause })
  }
  return { id: contentId(suite, file.object), did: log.did, name, log }
}
