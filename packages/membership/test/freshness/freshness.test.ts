import { Freshness, unwitnessedTime } from '@warren/membership'
import { expect, test } from 'vitest'
import { NOW_MS } from '../builders.ts'
import {
  anchored,
  answer,
  beacon,
  BOOT_MS,
  HIDDEN,
  judged,
  LIMITS,
  nonce,
  panel,
  ROOT,
  W1,
  W2,
  W3,
  withBeacons,
} from './freshness-builders.ts'

const { beaconMs, warnMs, denyMs, stopMs, skewMs } = LIMITS

test('after boot nothing is trusted until kw witnesses have answered', { tags: ['FRS-4'] }, () => {
  const booted = Freshness.boot({ panel: panel(), bounds: [], nowMs: BOOT_MS })
  const beacons = [W1, W2, W3].map((witness) => beacon(witness, 1, { at: 0 }))
  const heard = withBeacons(booted, BOOT_MS, beacons)
  expect(heard.judge(BOOT_MS)).toMatchObject({
    state: 'stop',
    why: 'boot',
    meshTimeMs: undefined,
    missing: [W1, W2, W3].map((witness) => ({ witness, why: 'unanswered' })),
  })
  const one = answer(heard, beacon(W1, 1, { at: 0 }), { nowMs: BOOT_MS }).freshness
  expect(one.judge(BOOT_MS)).toMatchObject({ state: 'stop', why: 'boot' })
  const two = answer(one, beacon(W2, 1, { at: 0 }), { nowMs: BOOT_MS }).freshness
  expect(two.judge(BOOT_MS)).toMatchObject({
    state: 'fresh',
    why: 'age',
    ageMs: 0,
    meshTimeMs: NOW_MS,
    counted: [
      { witness: W1, seq: 1, ageMs: 0 },
      { witness: W2, seq: 1, ageMs: 0 },
    ],
    missing: [{ witness: W3, why: 'unanswered' }],
  })
})

test.for([
  { elapsedMs: warnMs - 1, state: 'fresh' },
  { elapsedMs: warnMs, state: 'fresh' },
  { elapsedMs: warnMs + 1, state: 'aging' },
  { elapsedMs: denyMs - 1, state: 'aging' },
  { elapsedMs: denyMs, state: 'aging' },
  { elapsedMs: denyMs + 1, state: 'deny-new' },
  { elapsedMs: stopMs - 1, state: 'deny-new' },
  { elapsedMs: stopMs, state: 'deny-new' },
  { elapsedMs: stopMs + 1, state: 'stop' },
])('$elapsedMs ms without a beacon are $state', { tags: ['FRS-6'] }, ({ elapsedMs, state }) => {
  expect(judged(anchored(), elapsedMs)).toMatchObject({ state, ageMs: elapsedMs })
})

test('the age is that of the kw-th newest, not of the newest', { tags: ['FRS-5'] }, () => {
  const one = withBeacons(anchored(), BOOT_MS + beaconMs, [beacon(W1, 2, { at: beaconMs })])
  expect(judged(one, beaconMs)).toMatchObject({ ageMs: beaconMs })
  const both = withBeacons(one, BOOT_MS + beaconMs, [beacon(W2, 2, { at: beaconMs })])
  expect(judged(both, beaconMs)).toMatchObject({ ageMs: 0 })
})

test('a beacon that was held back an hour is an hour old', { tags: ['FRS-5'] }, () => {
  const hourMs = 3_600_000
  const late = [W1, W2].map((witness) => beacon(witness, 2, { at: 1_000 }))
  const freshness = withBeacons(anchored(), BOOT_MS + hourMs, late)
  expect(judged(freshness, hourMs)).toMatchObject({ state: 'stop', ageMs: hourMs - 1_000 })
})

