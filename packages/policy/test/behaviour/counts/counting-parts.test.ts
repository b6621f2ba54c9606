import { type PastFact, SESSION_COUNTS, type SeenCall } from '@warren/policy'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { CallHistory } from '../../../src/behaviour/counts/call-history.ts'
import { planCounts } from '../../../src/behaviour/counts/count-plan.ts'
import { Deque } from '../../../src/behaviour/counts/deque.ts'
import { ListedCalls } from '../../../src/behaviour/counts/listed-calls.ts'
import { PositionSet } from '../../../src/behaviour/counts/position-set.ts'
import { SameCalls } from '../../../src/behaviour/counts/same-calls.ts'

function call(id: number, changes: Partial<SeenCall> = {}): SeenCall {
  return {
    id,
    server: 'fs',
    tool: 'a',
    digest: 'd',
    bytesIn: 1,
    atMs: id,
    state: 'answered',
    bytesOut: 0,
    ...changes,
  }
}

test(
  'a set of positions finds the last one up to any, as a plain one does',
  { tags: ['BEH-14'] },
  () => {
    const limit = fc.constantFrom(32, 64, 1024, 2048, 65_536)
    const steps = fc.array(fc.record({ add: fc.boolean(), at: fc.nat(), near: fc.boolean() }), {
      maxLength: 200,
      size: 'max',
    })
    fc.assert(
      fc.property(limit, steps, (size, told) => {
        const [set, plain] = [new PositionSet(size), new Set<number>()]
        for (const { add, at, near } of told) {
          const number = near ? at % 40 : at % size
          if (number >= size) continue
          if (add) set.add(number)
          else set.delete(number)
          if (add) plain.add(number)
          else plain.delete(number)
          for (const upTo of [number - 1, number, size - 1]) {
            const last = [...plain].filter((each) => each <= upTo).toSorted((a, b) => b - a)[0]
            expect(set.lastUpTo(upTo)).toBe(last)
          }
        }
      }),
    )
  },
)

test('a row of items lets go of those that are gone', { tags: ['BEH-14'] }, () => {
  const row = new Deque<number>()
  for (let item = 0; item < 1000; item += 1) {
    row.push(item)
    if (item >= 10) row.shift()
  }
  expect(row.length).toBe(10)
  expect([row.at(0), row.at(9), row.at(10), row.at(-1)]).toEqual([990, 999, undefined, undefined])
  row.replace(0, 7)
  expect(row.at(0)).toBe(7)
  for (let item = 0; item < 11; item += 1) row.shift()
  expect([row.length, row.at(0)]).toEqual([0, undefined])
})

test('of calls that are forgotten nothing is kept', { tags: ['BEH-14', 'THR-46'] }, () => {
  const calls = new ListedCalls()
  for (let id = 1; id <= 3; id += 1) calls.add(call(id, { tool: id === 3 ? 'b' : 'a' }))
  calls.shift()
  expect(calls.tools.get(call(0))).toMatchObject({ lastAt: 1 })
  calls.shift()
  expect(calls.tools.get(call(0))).toBeUndefined()
  expect(calls.samenessOf(call(0))).toBeUndefined()
  expect(calls.tools.get(call(0, { tool: 'b' }))).toMatchObject({ lastAt: 2 })
  calls.shift()
  calls.shift()
  expect([calls.list.length, calls.list.first, calls.list.end]).toEqual([0, 3, 3])
})

test('calls that ask for the same are counted from any position on', { tags: ['BEH-14'] }, () => {
  const same = new SameCalls()
  for (const position of [2, 5, 9]) same.add('same', position)
  same.add('other', 4)
  expect([0, 2, 3, 5, 6, 9, 10].map((from) => same.countFrom('same', from))).toEqual([
    3, 3, 2, 2, 1, 1, 0,
  ])
  expect([4, 5].map((from) => same.countFrom('other', from))).toEqual([1, 0])
  for (const left of [2, 1, 0, 0]) {
    same.forgetFirst('same')
    expect(same.countFrom('same', 0)).toBe(left)
  }
  same.forgetFirst('other')
  expect(same.countFrom('other', 0)).toBe(0)
})

/** How many calls are looked at for each message, where so many are remembered. */
function readsPerMessage(remembered: number): number {
  const limits = SESSION_COUNTS.map((count) => ({
    id: count,
    count,
    server: 'fs',
    max: 1e9,
    withinMs: 30_000,
    actions: ['refuse' as const],
  }))
  const facts = new Map<string, PastFact>([
    ['since', { ask: 'since', of: { tool: 'a' }, unless: { state: 'error' }, withinMs: 60_000 }],
    ['previous', { ask: 'previous', of: { tool: 'a' }, withinMs: 60_000 }],
    ['sum', { ask: 'sum', what: 'bytesOut', of: {}, withinMs: 60_000 }],
  ])
  const rules = { limits, facts, sessionWithinMs: 60_000, quarantineMs: 1 }
  const history = new CallHistory(planCounts(rules))
  const stepMs = 60_000 / remembered
  const message = (id: number): void => {
    const digest = `${id % 1000}`
    const asked = call(id, { atMs: id * stepMs, tool: id % 2 === 0 ? 'a' : 'b', digest })
    history.forget(asked.atMs, 60_000)
    history.breaches(asked, asked.atMs, [])
    history.add({ ...asked, state: 'asked' })
    history.facts(asked, asked.atMs, id)
    history.note(id, id % 3 === 0 ? 'error' : 'answered', 9)
  }
  for (let id = 1; id <= remembered + 10; id += 1) message(id)
  const reads = readsOf(() => {
    for (let id = remembered + 11; id <= remembered + 110; id += 1) message(id)
  })
  expect(history.size).toBe(remembered)
  return reads / 100
}

/** How often something in a row is looked at meanwhile. */
function readsOf(work: () => void): number {
  const { value: at, ...rest } = Object.getOwnPropertyDescriptor(Deque.prototype, 'at')!
  let reads = 0
  const counted = function counted(this: Deque<unknown>, index: number): unknown {
    reads += 1
    return at.call(this, index)
  }
  Object.defineProperty(Deque.prototype, 'at', { ...rest, value: counted })
  try {
    work()
  } finally {
    Object.defineProperty(Deque.prototype, 'at', { ...rest, value: at })
  }
  return reads
}

test(
  'however many calls are remembered, a message looks at as many of them, or a few more to find them',
  { tags: ['BEH-14', 'THR-46'] },
  () => {
    const few = readsPerMessage(100)
    // A binary search among 400 times as many takes nine steps more.
    expect(readsPerMessage(40_000)).toBeLessThan(3 * few)
    expect(few).toBeLessThan(200)
  },
)
