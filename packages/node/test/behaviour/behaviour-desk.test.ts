import { parseDid } from '@warren/identity'
import type { GateQuestion } from '@warren/mcp'
import type { BehaviourRules, CallLimit } from '@warren/policy'
import { DatabaseSync } from 'node:sqlite'
import { expect, test } from 'vitest'
import type { BehaviourDesk, Entry } from '../../src/behaviour/behaviour-desk.ts'
import { LIMIT_FILE, readLimitFile } from '../../src/behaviour/read-limit-file.ts'
import { answerAboutLimits } from '../../src/control/limits-protocol.ts'
import { VirtualTime } from '../approval/virtual-time.ts'
import { SELF, TestBehaviour } from './test-behaviour.ts'

const ADA = 'did:webvh:ada'
const BOB = 'did:webvh:bob'
const MINUTE_MS = 60_000
const DAY_MS = 86_400_000
const KIND = { action: 'call', tool: 'read' } as const

function rules(...limits: readonly Partial<CallLimit>[]): BehaviourRules {
  return {
    limits: limits.map((changes) => ({
      id: 'calm',
      count: 'calls',
      max: 2,
      withinMs: MINUTE_MS,
      actions: ['refuse'],
      ...changes,
    })),
    sessionWithinMs: MINUTE_MS,
    facts: new Map(),
    quarantineMs: 10 * MINUTE_MS,
  }
}

function question(did = ADA, args: object = {}): GateQuestion {
  const params = { name: 'read', arguments: { ...args } }
  const message = { jsonrpc: '2.0', id: 1, method: 'tools/call', params } as const
  return { caller: { did }, server: 'fs', message, bytes: 100 }
}

/** Lets a call in or not, and does what is to be done about it, as the gate does. */
async function enter(desk: BehaviourDesk, asked: GateQuestion = question()): Promise<Entry> {
  const entry = await desk.enter(asked, KIND, [])
  desk.react(asked, entry.breaches)
  return entry
}

function codeOf(entry: Entry): string | undefined {
  return 'refusal' in entry ? entry.refusal.code : undefined
}

function started(...limits: readonly Partial<CallLimit>[]): {
  tests: TestBehaviour
  time: VirtualTime
} {
  const time = new VirtualTime()
  const tests = new TestBehaviour(time)
  tests.desk.configure(rules(...limits))
  return { tests, time }
}

async function codes(desk: BehaviourDesk, count: number, did = ADA): Promise<unknown> {
  const seen: (string | undefined)[] = []
  for (let index = 0; index < count; index += 1) seen.push(codeOf(await enter(desk, question(did))))
  return seen
}

test('without limits nothing is counted', { tags: ['BEH-9'] }, async () => {
  const tests = new TestBehaviour()
  expect(await enter(tests.desk)).toEqual({})
  expect(tests.desk.facts(question(), KIND)).toBeUndefined()
  expect(tests.stored()).toEqual([])
})

test(
  'a call is on the disk when it is let in, and one that is refused is not',
  { tags: ['BEH-1', 'BEH-5'] },
  async () => {
    const { tests } = started({ max: 1 })
    expect(await codes(tests.desk, 2)).toEqual([undefined, 'budget-calls'])
    expect(tests.stored()).toMatchObject([
      { caller: ADA, server: 'fs', tool: 'read', state: 'asked', bytesIn: 100 },
    ])
  },
)

test(
  'of many calls at one moment no more go on than may',
  { tags: ['BEH-3', 'THR-45'] },
  async () => {
    const { tests } = started({ max: 5 })
    const entries = await Promise.all(Array.from({ length: 40 }, () => enter(tests.desk)))
    expect(entries.filter((entry) => codeOf(entry) === undefined)).toHaveLength(5)
    expect(tests.stored()).toHaveLength(5)
  },
)

test(
  'a restart forgives nothing, and time goes on meanwhile',
  { tags: ['BEH-5', 'THR-45'] },
  async () => {
    const { tests, time } = started({ max: 2 })
    expect(await codes(tests.desk, 2)).toEqual([undefined, undefined])
    time.pass(MINUTE_MS / 2)
    tests.restart()
    expect(await codes(tests.desk, 1)).toEqual(['budget-calls'])
    time.pass(MINUTE_MS / 2)
    expect(await codes(tests.desk, 1)).toEqual([undefined])
  },
)

