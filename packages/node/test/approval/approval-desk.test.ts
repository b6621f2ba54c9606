import type { Hold, Refusal, WaitingNote } from '@warren/mcp'
import { expect, test } from 'vitest'
import type { ApprovalQuestion, ApprovalVerdict } from '../../src/approval/held-call.ts'
import { LIMITS, TestDesk, WAIT_MS } from './test-desk.ts'

const ALICE = 'did:webvh:QmAlice:warren.internal'
const BOB = 'did:webvh:QmBob:warren.internal'

function question(caller = ALICE, changes: Partial<ApprovalQuestion> = {}): ApprovalQuestion {
  return {
    subject: {
      caller,
      generation: 1,
      server: 'fs',
      tool: 'write',
      arguments: { path: 'a' },
      more: {},
      beside: {},
      facts: {},
      policy: 'p',
    },
    length: 100,
    hash: `hash of ${caller}`,
    rules: ['writes'],
    roles: ['member'],
    enclave: 'main',
    ...changes,
  }
}

/** A caller that waits, and hears. */
class Caller {
  readonly gone = new AbortController()
  readonly notes: WaitingNote[] = []
  readonly verdicts: ApprovalVerdict[] = []

  readonly hold: Hold = (wait) =>
    wait({ signal: this.gone.signal, progress: (note) => this.notes.push(note) })
}

/** Lets whatever needs no time happen. */
async function settled(): Promise<void> {
  for (let turn = 0; turn < 20; turn += 1) await Promise.resolve()
}

interface Waits {
  readonly caller: Caller
  readonly id: string
  readonly hash: string
  /** What became of it; undefined while it waits. */
  readonly verdict: () => ApprovalVerdict | undefined
}

async function held(tests: TestDesk, asked = question()): Promise<Waits> {
  const caller = new Caller()
  const wait = async (): Promise<void> => {
    const verdict = await tests.desk.hold(asked, caller.hold)
    caller.verdicts.push(verdict)
    // What the gate does when it has judged the call once more.
    if (verdict.approved) verdict.conclude(undefined)
  }
  void wait()
  await settled()
  const id = tests.desk.waiting.at(-1)?.id ?? ''
  return { caller, id, hash: asked.hash, verdict: () => caller.verdicts[0] }
}

function refusal(verdict: ApprovalVerdict | undefined): Refusal | undefined {
  return verdict?.approved === false ? verdict.refusal : undefined
}

const UNKNOWN = expect.objectContaining({ code: 'approval-unknown' })

test(
  'a call waits until it is approved, and is written down',
  { tags: ['APR-1', 'APR-9'] },
  async () => {
    const desk = new TestDesk()
    const { id, hash, verdict } = await held(desk)
    expect(desk.desk.waiting).toHaveLength(1)
    expect(verdict()).toBeUndefined()
    expect(await desk.desk.approve({ id, hash })).toBeUndefined()
    expect(verdict()).toMatchObject({ approved: true, id })
    expect(desk.desk.waiting).toEqual([])
    const common = { kind: 'approval', approval: id, caller: ALICE, server: 'fs', tool: 'write' }
    expect(desk.entries).toEqual([
      { ...common, event: 'held' },
      { ...common, event: 'approved', by: 'operator' },
    ])
    expect(desk.time.timers).toBe(0)
  },
)

test(
  'a person refuses with a reason, which the caller is told',
  { tags: ['APR-9', 'APR-12'] },
  async () => {
    const desk = new TestDesk()
    const { id, hash, verdict } = await held(desk)
    desk.desk.refuse({ id, hash, reason: 'not on a Friday' })
    await settled()
    expect(refusal(verdict())).toMatchObject({
      code: 'approval-refused',
      sentence: expect.stringMatching(/"writes".*not on a Friday$/),
    })
    expect(desk.entries.at(-1)).toMatchObject({ event: 'refused', reason: 'not on a Friday' })
  },
)

test('a call waits for exactly its time', { tags: ['APR-5', 'APR-9'] }, async () => {
  const desk = new TestDesk()
  const { id, hash, verdict } = await held(desk)
  desk.time.pass(WAIT_MS - 1)
  await settled()
  expect(verdict()).toBeUndefined()
  desk.time.pass(1)
  await settled()
  expect(refusal(verdict())).toMatchObject({
    code: 'approval-expired',
    sentence: expect.stringContaining('within 300 s'),
  })
  await expect(desk.desk.approve({ id, hash })).rejects.toEqual(UNKNOWN)
  expect(desk.events).toEqual(['held', 'expired'])
})

