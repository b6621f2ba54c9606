import fc from 'fast-check'
import { expect, test } from 'vitest'
import { suspendAwareClock } from '../src/suspend-aware-clock.ts'
import { systemClock } from '../src/system-clock.ts'

const HOUR_MS = 3_600_000
/** As /proc/uptime. */
const GRAIN_MS = 10

interface Machine {
  readonly monotonicMs: () => number
  /** How often the uptime was looked at. */
  readonly looks: () => number
  readonly run: (ms: number) => void
  readonly suspend: (ms: number) => void
  /** Moves the uptime, as a step of the wall clock would where it is derived from that. */
  readonly step: (ms: number) => void
  readonly break: () => void
}

/** A machine that was started, and suspended, before this program. */
function machine(grainMs = 1): Machine {
  let runningMs = 5_003
  let uptimeMs = 9_007
  let looks = 0
  const monotonicMs = suspendAwareClock({
    runningMs: () => runningMs,
    uptimeMs: () => {
      looks += 1
      return Math.floor(uptimeMs / grainMs) * grainMs
    },
  })
  return {
    monotonicMs,
    looks: () => looks,
    run: (ms) => {
      runningMs += ms
      uptimeMs += ms
    },
    suspend: (ms) => {
      uptimeMs += ms
    },
    step: (ms) => {
      uptimeMs += ms
    },
    break: () => {
      uptimeMs = Number.NaN
    },
  }
}

test('without suspension it is the running clock', { tags: ['NODE-11'] }, () => {
  const { monotonicMs, run } = machine()
  const startMs = monotonicMs()
  for (const ms of [0, 1, 99, 100, HOUR_MS]) {
    const beforeMs = monotonicMs()
    run(ms)
    expect(monotonicMs() - beforeMs).toBe(ms)
  }
  expect(monotonicMs() - startMs).toBe(HOUR_MS + 200)
})

test('an hour of suspension is an hour, and so is the next', { tags: ['NODE-11'] }, () => {
  const { monotonicMs, run, suspend } = machine()
  const startMs = monotonicMs()
  for (const hours of [1, 2]) {
    suspend(HOUR_MS)
    run(100)
    expect(monotonicMs() - startMs).toBe(hours * (HOUR_MS + 100))
  }
})

test.for([
  { runMs: 99, isSeen: false },
  { runMs: 100, isSeen: true },
])(
  '$runMs ms after waking the suspension is seen: $isSeen',
  { tags: ['NODE-11'] },
  ({ runMs, isSeen }) => {
    const { monotonicMs, run, suspend } = machine()
    const startMs = monotonicMs()
    suspend(HOUR_MS)
    run(runMs)
    expect(monotonicMs() - startMs).toBe(runMs + (isSeen ? HOUR_MS : 0))
  },
)

test('an uptime that is set back or breaks takes nothing back', { tags: ['NODE-11'] }, () => {
  const { monotonicMs, run, suspend, step, break: breakUptime } = machine()
  const startMs = monotonicMs()
  suspend(HOUR_MS)
  run(100)
  expect(monotonicMs() - startMs).toBe(HOUR_MS + 100)
  step(-2 * HOUR_MS)
  run(100)
  expect(monotonicMs() - startMs).toBe(HOUR_MS + 200)
  breakUptime()
  run(100)
  expect(monotonicMs() - startMs).toBe(HOUR_MS + 300)
})

test(
  'the uptime is looked at ten times in a second, however often the clock is read',
  { tags: ['NODE-11'] },
  () => {
    const { monotonicMs, run, looks } = machine()
    const before = looks()
    for (let ms = 0; ms < 1_000; ms += 1) {
      run(1)
      monotonicMs()
    }
    expect(looks() - before).toBe(10)
  },
)

test(
  'whatever happens it never goes back, misses no suspension and is ahead by no more than the grain of the uptime',
  { tags: ['NODE-11'] },
  () => {
    const event = fc.record({
      type: fc.constantFrom('run', 'suspend'),
      ms: fc.integer({ min: 0, max: HOUR_MS }),
    })
    fc.assert(
      fc.property(fc.array(event, { maxLength: 50 }), (events) => {
        const { monotonicMs, run, suspend } = machine(GRAIN_MS)
        const startMs = monotonicMs()
        let lastMs = startMs
        let truthMs = 0
        for (const { type, ms } of events) {
          if (type === 'run') run(ms)
          else suspend(ms)
          truthMs += ms
          expect(monotonicMs()).toBeGreaterThanOrEqual(lastMs)
          lastMs = monotonicMs()
        }
        run(100)
        truthMs += 100
        const errorMs = monotonicMs() - startMs - truthMs
        expect(Math.abs(errorMs)).toBeLessThanOrEqual(GRAIN_MS)
      }),
    )
  },
)

test('this machine has such a clock', { tags: ['NODE-11'] }, () => {
  const readings = Array.from({ length: 1_000 }, () => systemClock.monotonicMs())
  expect(readings).toEqual(readings.toSorted((one, other) => one - other))
  expect(readings.every((reading) => reading > 0 && Number.isFinite(reading))).toBe(true)
})