test(
  'after a crash a call without an end is neither open nor its caller’s fault',
  { tags: ['BEH-5', 'BEH-7'] },
  async () => {
    const { tests } = started(
      { count: 'concurrent', max: 1 },
      { id: 'ill', count: 'errors', max: 0 },
    )
    expect(await codes(tests.desk, 2)).toEqual([undefined, 'budget-concurrent'])
    tests.restart()
    expect(await codes(tests.desk, 1)).toEqual([undefined])
  },
)

test(
  'a wall clock that is set back or forward changes nothing while the node runs, and back gives nothing away after a restart',
  { tags: ['BEH-4', 'BEH-5'] },
  async () => {
    const time = new VirtualTime()
    let offsetMs = 0
    const wall = {
      wallMs: () => 10 ** 12 + time.wallMs() + offsetMs,
      monotonicMs: () => time.monotonicMs(),
    }
    const tests = new TestBehaviour(time, { clock: wall })
    tests.desk.configure(rules({ max: 1 }))
    expect(await codes(tests.desk, 1)).toEqual([undefined])
    for (offsetMs of [-86_400_000, 86_400_000]) {
      expect(await codes(tests.desk, 1)).toEqual(['budget-calls'])
    }
    offsetMs = -86_400_000
    tests.restart()
    expect(await codes(tests.desk, 1)).toEqual(['budget-calls'])
  },
)

test(
  'where the disk takes nothing no call goes on, and the next is tried again',
  { tags: ['BEH-5', 'BEH-6'] },
  async () => {
    const { tests } = started({ max: 9 })
    const other = new DatabaseSync(tests.path, { timeout: 0 })
    other.exec('DROP TABLE caller_call')
    expect(codeOf(await enter(tests.desk))).toBe('budget-unavailable')
    expect(tests.desk.trouble).toBeDefined()
    other.exec(`CREATE TABLE caller_call (id INTEGER PRIMARY KEY, caller TEXT, server TEXT, tool TEXT, digest TEXT,
    bytes_in INTEGER, at_ms INTEGER, state TEXT, bytes_out INTEGER) STRICT`)
    other.close()
    expect(codeOf(await enter(tests.desk))).toBeUndefined()
    expect(tests.desk.trouble).toBeUndefined()
  },
)

test(
  'members in another order, and other members for the transport, make no other call',
  { tags: ['BEH-1', 'THR-45'] },
  async () => {
    const { tests } = started({ count: 'sameCall', max: 1 })
    expect(codeOf(await enter(tests.desk, question(ADA, { a: 1, b: 2 })))).toBeUndefined()
    expect(codeOf(await enter(tests.desk, question(ADA, { b: 2, a: 1 })))).toBe('budget-same-call')
    expect(codeOf(await enter(tests.desk, question(ADA, { a: 1, b: 3 })))).toBeUndefined()
    const odd = (first: string): GateQuestion => question(ADA, { [first]: '\ud800', z: 1 })
    expect(codeOf(await enter(tests.desk, odd('a')))).toBeUndefined()
    expect(codeOf(await enter(tests.desk, odd('a')))).toBe('budget-same-call')
  },
)

test('a call ends in whatever way', { tags: ['BEH-7'] }, async () => {
  const { tests } = started({ count: 'concurrent', max: 1 })
  const allowed = { allowed: true, rule: 'r' } as const
  for (const end of [
    { outcome: 'cancelled' },
    { outcome: 'failed', code: 'server-gone' },
    { outcome: 'refused', code: 'fact-changed' },
    { outcome: 'answered', answer: { message: { jsonrpc: '2.0', id: 1, result: {} }, bytes: 9 } },
  ] as const) {
    const entry = await enter(tests.desk)
    const answer = tests.desk.decided(
      question(),
      allowed,
      'refusal' in entry ? undefined : entry.call,
    )
    expect(await codes(tests.desk, 1)).toEqual(['budget-concurrent'])
    await (answer.allowed ? answer.call?.ended(end) : undefined)
  }
  expect(await codes(tests.desk, 1)).toEqual([undefined])
})

test('a result that says that it is an error counts as one', { tags: ['BEH-1'] }, async () => {
  const { tests } = started({ count: 'errors', max: 0 })
  const entry = await enter(tests.desk)
  const answer = tests.desk.decided(
    question(),
    { allowed: true, rule: 'r' },
    'refusal' in entry ? undefined : entry.call,
  )
  const message = { jsonrpc: '2.0', id: 1, result: { isError: true, content: [] } } as const
  await (answer.allowed
    ? answer.call?.ended({ outcome: 'answered', answer: { message, bytes: 9 } })
    : undefined)
  expect(await codes(tests.desk, 1)).toEqual(['budget-errors'])
})

