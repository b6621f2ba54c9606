import {
  ANSWER_MS_MAX,
  decodeResponse,
  Freshness,
  type FreshResponse,
  panelOf,
  type RecordSet,
  witnessContext,
  WitnessDuty,
} from '@warren/membership'
import { expect, test } from 'vitest'
import { NOW_MS } from '../builders.ts'
import { type WitnessedMesh, witnessedMesh } from '../record-builders.ts'

const { beaconMs, skewMs } = witnessedMesh().charter.freshness
const DAY_MS = 86_400_000
/** The least skew that a charter allows. */
const SKEW_MS_MIN = 20_000

/** A witness, what it has heard, and how fast its monotonic clock runs. */
class Speaker {
  readonly #set: RecordSet
  readonly #duty: WitnessDuty
  readonly #speed: number
  freshness: Freshness

  constructor(mesh: WitnessedMesh, at: number, { speed = 1, wallMs = NOW_MS } = {}) {
    const witness = mesh.witnesses[at]!
    this.#set = mesh.empty
    this.#speed = speed
    this.#duty = new WitnessDuty({ witness, from: { firstWallMs: wallMs }, nowMs: 0 })
    this.freshness = booted(mesh)
  }

  nowMs(atMs: number): number {
    return atMs * this.#speed
  }

  /** Makes a beacon, takes it up itself, and answers a challenge beside it. */
  speaks(atMs: number, fill = 0): FreshResponse {
    const set = this.#set
    const nowMs = this.nowMs(atMs)
    const question = { set, nowMs, meshTime: this.freshness.meshTimeSpan(nowMs) }
    const own = this.#duty.signBeacon(set, this.#duty.prepareBeacon(question)!)!
    this.freshness = this.freshness.observeOwn(own, nowMs).freshness
    const texts = this.#duty.respond(new Uint8Array(32).fill(fill), question)!
    return decodeResponse(witnessContext(set), { ...texts, isAwaited: () => true })
  }

  hears(answer: FreshResponse, atMs: number, lateMs = 0): void {
    this.freshness = heard(this.freshness, answer, { nowMs: this.nowMs(atMs), lateMs })
  }
}

function booted(
  { empty }: WitnessedMesh,
  changes: Partial<ReturnType<typeof panelOf>> = {},
): Freshness {
  const panel = { ...panelOf(empty, () => true), ...changes }
  return Freshness.boot({ panel, bounds: [], nowMs: 0 })
}

/** A node that asked that long before has the answer now. */
function heard(
  freshness: Freshness,
  answer: FreshResponse,
  { nowMs, lateMs }: { nowMs: number; lateMs: number },
): Freshness {
  return freshness.openNonce(answer.nonce, nowMs - lateMs).observeResponse(answer, nowMs).freshness
}

test.for([0, 40, ANSWER_MS_MAX])(
  'a witness that begins is as far behind as its answer was late, %d ms, and all count with the least skew',
  { tags: ['FRS-14', 'FRS-42'] },
  (lateMs) => {
    const mesh = witnessedMesh({ witnesses: 2, kWitness: 1 })
    const old = new Speaker(mesh, 0)
    // Its wall clock is wrong, and it does not matter.
    const young = new Speaker(mesh, 1, { wallMs: NOW_MS + DAY_MS })
    const saidMs = 20_000
    young.hears(old.speaks(saidMs, 1), saidMs + lateMs, lateMs)
    const nowMs = saidMs + lateMs
    const first = young.speaks(nowMs, 2)
    expect(first.timeMs).toBe(NOW_MS + saidMs)
    const laterMs = nowMs + beaconMs
    const [second, third] = [old.speaks(laterMs, 3), young.speaks(laterMs, 4)]
    expect(second.timeMs - third.timeMs).toBe(lateMs)

    const limits = { ...mesh.charter.freshness, skewMs: SKEW_MS_MIN }
    const at = { nowMs: laterMs, lateMs: 0 }
    const node = [second, third].reduce(
      (freshness, answer) => heard(freshness, answer, at),
      booted(mesh, { limits, kWitness: 2 }),
    )
    expect(node.judge(at.nowMs)).toMatchObject({ state: 'fresh', missing: [] })
  },
)

const WAITED_MS = beaconMs / 1_000

