import type { EntryDraft } from '@warren/audit'
import type { JsonObject } from '@warren/core'
import { nodeSuite as suite } from '@warren/crypto'
import type { GateAnswer, JsonRpcMessage } from '@warren/mcp'
import { classifyMessage } from '@warren/policy'
import { type AuditReceipt, StorageError } from '@warren/storage'
import { expect, test } from 'vitest'
import { CallRecorder } from '../../src/audit/call-recorder.ts'
import { KeepRules, type ServerKeep } from '../../src/audit/keep-rules.ts'
import { RefusalLedger } from '../../src/audit/refusal-ledger.ts'
import type { NodeEvent } from '../../src/node-event.ts'
import { auditDirectory, entriesOf, NODE, openTestLog } from './test-log.ts'
import { HandScheduler } from './hand-scheduler.ts'

const POLICY = 'A'.repeat(43)
const ALLOWED: GateAnswer = { allowed: true, rule: 'open' }
const REFUSED: GateAnswer = { allowed: false, code: 'policy-no-rule', sentence: 'no' }

function request(method: string, params: JsonObject = {}): JsonRpcMessage {
  return { jsonrpc: '2.0', id: 7, method, params }
}

const ECHO = request('tools/call', { name: 'echo', arguments: { text: 'hi' } })
const ANSWER = { message: { jsonrpc: '2.0', id: 7, result: { content: [] } }, bytes: 42 } as const

interface Case {
  readonly recorder: CallRecorder
  readonly drafts: EntryDraft[]
  readonly events: NodeEvent[]
  readonly lost: number[]
  readonly clock: { ms: number }
  /** Whether the disk takes what is written. */
  disk: 'well' | 'full'
  readonly decided: (
    message: JsonRpcMessage,
    answer?: GateAnswer,
    bytes?: number,
  ) => Promise<GateAnswer>
}

function recording(keep: ServerKeep = {}): Case {
  const drafts: EntryDraft[] = []
  const events: NodeEvent[] = []
  const lost: number[] = []
  const clock = { ms: 0 }
  const append = async (draft: EntryDraft): Promise<AuditReceipt> => {
    if (made.disk === 'full') throw new StorageError('audit-unavailable', 'the disk is full')
    drafts.push(draft)
    return { seq: drafts.length - 1 }
  }
  const recorder = new CallRecorder({
    clock: { monotonicMs: () => clock.ms },
    random: suite,
    report: (event) => events.push(event),
    refusals: new RefusalLedger({ scheduler: new HandScheduler(), append, note: () => {} }),
    keep: () => new KeepRules(new Map([['fs', keep]])),
    append,
    onResultLost: (decision) => lost.push(decision),
  })
  const made: Case = {
    recorder,
    drafts,
    events,
    lost,
    clock,
    disk: 'well',
    decided: async (message, answer = ALLOWED, bytes = 100) =>
      recorder.decided({
        question: { caller: { did: NODE }, server: 'fs', message, bytes },
        answer,
        kind: classifyMessage(message),
        roles: ['operator'],
        enclave: 'plant',
        gen: 1,
        policy: POLICY,
        ...(answer.allowed ? { rule: answer.rule } : {}),
      }),
  }
  return made
}

function callOf(answer: GateAnswer): NonNullable<Extract<GateAnswer, { allowed: true }>['call']> {
  if (answer.allowed && answer.call !== undefined) return answer.call
  throw new Error('nobody wants to know how this call ends')
}

test.for([
  ['a tool call', ECHO, true],
  ['a resource that is read', request('resources/read', { uri: 'a:b' }), true],
  ['a prompt', request('prompts/get', { name: 'p' }), true],
  ['a method that nobody knows', request('x/new'), true],
  ['a list', request('tools/list'), false],
  ['a ping', request('ping'), false],
  ['an answer', { jsonrpc: '2.0', id: 1, result: {} }, false],
] as const)('%s has entries: %o', { tags: ['AUN-1', 'AUN-2'] }, async ([, message, has]) => {
  const { decided, drafts } = recording()
  const answer = await decided(message)
  expect(answer).toMatchObject({ allowed: true })
  expect(drafts.map(({ kind }) => kind)).toEqual(has ? ['decision'] : [])
  expect('call' in answer).toBe(has)
})

