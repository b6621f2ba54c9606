import {
  adminSigner,
  type AdminSigner,
  ANSWER_MS_MAX,
  type Beacon,
  type CheckpointRecord,
  decodeBeacon,
  decodeResponse,
  Freshness,
  type MeshTimeSpan,
  panelOf,
  type RecordSet,
  witnessContext,
  CHECKPOINT_MS_MIN,
  WitnessDuty,
  type WitnessState,
  writeAdminChange,
} from '@warren/membership'
import { expect, test } from 'vitest'
import { CHECKPOINT_IDS_MAX } from '../../src/records/read-checkpoint.ts'
import { NOW_MS } from '../builders.ts'
import {
  checkpoint,
  grant,
  idOf,
  person,
  revoked,
  signed,
  type WitnessedMesh,
  witnessedMesh,
  withAll,
} from '../record-builders.ts'
import { BOOT_MS } from './freshness-builders.ts'

const plant = witnessedMesh()
const { beaconMs } = plant.charter.freshness
const [self, other] = plant.witnesses
const DAY_MS = 86_400_000
/** The last moment of the last year of four digits. */
const END_MS = Date.UTC(10_000, 0, 1) - 1

function first(wallMs = NOW_MS, nowMs = BOOT_MS): WitnessDuty {
  return new WitnessDuty({ witness: self!, from: { firstWallMs: wallMs }, nowMs })
}

function again(from: WitnessState, nowMs = BOOT_MS): WitnessDuty {
  return new WitnessDuty({ witness: self!, from, nowMs })
}

interface Asked {
  readonly nowMs: number
  readonly set?: RecordSet
  readonly meshTime?: MeshTimeSpan
}

/** Mesh time that is known to the millisecond. */
function exactly(timeMs: number): MeshTimeSpan {
  return { earliestMs: timeMs, latestMs: timeMs }
}

/** Takes a number, makes it durable, signs. */
function beaconOf(
  duty: WitnessDuty,
  { nowMs, set = plant.empty, meshTime }: Asked,
): Beacon | undefined {
  const state = duty.prepareBeacon({ set, nowMs, meshTime })
  return state === undefined ? undefined : duty.signBeacon(set, state)?.beacon
}

function checkpointOf(
  duty: WitnessDuty,
  { nowMs, set = plant.empty, meshTime }: Asked,
): CheckpointRecord | undefined {
  const state = duty.prepareCheckpoint({ set, nowMs, meshTime })
  const text = state === undefined ? undefined : duty.signCheckpoint(set, state)
  const record = text === undefined ? undefined : set.decode(text)
  return record?.type === 'checkpoint' ? record : undefined
}

function grants(count: number, mesh: WitnessedMesh = plant): readonly string[] {
  return Array.from({ length: count }, (_, at) => grant(mesh, person(at)).text)
}

test(
  'a beacon says what the witness knows, with its next number and its time',
  { tags: ['FRS-13', 'FRS-15'] },
  () => {
    const duty = first()
    const set = withAll(plant.empty, revoked(plant, person(0)))
    const { root, count } = set.trie('removal')
    expect(beaconOf(duty, { nowMs: BOOT_MS, set })).toMatchObject({
      witness: self!.did,
      seq: 1,
      timeMs: NOW_MS,
      nextByMs: beaconMs,
      removalRoot: root,
      removalCount: count,
      checkpoint: undefined,
    })
    expect(beaconOf(duty, { nowMs: BOOT_MS + beaconMs, set })).toMatchObject({
      seq: 2,
      timeMs: NOW_MS + beaconMs,
    })
  },
)

test('a beacon is due at every interval', { tags: ['FRS-15'] }, () => {
  const duty = first()
  expect(duty.beaconDueMs(plant.empty, BOOT_MS)).toBe(BOOT_MS)
  expect(beaconOf(duty, { nowMs: BOOT_MS })).toBeDefined()
  expect(duty.beaconDueMs(plant.empty, BOOT_MS)).toBe(BOOT_MS + beaconMs)
  expect(beaconOf(duty, { nowMs: BOOT_MS + beaconMs - 1 })).toBeUndefined()
  expect(beaconOf(duty, { nowMs: BOOT_MS + beaconMs })).toBeDefined()
})