test(
  'a beacon is at least as old as the time since it came, whatever its time',
  { tags: ['FRS-5'] },
  () => {
    const ahead = [W1, W2].map((witness) => beacon(witness, 2, { at: skewMs }))
    const freshness = withBeacons(anchored(), BOOT_MS, ahead)
    expect(judged(freshness, 0)).toMatchObject({ ageMs: 0 })
    expect(judged(freshness, 10)).toMatchObject({ ageMs: 10 })
  },
)

test(
  'a witness that has not answered a nonce of this boot does not count',
  { tags: ['FRS-5'] },
  () => {
    const told = withBeacons(anchored(), BOOT_MS + denyMs + 1, [
      beacon(W1, 2, { at: denyMs }),
      beacon(W3, 2, { at: denyMs }),
    ])
    expect(judged(told, denyMs + 1)).toMatchObject({
      state: 'deny-new',
      missing: [{ witness: W3, why: 'unanswered' }],
    })
    const { freshness } = answer(told, beacon(W3, 2, { at: denyMs }), {
      nowMs: BOOT_MS + denyMs + 1,
      at: denyMs + 1,
    })
    expect(judged(freshness, denyMs + 1)).toMatchObject({ state: 'fresh', missing: [] })
  },
)

test(
  'a beacon is as old as its own witness says, even if another makes mesh time late',
  { tags: ['FRS-5'] },
  () => {
    const booted = Freshness.boot({ panel: panel(), bounds: [], nowMs: BOOT_MS })
    // W2 lies: by its word it is half an hour earlier than it is, and the beacons of W1 are held back for that long.
    const behindMs = 1_800_000
    const lied = answer(booted, beacon(W2, 1, { at: -behindMs }), { nowMs: BOOT_MS }).freshness
    const old = beacon(W1, 1, { at: -behindMs })
    const { freshness } = answer(lied, old, { nowMs: BOOT_MS, at: 0 })
    expect(judged(freshness, 0)).toMatchObject({ meshTimeMs: NOW_MS - behindMs, ageMs: behindMs })
  },
)

test(
  'mesh time is the kw-th largest, so one witness cannot push it ahead',
  { tags: ['FRS-4'] },
  () => {
    const dayMs = 86_400_000
    const booted = Freshness.boot({ panel: panel(), bounds: [], nowMs: BOOT_MS })
    const lied = answer(booted, beacon(W3, 1, { at: dayMs }), { nowMs: BOOT_MS }).freshness
    const one = answer(lied, beacon(W1, 1, { at: 3_000 }), { nowMs: BOOT_MS }).freshness
    expect(one.meshTimeMs(BOOT_MS)).toBe(NOW_MS + 3_000)
    const two = answer(one, beacon(W2, 1, { at: 5_000 }), { nowMs: BOOT_MS }).freshness
    expect(two.meshTimeMs(BOOT_MS)).toBe(NOW_MS + 5_000)
    expect(two.judge(BOOT_MS)).toMatchObject({ missing: [{ witness: W3, why: 'future' }] })
  },
)

test(
  'mesh time goes forward with kw witnesses that are ahead of it, and with fewer it does not',
  { tags: ['FRS-4'] },
  () => {
    const hourMs = 3_600_000
    const one = anchored().observeBeacon(beacon(W1, 2, { at: hourMs }), BOOT_MS)
    expect(one.outcome).toEqual({ status: 'refused', code: 'beacon-future' })
    expect(one.freshness.meshTimeMs(BOOT_MS)).toBe(NOW_MS)
    const two = one.freshness.observeBeacon(beacon(W2, 2, { at: hourMs + 1_000 }), BOOT_MS)
    expect(two.outcome).toEqual({ status: 'counts' })
    expect(two.freshness.meshTimeMs(BOOT_MS)).toBe(NOW_MS + hourMs)
    expect(judged(two.freshness, 0)).toMatchObject({ state: 'fresh' })
  },
)

