import type { CryptoSuite } from '@warren/crypto'
import { IdentityError, type VerifiedLog, verifyLog } from '@warren/identity'
import { MembershipError, type MembershipErrorCode } from './membership-error.ts'

/** What a log's own fault means for whoever shows it. Every other fault is `log-invalid`. */
const CODES: ReadonlyMap<string, MembershipErrorCode> = new Map<string, MembershipErrorCode>([
  ['log-foreign', 'membership-of-another'],
  ['log-rollback', 'log-rollback'],
  ['log-fork', 'log-fork'],
  ['log-deactivated', 'log-deactivated'],
  ['entry-in-future', 'log-pending'],
])

const SENTENCES: Readonly<Partial<Record<MembershipErrorCode, string>>> = {
  'membership-of-another': 'the key log is that of another identity than the membership',
  'log-rollback': 'the key log is older than one seen before; restore the newer data directory',
  'log-fork': 'there are two key logs of this identity; an operator must look into it',
  'log-deactivated': 'the identity was given up by its owner; make a new one and join again',
  'log-pending': 'the key log is newer than the clock here; check the clocks of both machines',
}

export interface MemberLogCheck {
  readonly suite: CryptoSuite
  readonly text: string
  readonly nowMs: number
  /** Whose log it has to be, where that is known. */
  readonly scid?: string
  /** The newest log of that identity which was seen before. */
  readonly known?: VerifiedLog | undefined
}

/**
 * Verifies the key log that somebody shows, against the newest one known.
 *
 * Somebody else's log is told from a second history of the same identity: only that one is a fork.
 *
 * @throws MembershipError `membership-of-another`, `log-rollback`, `log-fork`, `log-deactivated`, `log-pending`, `log-invalid`
 */
export function verifyMemberLog({ suite, text, nowMs, scid, known }: MemberLogCheck): VerifiedLog {
  try {
    const log = verifyLog({ suite, text, nowMs, ...(known === undefined ? {} : { known }) })
    if (scid !== undefined && log.scid !== scid) throw refusal('membership-of-another')
    if (log.deactivated) throw refusal('log-deactivated')
    return log
  } catch (cause) {
    if (!(cause instanceof IdentityError)) throw cause
    throw refusal(CODES.get(cause.code) ?? 'log-invalid', cause)
  }
}

function refusal(code: MembershipErrorCode, cause?: IdentityError): MembershipError {
  const sentence = SENTENCES[code] ?? `the key log is not valid: ${cause?.message ?? ''}`
  return new MembershipError(code, sentence, cause === undefined ? undefined : { cause })
}