test(
  'a caller that is kept out is refused everything until then, over a restart, and nobody else is',
  { tags: ['BEH-11', 'BEH-12', 'THR-46'] },
  async () => {
    const { tests, time } = started({ max: 0, actions: ['quarantine-caller'], server: 'fs' })
    expect(await codes(tests.desk, 1)).toEqual(['budget-calls'])
    time.pass(20)
    expect(tests.ended).toEqual([[ADA, undefined]])
    expect(tests.alerts).toMatchObject([{ code: 'caller-behaviour', severity: 'warn' }])
    tests.desk.configure(undefined)
    expect(await codes(tests.desk, 1)).toEqual(['caller-kept-out'])
    expect(codeOf(await tests.desk.enter(question(), { action: 'list' }, []))).toBe(
      'caller-kept-out',
    )
    expect(await codes(tests.desk, 1, BOB)).toEqual([undefined])
    time.pass(9 * MINUTE_MS - 20)
    tests.restart()
    tests.desk.configure(undefined)
    expect(await codes(tests.desk, 1)).toEqual(['caller-kept-out'])
    time.pass(MINUTE_MS - 1)
    expect(await codes(tests.desk, 1)).toEqual(['caller-kept-out'])
    time.pass(1)
    expect(await codes(tests.desk, 1)).toEqual([undefined])
    tests.desk.sweep()
    expect(tests.store.callerCalls.quarantines()).toEqual([])
  },
)

test(
  'who is let in again is in at once, and who is not kept out cannot be',
  { tags: ['BEH-11', 'BEH-13'] },
  async () => {
    const { tests } = started({ max: 0, actions: ['quarantine-caller'] })
    await codes(tests.desk, 1)
    tests.desk.configure(undefined)
    expect(tests.desk.lift(BOB)).toBe(false)
    expect(tests.desk.lift(ADA)).toBe(true)
    expect(tests.desk.lift(ADA)).toBe(false)
    expect(await codes(tests.desk, 1)).toEqual([undefined])
    tests.restart()
    expect(tests.desk.keptOut()).toEqual([])
  },
)

test(
  'the hosts of the node itself are bound by limits, and never kept out',
  { tags: ['BEH-11'] },
  async () => {
    const { tests } = started({ max: 0, actions: ['quarantine-caller'] })
    expect(await codes(tests.desk, 1, SELF)).toEqual(['budget-calls'])
    tests.desk.configure(undefined)
    expect(await codes(tests.desk, 1, SELF)).toEqual([undefined])
  },
)

test(
  'an administrator is told once a minute for one caller and one reason',
  { tags: ['BEH-12', 'THR-46'] },
  async () => {
    const { tests, time } = started({ max: 0, actions: ['tell-admin', 'refuse'] })
    await codes(tests.desk, 50)
    await codes(tests.desk, 1, BOB)
    expect(tests.alerts).toHaveLength(2)
    time.pass(MINUTE_MS)
    await codes(tests.desk, 1)
    expect(tests.alerts).toHaveLength(3)
  },
)

test('a session that is ended is that of this server alone', { tags: ['BEH-10'] }, async () => {
  const { tests, time } = started({ max: 0, actions: ['end-session'] })
  await codes(tests.desk, 1)
  time.pass(20)
  expect(tests.ended).toEqual([[ADA, 'fs']])
})

test(
  'nobody is let in to make room for one more that is to be kept out',
  { tags: ['BEH-6', 'BEH-11', 'THR-46'] },
  () => {
    const { tests } = started()
    // Thousands of flushes take seconds: all but two are in the store, by one.
    const other = new DatabaseSync(tests.path)
    other.exec('BEGIN')
    const add = other.prepare('INSERT INTO caller_quarantine VALUES (?, ?, 0, 600000)')
    for (let index = 0; index < 4_095; index += 1) add.run(`did:webvh:${index}`, 'rule "trap"')
    other.exec('COMMIT')
    other.close()
    tests.restart()
    for (let index = 4_095; index <= 4_096; index += 1) {
      tests.desk.act(question(`did:webvh:${index}`), 'quarantine-caller', 'rule "trap"')
    }
    expect(tests.desk.keptOut()).toHaveLength(4_096)
    expect(tests.desk.objection('did:webvh:0')).toMatchObject({ code: 'caller-kept-out' })
    expect(tests.desk.objection('did:webvh:4095')).toMatchObject({ code: 'caller-kept-out' })
    expect(tests.desk.objection('did:webvh:4096')).toBeUndefined()
  },
)

