import type { FreshnessState } from '@warren/membership'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { type Eclipse, type Passage, underEclipse } from './eclipse.ts'
import { LIMITS } from './freshness-builders.ts'

const { denyMs, skewMs } = LIMITS
const HOUR_MS = 3_600_000
const REVOKED_MS = 1_500_000
const BOUND_MS = denyMs + 2 * skewMs
const STILL_TRUSTING: ReadonlySet<FreshnessState> = new Set(['fresh', 'aging', 'unwitnessed'])

interface Seen {
  readonly stateAtRevocation: FreshnessState
  /** When the node last trusted what it knew. */
  readonly lastTrustingMs: number
}

function seen(plan: Eclipse): Seen {
  let stateAtRevocation: FreshnessState = 'stop'
  let lastTrustingMs = -1
  underEclipse(plan, (atMs, state) => {
    if (atMs === plan.revokedMs) stateAtRevocation = state
    if (STILL_TRUSTING.has(state)) lastTrustingMs = atMs
  })
  return { stateAtRevocation, lastTrustingMs }
}

function eclipse(changes: Partial<Eclipse>): Eclipse {
  return {
    revokedMs: REVOKED_MS,
    untilMs: REVOKED_MS + 2_400_000,
    offsetsMs: [0, 0],
    challengeMs: () => 0,
    passes: ({ madeMs }) => [madeMs],
    ...changes,
  }
}

const LIES = [-HOUR_MS, -skewMs, 0, skewMs, HOUR_MS]

test.for<{ name: string; passes: (passage: Passage) => readonly number[] }>([
  { name: 'the root is hidden and beacons are passed on', passes: ({ madeMs }) => [madeMs] },
  {
    name: 'all is held back from the revocation on',
    passes: ({ madeMs }) => (madeMs < REVOKED_MS ? [madeMs] : []),
  },
  {
    name: 'old beacons are replayed',
    passes: ({ madeMs }) =>
      madeMs < REVOKED_MS ? [1, 60, 300, 900].map((after) => madeMs + after * 1_000) : [],
  },
  {
    name: 'answers to nonces are replayed',
    passes: ({ kind, madeMs }) => {
      if (kind === 'beacon') return madeMs < REVOKED_MS ? [madeMs] : []
      return [0, 5, 10, 15, 300, 900].map((after) => madeMs + after * 1_000)
    },
  },
  {
    name: 'beacons are late by four minutes',
    passes: ({ kind, madeMs }) => [kind === 'beacon' ? madeMs + 240_000 : madeMs],
  },
])(
  'trust that was there when the revocation was made ends in time: $name',
  { tags: ['FRS-11'] },
  ({ passes }) => {
    const { stateAtRevocation, lastTrustingMs } = seen(eclipse({ passes }))
    expect(STILL_TRUSTING).toContain(stateAtRevocation)
    expect(lastTrustingMs - REVOKED_MS).toBeLessThanOrEqual(BOUND_MS)
    for (const lieMs of LIES) {
      expect(seen(eclipse({ passes, lieMs })).lastTrustingMs - REVOKED_MS).toBeLessThanOrEqual(
        BOUND_MS,
      )
    }
  },
)

test('the same network without a revocation stays fresh', { tags: ['FRS-11'] }, () => {
  const states: FreshnessState[] = []
  const honest = eclipse({
    revokedMs: REVOKED_MS + 2_400_001,
    passes: ({ madeMs }) => [madeMs + 1_000],
  })
  underEclipse(honest, (atMs, state) => {
    if (atMs > 2_000) states.push(state)
  })
  expect(new Set(states)).toEqual(new Set(['fresh']))
})

test(
  'once answers end, beacons that are late by an hour give no trust',
  { tags: ['FRS-11'] },
  () => {
    const answersEndMs = 20_000
    const late = eclipse({
      passes: ({ kind, madeMs }) => {
        if (kind === 'beacon') return [madeMs + HOUR_MS]
        return madeMs < answersEndMs ? [madeMs + 10_000] : []
      },
      untilMs: 2 * HOUR_MS,
    })
    expect(seen(late).lastTrustingMs).toBeLessThanOrEqual(answersEndMs + denyMs)
  },
)

test(
  'whatever whoever carries the messages does, and one witness with it',
  { tags: ['FRS-11'] },
  () => {
    const seconds = (max: number): fc.Arbitrary<number> =>
      fc.integer({ min: 0, max }).map((each) => each * 1_000)
    const chaos = fc.record({
      tape: fc.array(fc.nat(999), { minLength: 16, maxLength: 48 }),
      beaconLateMs: fc.oneof(fc.constant(0), seconds(600), seconds(3_600)),
      spreadMs: fc.oneof(fc.constant(0), seconds(600)),
      droppedPerMille: fc.oneof(fc.constant(0), fc.nat(700)),
      answerLateMs: seconds(12),
      challengeLateMs: seconds(12),
      cutMs: fc.oneof(fc.constant(Infinity), seconds(1_500)),
      offsetsMs: fc.tuple(seconds(skewMs / 1_000), seconds(skewMs / 1_000)),
      lieMs: fc.oneof(
        fc.constant(undefined),
        fc.constantFrom(...LIES),
        fc.integer({ min: -4_000, max: 4_000 }).map((each) => each * 1_000),
      ),
      revokedMs: seconds(1_500),
    })
    fc.assert(
      fc.property(chaos, (plan) => {
        const { tape, beaconLateMs, spreadMs, droppedPerMille, lieMs, offsetsMs, revokedMs } = plan
        let at = 0
        const next = (): number => tape[(at += 1) % tape.length] ?? 0
        const passes = ({ kind, madeMs }: Passage): readonly number[] => {
          if (madeMs >= plan.cutMs || next() < droppedPerMille) return []
          const lateMs =
            kind === 'answer' ? plan.answerLateMs : beaconLateMs + (spreadMs * next()) / 1_000
          const onceMs = madeMs + lateMs
          return next() < 200 ? [onceMs, onceMs + next() * 1_000] : [onceMs]
        }
        const { lastTrustingMs } = seen({
          revokedMs,
          untilMs: revokedMs + 1_500_000,
          offsetsMs,
          ...(lieMs === undefined ? {} : { lieMs }),
          challengeMs: () => plan.challengeLateMs,
          passes,
        })
        expect(lastTrustingMs - revokedMs).toBeLessThanOrEqual(BOUND_MS)
      }),
      { numRuns: 120 },
    )
  },
)
