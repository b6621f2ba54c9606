import type { Did } from '@warren/identity'
import type { Membership } from '../membership.ts'
import { MembershipError } from '../membership-error.ts'
import type { Beacon } from '../records/beacon.ts'
import type { IdTrie } from '../set/id-trie.ts'
import { MemberRoll, rollEntry } from '../set/member-roll.ts'
import type { RecordSet } from '../set/record-set.ts'
import { standingOf } from '../set/standing.ts'
import { standingRefusal } from '../set/standing-refusal.ts'
import { isForked } from '../set/witnessed.ts'
import { encodeStaple, STAPLE_CHANGES_MAX, STAPLE_LENGTH_MAX, type StapledWord } from './staple.ts'
import { stapledRecords } from './stapled-records.ts'

export interface StapleInit {
  /** What this node knows. */
  readonly set: RecordSet
  /** Whose standing it is about. */
  readonly did: Did
  /** The newest beacon that was heard of each witness, verified. */
  readonly beacons: readonly Beacon[]
  /** Mesh time. */
  readonly nowMs: number
}

/** A staple that was made. */
export interface MadeStaple {
  readonly text: string
  /** The time at which it says that somebody was a member. */
  readonly asOfMs: number
}

/**
 * A staple in the making: the rolls to which the newest beacons commit are called over a few members at a time.
 *
 * Nobody has to be asked for it: who knows what the witnesses knew comes to the same roots. Where this node knows more, or less,
 * it waits for a later beacon.
 */
export class StapleDraft {
  readonly #init: StapleInit
  readonly #membership: Membership
  /** Those that can be proved, the newest first. */
  readonly #words: (StapledWord & { readonly timeMs: number })[] = []
  readonly #tries = new Map<string, IdTrie>()
  readonly #open: Beacon[]
  #roll: MemberRoll | undefined

  /** @throws MembershipError for somebody who is no member; `unwitnessed`, `staple-not-ready` */
  constructor(init: StapleInit) {
    const { set, did, beacons, nowMs } = init
    const standing = standingOf(set, did, nowMs)
    const refusal = standingRefusal(standing)
    if (refusal !== undefined || standing.status !== 'member') throw refusal ?? notReady(set)
    if (set.tree.tip.kWitness === 0) {
      const message = 'the mesh has no witnesses, so that nobody can say who is a member now'
      throw new MembershipError('unwitnessed', message)
    }
    this.#init = init
    this.#membership = standing.membership
    const witnesses = new Set(set.tree.tip.witnesses.map((pair) => pair.did))
    this.#open = beacons
      .filter(({ witness }) => witnesses.has(witness) && !isForked(set, witness))
      .toSorted((left, right) => right.timeMs - left.timeMs)
  }

  /**
   * Goes on for some milliseconds; the staple as soon as it is done.
   *
   * @throws MembershipError `staple-not-ready`, `staple-too-large`
   */
  advance(): MadeStaple | undefined {
    const { set } = this.#init
    const [beacon] = this.#open
    if (beacon === undefined) throw notReady(set)
    const trie = this.#trieFor(beacon)
    if (trie === undefined) return undefined
    this.#open.shift()
    const proof =
      trie.root === beacon.memberRoot ? trie.prove(rollEntry(this.#membership)) : undefined
    if (proof !== undefined) {
      this.#words.push({ beacon: beacon.text, proof, timeMs: beacon.timeMs })
    }
    return this.#words.length === set.tree.tip.kWitness ? this.#made() : undefined
  }

  /** The members at the time of a beacon. The same root at another time is the same roll, and is called over once. */
  #trieFor({ memberRoot, timeMs }: Beacon): IdTrie | undefined {
    const known = this.#tries.get(memberRoot)
    if (known !== undefined) return known
    this.#roll ??= new MemberRoll(this.#init.set, timeMs)
    const trie = this.#roll.advance()
    if (trie === undefined) return undefined
    this.#roll = undefined
    this.#tries.set(trie.root, trie)
    return trie
  }

  #made(): MadeStaple {
    const { set } = this.#init
    const { charter } = set
    const words = this.#words.map(({ beacon, proof }) => ({ beacon, proof }))
    const records = stapledRecords(set, this.#membership)
    const text = encodeStaple({ meshId: charter.meshId, charter: charter.text, ...records, words })
    if (text.length > STAPLE_LENGTH_MAX || records.changes.length > STAPLE_CHANGES_MAX) {
      const message = `a staple has at most ${STAPLE_LENGTH_MAX} characters and ${STAPLE_CHANGES_MAX} admin changes`
      throw new MembershipError('staple-too-large', message)
    }
    return { text, asOfMs: Math.min(...this.#words.map(({ timeMs }) => timeMs)) }
  }
}

function notReady({ charter, tree }: RecordSet): MembershipError {
  const seconds = charter.freshness.beaconMs / 1_000
  return new MembershipError(
    'staple-not-ready',
    `too few witnesses have said of the members what this node knows (it takes ${tree.tip.kWitness}); ` +
      `try again after their next word, in about ${seconds} s`,
  )
}
