import {
  type AskedCall,
  type BehaviourRules,
  CallerBehaviour,
  type CallLimit,
  CALLS_MAX,
  CALLS_PER_CALLER_MAX,
  type CallState,
  isRefused,
  type PastFact,
  type SeenCall,
} from '@warren/policy'
import fc from 'fast-check'
import { expect, test } from 'vitest'

const ADA = 'did:webvh:ada'
const BOB = 'did:webvh:bob'
const MINUTE_MS = 60_000

function limit(changes: Partial<CallLimit>): CallLimit {
  return { id: 'it', count: 'calls', max: 2, withinMs: MINUTE_MS, actions: ['refuse'], ...changes }
}

function rules(
  limits: readonly CallLimit[],
  facts: Readonly<Record<string, PastFact>> = {},
): BehaviourRules {
  return {
    limits,
    sessionWithinMs: MINUTE_MS,
    facts: new Map(Object.entries(facts)),
    quarantineMs: MINUTE_MS,
  }
}

function call(tool: string, changes: Partial<AskedCall> = {}): AskedCall {
  return { server: 'fs', tool, digest: 'same', bytesIn: 100, ...changes }
}

/** Asks for calls one after the other, each a second later, and ends each that goes on. */
function askAll(
  behaviour: CallerBehaviour,
  calls: readonly AskedCall[],
  { caller = ADA, state = 'answered', fromMs = 0 }: Asking = {},
): readonly boolean[] {
  return calls.map((asked, index) => {
    const at = { caller, nowMs: fromMs + index * 1000 }
    if (behaviour.breaches(at, asked, []).some((breach) => isRefused(breach))) return false
    const counted = behaviour.count(at, asked)
    if (counted !== undefined) behaviour.note(caller, counted.id, { state, bytesOut: 50 })
    return counted !== undefined
  })
}

interface Asking {
  readonly caller?: string
  readonly state?: CallState
  readonly fromMs?: number
}

const [A, B, C] = [call('a'), call('b'), call('c')]

test.for<[string, Partial<CallLimit>, readonly AskedCall[], CallState, readonly boolean[]]>([
  ['calls', { count: 'calls', max: 2 }, [A, B, A], 'answered', [true, true, false]],
  ['bytes that come', { count: 'bytesIn', max: 200 }, [A, B, A], 'answered', [true, true, false]],
  ['bytes that go', { count: 'bytesOut', max: 99 }, [A, B, A], 'answered', [true, true, false]],
  [
    'bytes up to the limit',
    { count: 'bytesOut', max: 100 },
    [A, B, A],
    'answered',
    [true, true, true],
  ],
  ['errors', { count: 'errors', max: 1 }, [A, B, A], 'error', [true, true, false]],
  ['failures', { count: 'errors', max: 1 }, [A, B, A], 'failed', [true, true, false]],
  ['no errors', { count: 'errors', max: 1 }, [A, B, A], 'answered', [true, true, true]],
  ['the same call', { count: 'sameCall', max: 1 }, [A, B, A], 'answered', [true, true, false]],
  [
    'the same tool with other arguments',
    { count: 'sameCall', max: 1 },
    [A, call('a', { digest: 'other' }), B],
    'answered',
    [true, true, true],
  ],
  [
    'to and fro',
    { count: 'pingPong', max: 3 },
    [A, B, A, B],
    'answered',
    [true, true, true, false],
  ],
  [
    'no to and fro',
    { count: 'pingPong', max: 3 },
    [A, B, C, A, B],
    'answered',
    [true, true, true, true, true],
  ],
  ['the same tool again', { count: 'pingPong', max: 2 }, [A, A, A], 'answered', [true, true, true]],
  ['tools', { count: 'fanOut', max: 2 }, [A, B, A, C], 'answered', [true, true, true, false]],
  ['calls at a time', { count: 'concurrent', max: 2 }, [A, B, A], 'running', [true, true, false]],
  [
    'calls that have ended',
    { count: 'concurrent', max: 2 },
    [A, B, A],
    'answered',
    [true, true, true],
  ],
  [
    'one tool',
    { count: 'calls', server: 'fs', tool: 'a', max: 1 },
    [A, B, A],
    'answered',
    [true, true, false],
  ],
  ['another server', { count: 'calls', server: 'db', max: 0 }, [A, B], 'answered', [true, true]],
  ['nothing at all', { count: 'calls', max: 0 }, [A], 'answered', [false]],
  ['a role that the caller has not', { role: 'guest', max: 0 }, [A], 'answered', [true]],
  ['what is only told', { max: 0, actions: ['tell-admin'] }, [A], 'answered', [true]],
])('%s', { tags: ['BEH-1'] }, ([, changes, calls, state, expected]) => {
  const behaviour = new CallerBehaviour(rules([limit(changes)]))
  expect(askAll(behaviour, calls, { state })).toEqual(expected)
})