test(
  'an approval in the last moment counts, though it is written down after the end',
  { tags: ['APR-4', 'APR-5'] },
  async () => {
    const desk = new TestDesk()
    const { id, hash, verdict } = await held(desk)
    desk.time.pass(WAIT_MS - 1)
    const approving = desk.desk.approve({ id, hash })
    desk.time.pass(1000)
    await approving
    expect(verdict()).toMatchObject({ approved: true })
    expect(desk.events).toEqual(['held', 'approved'])
  },
)

test(
  'an approval that cannot be written down is none: the call waits on, and ends when its time is over',
  { tags: ['APR-5', 'APR-9'] },
  async () => {
    const desk = new TestDesk()
    const { id, hash, verdict } = await held(desk)
    desk.isDiskFull = true
    await expect(desk.desk.approve({ id, hash })).rejects.toMatchObject({
      code: 'audit-unavailable',
    })
    expect(desk.desk.waiting).toHaveLength(1)
    const late = desk.desk.approve({ id, hash })
    desk.time.pass(WAIT_MS)
    await expect(late).rejects.toMatchObject({ code: 'audit-unavailable' })
    await settled()
    expect(refusal(verdict())?.code).toBe('approval-expired')
  },
)

test(
  'a call that cannot be written down is shown to nobody, and refused',
  { tags: ['APR-9'] },
  async () => {
    const desk = new TestDesk()
    desk.isDiskFull = true
    const { verdict } = await held(desk)
    expect(refusal(verdict())?.code).toBe('audit-unavailable')
    expect(desk.desk.waiting).toEqual([])
    expect(desk.time.timers).toBe(0)
  },
)

test('of two answers to one call the second is an error', { tags: ['APR-4'] }, async () => {
  const desk = new TestDesk()
  const first = await held(desk)
  const { id, hash } = first
  const both = await Promise.allSettled([
    desk.desk.approve({ id, hash }),
    desk.desk.approve({ id, hash }),
  ])
  expect(both.map(({ status }) => status)).toEqual(['fulfilled', 'rejected'])
  await expect(desk.desk.approve({ id, hash })).rejects.toEqual(UNKNOWN)
  expect(() => desk.desk.refuse({ id, hash })).toThrow(UNKNOWN)
  expect(first.caller.verdicts).toHaveLength(1)

  const second = await held(desk)
  desk.desk.refuse(second)
  await expect(desk.desk.approve(second)).rejects.toEqual(UNKNOWN)
})

test(
  'a caller that goes takes its call along, also while it is being approved',
  { tags: ['APR-4', 'APR-7'] },
  async () => {
    const desk = new TestDesk()
    const first = await held(desk)
    first.caller.gone.abort()
    await settled()
    expect(refusal(first.verdict())?.code).toBe('approval-cancelled')
    expect(desk.desk.waiting).toEqual([])
    await expect(desk.desk.approve(first)).rejects.toEqual(UNKNOWN)

    const second = await held(desk)
    desk.writing = ({ event }) => event === 'approved' && second.caller.gone.abort()
    await expect(desk.desk.approve({ ...second, times: 2 })).rejects.toEqual(UNKNOWN)
    expect(refusal(second.verdict())?.code).toBe('approval-cancelled')
    expect(desk.desk.grants).toEqual([])
    expect(desk.events).toEqual(['held', 'cancelled', 'held', 'approved', 'cancelled'])
  },
)

test(
  'a caller that has gone before its call was written down leaves nothing',
  { tags: ['APR-7'] },
  async () => {
    const desk = new TestDesk()
    desk.writing = () => caller.gone.abort()
    const caller = new Caller()
    const verdict = await desk.desk.hold(question(), caller.hold)
    expect(refusal(verdict)?.code).toBe('approval-cancelled')
    expect(desk.desk.waiting).toEqual([])
  },
)