test('nothing is ever due where the node is no witness', { tags: ['FRS-15'] }, () => {
  const duty = new WitnessDuty({
    witness: adminSigner(person(0)),
    from: { firstWallMs: NOW_MS },
    nowMs: BOOT_MS,
  })
  const set = withAll(plant.empty, revoked(plant, person(1)))
  expect(duty.beaconDueMs(set, BOOT_MS + 10 * beaconMs)).toBeUndefined()
  expect(beaconOf(duty, { nowMs: BOOT_MS + 10 * beaconMs, set })).toBeUndefined()
})

test(
  'after the removals changed it is due at once, and two seconds after the last one',
  { tags: ['FRS-15'] },
  () => {
    const duty = first()
    beaconOf(duty, { nowMs: BOOT_MS })
    const given = withAll(plant.empty, ...grants(1))
    expect(duty.beaconDueMs(given, BOOT_MS)).toBe(BOOT_MS + beaconMs)
    const set = withAll(given, revoked(plant, person(0)))
    expect(beaconOf(duty, { nowMs: BOOT_MS + 1_999, set })).toBeUndefined()
    expect(beaconOf(duty, { nowMs: BOOT_MS + 2_000, set })).toBeDefined()
    expect(duty.beaconDueMs(set, BOOT_MS)).toBe(BOOT_MS + 2_000 + beaconMs)
  },
)

test(
  'nothing is signed under a number that is not the one that was stored',
  { tags: ['FRS-13'] },
  () => {
    const duty = first()
    const question = { set: plant.empty, meshTime: undefined }
    const one = duty.prepareBeacon({ ...question, nowMs: BOOT_MS })!
    const two = duty.prepareBeacon({ ...question, nowMs: BOOT_MS + beaconMs })!
    expect([one.seq, two.seq]).toEqual([1, 2])
    expect(duty.signBeacon(plant.empty, one)).toBeUndefined()
    expect(duty.signBeacon(plant.empty, two)?.beacon.seq).toBe(2)
    expect(duty.signBeacon(plant.empty, two)).toBeUndefined()
  },
)

test(
  'a number that somebody else has seen from this witness is taken',
  { tags: ['FRS-13'] },
  () => {
    const seen = beaconOf(again({ seq: 8, timeMs: NOW_MS + DAY_MS, checkpoint: undefined }), {
      nowMs: BOOT_MS,
    })!
    const duty = again({ seq: 3, timeMs: NOW_MS, checkpoint: undefined })
    duty.heard({ ...seen, witness: other!.did }, BOOT_MS)
    duty.heard({ ...seen, seq: 3 }, BOOT_MS)
    expect(beaconOf(duty, { nowMs: BOOT_MS })).toMatchObject({ seq: 4, timeMs: NOW_MS })
    duty.heard(seen, BOOT_MS + beaconMs)
    const next = beaconOf(duty, { nowMs: BOOT_MS + beaconMs })
    expect(next).toMatchObject({ seq: 10, timeMs: NOW_MS + DAY_MS })
  },
)

test(
  'a witness that has lost what it said and hears it from somebody says nothing earlier',
  { tags: ['FRS-13', 'FRS-14'] },
  () => {
    const from: WitnessState = { seq: 56, timeMs: NOW_MS + 25_000, checkpoint: undefined }
    const seen = beaconOf(again(from), { nowMs: BOOT_MS })!
    const question = { nowMs: BOOT_MS, meshTime: exactly(NOW_MS) }
    for (const wallMs of [0, NOW_MS, NOW_MS + DAY_MS]) {
      const duty = first(wallMs)
      duty.heard(seen, BOOT_MS)
      expect(beaconOf(duty, question)).toMatchObject({ seq: 58, timeMs: NOW_MS + 25_000 })
    }
    // What its operator vouches for is not lost with it.
    const duty = new WitnessDuty({
      witness: self!,
      from: { firstWallMs: NOW_MS },
      vouchedMs: NOW_MS + DAY_MS,
      nowMs: BOOT_MS,
    })
    duty.heard(seen, BOOT_MS)
    expect(beaconOf(duty, question)).toMatchObject({ seq: 58, timeMs: NOW_MS + DAY_MS })
  },
)

test(
  'over a restart its time goes on where it stopped, whatever the wall clock says',
  { tags: ['FRS-14'] },
  () => {
    const duty = first()
    const state = duty.prepareBeacon({
      set: plant.empty,
      nowMs: BOOT_MS + 5_500,
      meshTime: undefined,
    })!
    expect(state).toEqual({ seq: 1, timeMs: NOW_MS + 5_500, checkpoint: undefined })
    const later = again(state, 0)
    expect(beaconOf(later, { nowMs: 1_499 })).toMatchObject({ seq: 2, timeMs: NOW_MS + 6_000 })
  },
)

