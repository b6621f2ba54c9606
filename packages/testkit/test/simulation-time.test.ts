import fc from 'fast-check'
import { expect, test } from 'vitest'
import { EventQueue } from '../src/simulation/event-queue.ts'
import { Timeline } from '../src/simulation/timeline.ts'
import { probeMesh, seen } from './actors/probe-mesh.ts'

test('what is put in comes out by time, then by order', { tags: ['SIM-2'] }, () => {
  const times = fc.array(fc.integer({ min: 0, max: 50 }), { maxLength: 3000 })
  fc.assert(
    fc.property(times, times, (first, second) => {
      const queue = new EventQueue<{ atMs: number; order: number }>()
      const put = (atMs: number, order: number): void => queue.push(atMs, { atMs, order })
      first.forEach((atMs, order) => put(atMs, order))
      const early = Array.from({ length: Math.floor(first.length / 2) }, () => queue.pop())
      second.forEach((atMs, index) => put(100 + atMs, first.length + index))
      const late = Array.from({ length: queue.size }, () => queue.pop())
      const all = [...first, ...second.map((atMs) => 100 + atMs)]
      const expected = all
        .map((atMs, order) => ({ atMs, order }))
        .toSorted((one, other) => one.atMs - other.atMs || one.order - other.order)
      expect([...early, ...late]).toEqual(expected)
      expect(queue.pop()).toBeUndefined()
      expect(queue.nextMs).toBe(Infinity)
    }),
    { numRuns: 50 },
  )
})

test(
  'what was asked for in the past happens now, and time never goes back',
  { tags: ['SIM-2'] },
  () => {
    const timeline = new Timeline()
    const happened: [string, number][] = []
    const happens = (name: string) => (): void => {
      happened.push([name, timeline.nowMs])
    }
    timeline.at(5, () => {
      timeline.at(1, happens('late'))
      happens('first')()
    })
    timeline.at(5, happens('second'))
    while (timeline.nextMs < Infinity) timeline.step()
    timeline.rest(3)
    expect(happened).toEqual([
      ['first', 5],
      ['second', 5],
      ['late', 5],
    ])
    expect(timeline.nowMs).toBe(5)
  },
)

test(
  'a node is woken when its own clock says so, once, and by its last wish',
  { tags: ['SIM-3'] },
  () => {
    const wishes = [100, 50, 80]
    const { simulation, sights } = probeMesh(
      1,
      (event, life, now) =>
        event.type === 'started'
          ? wishes.map((inMs) => ({ type: 'wake', atMs: now.monotonicMs + inMs }) as const)
          : [],
      { clocks: { driftPpmMax: 200_000 } },
    )
    simulation.runUntil(10_000)
    const [{ now: started } = expect.fail('not started')] = seen(sights, 0, 'started')
    const woken = seen(sights, 0, 'wake')
    expect(woken).toHaveLength(1)
    const laterMs = woken[0]!.now.monotonicMs - started.monotonicMs
    expect(laterMs).toBeGreaterThanOrEqual(80)
    expect(laterMs).toBeLessThan(82)
  },
)

test(
  'a wish for the past is granted a little later, so that a run goes on',
  { tags: ['SIM-3'] },
  () => {
    const { simulation, sights } = probeMesh(1, () => [{ type: 'wake', atMs: 0 }])
    simulation.runUntil(10)
    expect(seen(sights, 0, 'wake')).toHaveLength(10)
  },
)

test(
  'drift, offset and steps show, and the monotonic clock feels no step',
  { tags: ['SIM-3'] },
  () => {
    const { simulation, sights } = probeMesh(1, () => [], {
      clocks: { driftPpmMax: 0, wallOffsetMsMax: 0 },
      faults: [
        { type: 'step', atMs: 100, node: 0, byMs: 3_600_000 },
        { type: 'step', atMs: 200, node: 0, byMs: -7_200_000 },
      ],
      commands: [50, 150, 250].map((atMs) => ({ atMs, node: 0, command: 'look' })),
    })
    simulation.runUntil(1000)
    const [first, second, third] = seen(sights, 0, 'command').map(({ now }) => now)
    expect(second!.wallMs - first!.wallMs).toBeCloseTo(100 + 3_600_000, 3)
    expect(third!.wallMs - second!.wallMs).toBeCloseTo(100 - 7_200_000, 3)
    expect(second!.monotonicMs - first!.monotonicMs).toBeCloseTo(100, 3)
    expect(third!.monotonicMs - second!.monotonicMs).toBeCloseTo(100, 3)
  },
)

test('clocks of different nodes differ, within their bounds', { tags: ['SIM-3'] }, () => {
  const { simulation, sights } = probeMesh(20, () => [], {
    clocks: { driftPpmMax: 100, wallOffsetMsMax: 500 },
  })
  simulation.runUntil(10)
  const walls = sights
    .filter(({ event }) => event.type === 'started')
    .map(({ now }) => now.wallMs - Date.UTC(2030, 0, 1))
  expect(new Set(walls).size).toBe(20)
  expect(Math.max(...walls.map((offset) => Math.abs(offset)))).toBeLessThanOrEqual(500)
})

test.for([
  { monotonicCountsSuspend: true, elapsedMs: 400 },
  { monotonicCountsSuspend: false, elapsedMs: 100 },
])(
  'where the clock counts suspend: $monotonicCountsSuspend, $elapsedMs ms pass of 400',
  { tags: ['SIM-3', 'SIM-10'] },
  ({ monotonicCountsSuspend, elapsedMs }) => {
    const { simulation, sights } = probeMesh(
      1,
      (event, _life, now) =>
        event.type === 'started' ? [{ type: 'wake', atMs: now.monotonicMs + 500 }] : [],
      {
        clocks: { driftPpmMax: 0, monotonicCountsSuspend },
        faults: [{ type: 'sleep', atMs: 50, node: 0, forMs: 300 }],
        commands: [0, 200, 400].map((atMs) => ({ atMs, node: 0, command: 'look' })),
      },
    )
    simulation.runUntil(2000)
    const [before, asleep, after] = seen(sights, 0, 'command').map(({ now }) => now)
    expect(after!.monotonicMs - before!.monotonicMs).toBeCloseTo(elapsedMs, 3)
    expect(after!.wallMs - before!.wallMs).toBeCloseTo(400, 3)
    // What came during the sleep was handled when it was over.
    expect(asleep!.wallMs - before!.wallMs).toBeCloseTo(350, 3)
    const woken = seen(sights, 0, 'wake')
    expect(woken.map(({ now }) => now.monotonicMs - before!.monotonicMs)).toEqual([
      expect.closeTo(500, 0),
    ])
  },
)