test(
  'a disk that takes nothing keeps nobody in or out, and does not end the node',
  { tags: ['BEH-5', 'BEH-11', 'THR-46'] },
  async () => {
    const { tests, time } = started({ max: 0, actions: ['quarantine-caller'] })
    await codes(tests.desk, 1)
    const other = new DatabaseSync(tests.path, { timeout: 0 })
    other.exec('DROP TABLE caller_quarantine')
    other.close()
    time.pass(10 * MINUTE_MS)
    tests.desk.sweep()
    expect(tests.desk.trouble).toBeDefined()
    expect(tests.desk.objection(ADA)).toBeUndefined()
    await codes(tests.desk, 1, BOB)
    expect(tests.desk.objection(BOB)).toMatchObject({ code: 'caller-kept-out' })
  },
)

test('a call without arguments is one with none', { tags: ['BEH-1'] }, async () => {
  const { tests } = started({ count: 'sameCall', max: 1 })
  const { message, ...rest } = question()
  const bare = { ...rest, message: { ...message, params: { name: 'read' } } }
  expect(codeOf(await enter(tests.desk, bare))).toBeUndefined()
  expect(codeOf(await enter(tests.desk))).toBe('budget-same-call')
})

test.for([
  ['just as long as may be', 'a'.repeat(64), 'a'.repeat(64)],
  ['longer', 'a'.repeat(65), /^sha256:[\w-]{43}$/],
  ['of wide characters', 'ö'.repeat(32), 'ö'.repeat(32)],
  ['of more of them', 'ö'.repeat(33), /^sha256:[\w-]{43}$/],
] as const)(
  'a tool whose name is %s is meant by the limit that names it',
  { tags: ['BEH-16', 'THR-46'] },
  async ([, tool, kept]) => {
    const time = new VirtualTime()
    const tests = new TestBehaviour(time)
    const text = `limits: { it: { server: fs, tool: "${tool}", count: calls, max: 1, within: 1m } }`
    tests.desk.configure(readLimitFile({ name: LIMIT_FILE, text }))
    const entries = [0, 1].map(() => tests.desk.enter(question(), { action: 'call', tool }, []))
    expect((await Promise.all(entries)).map((entry) => codeOf(entry))).toEqual([
      undefined,
      'budget-calls',
    ])
    expect(tests.stored().map((each) => each.tool)).toEqual([
      typeof kept === 'string' ? kept : expect.stringMatching(kept),
    ])
  },
)

test(
  'of a call the beginning and the end are written, and nothing in between',
  { tags: ['BEH-5'] },
  async () => {
    const { tests } = started({ max: 9 })
    const entry = await enter(tests.desk)
    const call = 'refusal' in entry ? undefined : entry.call
    const answer = tests.desk.decided(question(), { allowed: true, rule: 'r' }, call)
    tests.desk.stop()
    expect(tests.stored()).toMatchObject([{ state: 'asked' }])
    await (answer.allowed ? answer.call?.ended({ outcome: 'failed', code: 'gone' }) : undefined)
    tests.desk.stop()
    expect(tests.stored()).toMatchObject([{ state: 'failed' }])
  },
)

test(
  'rows of calls that are forgotten go, some at a time, whatever the wall clock says',
  { tags: ['BEH-18', 'THR-46'] },
  async () => {
    const time = new VirtualTime()
    let offsetMs = 86_400_000
    const clock = {
      wallMs: () => 10 ** 12 + time.wallMs() + offsetMs,
      monotonicMs: () => time.monotonicMs(),
    }
    const tests = new TestBehaviour(time, { clock })
    tests.desk.configure(rules({ max: 9 }))
    await codes(tests.desk, 1)
    const [row] = tests.stored()
    const more = Array.from({ length: 4999 }, (_, index) => ({ ...row!, id: index + 2 }))
    tests.store.callerCalls.write(more, [])
    offsetMs = 0
    tests.restart()
    time.pass(MINUTE_MS - 1)
    tests.desk.sweep()
    expect(tests.stored()).toHaveLength(5000)
    time.pass(1)
    tests.desk.sweep()
    expect(tests.stored()).toHaveLength(5000 - 2048)
    time.pass(99)
    expect(tests.stored()).toHaveLength(5000 - 2048)
    time.pass(1)
    expect(tests.stored()).toHaveLength(5000 - 4096)
    time.pass(100)
    expect(tests.stored()).toEqual([])
    expect(time.timers).toBe(0)
  },
)

