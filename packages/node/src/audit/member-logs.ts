import { BoundedMap } from '@warren/core'
import type { CryptoSuite } from '@warren/crypto'
import { IdentityError, type VerifiedLog, verifyLog } from '@warren/identity'
import { type MemberLog, memberLogOf } from './member-log.ts'

const LOGS_MAX = 1_024

export interface MemberLogsInit {
  readonly suite: CryptoSuite
  /** Why somebody is no member now. */
  readonly objection: (did: string) => string | undefined
  /** Whether what is signed by that state of a log counts now: the admins may have taken away a key of it. */
  readonly isCurrent: (log: VerifiedLog) => boolean
  /** The key log that somebody has shown in this run, verified. */
  readonly shownLog: (did: string) => VerifiedLog | undefined
  /** The one that was stored when somebody was met last. */
  readonly storedLog: (did: string) => string | undefined
}

/** The key logs of those who are members now, as they were seen last; each is verified once. */
export class MemberLogs {
  readonly #init: MemberLogsInit
  readonly #logs = new BoundedMap<
    string,
    { readonly log: VerifiedLog; readonly member: MemberLog }
  >(LOGS_MAX)

  constructor(init: MemberLogsInit) {
    this.#init = init
  }

  /** Undefined for whoever is no member now, for a member that was never met, and for one that was not met with the keys that count. */
  of(did: string): MemberLog | undefined {
    const { objection, isCurrent, shownLog, storedLog } = this.#init
    if (objection(did) !== undefined) return undefined
    const shown = shownLog(did)
    const text = shown?.text ?? storedLog(did)
    if (text === undefined) return undefined
    const known = this.#logs.get(did)
    const read = known?.log.text === text ? known : asMember(shown ?? this.#verified(text))
    if (read?.log.did !== did) return undefined
    this.#logs.set(did, read)
    return isCurrent(read.log) ? read.member : undefined
  }

  /** What was in force when it was stored stays so, wherever the clock stands now. */
  #verified(text: string): VerifiedLog | undefined {
    try {
      const nowMs = Number.MAX_SAFE_INTEGER
      return verifyLog({ suite: this.#init.suite, text, nowMs })
    } catch (error) {
      // A store that was altered tells nothing of this member; admission reads it anew.
      if (error instanceof IdentityError) return undefined
      throw error
    }
  }
}

function asMember(
  log: VerifiedLog | undefined,
): { readonly log: VerifiedLog; readonly member: MemberLog } | undefined {
  return log === undefined ? undefined : { log, member: memberLogOf(log) }
}
