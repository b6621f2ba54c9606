import type { EntryDraft } from '@warren/audit'
import type { JsonObject } from '@warren/core'
import { nodeSuite as suite } from '@warren/crypto'
import { type CallJournal, type JournaledEnd, type JsonRpcMessage, McpError } from '@warren/mcp'
import { type AuditReceipt, StorageError } from '@warren/storage'
import { expect, test } from 'vitest'
import { OutgoingRecorder } from '../../src/audit/outgoing-recorder.ts'
import { RefusalLedger } from '../../src/audit/refusal-ledger.ts'
import type { NodeEvent } from '../../src/node-event.ts'
import { HandScheduler } from './hand-scheduler.ts'
import { auditDirectory, entriesOf, NODE, openTestLog } from './test-log.ts'

const OWNER = `did:webvh:Qm${'b'.repeat(44)}:warren.internal`
const PLACE = { door: 'stdio', provider: OWNER, server: 'fs' } as const
const SESSION = 'ab'.repeat(32)

function request(method: string, params: JsonObject = {}): JsonRpcMessage {
  return { jsonrpc: '2.0', id: 7, method, params }
}

const ECHO = request('tools/call', { name: 'echo', arguments: { text: 'hi' } })
const ANSWER = { message: { jsonrpc: '2.0', id: 7, result: { content: [] } }, bytes: 42 } as const

interface Case {
  readonly recorder: OutgoingRecorder
  readonly journal: CallJournal
  /** What was written at once, and what could wait. */
  readonly drafts: EntryDraft[]
  readonly later: EntryDraft[]
  readonly notes: EntryDraft[]
  readonly events: NodeEvent[]
  readonly lost: number[]
  readonly scheduler: HandScheduler
  readonly clock: { ms: number }
  /** Whether the disk takes what is written, and whether that is known. */
  disk: 'well' | 'full' | 'hung'
  known: 'well' | 'full'
  /** Told of every entry that is handed in, whatever the disk makes of it. */
  appending: (draft: EntryDraft) => void
}

function recording(): Case {
  const drafts: EntryDraft[] = []
  const later: EntryDraft[] = []
  const notes: EntryDraft[] = []
  const events: NodeEvent[] = []
  const lost: number[] = []
  const clock = { ms: 0 }
  const scheduler = new HandScheduler()
  const into =
    (list: EntryDraft[]) =>
    async (draft: EntryDraft): Promise<AuditReceipt> => {
      made.appending(draft)
      if (made.disk === 'full') throw new StorageError('audit-unavailable', 'the disk is full')
      if (made.disk === 'hung') return new Promise(() => {})
      list.push(draft)
      return { seq: drafts.length + later.length - 1 }
    }
  const append = into(drafts)
  const note = (draft: EntryDraft): void => void notes.push(draft)
  const recorder = new OutgoingRecorder({
    self: NODE,
    clock: { monotonicMs: () => clock.ms },
    crypto: suite,
    report: (event) => events.push(event),
    refusals: new RefusalLedger({ scheduler, append, note, direction: 'out' }),
    isWell: () => made.known === 'well',
    enclaveOf: (did) => (did === OWNER ? 'plant' : undefined),
    append,
    appendLater: into(later),
    onResponseLost: (place) => lost.push(place),
  })
  const journal = recorder.journal(PLACE)
  if (journal === undefined) throw new Error('calls to others have a journal')
  const made: Case = {
    recorder,
    journal,
    drafts,
    later,
    notes,
    events,
    lost,
    scheduler,
    clock,
    disk: 'well',
    known: 'well',
    appending: () => {},
  }
  return made
}

function leaving(message: JsonRpcMessage): Parameters<CallJournal['leaves']>[0] {
  return { message, bytes: 100, callSession: SESSION, client: 'agent' }
}

async function settled(): Promise<void> {
  await new Promise((resolve) => setImmediate(resolve))
}

test(
  'a request says who asked for what of whom, under the session that its owner has as well',
  { tags: ['AUN-11'] },
  async () => {
    const { journal, drafts } = recording()
    await journal.leaves(leaving(ECHO))?.recorded
    expect(drafts).toEqual([
      {
        kind: 'request',
        call: expect.stringMatching(/^[0-9a-f]{32}$/),
        door: 'stdio',
        client: 'agent',
        provider: OWNER,
        enclave: 'plant',
        server: 'fs',
        tool: 'echo',
        method: 'tools/call',
        rpcId: 7,
        session: SESSION,
        sent: true,
        args: { keep: 'hash', value: { text: 'hi' } },
        bytes: 100,
      },
    ])
  },
)