test.for<[string, (tests: TestBehaviour) => void]>([
  ['a start without a usable set', (tests) => tests.restart()],
  ['a reload without limits', () => {}],
])(
  'limits that come back after %s find what was used up, for as long as it counts and no longer',
  { tags: ['BEH-5', 'BEH-20', 'THR-45'] },
  async ([, begin]) => {
    const { tests, time } = started({ withinMs: DAY_MS })
    const daily = tests.desk.rules
    expect(await codes(tests.desk, 3)).toEqual([undefined, undefined, 'budget-calls'])
    tests.desk.configure(undefined)
    begin(tests)
    tests.desk.configure(undefined)
    for (let minute = 1; minute < 1440; minute += 1) {
      time.pass(MINUTE_MS)
      tests.desk.sweep()
    }
    time.pass(MINUTE_MS - 1)
    tests.desk.sweep()
    expect(tests.stored()).toHaveLength(2)
    tests.desk.configure(daily)
    expect(await codes(tests.desk, 1)).toEqual(['budget-calls'])
    time.pass(1)
    expect(await codes(tests.desk, 1)).toEqual([undefined])
  },
)

test(
  'without limits rows are deleted once no window can reach them',
  { tags: ['BEH-18', 'BEH-20'] },
  async () => {
    const { tests, time } = started({ withinMs: DAY_MS })
    await codes(tests.desk, 2)
    tests.desk.configure(undefined)
    time.pass(DAY_MS - 1)
    tests.desk.sweep()
    expect(tests.stored()).toHaveLength(2)
    time.pass(1)
    tests.desk.sweep()
    expect(tests.stored()).toEqual([])
  },
)

test.for([
  { when: 'within the window', passMs: MINUTE_MS - 1, taken: 2 },
  { when: 'just out of the window', passMs: MINUTE_MS, taken: 0 },
  { when: 'long out of the window', passMs: 120 * MINUTE_MS, taken: 0 },
])(
  'calls that are $when at a start take the room of $taken calls from others, before anything is swept',
  { tags: ['BEH-19', 'THR-46'] },
  async ({ passMs, taken }) => {
    const { tests, time } = started({ max: 1_000_000 })
    await codes(tests.desk, 2)
    const { room } = tests.desk
    time.pass(passMs)
    tests.restart()
    expect(tests.desk.room).toEqual(
      taken === 0 ? { ...room, taken: 0, mostOfOne: 0 } : { ...room, mostOfOne: taken },
    )
    expect(await codes(tests.desk, 1, BOB)).toEqual([undefined])
  },
)

test(
  'a reload without limits and back forgets nothing that a window reaches',
  { tags: ['BEH-19', 'BEH-5'] },
  async () => {
    const { tests, time } = started({ max: 2 })
    await codes(tests.desk, 2)
    time.pass(MINUTE_MS - 1)
    const { rules: limits } = tests.desk
    tests.desk.configure(undefined)
    tests.desk.configure(limits)
    expect(await codes(tests.desk, 1)).toEqual(['budget-calls'])
    time.pass(1)
    expect(await codes(tests.desk, 1)).toEqual([undefined])
  },
)

test('a node that ends deletes nothing more', { tags: ['BEH-18'] }, async () => {
  const { tests, time } = started({ max: 9 })
  await codes(tests.desk, 1)
  const [row] = tests.stored()
  const more = Array.from({ length: 2100 }, (_, index) => ({ ...row!, id: index + 2 }))
  tests.store.callerCalls.write(more, [])
  tests.restart()
  time.pass(MINUTE_MS)
  tests.desk.sweep()
  tests.desk.stop()
  time.pass(MINUTE_MS)
  expect(tests.stored()).toHaveLength(2101 - 2048)
})

test(
  'where there is no room for a call it is refused, and the limits say why',
  { tags: ['BEH-6', 'BEH-13', 'THR-46'] },
  async () => {
    const { tests } = started({ max: 1_000_000 })
    await codes(tests.desk, 1)
    const [row] = tests.stored()
    const more = Array.from({ length: 65_535 }, (_, index) => ({ ...row!, id: index + 2 }))
    tests.store.callerCalls.write(more, [])
    tests.restart()
    expect(await codes(tests.desk, 1)).toEqual(['budget-unavailable'])
    expect(answerAboutLimits(tests.desk, { do: 'limits' }, parseDid)).toMatchObject({
      room: { mostOfOne: 65_536, maxOfOne: 65_536 },
      trouble: expect.stringContaining('no room'),
    })
    expect(tests.alerts).toMatchObject([{ code: 'caller-behaviour' }])
    expect(await codes(tests.desk, 1, BOB)).toEqual([undefined])
    expect(answerAboutLimits(tests.desk, { do: 'limits' }, parseDid)).toMatchObject({
      trouble: null,
    })
  },
)
