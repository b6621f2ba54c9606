import {
  adminSigner,
  type Beacon,
  type RecordSet,
  STAPLE_LENGTH_MAX,
  StapleDraft,
} from '@warren/membership'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { MemberRoll, ROLL_STEP } from '../src/set/member-roll.ts'
import { HOUR_MS, NOW_MS, refusalCode, YEAR_MS } from './builders.ts'
import {
  adminChange,
  beacon,
  crowd,
  enrolled,
  enrollerCredential,
  forkProof,
  grant,
  idOf,
  person,
  pooled,
  quarantine,
  readmission,
  revoked,
  withAll,
  witnessedMesh,
} from './record-builders.ts'
import { stapleOf, stapleRefusal, verified, wordOf, wordsOf } from './staple-builders.ts'

const plant = witnessedMesh()
const [one, two, three] = plant.witnesses
const { skewMs } = plant.charter.freshness
const ann = grant(plant, person(0))
const ben = grant(plant, person(1))
const both = withAll(plant.empty, ann.text, ben.text)
const MINUTE_MS = 60_000

function stapleAt(...timesMs: readonly number[]): string {
  const beacons = timesMs.map((timeMs, at) => wordOf(both, plant.witnesses[at]!, timeMs))
  return stapleOf(both, ann.did, { beacons })
}

test(
  'a staple shows who is a member to somebody who knows the mesh id alone',
  { tags: ['STP-2', 'STP-3'] },
  () => {
    const text = stapleOf(both, ann.did, { beacons: wordsOf(plant, both) })
    expect(verified(plant, text)).toEqual({
      meshId: plant.charter.meshId,
      meshName: 'plant',
      membership: ann,
      asOfMs: NOW_MS,
      words: expect.arrayContaining([
        { witness: one!.did, timeMs: NOW_MS },
        { witness: two!.did, timeMs: NOW_MS },
      ]),
      ageMs: undefined,
    })
    expect(text.length).toBeLessThan(STAPLE_LENGTH_MAX)
  },
)

test('every member has one, and by whichever witnesses', { tags: ['STP-3', 'STP-7'] }, () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 12 }),
      fc.nat(11),
      fc.shuffledSubarray([one!, two!, three!], { minLength: 2 }),
      (count, at, witnesses) => {
        const members = Array.from({ length: count }, (_, each) => grant(plant, person(each)))
        const { did, id } = members[at % count]!
        const set = withAll(plant.empty, ...members.map(({ text }) => text))
        const beacons = witnesses.map((witness) => wordOf(set, witness))
        const { membership, words } = verified(plant, stapleOf(set, did, { beacons }))
        expect(membership).toMatchObject({ did, id })
        expect(words).toHaveLength(2)
      },
    ),
    { numRuns: 15 },
  )
})

test('it is as old as the older of the words that it takes', { tags: ['STP-4'] }, () => {
  const text = stapleAt(NOW_MS + 3 * MINUTE_MS, NOW_MS + MINUTE_MS)
  const { asOfMs, words } = verified(plant, text)
  expect(asOfMs).toBe(NOW_MS + MINUTE_MS)
  expect(words).toEqual([
    { witness: one!.did, timeMs: NOW_MS + 3 * MINUTE_MS },
    { witness: two!.did, timeMs: NOW_MS + MINUTE_MS },
  ])
  // The newest two of three are taken.
  const newer = stapleAt(NOW_MS, NOW_MS + 2 * MINUTE_MS, NOW_MS + MINUTE_MS)
  expect(verified(plant, newer).asOfMs).toBe(NOW_MS + MINUTE_MS)
})

test(
  'with a clock it is refused when it is older than asked for, and not before',
  { tags: ['STP-5'] },
  () => {
    const text = stapleAt(NOW_MS + HOUR_MS, NOW_MS)
    const maxAgeMs = 2 * HOUR_MS
    const at = (nowMs: number): unknown => stapleRefusal(plant, text, { nowMs, maxAgeMs })
    expect(verified(plant, text, { nowMs: NOW_MS + maxAgeMs, maxAgeMs }).ageMs).toBe(maxAgeMs)
    expect(at(NOW_MS + maxAgeMs)).toBeUndefined()
    expect(at(NOW_MS + maxAgeMs + 1)).toBe('staple-outdated')
    expect(verified(plant, text).ageMs).toBeUndefined()
  },
)