test(
  'only a witness that has never signed and knows no mesh time asks the wall clock',
  { tags: ['FRS-14'] },
  () => {
    expect(beaconOf(first(NOW_MS + DAY_MS), { nowMs: BOOT_MS })).toMatchObject({
      timeMs: NOW_MS + DAY_MS,
    })
    expect(
      beaconOf(first(NOW_MS + DAY_MS), {
        nowMs: BOOT_MS,
        meshTime: { earliestMs: NOW_MS + 20_000, latestMs: NOW_MS + 30_000 },
      }),
    ).toMatchObject({ timeMs: NOW_MS + 20_000 })
    // A clock that was never set does not say that the mesh is not founded yet.
    expect(beaconOf(first(0), { nowMs: BOOT_MS })).toMatchObject({
      timeMs: plant.charter.createdMs,
    })
  },
)

test(
  'a witness that was off follows the others, and does not run ahead of them',
  { tags: ['FRS-14'] },
  () => {
    const duty = again({ seq: 1, timeMs: NOW_MS, checkpoint: undefined })
    const earliestMs = NOW_MS + DAY_MS
    const meshTime = { earliestMs, latestMs: earliestMs + ANSWER_MS_MAX }
    expect(beaconOf(duty, { nowMs: BOOT_MS, meshTime })).toMatchObject({ timeMs: earliestMs })
    // Mesh time that is behind puts nothing back.
    const behind = { nowMs: BOOT_MS + beaconMs, meshTime: exactly(NOW_MS) }
    expect(beaconOf(duty, behind)).toMatchObject({ timeMs: earliestMs + beaconMs })
  },
)

test(
  'a checkpoint adds what the log has not: removals first, then by id',
  { tags: ['FRS-15'] },
  () => {
    const removals = [0, 1, 2].map((at) => revoked(plant, person(at)))
    const set = withAll(plant.empty, ...grants(3), ...removals)
    const record = checkpointOf(first(), { nowMs: BOOT_MS, set })!
    const ids = (part: 'removal' | 'grant'): readonly string[] =>
      set.trie(part).idsBelow('').toSorted()
    expect(record).toMatchObject({
      epoch: 1,
      prev: undefined,
      size: 6,
      added: [...ids('removal'), ...ids('grant')],
      removalRoot: set.trie('removal').root,
      adminHead: plant.charter.meshId,
      claimedMs: NOW_MS,
    })
  },
)

test(
  'the next one goes on after it, five seconds later, and only with something new',
  { tags: ['FRS-15'] },
  () => {
    const duty = first()
    const one = withAll(plant.empty, ...grants(1))
    expect(checkpointOf(duty, { nowMs: BOOT_MS })).toBeUndefined()
    const record = checkpointOf(duty, { nowMs: BOOT_MS, set: one })!
    const two = withAll(one, record.text)
    const more = withAll(two, revoked(plant, person(0)))
    expect(
      checkpointOf(duty, { nowMs: BOOT_MS + CHECKPOINT_MS_MIN - 1, set: more }),
    ).toBeUndefined()
    expect(checkpointOf(duty, { nowMs: BOOT_MS + CHECKPOINT_MS_MIN, set: two })).toBeUndefined()
    expect(checkpointOf(duty, { nowMs: BOOT_MS + CHECKPOINT_MS_MIN, set: more })).toMatchObject({
      epoch: 2,
      prev: record.id,
      size: 2,
      added: more.trie('removal').idsBelow(''),
    })
    expect(beaconOf(duty, { nowMs: BOOT_MS + beaconMs, set: more })).toMatchObject({
      checkpoint: record.id,
    })
  },
)

test('a checkpoint of others is no news', { tags: ['FRS-15'] }, () => {
  const set = withAll(plant.empty, ...grants(1))
  const theirs = new WitnessDuty({ witness: other!, from: { firstWallMs: NOW_MS }, nowMs: 0 })
  const with1 = withAll(set, checkpointOf(theirs, { nowMs: 0, set })!.text)
  const own = checkpointOf(first(), { nowMs: BOOT_MS, set: with1 })!
  expect(own.added).toEqual(set.trie('grant').idsBelow(''))
})