test(
  'calls of one caller are bounded, and leave room for another',
  { tags: ['APR-6', 'THR-56'] },
  async () => {
    const desk = new TestDesk()
    const codes: (string | undefined)[] = []
    for (let count = 0; count < 5000; count += 1) {
      const { verdict } = await held(desk)
      codes.push(refusal(verdict())?.code)
    }
    expect(desk.desk.waiting).toHaveLength(LIMITS.waitingPerCallerMax)
    expect(codes.filter((code) => code === 'approval-unavailable')).toHaveLength(
      5000 - LIMITS.waitingPerCallerMax,
    )
    const other = await held(desk, question(BOB))
    expect(other.verdict()).toBeUndefined()
    expect(desk.desk.waiting.map(({ caller }) => caller)).toContain(BOB)
  },
)

test(
  'calls of all callers are bounded, and one that ends makes room',
  { tags: ['APR-6', 'THR-56'] },
  async () => {
    const desk = new TestDesk()
    const all: Waits[] = []
    for (let count = 0; count < LIMITS.waitingMax; count += 1)
      all.push(await held(desk, question(`did:${count}`)))
    expect(all.every(({ verdict }) => verdict() === undefined)).toBe(true)
    const { verdict } = await held(desk, question(BOB))
    expect(refusal(verdict())).toMatchObject({
      sentence: expect.stringContaining('too many calls wait'),
    })
    const [first] = all
    first?.caller.gone.abort()
    await settled()
    expect((await held(desk, question(BOB))).verdict()).toBeUndefined()
  },
)

test.for([
  { what: 'a subject of the longest', length: 65_536, waits: true },
  { what: 'a longer one', length: 65_537, waits: false },
])('$what waits: $waits', { tags: ['APR-6', 'THR-56'] }, async ({ length, waits }) => {
  const { desk } = new TestDesk()
  void desk.hold(question(ALICE, { length }), new Caller().hold)
  await settled()
  expect(desk.waiting).toHaveLength(waits ? 1 : 0)
})

test('what is no request does not wait', { tags: ['APR-1'] }, async () => {
  const { desk } = new TestDesk()
  const verdict = await desk.hold(question(), undefined)
  expect(refusal(verdict)?.code).toBe('approval-unavailable')
})

test(
  'another hash under the same id is not approved, nor refused',
  { tags: ['APR-11'] },
  async () => {
    const desk = new TestDesk()
    const { id, verdict } = await held(desk)
    const mismatch = expect.objectContaining({ code: 'approval-mismatch' })
    await expect(desk.desk.approve({ id, hash: 'other' })).rejects.toEqual(mismatch)
    expect(() => desk.desk.refuse({ id, hash: 'other' })).toThrow(mismatch)
    expect(verdict()).toBeUndefined()
  },
)

test(
  'an approval is good for one call where nothing else is said',
  { tags: ['APR-8'] },
  async () => {
    const desk = new TestDesk()
    const call = await held(desk)
    await desk.desk.approve(call)
    expect(desk.desk.use(call.hash)).toBeUndefined()
  },
)

test('three times are three times, of this hash alone', { tags: ['APR-8'] }, async () => {
  const desk = new TestDesk()
  const call = await held(desk)
  await desk.desk.approve({ ...call, times: 3 })
  expect(desk.entries.at(-1)).toMatchObject({ event: 'approved', times: 3, forSeconds: 3600 })
  expect(desk.desk.use('other')).toBeUndefined()
  expect([1, 2, 3].map(() => desk.desk.use(call.hash))).toEqual([call.id, call.id, undefined])
})

test('an hour is an hour and a hundred times', { tags: ['APR-8'] }, async () => {
  const desk = new TestDesk()
  const call = await held(desk)
  await desk.desk.approve({ ...call, forSeconds: 3600 })
  desk.time.pass(3_599_999)
  expect(desk.desk.use(call.hash)).toBe(call.id)
  desk.time.pass(1)
  expect(desk.desk.use(call.hash)).toBeUndefined()

  const other = await held(desk)
  await desk.desk.approve({ ...other, forSeconds: 3600 })
  const uses = Array.from({ length: 100 }, () => desk.desk.use(other.hash))
  expect(uses.filter((id) => id !== undefined)).toHaveLength(99)
})

test('an approval can be taken back', { tags: ['APR-8', 'APR-9'] }, async () => {
  const desk = new TestDesk()
  const call = await held(desk)
  await desk.desk.approve({ ...call, times: 3 })
  desk.desk.refuse(call)
  expect(desk.desk.use(call.hash)).toBeUndefined()
  expect(desk.entries.at(-1)).toMatchObject({
    event: 'withdrawn',
    approval: call.id,
    by: 'operator',
  })
})

