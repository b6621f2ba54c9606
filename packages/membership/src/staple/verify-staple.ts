import type { CryptoSuite } from '@warren/crypto'
import { type Did, formatTimestamp } from '@warren/identity'
import { parseCharter } from '../charter.ts'
import { decodeBeacon, witnessContext } from '../freshness/decode-beacon.ts'
import { checkMembershipTime, type Membership } from '../membership.ts'
import { MembershipError } from '../membership-error.ts'
import type { Beacon } from '../records/beacon.ts'
import { verifyInclusion } from '../set/inclusion-proof.ts'
import { rollEntry } from '../set/member-roll.ts'
import type { RecordSet } from '../set/record-set.ts'
import { decodeStaple, type Staple, type StapledWord } from './staple.ts'
import { readStapledRecords } from './stapled-records.ts'

/** The clock of whoever verifies, where there is one that may be trusted, and how old a staple may be. */
export interface StapleClock {
  readonly nowMs: number
  /** Exactly so old is not too old. */
  readonly maxAgeMs: number
}

export interface StapleQuestion {
  readonly suite: CryptoSuite
  /** The one thing that has to be known already. */
  readonly meshId: string
  readonly text: string
  /** Without it nothing says how old the staple is. */
  readonly clock?: StapleClock | undefined
}

/** Who somebody is in a mesh, by the word of enough of its witnesses. */
export interface VerifiedStaple {
  readonly meshId: string
  readonly meshName: string
  /** Its keys and PeerIds are those at admission: of later ones a staple says nothing. */
  readonly membership: Membership
  /** A member then: at least one witness that does not lie has said so at this time or later. */
  readonly asOfMs: number
  /** Who says so, the newest word first. */
  readonly words: readonly { readonly witness: Did; readonly timeMs: number }[]
  /** Undefined where there is no clock to tell. */
  readonly ageMs: number | undefined
}

/**
 * Verifies a staple by nothing but the mesh id, whoever carried it and from wherever: form, mesh, charter, admin changes, membership,
 * the beacons of exactly kw witnesses in force, and in each of them this member.
 *
 * What it cannot tell: whether there is an admin change that was left out.
 *
 * @throws MembershipError `staple-too-large`, `staple-malformed`, `staple-foreign`, `staple-unproved`, `staple-outdated`,
 *   `staple-future`, `membership-expired`, `membership-not-yet-valid`
 */
export function verifyStaple({ suite, meshId, text, clock }: StapleQuestion): VerifiedStaple {
  const staple = decodeStaple(text)
  if (staple.meshId !== meshId) {
    throw new MembershipError('staple-foreign', 'the staple is about a member of another mesh')
  }
  const { set, membership } = proved('a record in it', () => recordsOf(suite, staple))
  const words = verifyWords(set, { membership, words: staple.words })
  const asOfMs = Math.min(...words.map(({ timeMs }) => timeMs))
  const { charter } = set
  const { skewMs } = charter.freshness
  checkMembershipTime(membership, asOfMs, skewMs)
  if (clock !== undefined) {
    checkAge(clock, { words, asOfMs, skewMs })
    checkMembershipTime(membership, clock.nowMs, skewMs)
  }
  const ageMs = clock === undefined ? undefined : Math.max(0, clock.nowMs - asOfMs)
  return { meshId, meshName: charter.name, membership, asOfMs, words, ageMs }
}

function recordsOf(suite: CryptoSuite, staple: Staple): ReturnType<typeof readStapledRecords> {
  const charter = parseCharter(suite, staple.charter)
  if (charter.meshId !== staple.meshId) throw unproved('its charter is that of another mesh')
  return readStapledRecords({ suite, charter, staple })
}

/** Exactly as many different witnesses in force as it takes, each of whom has this very membership among those that count. */
function verifyWords(
  set: RecordSet,
  {
    membership,
    words,
  }: { readonly membership: Membership; readonly words: readonly StapledWord[] },
): VerifiedStaple['words'] {
  const { kWitness } = set.tree.tip
  if (kWitness === 0) throw unproved('the mesh has no witnesses, so that nobody can say it')
  if (words.length !== kWitness) {
    throw unproved(`it has the word of ${words.length} witnesses, and it takes ${kWitness}`)
  }
  const context = witnessContext(set)
  const beacons = words.map(({ beacon: text, proof }) => {
    const beacon = proved('a beacon in it', () => decodeBeacon(context, text))
    proved('the member', () => checkNamed(set, { beacon, membership, proof }))
    return { witness: beacon.witness, timeMs: beacon.timeMs }
  })
  if (new Set(beacons.map(({ witness }) => witness)).size < kWitness) {
    throw unproved('it has two words of one witness')
  }
  return beacons.toSorted((left, right) => right.timeMs - left.timeMs)
}

function checkNamed(
  { suite }: RecordSet,
  said: { readonly beacon: Beacon; readonly membership: Membership; readonly proof: string },
): void {
  const { beacon, membership, proof } = said
  verifyInclusion({ suite, root: beacon.memberRoot, id: rollEntry(membership), proof })
}

function checkAge(
  { nowMs, maxAgeMs }: StapleClock,
  { words, asOfMs, skewMs }: Pick<VerifiedStaple, 'words' | 'asOfMs'> & { readonly skewMs: number },
): void {
  if (words.some(({ timeMs }) => timeMs > nowMs + skewMs)) {
    const message =
      'a witness speaks of a time that has not come; compare the clock of this machine'
    throw new MembershipError('staple-future', message)
  }
  if (nowMs - asOfMs > maxAgeMs) {
    const asOf = formatTimestamp(asOfMs)
    const message = `the staple is older than it may be: it says who was a member as of ${asOf}`
    throw new MembershipError('staple-outdated', message)
  }
}

/** Whatever is wrong with a part makes the whole unproved. */
function proved<Value>(what: string, verify: () => Value): Value {
  try {
    return verify()
  } catch (cause) {
    if (!(cause instanceof MembershipError) || cause.code === 'staple-unproved') throw cause
    const message = `the staple proves nothing: ${what} is not as it must be (${cause.message})`
    throw new MembershipError('staple-unproved', message, { cause })
  }
}

function unproved(why: string): MembershipError {
  return new MembershipError('staple-unproved', `the staple proves nothing: ${why}`)
}