test('what is too much for one checkpoint waits for the next', { tags: ['FRS-15'] }, () => {
  const records = [...withAll(plant.empty, ...grants(1), revoked(plant, person(0))).records()]
  const copies = records.flatMap((record) =>
    Array.from({ length: record.type === 'membership' ? CHECKPOINT_IDS_MAX : 1 }, (_, at) => ({
      ...record,
      id: at === 0 ? record.id : `${record.id.slice(0, -4)}${label(at)}`,
    })),
  )
  const set = plant.empty.with(copies)
  const duty = first()
  const record = checkpointOf(duty, { nowMs: BOOT_MS, set })!
  expect(record.added).toHaveLength(CHECKPOINT_IDS_MAX)
  expect(record.added[0]).toBe(set.trie('removal').idsBelow('')[0])
  const rest = checkpointOf(duty, { nowMs: BOOT_MS + beaconMs, set: withAll(set, record.text) })!
  expect(rest.added).toHaveLength(1)
  expect(rest.size).toBe(CHECKPOINT_IDS_MAX + 1)
})

/** Four digits of base58btc. */
function label(at: number): string {
  return at
    .toString(9)
    .padStart(4, '0')
    .replaceAll(/\d/g, (digit) => String(Number(digit) + 1))
}

test(
  'it answers a challenge with its newest beacon and its time to the millisecond',
  { tags: ['FRS-2'] },
  () => {
    const duty = first()
    const nonce = new Uint8Array(32).fill(9)
    const question = { set: plant.empty, nowMs: BOOT_MS + 1_234, meshTime: undefined }
    expect(duty.respond(nonce, question)).toBeUndefined()
    const beacon = beaconOf(duty, { nowMs: BOOT_MS })!
    const response = duty.respond(nonce, question)!
    const context = witnessContext(plant.empty)
    const read = decodeResponse(context, { ...response, isAwaited: () => true })
    expect(read).toMatchObject({ witness: self!.did, timeMs: NOW_MS + 1_234, beacon })
  },
)

test('who is no witness any more says nothing', { tags: ['FRS-1'] }, () => {
  const change = writeAdminChange({
    meshId: plant.charter.meshId,
    claimedMs: NOW_MS,
    prev: plant.charter.meshId,
    approvers: plant.admins.slice(0, 2).map(({ did }) => did),
    add: [],
    remove: [],
    rotate: [],
    addWitnesses: [],
    removeWitnesses: [self!.did],
    k: 2,
    kAdmin: 2,
    kWitness: 2,
    since: [],
  })
  const duty = first()
  const said = beaconOf(duty, { nowMs: BOOT_MS })!
  const state = duty.prepareBeacon({
    set: plant.empty,
    nowMs: BOOT_MS + beaconMs,
    meshTime: undefined,
  })!
  const set = withAll(plant.empty, signed(change, plant.admins.slice(0, 2)), ...grants(1))
  const nowMs = BOOT_MS + 2 * beaconMs
  expect(duty.signBeacon(set, state)).toBeUndefined()
  expect(beaconOf(duty, { nowMs, set })).toBeUndefined()
  expect(checkpointOf(duty, { nowMs, set })).toBeUndefined()
  expect(duty.respond(new Uint8Array(32), { set, nowMs, meshTime: undefined })).toBeUndefined()
  expect(() => decodeBeacon(witnessContext(set), said.text)).toThrow('does not know')
})

test(
  'the one who signs is the one who is listed: another pair of keys of the same name says nothing',
  { tags: ['FRS-1'] },
  () => {
    const stolen: AdminSigner = { ...self!, ed25519: other!.ed25519, mlDsa44: other!.mlDsa44 }
    const duty = new WitnessDuty({ witness: stolen, from: { firstWallMs: NOW_MS }, nowMs: BOOT_MS })
    expect(beaconOf(duty, { nowMs: BOOT_MS })).toBeUndefined()
  },
)

test(
  'witnesses that follow each other, with answers as late as may be, do not push each other on',
  { tags: ['FRS-14'] },
  () => {
    const pair = witnessedMesh({ witnesses: 2, kWitness: 1 })
    const set = pair.empty
    const context = witnessContext(set)
    const panel = panelOf(set, () => true)
    let [mine, theirs] = pair.witnesses.map((witness) => ({
      duty: new WitnessDuty({ witness, from: { firstWallMs: NOW_MS }, nowMs: 0 }),
      freshness: Freshness.boot({ panel, bounds: [], nowMs: 0 }),
    }))
    for (let nowMs = 0; nowMs < 20 * beaconMs; nowMs += beaconMs) {
      for (let turn = 0; turn < 2; turn += 1) {
        const meshTime = mine!.freshness.meshTimeSpan(nowMs)
        const own = mine!.duty.signBeacon(set, mine!.duty.prepareBeacon({ set, nowMs, meshTime })!)!
        expect(own.timeMs).toBe(NOW_MS + nowMs)
        // The other one asks, and the answer comes at the last moment.
        const nonce = new Uint8Array(32).fill(nowMs / beaconMs)
        const response = mine!.duty.respond(nonce, { set, nowMs, meshTime })!
        const read = decodeResponse(context, { ...response, isAwaited: () => true })
        theirs!.freshness = theirs!.freshness
          .openNonce(read.nonce, nowMs - ANSWER_MS_MAX)
          .observeResponse(read, nowMs).freshness
        mine!.freshness = mine!.freshness.observeOwn(own, nowMs).freshness
        ;[mine, theirs] = [theirs, mine]
      }
    }
    expect(mine!.freshness.meshTimeMs(20 * beaconMs)).toBe(NOW_MS + 20 * beaconMs + ANSWER_MS_MAX)
  },
)

