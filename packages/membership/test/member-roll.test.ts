import { multihashOf } from '@warren/identity'
import {
  type Beacon,
  decodeBeacon,
  type IdTrie,
  type Membership,
  type RecordSet,
  verifyInclusion,
  WitnessDuty,
  witnessContext,
} from '@warren/membership'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { MemberRoll, ROLL_STEP, rollEntry } from '../src/set/member-roll.ts'
import { edited, HOUR_MS, NOW_MS, refusalCode, suite, YEAR_MS } from './builders.ts'
import { BOOT_MS, ROOT } from './freshness/freshness-builders.ts'
import {
  adminChange,
  crowd,
  enrolled,
  enrollerCredential,
  grant,
  person,
  quarantine,
  readmission,
  idOf,
  revocation,
  revoked,
  withAll,
  witnessedMesh,
} from './record-builders.ts'

const plant = witnessedMesh()
const [self] = plant.witnesses
const { beaconMs, skewMs } = plant.charter.freshness
const ann = grant(plant, person(0))
const ben = grant(plant, person(1))
const both = withAll(plant.empty, ann.text, ben.text)

/** Everybody who is in a roll, without regard to how long it takes. */
function rollOf(set: RecordSet, timeMs = NOW_MS): IdTrie {
  const roll = new MemberRoll(set, timeMs)
  for (;;) {
    const members = roll.advance()
    if (members !== undefined) return members
  }
}

function entriesOf(...memberships: readonly Pick<Membership, 'did' | 'id'>[]): readonly string[] {
  return memberships.map(rollEntry).toSorted()
}

function membersOf(set: RecordSet, timeMs?: number): readonly string[] {
  return rollOf(set, timeMs).idsBelow('').toSorted()
}

/** Makes a beacon, however many calls it takes: at each of them the node knows the next of these sets, and at last the last one. */
function beaconOf(
  sets: readonly RecordSet[],
  duty = new WitnessDuty({ witness: self!, from: { firstWallMs: NOW_MS }, nowMs: BOOT_MS }),
  bootMs = BOOT_MS,
): { readonly beacon: Beacon; readonly timeMs: number; readonly calls: number } {
  for (let calls = 1; ; calls += 1) {
    const set = sets[Math.min(calls, sets.length) - 1]!
    const nowMs = bootMs + (calls - 1) * 10
    expect(duty.beaconDueMs(set, nowMs)).toBeLessThanOrEqual(nowMs)
    const state = duty.prepareBeacon({ set, nowMs, meshTime: undefined })
    if (state === undefined) continue
    return { ...duty.signBeacon(set, state)!, calls }
  }
}

test(
  'in a roll is who is a member in good standing, with the membership that counts',
  { tags: ['FRS-40'] },
  () => {
    expect(membersOf(plant.empty)).toEqual([])
    expect(membersOf(both)).toEqual(entriesOf(ann, ben))
    const renewed = grant(plant, person(0), { notBeforeMs: NOW_MS + HOUR_MS })
    const set = withAll(both, renewed.text)
    expect(membersOf(set, NOW_MS + HOUR_MS - skewMs - 1)).toEqual(entriesOf(ann, ben))
    expect(membersOf(set, NOW_MS + HOUR_MS - skewMs)).toEqual(entriesOf(renewed, ben))
  },
)

test('whoever is none, or not now, is not in it', { tags: ['FRS-40'] }, () => {
  expect(membersOf(withAll(both, revoked(plant, person(0))))).toEqual(entriesOf(ben))
  const byKey = revocation(plant, {
    targets: [{ keyHash: `z${multihashOf(suite, ann.keys[0]!)}` }],
  })
  expect(membersOf(withAll(both, byKey))).toEqual(entriesOf(ben))
  expect(membersOf(both, ann.notAfterMs + skewMs - 1)).toEqual(entriesOf(ann, ben))
  expect(membersOf(both, ann.notAfterMs + skewMs)).toEqual([])
  expect(membersOf(both, ann.notBeforeMs - skewMs - 1)).toEqual([])
})

test(
  'a quarantine takes a member out, and its end puts it in again, without a record',
  { tags: ['FRS-40'] },
  () => {
    const set = withAll(both, quarantine(plant, person(0), { hours: 2 }))
    expect(membersOf(set, NOW_MS)).toEqual(entriesOf(ben))
    expect(membersOf(set, NOW_MS + 2 * HOUR_MS - 1)).toEqual(entriesOf(ben))
    expect(membersOf(set, NOW_MS + 2 * HOUR_MS)).toEqual(entriesOf(ann, ben))
  },
)

