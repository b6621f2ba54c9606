import { BoundedMap } from '@warren/core'
import { type Did, isDid } from '@warren/identity'
import {
  formerKeys,
  type FreshnessView,
  inView,
  type KnownStanding,
  type Membership,
  type RecordSet,
  revocationsOfKeys,
  type Standing,
  standingOf,
} from '@warren/membership'

/** Standings that are remembered from one message to the next. */
const STANDINGS_MAX = 10_000
/** Nothing but the set and the time decides; dates are whole seconds. */
const REMEMBERED_MS = 500

const NOBODY: Standing = { status: 'unknown', why: 'no-membership', records: [] }
const NONE: ReadonlySet<string> = new Set()

interface Remembered {
  readonly set: RecordSet
  readonly atMs: number
  readonly standing: Standing
  /** The keys that the member had before it came back; looked up when they are first asked for. */
  former?: ReadonlySet<string>
}

export interface MemberStandingsInit {
  readonly set: () => RecordSet
  /** Mesh time, milliseconds since 1970. */
  readonly meshTimeMs: () => number
}

/** How members stand, asked for every message: judged again whenever a record has come in, and at least twice a second. */
export class MemberStandings {
  readonly #init: MemberStandingsInit
  readonly #remembered = new BoundedMap<Did, Remembered>(STANDINGS_MAX)

  constructor(init: MemberStandingsInit) {
    this.#init = init
  }

  of(did: Did): Standing {
    return this.#judged(did).standing
  }

  /** As `of`, by a set that is not, or not yet, what this node knows; remembered nowhere. */
  by(set: RecordSet, did: Did): Standing {
    return this.#judgedBy(set, did).standing
  }

  /**
   * How somebody stands who shows these keys, as multikeys: one that was revoked, or that the DID had before it came
   * back, is worth nothing, whatever the DID is worth with others. `set` as in `by`.
   */
  withKeys(did: Did, keys: readonly string[], set: RecordSet = this.#init.set()): Standing {
    const judged = this.#judgedBy(set, did)
    const [revocation] = revocationsOfKeys(set, keys)
    if (revocation !== undefined) {
      return { status: 'revoked', reason: revocation.reason, records: [revocation.id] }
    }
    if (!keys.some((key) => this.#formerOf(judged).has(key))) return judged.standing
    const { records } = judged.standing
    return { status: 'revoked', reason: 'it came back with other keys', records }
  }

  /** How somebody, who shows these keys, stands for a node whose knowledge is so fresh: the one answer that what is asked of it is decided by. */
  inView(did: string, freshness: FreshnessView, keys: readonly string[] = []): KnownStanding {
    const standing: Standing = isDid(did) ? this.withKeys(did, keys) : NOBODY
    return inView(standing, freshness)
  }

  /** The membership in force of a member. */
  membershipOf(did: string): Membership | undefined {
    if (!isDid(did)) return undefined
    const standing = this.of(did)
    return standing.status === 'member' ? standing.membership : undefined
  }

  /** The enclave that a member is in: that of the membership that counts now, also while it is kept out, and of the one that it was given where none does. */
  enclaveOf(given: Membership): string {
    const standing = this.of(given.did)
    return 'membership' in standing ? standing.membership.enclave : given.enclave
  }

  /** The records on which the standing of somebody rests. */
  recordsOf(did: string): readonly string[] {
    return isDid(did) ? this.of(did).records : []
  }

  #judged(did: Did): Remembered {
    const set = this.#init.set()
    const atMs = this.#init.meshTimeMs()
    const known = this.#remembered.get(did)
    const isNew = known?.set === set && Math.abs(atMs - known.atMs) < REMEMBERED_MS
    if (known !== undefined && isNew) return known
    const judged = { set, atMs, standing: standingOf(set, did, atMs) }
    this.#remembered.set(did, judged)
    return judged
  }

  #judgedBy(set: RecordSet, did: Did): Remembered {
    if (set === this.#init.set()) return this.#judged(did)
    const atMs = this.#init.meshTimeMs()
    return { set, atMs, standing: standingOf(set, did, atMs) }
  }

  #formerOf(judged: Remembered): ReadonlySet<string> {
    const { set, standing } = judged
    if (!('membership' in standing)) return NONE
    const { did, gen } = standing.membership
    judged.former ??= formerKeys(set, did, gen - 1)
    return judged.former
  }
}