test('a role binds those who have it', { tags: ['BEH-1'] }, () => {
  const behaviour = new CallerBehaviour(rules([limit({ role: 'guest', max: 0 })]))
  const at = { caller: ADA, nowMs: 0 }
  expect(behaviour.breaches(at, A, ['guest', 'member'])).toMatchObject([{ reached: 1 }])
  expect(behaviour.breaches(at, A, ['member'])).toEqual([])
})

test(
  'a window lets go of what is as old as it is long, and of nothing younger',
  { tags: ['BEH-4'] },
  () => {
    const behaviour = new CallerBehaviour(rules([limit({ max: 1 })]))
    expect(askAll(behaviour, [A])).toEqual([true])
    expect(askAll(behaviour, [A], { fromMs: MINUTE_MS - 1 })).toEqual([false])
    expect(askAll(behaviour, [A], { fromMs: MINUTE_MS })).toEqual([true])
  },
)

test('what one caller has done is nothing to another', { tags: ['BEH-2'] }, () => {
  const behaviour = new CallerBehaviour(rules([limit({ max: 1 })]))
  expect(askAll(behaviour, [A, A])).toEqual([true, false])
  expect(askAll(behaviour, [A, A], { caller: BOB })).toEqual([true, false])
})

test('a call that is open counts however old it is', { tags: ['BEH-7'] }, () => {
  const behaviour = new CallerBehaviour(rules([limit({ count: 'concurrent', max: 1 })]))
  const [open] = [behaviour.count({ caller: ADA, nowMs: 0 }, A)]
  const late = { caller: ADA, nowMs: 100 * MINUTE_MS }
  expect(behaviour.breaches(late, A, [])).toHaveLength(1)
  expect(behaviour.facts(late, A)).toMatchObject({ concurrent: 2, calls: 1 })
  behaviour.note(ADA, open?.id ?? 0, { state: 'answered' })
  expect(behaviour.breaches(late, A, [])).toEqual([])
})

test(
  'where there is no room nothing is forgotten, and nothing is let in',
  { tags: ['BEH-6'] },
  () => {
    const behaviour = new CallerBehaviour(rules([]))
    for (let index = 0; index < CALLS_PER_CALLER_MAX; index += 1) {
      behaviour.count({ caller: ADA, nowMs: 0 }, A)
    }
    expect(behaviour.count({ caller: ADA, nowMs: 1 }, A)).toBeUndefined()
    expect(behaviour.size).toBe(CALLS_PER_CALLER_MAX)
    expect(behaviour.count({ caller: BOB, nowMs: 1 }, A)).toBeDefined()
    for (let id = 1; id <= CALLS_PER_CALLER_MAX; id += 1)
      behaviour.note(ADA, id, { state: 'answered' })
    behaviour.forget(2 * MINUTE_MS)
    expect(behaviour.count({ caller: ADA, nowMs: 2 * MINUTE_MS }, A)).toBeDefined()
  },
)