test(
  'an answer counts from when it was asked for, so that holding it back makes nothing younger',
  { tags: ['FRS-4'] },
  () => {
    const booted = Freshness.boot({ panel: panel(), bounds: [], nowMs: BOOT_MS })
    const late = { nowMs: BOOT_MS + 10_000, sentMs: BOOT_MS }
    const one = answer(booted, beacon(W1, 1, { at: 0 }), late).freshness
    const two = answer(one, beacon(W2, 1, { at: 0 }), late).freshness
    expect(judged(two, 10_000)).toMatchObject({ ageMs: 10_000, meshTimeMs: NOW_MS + 10_000 })
  },
)

test(
  'a clock that an answer puts back stands still and does not go back',
  { tags: ['FRS-4'] },
  () => {
    // Our own clock ran a second faster than theirs.
    const nowMs = BOOT_MS + 600_000
    const said = [W1, W2].map((witness) => beacon(witness, 2, { at: 599_000 }))
    const again = said.reduce(
      (each, own) => answer(each, own, { nowMs, at: 599_000 }).freshness,
      anchored(),
    )
    expect(again.meshTimeMs(nowMs)).toBe(NOW_MS + 600_000)
    expect(again.meshTimeMs(nowMs + 1_000)).toBe(NOW_MS + 600_000)
    expect(again.meshTimeMs(nowMs + 1_001)).toBe(NOW_MS + 600_001)
  },
)

test(
  'mesh time runs on when no witness is left, and does not go back when others come',
  { tags: ['FRS-4'] },
  () => {
    const hourMs = 3_600_000
    const alone = anchored().recheck(panel({ forked: new Set([W1, W2, W3]) }), BOOT_MS)
    expect(alone.meshTimeMs(BOOT_MS + hourMs)).toBe(NOW_MS + hourMs)
    const others = alone.recheck(panel(), BOOT_MS + hourMs)
    const old = withBeacons(others, BOOT_MS + hourMs, [beacon(W3, 1, { at: 0 })])
    expect(old.meshTimeMs(BOOT_MS + hourMs)).toBe(NOW_MS + hourMs)
  },
)

test(
  'a beacon over a root that is not ours does not count until it is',
  { tags: ['FRS-3'] },
  () => {
    const nowMs = BOOT_MS + beaconMs
    const said = [W1, W2].map((witness) => beacon(witness, 2, { at: beaconMs, root: HIDDEN }))
    expect(anchored().observeBeacon(said[0]!, nowMs).outcome).toEqual({ status: 'held' })
    const held = withBeacons(anchored(), nowMs, said)
    expect(held.judge(nowMs)).toMatchObject({ ageMs: beaconMs })
    const learned = held.recheck(panel({ isCovered: () => true }), nowMs)
    expect(learned.judge(nowMs)).toMatchObject({ ageMs: 0 })
    // What counted goes on counting when the history of our roots has forgotten its root.
    const later = learned.recheck(panel({ isCovered: () => false }), nowMs)
    expect(later.judge(nowMs)).toMatchObject({ ageMs: 0 })
  },
)

test(
  'a witness of which nothing but hidden roots is heard is named as such',
  { tags: ['FRS-3'] },
  () => {
    const booted = Freshness.boot({ panel: panel(), bounds: [], nowMs: BOOT_MS })
    const said = [W1, W2].map((witness) => beacon(witness, 1, { at: 0, root: HIDDEN }))
    const told = said.reduce((each, own) => answer(each, own, { nowMs: BOOT_MS }).freshness, booted)
    expect(told.judge(BOOT_MS)).toMatchObject({
      state: 'stop',
      why: 'witnesses',
      ageMs: undefined,
      missing: [
        { witness: W1, why: 'uncovered' },
        { witness: W2, why: 'uncovered' },
        { witness: W3, why: 'silent' },
      ],
    })
  },
)