test.for([
  ['a tool call', ECHO, true],
  ['a resource that is read', request('resources/read', { uri: 'a:b' }), true],
  ['a method that nobody knows', request('x/new'), true],
  ['a list', request('tools/list'), false],
  ['a handshake', request('initialize'), false],
  ['an answer', { jsonrpc: '2.0', id: 1, result: {} }, false],
] as const)('%s has entries: %o', { tags: ['AUN-11'] }, async ([, message, has]) => {
  const { journal, drafts } = recording()
  const call = journal.leaves(leaving(message))
  await call?.recorded
  expect(drafts.map(({ kind }) => kind)).toEqual(has ? ['request'] : [])
  expect(call !== undefined).toBe(has)
})

test(
  'what goes to a server of this node is for its gate to write',
  { tags: ['AUN-11'] },
  async () => {
    const { recorder, drafts } = recording()
    const place = { ...PLACE, provider: NODE }
    expect(recorder.journal(place)).toBeUndefined()
    await recorder.unsent(place, { request: request7(), code: 'server-not-here' })
    expect(drafts).toEqual([])
  },
)

function request7(): Parameters<OutgoingRecorder['unsent']>[1]['request'] {
  return { jsonrpc: '2.0', id: 7, method: 'tools/call', params: { name: 'echo' } }
}

test.for<readonly [JournaledEnd, object]>([
  [
    { outcome: 'answered', answer: ANSWER },
    { outcome: 'answered', bytes: 42, result: { keep: 'hash', value: { content: [] } } },
  ],
  [
    { outcome: 'refused', code: 'policy-denied', answer: ANSWER },
    { outcome: 'refused', code: 'policy-denied', bytes: 42 },
  ],
  [
    { outcome: 'failed', code: 'stream-reset' },
    { outcome: 'failed', code: 'stream-reset', bytes: 0, result: { keep: 'hash' } },
  ],
])(
  'an end that is %o is written as such, and may wait',
  { tags: ['AUN-12'] },
  async ([end, entry]) => {
    const { journal, drafts, later, clock } = recording()
    const call = journal.leaves(leaving(ECHO))
    clock.ms = 1.5
    call?.ended(end)
    await settled()
    expect(drafts).toHaveLength(1)
    expect(later).toEqual([
      expect.objectContaining({
        kind: 'response',
        call: Object(drafts[0])['call'],
        request: 0,
        durationUs: 1500,
        ...entry,
      }),
    ])
  },
)

test(
  'of bytes in which no answer was read it is written how many they were, and a digest of them',
  { tags: ['AUN-18'] },
  async () => {
    const { journal, later } = recording()
    const ended = async (end: JournaledEnd, ...parts: readonly string[]): Promise<void> => {
      const call = journal.leaves(leaving(ECHO))
      for (const part of parts) call?.passes(Buffer.from(part))
      call?.ended(end)
      await settled()
    }
    const unread = { outcome: 'failed', code: 'answer-unread' } as const
    await ended(unread, 'a', '', 'bc')
    await ended({ outcome: 'cancelled', code: 'host-gone' }, 'abc')
    await ended({ outcome: 'failed', code: 'stream-reset' }, '')
    await ended({ outcome: 'answered', answer: ANSWER }, 'abc')
    // FIPS 180-4, the example of one block.
    const sha256 = 'ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad'
    expect(later).toMatchObject([
      { ...unread, bytes: 3, result: { keep: 'hash', value: { sha256 } } },
      { outcome: 'cancelled', bytes: 3, result: { keep: 'hash', value: { sha256 } } },
      { outcome: 'failed', bytes: 0, result: { keep: 'hash' } },
      { outcome: 'answered', bytes: 42, result: { value: { content: [] } } },
    ])
    expect(later[2]).not.toHaveProperty('result.value')
  },
)

test('a long answer does not wait in memory', { tags: ['AUN-12'] }, async () => {
  const { journal, drafts, later } = recording()
  for (const bytes of [65_536, 65_537]) {
    journal.leaves(leaving(ECHO))?.ended({ outcome: 'answered', answer: { ...ANSWER, bytes } })
  }
  await settled()
  expect(later).toMatchObject([{ kind: 'response', bytes: 65_536 }])
  expect(drafts.slice(2)).toMatchObject([{ kind: 'response', bytes: 65_537 }])
})

test(
  'while a disk hangs, answers wait of those calls alone whose requests it has taken',
  { tags: ['AUN-12'] },
  async () => {
    const made = recording()
    const taken = made.journal.leaves(leaving(ECHO))
    await taken?.recorded
    made.disk = 'hung'
    const hanging = Array.from({ length: 3 }, () => made.journal.leaves(leaving(ECHO)))
    const asked: EntryDraft[] = []
    made.appending = (draft) => asked.push(draft)
    for (const call of [taken, ...hanging]) call?.ended({ outcome: 'answered', answer: ANSWER })
    await settled()
    expect(asked).toMatchObject([{ kind: 'response', request: 0 }])
  },
)