test(
  'some who fill the room leave some of it to others',
  { tags: ['BEH-2', 'BEH-6', 'BEH-15', 'THR-46'] },
  () => {
    const behaviour = new CallerBehaviour(rules([]))
    const counts = Array.from({ length: 33 }, (_, caller) => {
      let counted = 0
      while (behaviour.count({ caller: `did:webvh:${caller}`, nowMs: 0 }, A) !== undefined)
        counted += 1
      return counted
    })
    const [most, half] = [CALLS_PER_CALLER_MAX, 16_384]
    // What is counted of each of the two takes the room of twelve calls.
    expect(counts.slice(0, 5)).toEqual([most, most - 24, half, half, half])
    expect(Math.max(...counts.slice(6))).toBe(2048)
    expect(behaviour.size).toBeLessThan(CALLS_MAX)
    for (let asked = 0; asked < 1000; asked += 1) {
      expect(behaviour.count({ caller: ADA, nowMs: 0 }, A)).toBeDefined()
    }
  },
)

test.for<[string, PastFact, readonly AskedCall[], boolean | number]>([
  ['formerly', { ask: 'formerly', of: { tool: 'a' }, withinMs: MINUTE_MS }, [A, B], true],
  ['not formerly', { ask: 'formerly', of: { tool: 'c' }, withinMs: MINUTE_MS }, [A, B], false],
  ['not within', { ask: 'formerly', of: { tool: 'a' }, withinMs: 1000 }, [A, B], false],
  ['previous', { ask: 'previous', of: { tool: 'b' }, withinMs: MINUTE_MS }, [A, B], true],
  ['not previous', { ask: 'previous', of: { tool: 'a' }, withinMs: MINUTE_MS }, [A, B], false],
  ['nothing before', { ask: 'previous', of: {}, withinMs: MINUTE_MS }, [], false],
  [
    'since',
    { ask: 'since', of: { tool: 'a' }, unless: { tool: 'b' }, withinMs: MINUTE_MS },
    [B, A, C],
    true,
  ],
  [
    'not since',
    { ask: 'since', of: { tool: 'a' }, unless: { tool: 'b' }, withinMs: MINUTE_MS },
    [A, C, B],
    false,
  ],
  ['count', { ask: 'count', of: { server: 'fs', tool: 'a' }, withinMs: MINUTE_MS }, [A, B, A], 2],
  ['count by state', { ask: 'count', of: { state: 'refused' }, withinMs: MINUTE_MS }, [A], 0],
  ['sum', { ask: 'sum', what: 'bytesOut', of: { tool: 'a' }, withinMs: MINUTE_MS }, [A, B, A], 100],
])('of the past: %s', { tags: ['BEH-9'] }, ([, fact, calls, expected]) => {
  const behaviour = new CallerBehaviour(rules([], { it: fact }))
  askAll(behaviour, calls)
  const facts = behaviour.facts({ caller: ADA, nowMs: calls.length * 1000 }, C)
  expect(facts).toMatchObject({ it: expected })
})

test('a call that is counted already counts once among what rules see', { tags: ['BEH-9'] }, () => {
  const behaviour = new CallerBehaviour(rules([]))
  askAll(behaviour, [A])
  const at = { caller: ADA, nowMs: 1000 }
  const counted = behaviour.count(at, A)
  const facts = { calls: 2, sameCall: 2, concurrent: 1, bytesIn: 200 }
  expect(behaviour.facts(at, A, counted?.id)).toMatchObject(facts)
})

const events = fc.array(
  fc.record({
    caller: fc.constantFrom(ADA, BOB),
    tool: fc.constantFrom('a', 'b', 'c'),
    afterMs: fc.integer({ min: 0, max: 40_000 }),
    state: fc.constantFrom<CallState>('answered', 'error', 'failed', 'refused', 'running'),
  }),
  { maxLength: 60 },
)
const LIMITS = [
  limit({ id: 'calls', max: 5 }),
  limit({ id: 'errors', count: 'errors', max: 3 }),
  limit({ id: 'open', count: 'concurrent', max: 4 }),
]

interface Event {
  readonly caller: string
  readonly tool: string
  readonly afterMs: number
  readonly state: CallState
}

