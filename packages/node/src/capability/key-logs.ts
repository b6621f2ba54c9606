import { BoundedMap } from '@warren/core'
import type { CryptoSuite } from '@warren/crypto'
import { IdentityError, type VerifiedLog, verifyLog } from '@warren/identity'

const LOGS_MAX = 1_024

export interface KeyLogsInit {
  readonly suite: CryptoSuite
  /** This node's own. */
  readonly own: VerifiedLog
  /** Why somebody is no member now. */
  readonly objection: (did: string) => string | undefined
  /** Whether what is signed by that state of a log counts now: the admins may have taken away a key of it. */
  readonly isCurrent: (log: VerifiedLog) => boolean
  /** The one that somebody has shown in this run, verified. */
  readonly shownLog: (did: string) => VerifiedLog | undefined
  /** The text of the one that was stored when somebody was met last. */
  readonly storedLog: (did: string) => string | undefined
}

/** The newest key logs of those who are members now; one that was stored is read and verified once in a run. */
export class KeyLogs {
  readonly #init: KeyLogsInit
  readonly #stored = new BoundedMap<string, VerifiedLog>(LOGS_MAX)

  constructor(init: KeyLogsInit) {
    this.#init = init
  }

  /** Undefined for whoever is no member now, for a member that was never met, and for one that was not met with the keys that count. */
  of(did: string): VerifiedLog | undefined {
    const { own, objection, isCurrent, shownLog } = this.#init
    if (did === own.did) return own
    if (objection(did) !== undefined) return undefined
    const log = shownLog(did) ?? this.#ofStore(did)
    return log !== undefined && isCurrent(log) ? log : undefined
  }

  #ofStore(did: string): VerifiedLog | undefined {
    const known = this.#stored.get(did)
    const text = known === undefined ? this.#init.storedLog(did) : undefined
    if (text === undefined) return known
    try {
      // What was in force when it was stored stays so, wherever the clock stands now.
      const nowMs = Number.MAX_SAFE_INTEGER
      const log = verifyLog({ suite: this.#init.suite, text, nowMs })
      if (log.did !== did) return undefined
      this.#stored.set(did, log)
      return log
    } catch (error) {
      // A store that was altered tells nothing of this member; admission reads it anew.
      if (error instanceof IdentityError) return undefined
      throw error
    }
  }
}