test(
  'who came back is in it with the new membership, and who was enrolled is too',
  { tags: ['FRS-40'] },
  () => {
    const gone = revoked(plant, person(0))
    const renewed = person(2)
    const back = grant(plant, { ...renewed, log: { ...renewed.log, did: ann.did } }, { gen: 2 })
    const way = readmission(plant, { member: person(0), gen: 2, keys: back.keys, ref: idOf(gone) })
    const gate = plant.witnesses[0]!
    const credential = enrollerCredential(plant, { enroller: gate })
    const guest = enrolled(plant, { enroller: gate, member: person(3) })
    const set = withAll(both, gone, way, back.text, credential, guest)
    expect(membersOf(set)).toEqual(entriesOf(back, ben, { did: person(3).did, id: idOf(guest) }))
  },
)

test(
  'a root depends on what is known and on the time, in whatever order it came',
  { tags: ['FRS-40'] },
  () => {
    const texts = [
      ann.text,
      ben.text,
      grant(plant, person(4)).text,
      quarantine(plant, person(1), { hours: 3 }),
      revoked(plant, person(4)),
    ]
    const times = fc.integer({ min: -1, max: 4 }).map((hours) => NOW_MS + hours * HOUR_MS)
    fc.assert(
      fc.property(
        fc.shuffledSubarray(texts, { minLength: texts.length }),
        fc.array(fc.nat(texts.length)),
        times,
        (order, cuts, timeMs) => {
          let set = plant.empty
          for (const cut of cuts) set = set.accept(order.slice(0, cut)).set
          set = withAll(set, ...order)
          expect(rollOf(set, timeMs).root).toBe(rollOf(withAll(plant.empty, ...texts), timeMs).root)
        },
      ),
      { numRuns: 20 },
    )
  },
)

test(
  'a beacon commits to the members at its own time, in whole seconds',
  { tags: ['FRS-40'] },
  () => {
    const set = withAll(both, quarantine(plant, person(0), { hours: 1 }))
    const endMs = NOW_MS + HOUR_MS
    const duty = new WitnessDuty({
      witness: self!,
      from: { firstWallMs: endMs - 1 },
      nowMs: BOOT_MS,
    })
    const before = beaconOf([set], duty).beacon
    expect(before.timeMs).toBe(endMs - 1_000)
    expect(before).toMatchObject({ memberRoot: rollOf(set, endMs - 1).root, memberCount: 1 })
    const after = beaconOf([set], duty, BOOT_MS + beaconMs).beacon
    expect(after).toMatchObject({ memberRoot: rollOf(set, endMs).root, memberCount: 2 })
  },
)

test(
  'many members are called over in steps, and the beacon remains due meanwhile',
  { tags: ['FRS-41'] },
  () => {
    expect(beaconOf([crowd(plant.empty, ann, ROLL_STEP - 1)]).calls).toBe(1)
    expect(beaconOf([crowd(plant.empty, ann, ROLL_STEP)]).calls).toBe(2)
    const many = crowd(plant.empty, ann, 2 * ROLL_STEP)
    const { beacon, calls } = beaconOf([many])
    expect(calls).toBeGreaterThan(2)
    expect(beacon).toMatchObject({ memberCount: 2 * ROLL_STEP, memberRoot: rollOf(many).root })
  },
)

test(
  'such a beacon is about the moment at which it was begun, whatever is learnt meanwhile',
  { tags: ['FRS-41'] },
  () => {
    const many = crowd(plant.empty, ann, 2 * ROLL_STEP)
    const { did, keys } = [...many.tables.memberships.values()].at(-1)![0]!.membership
    expect(keys).toHaveLength(2)
    const later = withAll(many, revocation(plant, { targets: [{ did, maxGen: 1 }] }))
    const duty = new WitnessDuty({ witness: self!, from: { firstWallMs: NOW_MS }, nowMs: BOOT_MS })
    const { beacon, timeMs, calls } = beaconOf([many, later], duty)
    expect(beacon).toMatchObject({
      timeMs: NOW_MS,
      memberRoot: rollOf(many).root,
      removalRoot: many.trie('removal').root,
    })
    // Its witness's own clock has gone on.
    expect(timeMs).toBe(NOW_MS + (calls - 1) * 10)
    const nowMs = BOOT_MS + (calls - 1) * 10
    expect(duty.beaconDueMs(later, nowMs)).toBe(nowMs + 2_000)
    expect(beaconOf([later], duty, nowMs + 2_000).beacon).toMatchObject({
      memberRoot: rollOf(later, NOW_MS).root,
      removalRoot: later.trie('removal').root,
    })
  },
)