test.for([
  { name: 'just within the skew', at: skewMs - 1_000, outcome: { status: 'counts' } },
  { name: 'on the skew', at: skewMs, outcome: { status: 'counts' } },
  {
    name: 'beyond the skew',
    at: skewMs + 1_000,
    outcome: { status: 'refused', code: 'beacon-future' },
  },
])('a beacon $name ahead of mesh time: $outcome.status', { tags: ['FRS-7'] }, ({ at, outcome }) => {
  expect(anchored().observeBeacon(beacon(W1, 2, { at }), BOOT_MS).outcome).toEqual(outcome)
})

test.for([
  { name: 'a lower number', seq: 4, at: 60_000, code: 'beacon-old' },
  { name: 'a lower number with a later time', seq: 4, at: 61_000, code: 'beacon-time-back' },
  { name: 'a higher number with an earlier time', seq: 6, at: 59_000, code: 'beacon-time-back' },
])('$name is refused', { tags: ['FRS-7'] }, ({ seq, at, code }) => {
  const nowMs = BOOT_MS + 60_000
  const known = withBeacons(anchored(), nowMs, [beacon(W1, 5, { at: 60_000 })])
  const { outcome, freshness } = known.observeBeacon(beacon(W1, seq, { at }), nowMs)
  expect(outcome).toEqual({ status: 'refused', code })
  expect(freshness).toBe(known)
})

test('what was seen before a restart is not gone behind', { tags: ['FRS-7'] }, () => {
  const seen = beacon(W1, 5, { at: 60_000, root: HIDDEN })
  const booted = Freshness.boot({ panel: panel(), bounds: [seen], nowMs: BOOT_MS })
  expect(booted.bounds()).toEqual([seen])
  const replayed = booted.observeBeacon(beacon(W1, 4, { at: 0 }), BOOT_MS)
  expect(replayed.outcome).toEqual({ status: 'refused', code: 'beacon-old' })
  expect(booted.observeBeacon(seen, BOOT_MS).outcome).toEqual({ status: 'known' })
  const next = booted.observeBeacon(beacon(W1, 6, { at: 60_000 }), BOOT_MS)
  expect(next.outcome).toEqual({ status: 'counts' })
  // Mesh time does not begin before it either.
  const told = [W2, W3].reduce(
    (each, own) => answer(each, beacon(own, 1, { at: 0 }), { nowMs: BOOT_MS }).freshness,
    next.freshness.observeBeacon(beacon(W3, 1, { at: 0 }), BOOT_MS).freshness,
  )
  expect(told.meshTimeMs(BOOT_MS)).toBe(NOW_MS)
  const both = Freshness.boot({
    panel: panel(),
    bounds: [seen, beacon(W2, 9, { at: 50_000 })],
    nowMs: BOOT_MS,
  })
  const late = [W1, W3].reduce(
    (each, own) =>
      answer(each, beacon(own, 6, { at: 60_000 }), { nowMs: BOOT_MS, at: 60_000 }).freshness,
    both,
  )
  expect(late.meshTimeMs(BOOT_MS)).toBe(NOW_MS + 60_000)
})

test(
  'a nonce is answered once by each witness, in its time, and in this boot',
  { tags: ['FRS-2'] },
  () => {
    const booted = Freshness.boot({ panel: panel(), bounds: [], nowMs: BOOT_MS })
    const opened = booted.openNonce(nonce(7), BOOT_MS)
    const said = beacon(W1, 1, { at: 0 })
    const response = { nonce: nonce(7), witness: W1, timeMs: NOW_MS, beacon: said }
    const unknown = { status: 'refused', code: 'nonce-unknown' }
    expect(booted.observeResponse(response, BOOT_MS).outcome).toEqual(unknown)
    expect(opened.observeResponse({ ...response, nonce: nonce(8) }, BOOT_MS).outcome).toEqual(
      unknown,
    )
    const inTime = opened.observeResponse(response, BOOT_MS + 10_000)
    expect(inTime.outcome).toEqual({ status: 'counts' })
    expect(opened.observeResponse(response, BOOT_MS + 10_001).outcome).toEqual(unknown)
    expect(opened.isOpen(nonce(7), BOOT_MS + 10_000)).toBe(true)
    expect(opened.isOpen(nonce(7), BOOT_MS + 10_001)).toBe(false)
    const again = inTime.freshness.observeResponse(
      { ...response, timeMs: NOW_MS + 5_000 },
      BOOT_MS + 10_000,
    )
    expect(again.outcome).toEqual({ status: 'known' })
    expect(again.freshness).toBe(inTime.freshness)
  },
)