test.for([
  ['what the provider asks for its list of servers', 'tools/list', REFUSED, 0, false],
  ['a list that a caller asks for', 'tools/list', REFUSED, 1, true],
  ['somebody who is no member', 'tools/list', { ...REFUSED, code: 'not-member' }, 0, true],
  ['anything but a list', 'tools/call', REFUSED, 0, true],
] as const)('%s, refused', { tags: ['AUN-3'] }, async ([, method, refusal, bytes, has]) => {
  const { decided, drafts } = recording()
  expect(await decided(request(method, { name: 'echo' }), refusal, bytes)).toEqual(refusal)
  expect(drafts).toHaveLength(has ? 1 : 0)
})

test(
  'a decision says who asked for what, and by which rule of which set',
  { tags: ['AUN-1'] },
  async () => {
    const { decided, drafts } = recording()
    await decided(ECHO)
    expect(drafts).toEqual([
      {
        kind: 'decision',
        call: expect.stringMatching(/^[0-9a-f]{32}$/),
        caller: NODE,
        roles: ['operator'],
        enclave: 'plant',
        server: 'fs',
        tool: 'echo',
        method: 'tools/call',
        rpcId: 7,
        allowed: true,
        rule: 'open',
        policy: POLICY,
        args: { keep: 'hash', value: { text: 'hi' } },
        bytes: 100,
      },
    ])
  },
)

test(
  'nothing goes on whose decision is not on the disk',
  { tags: ['AUN-1', 'AUN-4'] },
  async () => {
    const made = recording()
    made.disk = 'full'
    expect(await made.decided(ECHO)).toMatchObject({ allowed: false, code: 'audit-unavailable' })
    expect(made.events).toMatchObject([{ event: 'call-unrecorded', code: 'audit-unavailable' }])
    // What is only looked at needs no entry, and works on.
    expect(await made.decided(request('tools/list'))).toMatchObject({ allowed: true })
    made.disk = 'well'
    expect(await made.decided(ECHO)).toMatchObject({ allowed: true })
  },
)

test(
  'an end is on the disk before its answer may leave',
  { tags: ['AUN-2', 'AUN-4'] },
  async () => {
    const made = recording()
    const call = callOf(await made.decided(ECHO))
    made.clock.ms = 1.5
    expect(await call.ended({ outcome: 'answered', answer: ANSWER })).toEqual({ allowed: true })
    expect(made.drafts[1]).toEqual({
      kind: 'result',
      call: Object(made.drafts[0])['call'],
      decision: 0,
      outcome: 'answered',
      bytes: 42,
      durationUs: 1500,
      result: { keep: 'hash', value: { content: [] } },
    })
  },
)

test(
  'an answer whose end cannot be written does not leave',
  { tags: ['AUN-2', 'AUN-4'] },
  async () => {
    const made = recording()
    const call = callOf(await made.decided(ECHO))
    made.disk = 'full'
    expect(await call.ended({ outcome: 'answered', answer: ANSWER })).toMatchObject({
      allowed: false,
      code: 'audit-unavailable',
    })
    expect(made.lost).toEqual([0])
  },
)

test.for([
  [{ outcome: 'cancelled' }, { outcome: 'cancelled', bytes: 0, result: { keep: 'hash' } }],
  [
    { outcome: 'failed', code: 'server-died' },
    { outcome: 'failed', code: 'server-died', bytes: 0 },
  ],
  [
    {
      outcome: 'error',
      answer: { message: { jsonrpc: '2.0', id: 7, error: { code: -1, message: 'x' } }, bytes: 5 },
    },
    { outcome: 'error', bytes: 5, result: { keep: 'hash', value: { code: -1, message: 'x' } } },
  ],
  [
    {
      outcome: 'answered',
      answer: { message: { jsonrpc: '2.0', id: 7, result: { isError: true } }, bytes: 5 },
    },
    { outcome: 'answered', isError: true },
  ],
] as const)('an end that is %o is written as such', { tags: ['AUN-2'] }, async ([end, entry]) => {
  const made = recording()
  await callOf(await made.decided(ECHO)).ended(end)
  expect(made.drafts[1]).toMatchObject(entry)
})