test(
  'while it is known that nothing can be written, nothing leaves',
  { tags: ['AUN-13'] },
  async () => {
    const made = recording()
    made.disk = 'full'
    made.known = 'full'
    const leave = (): unknown => made.journal.leaves(leaving(ECHO))
    expect(leave).toThrow(expect.objectContaining({ name: 'McpError', code: 'audit-unavailable' }))
    // What is only looked at needs no entry.
    expect(made.journal.leaves(leaving(request('tools/list')))).toBeUndefined()
    made.known = 'well'
    made.disk = 'well'
    await made.journal.leaves(leaving(ECHO))?.recorded
    expect(made.drafts).toHaveLength(1)
  },
)

test(
  'a request that left before it was known is told to be unrecorded, and has no end',
  { tags: ['AUN-13'] },
  async () => {
    const made = recording()
    made.disk = 'full'
    const call = made.journal.leaves(leaving(ECHO))
    await expect(call?.recorded).rejects.toBeInstanceOf(McpError)
    await expect(call?.recorded).rejects.toMatchObject({ code: 'audit-unavailable' })
    expect(made.events).toMatchObject([{ event: 'call-unrecorded', code: 'audit-unavailable' }])
    made.disk = 'well'
    call?.ended({ outcome: 'answered', answer: ANSWER })
    await settled()
    expect(made.later).toEqual([])
    expect(made.lost).toEqual([])
  },
)

test('an end that cannot be written is kept in mind', { tags: ['AUN-15'] }, async () => {
  const made = recording()
  const call = made.journal.leaves(leaving(ECHO))
  await call?.recorded
  made.disk = 'full'
  call?.ended({ outcome: 'answered', answer: ANSWER })
  await settled()
  expect(made.lost).toEqual([0])
})

test(
  'what was not sent says why; beyond 60 in a minute it is counted, for each provider',
  { tags: ['AUN-14'] },
  async () => {
    const { journal, recorder, drafts, notes, scheduler } = recording()
    for (let count = 0; count < 61; count += 1) {
      await journal.stays({ message: ECHO, bytes: 1 }, 'knowledge-stale')
    }
    await recorder.unsent({ door: 'http', server: 'gone' }, { request: request7(), code: 'x' })
    expect(drafts).toHaveLength(61)
    expect(drafts[60]).toMatchObject({ sent: false, code: 'x', door: 'http', server: 'gone' })
    expect(drafts[59]).toMatchObject({ kind: 'request', sent: false, code: 'knowledge-stale' })
    expect(drafts[59]).not.toHaveProperty('session')
    scheduler.pass()
    expect(notes).toMatchObject([
      {
        code: 'unsent-summed',
        about: OWNER,
        sentence: expect.stringContaining('1 more calls of hosts of this node'),
      },
    ])
  },
)

test(
  'whatever a host puts in a call, it can be written down',
  { tags: ['AUN-11', 'THR-41'] },
  async () => {
    const store = await openTestLog(auditDirectory())
    const append = async (draft: EntryDraft): Promise<AuditReceipt> => store.append(draft)
    const recorder = new OutgoingRecorder({
      self: NODE,
      clock: { monotonicMs: () => 0 },
      crypto: suite,
      report: () => {},
      refusals: new RefusalLedger({ scheduler: new HandScheduler(), append, note: () => {} }),
      isWell: () => true,
      enclaveOf: () => undefined,
      append,
      appendLater: async (draft) => store.appendLater(draft),
      onResponseLost: () => {},
    })
    const messages: readonly JsonRpcMessage[] = [
      request('tools/call', { name: '\u0000\ud800'.repeat(1000), arguments: { a: '\udfff' } }),
      request('x'.repeat(5000)),
      { jsonrpc: '2.0', id: '\ud800'.repeat(5000), method: 'tools/call', params: { name: '' } },
      { jsonrpc: '2.0', method: 'tools/call', params: { name: 'a' } },
    ]
    const journal = recorder.journal(PLACE)
    for (const message of messages) {
      const call = journal?.leaves({ message, bytes: 1, client: '\ud800'.repeat(5000) })
      await call?.recorded
      call?.ended({ outcome: 'answered', answer: ANSWER })
    }
    await settled()
    // What can wait goes with what cannot.
    await store.append({ kind: 'stop' })
    const kinds = (await entriesOf(store)).map(({ kind }) => kind)
    const [requests, responses] = [messages, messages.slice(1)]
    expect(kinds.toSorted()).toEqual([
      ...requests.map(() => 'request'),
      ...responses.map(() => 'response'),
      'stop',
    ])
    await store.stop()
  },
)
