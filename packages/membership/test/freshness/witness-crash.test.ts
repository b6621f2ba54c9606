import {
  type Beacon,
  type CheckpointRecord,
  type RecordSet,
  WitnessDuty,
  type WitnessState,
} from '@warren/membership'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { NOW_MS } from '../builders.ts'
import { person, revoked, witnessedMesh, withAll } from '../record-builders.ts'
import { BOOT_MS } from './freshness-builders.ts'

const plant = witnessedMesh()
const { beaconMs } = plant.charter.freshness
const [self] = plant.witnesses
/** As many as one run takes up at most. */
const REVOCATIONS = Array.from({ length: 24 }, (_, at) =>
  plant.empty.decode(revoked(plant, person(at % 4), at + 1)),
)

type Step = 'beacon' | 'checkpoint' | 'revoke'
const STEPS: readonly Step[] = ['beacon', 'checkpoint', 'revoke']
/** A step is cut short after so many of its parts: taking a number, storing it, signing, storing what was signed. */
const PARTS = 4

type Plan = readonly (readonly [Step, number])[]

const BEFORE: Plan = [['revoke', PARTS]]
const AFTER: Plan = [
  ['revoke', PARTS],
  ['beacon', PARTS],
  ['checkpoint', PARTS],
  ['checkpoint', PARTS],
]

/** A witness's machine: what is on its disk stays when the process does not. */
class Machine {
  readonly signed: (Beacon | CheckpointRecord)[] = []
  #disk: { state: WitnessState | undefined; set: RecordSet } = {
    state: undefined,
    set: plant.empty,
  }
  #duty = booted(undefined)
  #nowMs = BOOT_MS
  #revocations = 0

  /** Runs a step up to a part; one that is cut short is followed by a new boot. */
  run(step: Step, parts: number): void {
    this.#nowMs += beaconMs
    if (step === 'revoke') this.#revoke()
    else this.#say(step, parts)
    if (parts < PARTS) this.#boot()
  }

  #revoke(): void {
    const record = REVOCATIONS[this.#revocations % REVOCATIONS.length]!
    const set = this.#disk.set.with([record])
    this.#disk = { ...this.#disk, set }
    this.#revocations += 1
  }

  #boot(): void {
    this.#nowMs = BOOT_MS
    this.#duty = booted(this.#disk.state)
  }

  #say(step: 'beacon' | 'checkpoint', parts: number): void {
    const { set } = this.#disk
    const question = { set, nowMs: this.#nowMs, meshTime: undefined }
    const state =
      step === 'beacon'
        ? this.#duty.prepareBeacon(question)
        : this.#duty.prepareCheckpoint(question)
    if (state === undefined || parts < 2) return
    this.#disk = { ...this.#disk, state }
    if (parts < 3) return
    if (step === 'beacon') {
      this.signed.push(this.#duty.signBeacon(set, state)!.beacon)
      return
    }
    const record = set.decode(this.#duty.signCheckpoint(set, state)!)
    if (record.type === 'checkpoint') this.signed.push(record)
    if (parts === PARTS) this.#disk = { ...this.#disk, set: withAll(set, record.text) }
  }
}

/** Two different statements under one number. */
function forks(said: readonly (Beacon | CheckpointRecord)[]): number {
  const byNumber = new Map<string, Set<string>>()
  for (const each of said) {
    const number = 'seq' in each ? `beacon ${each.seq}` : `checkpoint ${each.epoch}`
    byNumber.set(number, (byNumber.get(number) ?? new Set()).add(each.id))
  }
  return [...byNumber.values()].filter((ids) => ids.size > 1).length
}

test(
  'cut short at any point of any two steps, a witness signs nothing twice under one number',
  { tags: ['FRS-13'] },
  () => {
    const parts = Array.from({ length: PARTS }, (_, at) => at + 1)
    const plans = STEPS.flatMap((one) =>
      STEPS.flatMap((two) =>
        parts.flatMap((cut) =>
          parts.map((next): Plan => [
            [one, cut],
            ['revoke', PARTS],
            [two, next],
          ]),
        ),
      ),
    )
    let signedCount = 0
    for (const plan of plans) {
      const machine = new Machine()
      for (const [step, cut] of [...BEFORE, ...plan, ...AFTER]) machine.run(step, cut)
      expect(forks(machine.signed), plan.join(' ')).toBe(0)
      const epochs = machine.signed.flatMap((each) => ('epoch' in each ? [each.epoch] : []))
      // Nothing is left out either: each number follows the one before it.
      expect(epochs).toEqual(epochs.toSorted((left, right) => left - right))
      expect(new Set(epochs).size).toBe(Math.max(...epochs))
      signedCount += machine.signed.length
    }
    expect(signedCount).toBeGreaterThan(STEPS.length ** 2 * PARTS ** 2 * 2)
  },
)

test(
  'however often a witness is cut short, its numbers and its time rise',
  { tags: ['FRS-13', 'FRS-14'] },
  () => {
    const plan = fc.array(fc.tuple(fc.constantFrom(...STEPS), fc.integer({ min: 1, max: PARTS })), {
      minLength: 4,
      maxLength: 24,
    })
    fc.assert(
      fc.property(plan, (steps) => {
        const machine = new Machine()
        for (const [step, parts] of steps) machine.run(step, parts)
        expect(forks(machine.signed)).toBe(0)
        const beacons = machine.signed.flatMap((each) => ('seq' in each ? [each] : []))
        for (const [at, next] of beacons.slice(1).entries()) {
          expect(next.seq).toBeGreaterThan(beacons[at]!.seq)
          expect(next.timeMs).toBeGreaterThanOrEqual(beacons[at]!.timeMs)
        }
      }),
      { numRuns: 40 },
    )
  },
)

/** A witness that starts with what its disk has. */
function booted(state: WitnessState | undefined): WitnessDuty {
  return new WitnessDuty({ witness: self!, from: state ?? { firstWallMs: NOW_MS }, nowMs: BOOT_MS })
}