test(
  'four nonces wait at one time; the fifth takes the place of the oldest',
  { tags: ['FRS-16'] },
  () => {
    const booted = Freshness.boot({ panel: panel(), bounds: [], nowMs: BOOT_MS })
    const opened = [1, 2, 3, 4, 5].reduce(
      (each, fill) => each.openNonce(nonce(fill), BOOT_MS),
      booted,
    )
    expect([1, 2, 3, 4, 5].map((fill) => opened.isOpen(nonce(fill), BOOT_MS))).toEqual([
      false,
      true,
      true,
      true,
      true,
    ])
  },
)

test('nobody but a witness in force is remembered', { tags: ['FRS-16'] }, () => {
  const freshness = anchored([W1, W2], { witnesses: [W1, W2] })
  const { outcome } = freshness.observeBeacon(beacon(W3, 1, { at: 0 }), BOOT_MS)
  expect(outcome).toEqual({ status: 'refused', code: 'witness-unknown' })
  const fewer = freshness.recheck(panel({ witnesses: [W1, W3] }), BOOT_MS)
  expect(fewer.bounds().map(({ witness }) => witness)).toEqual([W1])
})

test(
  'with fewer than kw sound witnesses a node allows nothing new, and in the end nothing',
  { tags: ['FRS-9'] },
  () => {
    const all = anchored([W1, W2, W3])
    const one = all.recheck(panel({ forked: new Set([W3]) }), BOOT_MS)
    expect(judged(one, 0)).toMatchObject({
      state: 'fresh',
      missing: [{ witness: W3, why: 'forked' }],
    })
    const two = all.recheck(panel({ forked: new Set([W2, W3]) }), BOOT_MS)
    expect(judged(two, 0)).toMatchObject({ state: 'deny-new', why: 'witnesses', ageMs: undefined })
    expect(judged(two, stopMs)).toMatchObject({ state: 'deny-new' })
    expect(judged(two, stopMs + 1)).toMatchObject({ state: 'stop' })
  },
)

test(
  'where more witnesses are needed than count, what has begun goes on as long as it would have before',
  { tags: ['FRS-26'] },
  () => {
    const alone = anchored([W1], { witnesses: [W1], kWitness: 1 })
    const changed = alone.recheck(panel({ witnesses: [W1, W2] }), BOOT_MS + warnMs)
    expect(judged(changed, warnMs)).toMatchObject({ state: 'deny-new', why: 'witnesses' })
    expect(judged(changed, stopMs)).toMatchObject({ state: 'deny-new' })
    expect(judged(changed, stopMs + 1)).toMatchObject({ state: 'stop' })
    // Neither another change nor a beacon of whoever has not answered makes that younger.
    const nowMs = BOOT_MS + denyMs
    const again = withBeacons(changed.recheck(panel(), nowMs), nowMs, [
      beacon(W2, 1, { at: denyMs }),
    ])
    expect(judged(again, stopMs)).toMatchObject({ state: 'deny-new' })
    expect(judged(again, stopMs + 1)).toMatchObject({ state: 'stop' })
    const sound = answer(again, beacon(W2, 2, { at: denyMs }), { nowMs }).freshness
    expect(judged(sound, denyMs)).toMatchObject({ state: 'aging', why: 'age' })
  },
)

