import { BoundedMap } from '@warren/core'
import { type Did, isDid } from '@warren/identity'
import {
  type FreshnessView,
  inView,
  type KnownStanding,
  type Membership,
  type RecordSet,
  revocationsOfKey,
  type Standing,
  standingOf,
} from '@warren/membership'

/** Standings that are remembered from one message to the next. */
const STANDINGS_MAX = 10_000
/** Nothing but the set and the time decides; dates are whole seconds. */
const REMEMBERED_MS = 500

const NOBODY: Standing = { status: 'unknown', why: 'no-membership', records: [] }

interface Remembered {
  readonly set: RecordSet
  readonly atMs: number
  readonly standing: Standing
}

export interface MemberStandingsInit {
  readonly set: () => RecordSet
  /** Mesh time, milliseconds since 1970. */
  readonly meshTimeMs: () => number
  /** Multikeys that a member has now; those of its membership are looked at anyway. */
  readonly keysOf: (did: Did) => readonly string[]
}

/** How members stand, asked for every message: judged again whenever a record has come in, and at least twice a second. */
export class MemberStandings {
  readonly #init: MemberStandingsInit
  readonly #remembered = new BoundedMap<Did, Remembered>(STANDINGS_MAX)

  constructor(init: MemberStandingsInit) {
    this.#init = init
  }

  of(did: Did): Standing {
    const set = this.#init.set()
    const atMs = this.#init.meshTimeMs()
    const known = this.#remembered.get(did)
    const isNew = known?.set === set && Math.abs(atMs - known.atMs) < REMEMBERED_MS
    if (known !== undefined && isNew) return known.standing
    const standing = this.#judge(set, did, atMs)
    this.#remembered.set(did, { set, atMs, standing })
    return standing
  }

  /** As `of`, by a set that is not, or not yet, what this node knows; remembered nowhere. */
  by(set: RecordSet, did: Did): Standing {
    if (set === this.#init.set()) return this.of(did)
    return this.#judge(set, did, this.#init.meshTimeMs())
  }

  /** How somebody stands for a node whose knowledge is so fresh: the one answer that what is asked of it is decided by. */
  inView(did: string, freshness: FreshnessView): KnownStanding {
    const standing: Standing = isDid(did) ? this.of(did) : NOBODY
    return inView(standing, freshness)
  }

  /** The membership in force of a member. */
  membershipOf(did: string): Membership | undefined {
    if (!isDid(did)) return undefined
    const standing = this.of(did)
    return standing.status === 'member' ? standing.membership : undefined
  }

  /** The records on which the standing of somebody rests. */
  recordsOf(did: string): readonly string[] {
    return isDid(did) ? this.of(did).records : []
  }

  #judge(set: RecordSet, did: Did, nowMs: number): Standing {
    const [revocation] = this.#init.keysOf(did).flatMap((key) => revocationsOfKey(set, key))
    if (revocation === undefined) return standingOf(set, did, nowMs)
    return { status: 'revoked', reason: revocation.reason, records: [revocation.id] }
  }
}
