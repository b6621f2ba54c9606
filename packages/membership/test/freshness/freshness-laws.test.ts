import type { Beacon, Freshness, FreshnessJudgement, FreshnessState } from '@warren/membership'
import type { Did } from '@warren/identity'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import {
  anchored,
  answer,
  beacon,
  BOOT_MS,
  HIDDEN,
  LIMITS,
  panel,
  ROOT,
  W1,
  W2,
  W3,
  withBeacons,
} from './freshness-builders.ts'

const WITNESSES = [W1, W2, W3]
const K = 2

/** The beacons of three witnesses that are honest: numbers and times rise together. */
const honest = fc
  .array(
    fc.record({
      witness: fc.constantFrom(...WITNESSES),
      afterMs: fc.integer({ min: 0, max: 40 }).map((each) => each * 1_000),
      root: fc.constantFrom(ROOT, ROOT, HIDDEN),
    }),
    { minLength: 1, maxLength: 16 },
  )
  .map((steps) => {
    const last = new Map<Did, { seq: number; at: number }>()
    return steps.map(({ witness, afterMs, root }): Beacon => {
      const { seq, at } = last.get(witness) ?? { seq: 1, at: 0 }
      last.set(witness, { seq: seq + 1, at: at + afterMs })
      return beacon(witness, seq + 1, { at: at + afterMs, root })
    })
  })

test(
  'any order and any number of copies of beacons give one judgement',
  { tags: ['FRS-10'] },
  () => {
    const orders = honest.chain((said) =>
      fc.tuple(
        fc.constant(said),
        fc.shuffledSubarray([...said, ...said], { minLength: said.length * 2 }),
      ),
    )
    fc.assert(
      fc.property(orders, fc.integer({ min: 0, max: 2_000_000 }), ([said, shuffled], laterMs) => {
        const nowMs = BOOT_MS + 700_000
        const results = [said, shuffled].map((beacons) => {
          const after = withBeacons(anchored([W1, W2, W3]), nowMs, beacons)
          const learned = after.recheck(panel({ isCovered: () => true }), nowMs)
          return [after.judge(nowMs), after.judge(nowMs + laterMs), learned.judge(nowMs + laterMs)]
        })
        expect(results[1]).toEqual(results[0])
      }),
    )
  },
)

type Step =
  | { readonly do: 'wait'; readonly ms: number }
  | {
      readonly do: 'beacon' | 'answer'
      readonly witness: Did
      readonly at: number
      readonly isHidden: boolean
    }
  | { readonly do: 'recheck' }

const steps: fc.Arbitrary<readonly Step[]> = fc.array(
  fc.oneof(
    fc.record({ do: fc.constant('wait' as const), ms: fc.integer({ min: 1, max: 400_000 }) }),
    fc.record({
      do: fc.constantFrom('beacon' as const, 'answer' as const),
      witness: fc.constantFrom(...WITNESSES),
      // Also far ahead of and far behind what is true.
      at: fc.integer({ min: -500, max: 4_000 }).map((each) => each * 1_000),
      isHidden: fc.boolean(),
    }),
    fc.constant({ do: 'recheck' as const }),
  ),
  { maxLength: 40 },
)

interface Moment {
  readonly judgement: FreshnessJudgement
  readonly nowMs: number
  /** When each witness was last heard of at all. */
  readonly heardMs: ReadonlyMap<Did, number>
}

/** How long kw witnesses may have been silent for a state to be right. */
const LONGEST_MS: Readonly<Record<FreshnessState, number>> = {
  unwitnessed: 0,
  fresh: LIMITS.warnMs,
  aging: LIMITS.denyMs,
  'deny-new': LIMITS.stopMs,
  stop: Infinity,
}