test(
  'who knew nothing before more witnesses were needed has nothing that could go on',
  { tags: ['FRS-26'] },
  () => {
    const booted = Freshness.boot({
      panel: panel({ witnesses: [W1], kWitness: 1 }),
      bounds: [],
      nowMs: BOOT_MS,
    })
    const changed = booted.recheck(panel(), BOOT_MS)
    expect(judged(changed, 0)).toMatchObject({ state: 'stop' })
    const old = anchored([W1], { witnesses: [W1], kWitness: 1 }).recheck(panel(), BOOT_MS + stopMs)
    expect(judged(old, stopMs + 1)).toMatchObject({ state: 'stop' })
  },
)

test(
  'where fewer have answered than are needed a node asks again, and soon where one of them is heard',
  { tags: ['FRS-26'] },
  () => {
    const one = anchored([W1], { witnesses: [W1], kWitness: 1 })
    expect(one.challengeDueMs(BOOT_MS)).toBe(BOOT_MS + 600_000)
    const two = one.recheck(panel({ witnesses: [W1, W2] }), BOOT_MS)
    expect(two.challengeDueMs(BOOT_MS)).toBe(BOOT_MS + 10_000)
    const heard = withBeacons(two, BOOT_MS, [beacon(W2, 1, { at: 0 })])
    expect(heard.challengeDueMs(BOOT_MS)).toBe(BOOT_MS + 3_000)
    const nowMs = BOOT_MS + 3_000
    const both = answer(heard, beacon(W2, 2, { at: 3_000 }), { nowMs }).freshness
    expect(both.challengeDueMs(nowMs)).toBe(nowMs + 600_000)
    expect(both.judge(nowMs)).toMatchObject({ state: 'fresh' })
  },
)

test(
  'a mesh without witnesses says so, and its time is the wall clock that never goes back',
  { tags: ['FRS-8'] },
  () => {
    const freshness = anchored([], { witnesses: [], kWitness: 0 })
    expect(judged(freshness, 10 * stopMs)).toMatchObject({
      state: 'unwitnessed',
      why: 'unwitnessed',
      ageMs: undefined,
    })
    expect(unwitnessedTime(NOW_MS, NOW_MS - 1)).toBe(NOW_MS)
    expect(unwitnessedTime(NOW_MS, NOW_MS)).toBe(NOW_MS)
    expect(unwitnessedTime(NOW_MS - 1, NOW_MS)).toBe(NOW_MS)
  },
)

test('a node that is the only witness is its own authority', { tags: ['FRS-17'] }, () => {
  const alone = panel({ witnesses: [W1], kWitness: 1 })
  const booted = Freshness.boot({ panel: alone, bounds: [], nowMs: BOOT_MS })
  const own = { beacon: beacon(W1, 1, { at: 0 }), timeMs: NOW_MS + 500 }
  // Coming back from somebody else it is a beacon like any other, and anchors nothing.
  expect(booted.observeBeacon(own.beacon, BOOT_MS).freshness.judge(BOOT_MS)).toMatchObject({
    why: 'boot',
  })
  const { freshness, outcome } = booted.observeOwn(own, BOOT_MS)
  expect(outcome).toEqual({ status: 'counts' })
  expect(judged(freshness, 0)).toMatchObject({ state: 'fresh', meshTimeMs: NOW_MS + 500 })
})

test(
  'the beacon of a node that is a witness counts as the one of one witness',
  { tags: ['FRS-17'] },
  () => {
    const booted = Freshness.boot({ panel: panel(), bounds: [], nowMs: BOOT_MS })
    const own = booted.observeOwn({ beacon: beacon(W1, 1, { at: 0 }), timeMs: NOW_MS }, BOOT_MS)
    expect(own.freshness.judge(BOOT_MS)).toMatchObject({ state: 'stop', why: 'boot' })
    const { freshness } = answer(own.freshness, beacon(W2, 1, { at: 0 }), { nowMs: BOOT_MS })
    expect(freshness.judge(BOOT_MS)).toMatchObject({ state: 'fresh' })
  },
)