/** What is said of each event; before the one at `cut` all is read from what was remembered. */
function answersTo(all: readonly Event[], cut = Number.POSITIVE_INFINITY): readonly unknown[] {
  let behaviour = new CallerBehaviour(rules(LIMITS))
  const remembered: Record<string, SeenCall[]> = { [ADA]: [], [BOB]: [] }
  let nowMs = 0
  return all.map(({ caller, tool, afterMs, state }, index) => {
    nowMs += afterMs
    if (index === cut) {
      behaviour = new CallerBehaviour(rules(LIMITS))
      for (const [who, calls] of Object.entries(remembered)) {
        for (const seen of calls) behaviour.restore(who, seen)
      }
    }
    const at = { caller, nowMs }
    const answers = [behaviour.breaches(at, call(tool), []), behaviour.facts(at, call(tool))]
    const counted = behaviour.count(at, call(tool))
    const isRemembered = behaviour.note(caller, counted?.id ?? 0, { state, bytesOut: 7 })
    if (isRemembered && counted !== undefined) {
      remembered[caller]?.push({ ...counted, state, bytesOut: 7 })
    }
    return answers
  })
}

test(
  'the same events give the same answers, also when they were read from a store in between',
  { tags: ['BEH-5', 'BEH-9'] },
  () => {
    fc.assert(
      fc.property(events, fc.nat(60), (all, cut) => {
        expect(answersTo(all, cut)).toEqual(answersTo(all))
      }),
    )
  },
)

test(
  'what is counted of a caller takes room as well, so that many callers take no more than many calls',
  { tags: ['BEH-6', 'BEH-15', 'THR-46'] },
  () => {
    const limits = Array.from({ length: 256 }, (_, index) => limit({ id: `${index}`, max: 9 }))
    const behaviour = new CallerBehaviour(rules(limits))
    let callers = 0
    while (behaviour.count({ caller: `did:webvh:${callers}`, nowMs: 0 }, A) !== undefined) {
      callers += 1
    }
    // One call, four for the caller, one for each of its 256 limits and eight counts of a session.
    expect(callers).toBe(Math.ceil(CALLS_MAX / (1 + 4 + 256 + 8)))
  },
)

test(
  'a limit on calls at a time lets nothing be remembered for longer',
  { tags: ['BEH-15'] },
  () => {
    const day = 1440 * MINUTE_MS
    const atATime = limit({ count: 'concurrent', max: 1, withinMs: day })
    const behaviour = new CallerBehaviour(rules([atATime]))
    expect(askAll(behaviour, [A, B])).toEqual([true, true])
    behaviour.forget(MINUTE_MS + 999)
    expect(behaviour.size).toBe(1)
    behaviour.forget(MINUTE_MS + 1000)
    expect(behaviour.size).toBe(0)
  },
)

test(
  'the oldest call that a window may reach tells what may be forgotten elsewhere',
  { tags: ['BEH-18'] },
  () => {
    const behaviour = new CallerBehaviour(rules([]))
    expect(behaviour.oldestId).toBe(1)
    askAll(behaviour, [A, B], { caller: BOB })
    askAll(behaviour, [A], { fromMs: 5000 })
    expect(behaviour.oldestId).toBe(1)
    behaviour.forget(MINUTE_MS + 999)
    expect(behaviour.oldestId).toBe(2)
    behaviour.forget(MINUTE_MS + 1000)
    expect(behaviour.oldestId).toBe(3)
    behaviour.forget(2 * MINUTE_MS)
    expect(behaviour.oldestId).toBe(4)
  },
)

test(
  'the room says how much of it is taken, and what one caller may have',
  { tags: ['BEH-15'] },
  () => {
    const behaviour = new CallerBehaviour(rules([]))
    const max = { max: CALLS_MAX, maxOfOne: CALLS_PER_CALLER_MAX }
    expect(behaviour.room).toEqual({ ...max, taken: 0, mostOfOne: 0 })
    askAll(behaviour, [A, B])
    askAll(behaviour, [A], { caller: BOB })
    // Each caller takes the room of four calls, and of eight for the counts of its session.
    expect(behaviour.room).toEqual({ ...max, taken: 3 + 2 * 12, mostOfOne: 2 })
  },
)