/** What a node says after each step. */
function played(plan: readonly Step[]): readonly Moment[] {
  let freshness = anchored()
  let nowMs = BOOT_MS
  let seq = 1
  let roots = new Set([ROOT])
  const heardMs = new Map<Did, number>([
    [W1, nowMs],
    [W2, nowMs],
  ])
  return plan.map((step) => {
    if (step.do === 'wait') nowMs += step.ms
    else if (step.do === 'recheck') {
      roots = new Set([ROOT, HIDDEN])
      freshness = freshness.recheck(panel({ isCovered: (root) => roots.has(root) }), nowMs)
    } else {
      seq += 1
      heardMs.set(step.witness, nowMs)
      const said = beacon(step.witness, seq, { at: step.at, root: step.isHidden ? HIDDEN : ROOT })
      freshness =
        step.do === 'beacon'
          ? freshness.observeBeacon(said, nowMs).freshness
          : answer(freshness, said, { nowMs, fill: seq % 251 }).freshness
    }
    return { judgement: freshness.judge(nowMs), nowMs, heardMs: new Map(heardMs) }
  })
}

function pairs(moments: readonly Moment[]): readonly (readonly [Moment, Moment])[] {
  return moments.slice(1).flatMap((next, at) => {
    const before = moments[at]
    return before === undefined ? [] : [[before, next] as const]
  })
}

test('the age never falls unless a newer beacon counts', { tags: ['FRS-5'] }, () => {
  let falls = 0
  fc.assert(
    fc.property(steps, (plan) => {
      for (const [before, next] of pairs(played(plan))) {
        const [old, now] = [before.judgement, next.judgement]
        if (old.ageMs === undefined || now.ageMs === undefined || now.ageMs >= old.ageMs) continue
        falls += 1
        const known = new Map(old.counted.map(({ witness, seq }) => [witness, seq]))
        const isNewer = now.counted.some(({ witness, seq }) => seq > (known.get(witness) ?? 0))
        expect(isNewer).toBe(true)
      }
    }),
    { numRuns: 300 },
  )
  expect(falls).toBeGreaterThan(0)
})

test(
  'no state is better than the time since kw witnesses were heard allows',
  { tags: ['FRS-5', 'FRS-6'] },
  () => {
    fc.assert(
      fc.property(steps, (plan) => {
        for (const { judgement, nowMs, heardMs } of played(plan)) {
          const silent = [...heardMs.values()].map((at) => nowMs - at).toSorted((a, b) => a - b)
          const leastMs = silent[K - 1] ?? Infinity
          expect(judgement.ageMs ?? Infinity).toBeGreaterThanOrEqual(leastMs)
          expect(leastMs).toBeLessThanOrEqual(LONGEST_MS[judgement.state])
        }
      }),
      { numRuns: 300 },
    )
  },
)

test('mesh time never goes back', { tags: ['FRS-4'] }, () => {
  fc.assert(
    fc.property(steps, (plan) => {
      for (const [before, next] of pairs(played(plan))) {
        expect(next.judgement.meshTimeMs).toBeGreaterThanOrEqual(before.judgement.meshTimeMs!)
      }
    }),
    { numRuns: 300 },
  )
})

test(
  'one witness, whatever it says, keeps no node from counting the others',
  { tags: ['FRS-4', 'FRS-9'] },
  () => {
    fc.assert(
      fc.property(steps, (plan) => {
        let freshness: Freshness = anchored()
        let nowMs = BOOT_MS
        let seq = 1
        for (const step of plan) {
          seq += 1
          nowMs += LIMITS.beaconMs
          const at = nowMs - BOOT_MS - ((nowMs - BOOT_MS) % 1_000)
          if (step.do === 'beacon' || step.do === 'answer') {
            const lie = beacon(W3, seq, { at: step.at, root: step.isHidden ? HIDDEN : ROOT })
            freshness = answer(freshness, lie, { nowMs, fill: seq % 251 }).freshness
          }
          const told = [W1, W2].map((witness) => beacon(witness, seq, { at }))
          freshness = withBeacons(freshness, nowMs, told)
          expect(freshness.judge(nowMs).state).toBe('fresh')
        }
      }),
    )
  },
)