test('256 approvals are kept; the oldest goes', { tags: ['APR-8'] }, async () => {
  const desk = new TestDesk()
  for (let count = 0; count <= 256; count += 1) {
    const call = await held(desk, question(`did:${count}`, { hash: `hash ${count}` }))
    await desk.desk.approve({ ...call, times: 2 })
  }
  expect(desk.desk.grants).toHaveLength(256)
  expect(desk.desk.use('hash 0')).toBeUndefined()
  expect(desk.desk.use('hash 1')).toBeDefined()
})

test(
  'another policy set ends what waits and what was approved',
  { tags: ['APR-3', 'APR-8'] },
  async () => {
    const desk = new TestDesk()
    const first = await held(desk)
    await desk.desk.approve({ ...first, times: 3 })
    const second = await held(desk)
    desk.desk.policyReplaced()
    await settled()
    expect(refusal(second.verdict())?.code).toBe('approval-outdated')
    expect(desk.desk.use(first.hash)).toBeUndefined()
    await expect(desk.desk.approve(second)).rejects.toEqual(UNKNOWN)
  },
)

test(
  'another server of the same name ends what waits for it and what was approved, and nothing else',
  { tags: ['APR-3', 'APR-8', 'THR-62'] },
  async () => {
    const desk = new TestDesk()
    const asked = question()
    const { subject } = asked
    const elsewhere = { subject: { ...subject, server: 'web' }, hash: 'hash of another' }
    const granted = await held(desk)
    await desk.desk.approve({ ...granted, times: 3 })
    const kept = await held(desk, { ...asked, ...elsewhere })
    await desk.desk.approve({ ...kept, times: 3 })
    const waits = await held(desk)
    const goesOn = await held(desk, { ...asked, ...elsewhere })
    desk.desk.serversReplaced(new Set(['fs', 'other']))
    await settled()
    expect(refusal(waits.verdict())?.code).toBe('approval-outdated')
    expect(desk.desk.use(granted.hash)).toBeUndefined()
    await expect(desk.desk.approve(waits)).rejects.toEqual(UNKNOWN)
    expect(goesOn.verdict()).toBeUndefined()
    expect(desk.desk.use(kept.hash)).toBe(kept.id)
  },
)

test(
  'a host hears at once, and every ten seconds, how long its call still waits',
  { tags: ['APR-14'] },
  async () => {
    const desk = new TestDesk({ waitMs: 25_000 })
    const { caller } = await held(desk)
    desk.time.pass(9999)
    expect(caller.notes.map(({ leftSeconds }) => leftSeconds)).toEqual([25])
    desk.time.pass(50_000)
    expect(caller.notes.map(({ leftSeconds }) => leftSeconds)).toEqual([25, 15, 5])
  },
)

test('whoever approves hears what the node made of it', { tags: ['APR-12'] }, async () => {
  const { desk } = new TestDesk()
  const revoked: Refusal = { allowed: false, code: 'caller-not-admitted', sentence: 'gone' }
  const asked = question()
  const verdict = desk.hold(asked, new Caller().hold)
  await settled()
  const approving = desk.approve({ id: desk.waiting[0]?.id ?? '', hash: asked.hash })
  const said = await verdict
  if (said.approved) said.conclude(revoked)
  expect(await approving).toEqual(revoked)
})

test(
  'a caller that takes its calls back again and again is held 60 times in a minute, and writes no more',
  { tags: ['APR-6', 'APR-9'] },
  async () => {
    const desk = new TestDesk()
    for (let count = 0; count < 1000; count += 1) {
      const { caller } = await held(desk)
      caller.gone.abort()
      await settled()
    }
    expect(desk.entries).toHaveLength(120)
    const { verdict } = await held(desk)
    expect(refusal(verdict())).toMatchObject({ sentence: expect.stringContaining('too often') })
    expect((await held(desk, question(BOB))).verdict()).toBeUndefined()
    desk.time.pass(59_999)
    expect(refusal((await held(desk)).verdict())?.code).toBe('approval-unavailable')
    desk.time.pass(1)
    expect((await held(desk)).verdict()).toBeUndefined()
  },
)