test(
  'with a clock no witness may be ahead of it by more than the skew',
  { tags: ['STP-5'] },
  () => {
    const text = stapleAt(NOW_MS + HOUR_MS, NOW_MS)
    const at = (nowMs: number): unknown =>
      stapleRefusal(plant, text, { nowMs, maxAgeMs: 2 * HOUR_MS })
    expect(at(NOW_MS + HOUR_MS - skewMs)).toBeUndefined()
    expect(at(NOW_MS + HOUR_MS - skewMs - 1)).toBe('staple-future')
    // A clock that is a little behind says that it was made just now, and nothing less.
    const now = stapleAt(NOW_MS + skewMs, NOW_MS + skewMs)
    expect(verified(plant, now, { nowMs: NOW_MS, maxAgeMs: 0 }).ageMs).toBe(0)
  },
)

test('with a clock the membership has to be valid still', { tags: ['STP-5'] }, () => {
  const text = stapleAt(NOW_MS, NOW_MS)
  const at = (nowMs: number): unknown =>
    stapleRefusal(plant, text, { nowMs, maxAgeMs: 2 * YEAR_MS })
  expect(at(ann.notAfterMs + skewMs - 1)).toBeUndefined()
  expect(at(ann.notAfterMs + skewMs)).toBe('membership-expired')
  expect(stapleRefusal(plant, text)).toBeUndefined()
})

test(
  'the admin changes up to the witnesses of now go with it',
  { tags: ['STP-2', 'STP-3'] },
  () => {
    const newcomer = adminSigner(pooled(8))
    const first = adminChange(plant, { by: plant.admins, add: [newcomer], kAdmin: 3 })
    const second = adminChange(plant, {
      by: [...plant.admins, newcomer],
      prev: idOf(first),
      addWitnesses: [adminSigner(pooled(9))],
      removeWitnesses: [one!.did],
      kAdmin: 3,
      kWitness: 3,
    })
    const witnesses = [two!, three!, adminSigner(pooled(9))]
    // Whom the first admins admitted, all of them have signed: so it counts after the changes as well.
    const member = grant(plant, person(0), { admins: plant.admins })
    const set = withAll(plant.empty, first, second, member.text)
    const beacons = witnesses.map((witness) => wordOf(set, witness))
    const text = stapleOf(set, member.did, { beacons })
    expect(verified(plant, text).words).toHaveLength(3)
    expect(refusalCode(() => stapleOf(set, member.did, { beacons: beacons.slice(1) }))).toBe(
      'staple-not-ready',
    )
  },
)

test('an enroller goes with whom it admitted', { tags: ['STP-2'] }, () => {
  const gate = adminSigner(person(5))
  const credential = enrollerCredential(plant, { enroller: gate })
  const narrow = enrollerCredential(plant, { enroller: gate, roles: ['guest'] })
  const text = enrolled(plant, { enroller: gate, member: person(2) })
  const set = withAll(both, narrow, credential, text)
  const staple = stapleOf(set, person(2).did, { beacons: wordsOf(plant, set) })
  expect(verified(plant, staple).membership).toMatchObject({ issuer: gate.did, text })
  expect(staple).toContain('WarrenEnrollerCredential')
  expect(stapleOf(set, ann.did, { beacons: wordsOf(plant, set) })).not.toContain(
    'WarrenEnrollerCredential',
  )
})

test('who came back shows its new generation', { tags: ['STP-3', 'STP-7'] }, () => {
  const gone = revoked(plant, person(0))
  const renewed = person(2)
  const back = grant(plant, { ...renewed, log: { ...renewed.log, did: ann.did } }, { gen: 2 })
  const way = readmission(plant, { member: person(0), gen: 2, keys: back.keys, ref: idOf(gone) })
  const set = withAll(both, gone, way, back.text)
  const staple = stapleOf(set, ann.did, { beacons: wordsOf(plant, set) })
  expect(verified(plant, staple).membership).toMatchObject({ gen: 2, id: back.id })
})

test.for<{ who: string; set: RecordSet; code: string }>([
  { who: 'is no member', set: withAll(plant.empty, ben.text), code: 'not-a-member' },
  { who: 'is revoked', set: withAll(both, revoked(plant, person(0))), code: 'membership-revoked' },
  {
    who: 'is quarantined',
    set: withAll(both, quarantine(plant, person(0))),
    code: 'membership-quarantined',
  },
])('a node makes none for who $who', { tags: ['STP-7'] }, ({ set, code }) => {
  const beacons = wordsOf(plant, set)
  expect(refusalCode(() => stapleOf(set, ann.did, { beacons }))).toBe(code)
})

test(
  'none is made in a mesh without witnesses, and none is believed there',
  { tags: ['STP-3', 'STP-7'] },
  () => {
    const alone = witnessedMesh({ witnesses: 0 })
    const member = grant(alone, person(0))
    const set = withAll(alone.empty, member.text)
    expect(refusalCode(() => stapleOf(set, member.did, { beacons: [] }))).toBe('unwitnessed')
    const { charter } = alone
    const made = JSON.parse(stapleOf(both, ann.did, { beacons: wordsOf(plant, both) })) as object
    const text = JSON.stringify({
      ...made,
      charter: charter.text,
      membership: member.text,
      mesh: charter.meshId,
      witnesses: [],
    })
    expect(stapleRefusal(alone, text)).toBe('staple-unproved')
  },
)