test.for([
  { name: 'half of the skew ahead runs on', aheadMs: skewMs / 2, waitedMs: 0 },
  { name: 'a millisecond more ahead waits for that', aheadMs: skewMs / 2 + 1, waitedMs: 1 },
  { name: 'far ahead runs slower by a thousandth', aheadMs: skewMs - 1, waitedMs: WAITED_MS },
  { name: 'the whole skew ahead as well', aheadMs: skewMs, waitedMs: WAITED_MS },
  { name: 'further ahead was put there, and runs on', aheadMs: skewMs + 1, waitedMs: 0 },
])('a witness $name, and never goes back', { tags: ['FRS-14', 'FRS-43'] }, (each) => {
  const { aheadMs, waitedMs } = each
  const mesh = witnessedMesh()
  const set = mesh.empty
  const from = { seq: 1, timeMs: NOW_MS, checkpoint: undefined }
  const duty = new WitnessDuty({ witness: mesh.witnesses[0]!, from, nowMs: 0 })
  const saidMs = (nowMs: number): number => {
    const timeMs = NOW_MS - aheadMs + nowMs
    const meshTime = { earliestMs: timeMs - ANSWER_MS_MAX, latestMs: timeMs }
    return duty.prepareBeacon({ set, nowMs, meshTime })!.timeMs
  }
  expect(saidMs(0)).toBe(NOW_MS)
  expect(saidMs(beaconMs)).toBe(NOW_MS + beaconMs - waitedMs)
})

test(
  'two witnesses whose clocks drift apart count for each other for ever',
  { tags: ['FRS-43'] },
  () => {
    // Several times what two quartzes do.
    const drift = 0.000_5
    const turnMs = 10 * beaconMs
    const turns = 300
    // Left alone the faster one would be further ahead than the skew before the end.
    expect(turns * turnMs * drift).toBeGreaterThan(1.4 * skewMs)
    const mesh = witnessedMesh({ witnesses: 2, kWitness: 2 })
    const slow = new Speaker(mesh, 0)
    const fast = new Speaker(mesh, 1, { speed: 1 + drift })
    for (let turn = 0; turn <= turns; turn += 1) {
      const atMs = turn * turnMs
      const [slowSays, fastSays] = [slow.speaks(atMs, turn), fast.speaks(atMs, turn)]
      fast.hears(slowSays, atMs)
      slow.hears(fastSays, atMs)
      expect(slowSays.timeMs).toBe(NOW_MS + atMs)
      const aheadMs = fastSays.timeMs - slowSays.timeMs
      expect(aheadMs).toBeGreaterThanOrEqual(Math.min(Math.floor(atMs * drift), skewMs / 2))
      // Of the other each knows what it said a turn ago, and counts on from there at its own speed.
      expect(aheadMs).toBeLessThanOrEqual(skewMs / 2 + 2 * turnMs * drift)
      for (const speaker of [slow, fast]) {
        const judged = speaker.freshness.judge(speaker.nowMs(atMs))
        expect(judged).toMatchObject({ state: 'fresh', missing: [] })
      }
    }
  },
)

test.for([
  { name: 'stands still', speed: 0 },
  { name: 'runs half as fast', speed: 0.5 },
  { name: 'runs slower by a thousandth, so that the other waits for ever', speed: 0.999 },
  { name: 'runs on, and stays behind', speed: 1 },
])(
  'a hostile witness that $name holds the clock of another up by no more than a thousandth',
  { tags: ['FRS-43', 'FRS-11'] },
  ({ speed }) => {
    const mesh = witnessedMesh()
    const set = mesh.empty
    const from = { seq: 1, timeMs: NOW_MS, checkpoint: undefined }
    const duty = new WitnessDuty({ witness: mesh.witnesses[0]!, from, nowMs: 0 })
    const behindMs = 0.75 * skewMs
    const stepMs = 7_000
    let lastMs = NOW_MS
    for (let nowMs = 0; nowMs <= DAY_MS; nowMs += stepMs) {
      const latestMs = NOW_MS - behindMs + nowMs * speed
      const meshTime = { earliestMs: latestMs - ANSWER_MS_MAX, latestMs }
      // Asked for the time again and again it waits no longer than once.
      const answers = [0, 1, 1].map((extraMs) => {
        const state = duty.prepareCheckpoint({ set, nowMs: nowMs + extraMs, meshTime })
        expect(state).toBeUndefined()
        return duty.prepareBeacon({ set, nowMs: nowMs + extraMs, meshTime })?.timeMs
      })
      for (const timeMs of answers) {
        if (timeMs === undefined) continue
        expect(timeMs).toBeGreaterThanOrEqual(lastMs)
        expect(timeMs).toBeGreaterThanOrEqual(NOW_MS + Math.floor(0.999 * nowMs) - 1)
        lastMs = timeMs
      }
    }
    expect(lastMs).toBeGreaterThan(NOW_MS + 0.99 * DAY_MS)
  },
)
