import type { Did } from '@warren/identity'
import type { Beacon } from '../records/beacon.ts'
import type { IdTrie } from '../set/id-trie.ts'
import { MemberRoll } from '../set/member-roll.ts'
import type { RecordSet } from '../set/record-set.ts'

/** What a witness is to sign next. */
export interface BeaconDraft extends Omit<Beacon, 'id' | 'text' | 'seq'> {
  /** The witness's time as the draft was done, to the millisecond. */
  readonly exactMs: number
}

/** A beacon in the making: what the witness knows at one moment, and its members, called over a few at a time. */
export class BeaconInMaking {
  readonly #witness: Did
  readonly #roll: MemberRoll

  /** `timeMs`: the witness's time. The beacon says it in whole seconds, and who is a member at that very time. */
  constructor(witness: Did, set: RecordSet, timeMs: number) {
    this.#witness = witness
    this.#roll = new MemberRoll(set, Math.floor(timeMs / 1_000) * 1_000)
  }

  get timeMs(): number {
    return this.#roll.timeMs
  }

  /** Goes on; the whole as soon as it is done. */
  advance(exactMs: number): BeaconDraft | undefined {
    const members = this.#roll.advance()
    return members === undefined ? undefined : this.#drafted(members, exactMs)
  }

  #drafted(members: IdTrie, exactMs: number): BeaconDraft {
    const { set, timeMs } = this.#roll
    const removals = set.trie('removal')
    return {
      witness: this.#witness,
      timeMs,
      exactMs,
      nextByMs: set.charter.freshness.beaconMs,
      removalRoot: removals.root,
      removalCount: removals.count,
      memberRoot: members.root,
      memberCount: members.count,
      checkpoint: set.logs.latest(this.#witness)?.id,
    }
  }
}