test(
  'a node waits until enough witnesses say of the members what it knows',
  { tags: ['STP-7'] },
  () => {
    const old = wordsOf(plant, withAll(plant.empty, ann.text))
    const make = (beacons: readonly Beacon[]): string => stapleOf(both, ann.did, { beacons })
    expect(refusalCode(() => make([]))).toBe('staple-not-ready')
    expect(refusalCode(() => make(old))).toBe('staple-not-ready')
    expect(refusalCode(() => make([wordOf(both, one!)]))).toBe('staple-not-ready')
    // One that knows less does not keep the others from counting.
    const third = wordOf(both, three!, NOW_MS + MINUTE_MS)
    expect(stapleRefusal(plant, make([old[0]!, wordOf(both, two!), third]))).toBeUndefined()
  },
)

test('words of different times and roots go together', { tags: ['STP-4', 'STP-7'] }, () => {
  const set = withAll(both, quarantine(plant, person(1), { hours: 1 }))
  const during = wordOf(set, one!, NOW_MS + MINUTE_MS)
  const after = wordOf(set, two!, NOW_MS + HOUR_MS)
  expect(during.memberRoot).not.toBe(after.memberRoot)
  const nowMs = NOW_MS + HOUR_MS
  const text = stapleOf(set, ann.did, { beacons: [during, after], nowMs })
  expect(verified(plant, text).asOfMs).toBe(NOW_MS + MINUTE_MS)
  // Whoever was kept out at one of the two times has only one word.
  expect(refusalCode(() => stapleOf(set, ben.did, { beacons: [during, after], nowMs }))).toBe(
    'staple-not-ready',
  )
})

test(
  'a witness that has contradicted itself, or is none any more, is left out',
  { tags: ['STP-7'] },
  () => {
    const proof = forkProof(
      plant,
      beacon(plant, one!, { seq: 1 }),
      beacon(plant, one!, { seq: 1, removalCount: 1 }),
    )
    const forked = withAll(both, proof)
    const beacons = [one!, two!].map((witness) => wordOf(forked, witness))
    expect(refusalCode(() => stapleOf(forked, ann.did, { beacons }))).toBe('staple-not-ready')
    const member = grant(plant, person(0), { admins: plant.admins })
    const change = adminChange(plant, { by: plant.admins, removeWitnesses: [one!.did] })
    const early = withAll(plant.empty, member.text)
    const changed = withAll(early, change)
    const words = [wordOf(early, one!), wordOf(changed, two!)]
    expect(refusalCode(() => stapleOf(changed, member.did, { beacons: words }))).toBe(
      'staple-not-ready',
    )
  },
)

test('what no verifier would read is not made', { tags: ['STP-1', 'STP-7'] }, () => {
  const { witnesses, admins, charter } = plant
  const member = grant(plant, person(0), { admins })
  const beacons = (set: RecordSet): readonly Beacon[] =>
    witnesses.slice(0, charter.kWitness).map((witness) => wordOf(set, witness))
  let [set, prev] = [withAll(plant.empty, member.text), charter.meshId]
  const change = (): void => {
    const text = adminChange(plant, { by: admins.slice(0, charter.kAdmin), prev })
    set = withAll(set, text)
    prev = set.tree.tip.head
  }
  for (let count = 0; count < 256; count += 1) change()
  expect(stapleRefusal(plant, stapleOf(set, member.did, { beacons: beacons(set) }))).toBeUndefined()
  change()
  expect(set.tree.reigns).toHaveLength(258)
  expect(refusalCode(() => stapleOf(set, member.did, { beacons: beacons(set) }))).toBe(
    'staple-too-large',
  )
})

test(
  'many members are called over a few at a time, and once for one root',
  { tags: ['STP-8'] },
  () => {
    const set = crowd(both, ann, 2 * ROLL_STEP)
    const roll = new MemberRoll(set, NOW_MS)
    let steps = 1
    while (roll.advance() === undefined) steps += 1
    expect(steps).toBeGreaterThan(2)
    const beacons = [NOW_MS, NOW_MS + MINUTE_MS].map((timeMs, at) =>
      wordOf(set, plant.witnesses[at]!, timeMs),
    )
    const draft = new StapleDraft({ set, did: ann.did, beacons, nowMs: NOW_MS })
    // One step more: the second word is over the root of the first.
    for (let step = 0; step < steps; step += 1) expect(draft.advance()).toBeUndefined()
    expect(stapleRefusal(plant, draft.advance()!.text)).toBeUndefined()
  },
)