test(
  'a refusal is written down, and stays one where it cannot be',
  { tags: ['AUN-3'] },
  async () => {
    const made = recording()
    expect(await made.decided(ECHO, REFUSED)).toEqual(REFUSED)
    expect(await made.decided(request('tools/list'), REFUSED)).toEqual(REFUSED)
    expect(made.drafts).toMatchObject([
      { kind: 'decision', allowed: false, code: 'policy-no-rule', method: 'tools/call' },
      { kind: 'decision', allowed: false, code: 'policy-no-rule', method: 'tools/list' },
    ])
    made.disk = 'full'
    expect(await made.decided(ECHO, REFUSED)).toEqual(REFUSED)
  },
)

test.for<[ServerKeep, object, object]>([
  [{}, { keep: 'hash' }, { keep: 'hash' }],
  [{ arguments: 'all', results: 'nothing' }, { keep: 'all' }, { keep: 'nothing' }],
  [{ arguments: ['/text'] }, { keep: ['/text'] }, { keep: 'hash' }],
  [
    { arguments: 'all', tools: { echo: { arguments: 'nothing' } } },
    { keep: 'nothing' },
    { keep: 'hash' },
  ],
  [
    { arguments: 'all', tools: { other: { arguments: 'nothing' } } },
    { keep: 'all' },
    { keep: 'hash' },
  ],
  [{ arguments: 'all', tools: {} }, { keep: 'all' }, { keep: 'hash' }],
])('%o keeps arguments %o and results %o', { tags: ['AUN-5'] }, async ([rules, args, result]) => {
  const made = recording(rules)
  await callOf(await made.decided(ECHO)).ended({ outcome: 'answered', answer: ANSWER })
  expect(made.drafts).toMatchObject([{ args }, { result }])
})

test('nothing of what was refused is kept but its digest', { tags: ['AUN-5'] }, async () => {
  const made = recording({ arguments: 'all' })
  await made.decided(ECHO, REFUSED)
  expect(made.drafts).toMatchObject([{ args: { keep: 'hash' } }])
})

test(
  'whatever a caller puts in a call, it can be written down',
  { tags: ['AUN-1', 'THR-41'] },
  async () => {
    const store = await openTestLog(auditDirectory())
    const recorder = new CallRecorder({
      clock: { monotonicMs: () => 0 },
      random: suite,
      report: () => {},
      refusals: new RefusalLedger({
        scheduler: new HandScheduler(),
        append: async (draft) => store.append(draft),
        note: () => {},
      }),
      keep: () => new KeepRules(new Map()),
      append: async (draft) => store.append(draft),
      onResultLost: () => {},
    })
    const messages: readonly JsonRpcMessage[] = [
      request('tools/call', { name: '\u0000\ud800'.repeat(1000), arguments: { a: '\udfff' } }),
      request('x'.repeat(5000)),
      { jsonrpc: '2.0', id: '\ud800'.repeat(5000), method: 'tools/call', params: { name: '' } },
      {
        jsonrpc: '2.0',
        id: Number.MAX_SAFE_INTEGER,
        method: 'tools/call',
        params: { name: 'a', arguments: 0 },
      },
      { jsonrpc: '2.0', method: 'tools/call', params: { name: 'a' } },
    ]
    for (const message of messages) {
      const answer = await recorder.decided({
        question: { caller: { did: NODE }, server: 'fs', message, bytes: 1 },
        answer: ALLOWED,
        kind: classifyMessage(message),
        roles: [],
        enclave: '',
        gen: 1,
        policy: POLICY,
      })
      expect(answer).toMatchObject({ allowed: true })
    }
    expect((await entriesOf(store)).map(({ kind }) => kind)).toEqual(messages.map(() => 'decision'))
    await store.stop()
  },
)