test(
  'a challenge is due at once, until kw have answered, and sooner while a witness waits for one',
  { tags: ['FRS-2'] },
  () => {
    const booted = Freshness.boot({ panel: panel(), bounds: [], nowMs: BOOT_MS })
    expect(booted.challengeDueMs(BOOT_MS)).toBe(BOOT_MS)
    expect(booted.openNonce(nonce(1), BOOT_MS).challengeDueMs(BOOT_MS)).toBe(BOOT_MS + 10_000)
    expect(anchored().challengeDueMs(BOOT_MS)).toBe(BOOT_MS + 600_000)
    const waiting = withBeacons(anchored(), BOOT_MS, [beacon(W3, 1, { at: 0 })])
    expect(waiting.challengeDueMs(BOOT_MS)).toBe(BOOT_MS + beaconMs)
  },
)

test(
  'an answer whose beacon was overtaken by the next one is an answer all the same',
  { tags: ['FRS-2'] },
  () => {
    const told = withBeacons(anchored([W1]), BOOT_MS, [beacon(W2, 3, { at: 2_000 })])
    const { freshness, outcome } = answer(told, beacon(W2, 2, { at: 0 }), {
      nowMs: BOOT_MS,
      at: 2_000,
    })
    expect(outcome).toEqual({ status: 'refused', code: 'beacon-old' })
    expect(freshness.judge(BOOT_MS)).toMatchObject({ state: 'fresh' })
  },
)

test(
  'the root that a beacon names is what counts, for each of its witnesses',
  { tags: ['FRS-3'] },
  () => {
    const nowMs = BOOT_MS + beaconMs
    const order = [
      beacon(W1, 2, { at: 10_000 }),
      beacon(W1, 3, { at: 20_000, root: HIDDEN }),
      beacon(W2, 2, { at: 20_000, root: ROOT }),
    ]
    // The newest of W1 does not count: the one before it does.
    expect(withBeacons(anchored(), nowMs, order).judge(nowMs)).toMatchObject({
      ageMs: beaconMs - 10_000,
    })
  },
)

test('a clock that is put back makes no beacon younger', { tags: ['FRS-5'] }, () => {
  const told = answer(anchored([W2, W3]), beacon(W1, 1, { at: 20_000 }), {
    nowMs: BOOT_MS,
    at: 50_000,
  }).freshness
  const ageOf = (freshness: Freshness, elapsedMs: number): number | undefined =>
    judged(freshness, elapsedMs).counted.find(({ witness }) => witness === W1)?.ageMs
  expect(ageOf(told, 0)).toBe(30_000)
  const again = { nowMs: BOOT_MS + 1, at: 45_000 }
  const back = answer(told, beacon(W1, 1, { at: 20_000 }), again).freshness
  expect(ageOf(back, 1)).toBe(30_001)
  // It stands still from there, and the time since the beacon came does not.
  const aheadMs = skewMs
  const ahead = withBeacons(anchored([W1, W2]), BOOT_MS, [beacon(W1, 2, { at: aheadMs })])
  const put = answer(ahead, beacon(W1, 1, { at: 0 }), again).freshness
  expect(ageOf(put, 10_000)).toBe(10_000)
})

test('a witness whose clock is behind is as old as mesh time makes it', { tags: ['FRS-5'] }, () => {
  const behind = beacon(W1, 1, { at: -50_000 })
  const { freshness } = answer(anchored([W2, W3]), behind, { nowMs: BOOT_MS })
  expect(judged(freshness, 0).counted).toContainEqual({ witness: W1, seq: 1, ageMs: 50_000 })
})

test('mesh time does not go back when other witnesses come into force', { tags: ['FRS-4'] }, () => {
  const hourMs = 3_600_000
  const all = withBeacons(anchored(), BOOT_MS, [beacon(W3, 1, { at: -hourMs })])
  const others = all.recheck(panel({ witnesses: [W2, W3] }), BOOT_MS + hourMs)
  expect(others.meshTimeMs(BOOT_MS + hourMs)).toBe(NOW_MS + hourMs)
})