test(
  'a lone witness that was off overnight is old to whoever ran on, until its operator vouches for the time',
  { tags: ['FRS-14'] },
  () => {
    const alone = witnessedMesh({ witnesses: 1 })
    const set = alone.empty
    const [witness] = alone.witnesses
    const nightMs = DAY_MS / 2
    const booted = Freshness.boot({ panel: panelOf(set, () => true), bounds: [], nowMs: 0 })
    /** What a node hears that asks the witness: a nonce for each time. */
    const asked = (freshness: Freshness, duty: WitnessDuty, nowMs: number): Freshness => {
      const question = { set, nowMs: 0, meshTime: undefined }
      duty.signBeacon(set, duty.prepareBeacon(question)!)
      const response = duty.respond(new Uint8Array(32).fill(nowMs / nightMs), question)!
      const read = decodeResponse(witnessContext(set), { ...response, isAwaited: () => true })
      return freshness.openNonce(read.nonce, nowMs).observeResponse(read, nowMs).freshness
    }
    const init = { witness: witness!, nowMs: 0 }
    const evening = new WitnessDuty({ ...init, from: { firstWallMs: NOW_MS } })
    const running = asked(booted, evening, 0)
    expect(running.judge(0)).toMatchObject({ state: 'fresh' })
    const from: WitnessState = { seq: 1, timeMs: NOW_MS, checkpoint: undefined }
    const stood = asked(running, new WitnessDuty({ ...init, from }), nightMs)
    expect(stood.judge(nightMs)).toMatchObject({ state: 'stop', ageMs: nightMs })
    const vouchedMs = NOW_MS + nightMs
    const put = asked(running, new WitnessDuty({ ...init, from, vouchedMs }), nightMs)
    expect(put.judge(nightMs)).toMatchObject({ state: 'fresh', ageMs: 0 })
    // It puts nothing back.
    const back = new WitnessDuty({ ...init, from, vouchedMs: NOW_MS - 1_000 })
    expect(back.prepareBeacon({ set, nowMs: 0, meshTime: undefined })).toMatchObject({
      timeMs: NOW_MS,
    })
  },
)

test(
  'a witness whose log has two branches with all in them is not woken again and again for nothing',
  { tags: ['FRS-15'] },
  () => {
    const texts = [revoked(plant, person(0)), revoked(plant, person(1))]
    const set = withAll(plant.empty, ...texts)
    const forked = withAll(
      set,
      ...texts.map((text) => checkpoint(set, self!, { added: [idOf(text)] })),
    )
    const duty = first()
    expect(duty.checkpointDueMs(forked, BOOT_MS)).toBe(BOOT_MS)
    expect(checkpointOf(duty, { nowMs: BOOT_MS, set: forked })).toBeUndefined()
    expect(duty.checkpointDueMs(forked, BOOT_MS)).toBe(BOOT_MS + CHECKPOINT_MS_MIN)
  },
)

test.for([END_MS - 1, END_MS, END_MS + DAY_MS, Number.MAX_SAFE_INTEGER])(
  'a witness speaks although others say that it is %d, and says no time that cannot be written',
  { tags: ['FRS-23'] },
  (meshTimeMs) => {
    const duty = first()
    const meshTime = exactly(meshTimeMs)
    const said = beaconOf(duty, { nowMs: BOOT_MS, meshTime })
    expect(said?.timeMs).toBe(Math.floor(Math.min(meshTimeMs, END_MS) / 1_000) * 1_000)
    const question = { set: plant.empty, nowMs: BOOT_MS, meshTime }
    expect(duty.respond(new Uint8Array(32), question)).toBeDefined()
  },
)