test(
  'one that others have ahead of it in time is begun anew',
  { tags: ['FRS-41', 'FRS-14'] },
  () => {
    const many = crowd(plant.empty, ann, 2 * ROLL_STEP)
    const duty = new WitnessDuty({ witness: self!, from: { firstWallMs: NOW_MS }, nowMs: BOOT_MS })
    expect(duty.prepareBeacon({ set: many, nowMs: BOOT_MS, meshTime: undefined })).toBeUndefined()
    const own = { ...beaconOf([plant.empty]).beacon, seq: 7, timeMs: NOW_MS + HOUR_MS }
    duty.heard(own, BOOT_MS)
    expect(beaconOf([many], duty).beacon).toMatchObject({ seq: 8, timeMs: NOW_MS + HOUR_MS })
  },
)

test(
  'one that was begun by a wall clock is begun anew when the mesh says that it is earlier',
  { tags: ['FRS-41', 'FRS-14'] },
  () => {
    const many = crowd(plant.empty, ann, 2 * ROLL_STEP)
    const duty = new WitnessDuty({
      witness: self!,
      from: { firstWallMs: NOW_MS + YEAR_MS },
      nowMs: BOOT_MS,
    })
    let state = duty.prepareBeacon({ set: many, nowMs: BOOT_MS, meshTime: undefined })
    expect(state).toBeUndefined()
    const meshTimeMs = NOW_MS + HOUR_MS
    const meshTime = { earliestMs: meshTimeMs, latestMs: meshTimeMs }
    while (state === undefined) state = duty.prepareBeacon({ set: many, nowMs: BOOT_MS, meshTime })
    const { beacon, timeMs } = duty.signBeacon(many, state)!
    expect(beacon.timeMs).toBeLessThanOrEqual(meshTimeMs)
    expect(timeMs).toBeGreaterThanOrEqual(beacon.timeMs)
  },
)

test(
  'whoever is no witness any more does not end what it has begun',
  { tags: ['FRS-41', 'FRS-15'] },
  () => {
    const many = crowd(plant.empty, ann, 2 * ROLL_STEP)
    const [, other] = plant.witnesses
    const without = withAll(
      many,
      adminChange(plant, { by: plant.admins, removeWitnesses: [self!.did], kWitness: 1 }),
    )
    const duty = new WitnessDuty({ witness: self!, from: { firstWallMs: NOW_MS }, nowMs: BOOT_MS })
    expect(duty.prepareBeacon({ set: many, nowMs: BOOT_MS, meshTime: undefined })).toBeUndefined()
    for (let call = 0; call < 100; call += 1) {
      const question = { set: without, nowMs: BOOT_MS + call, meshTime: undefined }
      expect(duty.prepareBeacon(question)).toBeUndefined()
    }
    expect(without.tree.tip.witnesses.map(({ did }) => did)).toContain(other!.did)
  },
)

test.for([
  { what: 'without a root of the members', changes: { memberRoot: undefined } },
  { what: 'without their number', changes: { memberCount: undefined } },
  { what: 'with a root that is none', changes: { memberRoot: ROOT.toUpperCase() } },
  { what: 'with a shorter root', changes: { memberRoot: ROOT.slice(1) } },
  { what: 'with a number that is none', changes: { memberCount: -1 } },
])('a beacon $what is refused', { tags: ['FRS-1', 'FRS-40'] }, ({ changes }) => {
  const text = edited(beaconOf([both]).beacon.text, (record) => {
    for (const [key, value] of Object.entries(changes)) {
      if (value === undefined) delete record[key]
      else record[key] = value
    }
  })
  expect(refusalCode(() => decodeBeacon(witnessContext(both), text))).toBe('record-malformed')
})

test(
  'one root is good for every member, and for nobody who was taken away',
  { tags: ['FRS-40', 'REC-40'] },
  () => {
    const set = withAll(both, revoked(plant, person(1)))
    const members = rollOf(set)
    const { memberRoot: root } = beaconOf([set]).beacon
    const proof = members.prove(rollEntry(ann))!
    verifyInclusion({ suite, root, id: rollEntry(ann), proof })
    expect(members.prove(rollEntry(ben))).toBeUndefined()
    const before = rollOf(both).prove(rollEntry(ben))!
    expect(
      refusalCode(() => verifyInclusion({ suite, root, id: rollEntry(ben), proof: before })),
    ).toBe('inclusion-unproved')
  },
)
