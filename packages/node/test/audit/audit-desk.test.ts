import { renameSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import type { DecisionDraft, Entry, EntryDraft, RequestDraft } from '@warren/audit'
import { type AuditStore, StorageError } from '@warren/storage'
import { expect, test } from 'vitest'
import { AuditDesk } from '../../src/audit/audit-desk.ts'
import { NoteQueue } from '../../src/audit/note-queue.ts'
import type { NodeEvent } from '../../src/node-event.ts'
import { HandScheduler } from './hand-scheduler.ts'
import { auditDirectory, entriesOf, NODE, openTestLog } from './test-log.ts'

const DIGEST = 'A'.repeat(43)
const POLICIES = { digest: DIGEST, files: [{ name: 'a.cedar', digest: DIGEST }] }
const WAITING_MAX = 16_384

interface Case {
  readonly desk: AuditDesk
  readonly store: AuditStore
  readonly events: NodeEvent[]
  readonly scheduler: HandScheduler
}

async function deskOf(directory: string, segmentBytesMax?: number): Promise<Case> {
  const store = await openTestLog(directory, segmentBytesMax)
  const events: NodeEvent[] = []
  const scheduler = new HandScheduler()
  const clock = { wallMs: () => 0 }
  const desk = new AuditDesk({ store, clock, scheduler, report: (event) => events.push(event) })
  return { desk, store, events, scheduler }
}

function decision(call: number, changes: Partial<DecisionDraft> = {}): EntryDraft {
  return {
    kind: 'decision',
    call: call.toString(16).padStart(32, '0'),
    caller: NODE,
    roles: [],
    enclave: '',
    server: 'fs',
    method: 'tools/call',
    rpcId: call,
    allowed: true,
    policy: DIGEST,
    args: { keep: 'nothing' },
    bytes: 1,
    ...changes,
  }
}

function request(call: number, changes: Partial<RequestDraft> = {}): EntryDraft {
  return {
    kind: 'request',
    call: call.toString(16).padStart(32, '0'),
    door: 'stdio',
    provider: NODE,
    server: 'fs',
    method: 'tools/call',
    rpcId: call,
    sent: true,
    args: { keep: 'nothing' },
    bytes: 1,
    ...changes,
  }
}

function response(call: number, seq: number): EntryDraft {
  return {
    kind: 'response',
    call: call.toString(16).padStart(32, '0'),
    request: seq,
    outcome: 'answered',
    bytes: 1,
    durationUs: 1,
    result: { keep: 'nothing' },
  }
}

function result(call: number, seq: number): EntryDraft {
  return {
    kind: 'result',
    call: call.toString(16).padStart(32, '0'),
    decision: seq,
    outcome: 'answered',
    bytes: 1,
    durationUs: 1,
    result: { keep: 'nothing' },
  }
}

test(
  'a run begins with the start and the policy set, and ends with the stop',
  { tags: ['AUN-6'] },
  async () => {
    const directory = auditDirectory()
    const { desk, store } = await deskOf(directory)
    await desk.begin('1.0.0', 'zMesh', POLICIES)
    expect(await entriesOf(store)).toMatchObject([
      { kind: 'start', version: '1.0.0', mesh: 'zMesh', size: 0 },
      { kind: 'policy', to: DIGEST, files: POLICIES.files },
    ])
    await desk.end()

    const again = await deskOf(directory)
    await again.desk.begin('1.0.0', 'zMesh', POLICIES)
    const kinds = (await entriesOf(again.store)).map(({ kind }) => kind)
    expect(kinds.filter((kind) => kind !== 'unfinished')).toEqual([
      'start',
      'policy',
      'stop',
      'start',
      'policy',
    ])
  },
)

test('a run that never began has no stop', { tags: ['AUN-6'] }, async () => {
  const directory = auditDirectory()
  const { desk } = await deskOf(directory)
  await desk.end()
  expect(await entriesOf(await openTestLog(directory))).toEqual([])
})

test(
  'a policy set of more files than an entry holds is named by its digest and their number',
  { tags: ['AUN-8'] },
  async () => {
    const { desk, store } = await deskOf(auditDirectory())
    const files = Array.from({ length: 130 }, (_, at) => ({ name: `${at}.cedar`, digest: DIGEST }))
    await desk.policyChanged(DIGEST, { digest: DIGEST, files: files.slice(0, 128) })
    await desk.policyChanged(DIGEST, { digest: DIGEST, files })
    const entries = await entriesOf(store)
    expect(entries).toMatchObject([{ from: DIGEST, to: DIGEST }, { more: 2 }])
    expect(entries[0]).not.toHaveProperty('more')
  },
)

test.for([1_048_576, 1])(
  'the calls that a crash has cut off are named at the next start, once, in segments of %i bytes',
  { tags: ['AUN-7'] },
  async (segmentBytesMax) => {
    const directory = auditDirectory()
    const first = await deskOf(directory, segmentBytesMax)
    await first.desk.begin('1', 'z', POLICIES)
    await lookedThrough(first.store)
    const cut = await first.desk.append(decision(1))
    const { seq } = await first.desk.append(decision(2))
    await first.desk.append(result(2, seq))
    await first.desk.append(decision(3, { allowed: false }))
    // Closed without a word, as a crash would.
    await first.store.stop()

    // This run does not live long enough to look back.
    const second = await deskOf(directory, segmentBytesMax)
    await second.store.append({ kind: 'start', version: '1', mesh: 'z', size: 0 })
    const again = await second.desk.append(decision(4))
    await second.store.stop()

    for (const unfinished of [[{ decisions: [cut.seq, again.seq] }, ALL_SAID], [ALL_SAID]]) {
      const next = await deskOf(directory, segmentBytesMax)
      const from = next.store.size
      await next.desk.begin('1', 'z', POLICIES)
      await lookedThrough(next.store, from)
      const run = (await entriesOf(next.store)).slice(from)
      expect(run.filter(({ kind }) => kind === 'unfinished')).toMatchObject(unfinished)
      await next.desk.end()
    }
  },
)

test.for([1_048_576, 1])(
  'calls to other nodes that a crash has cut off are named apart from those that came, once, in segments of %i bytes',
  { tags: ['AUN-15'] },
  async (segmentBytesMax) => {
    const directory = auditDirectory()
    const first = await deskOf(directory, segmentBytesMax)
    await first.desk.begin('1', 'z', POLICIES)
    await lookedThrough(first.store)
    const came = await first.desk.append(decision(1))
    const cut = await first.desk.append(request(2))
    const { seq } = await first.desk.append(request(3))
    await first.desk.append(response(3, seq))
    await first.desk.append(request(4, { sent: false, code: 'no-such-server' }))
    await first.store.stop()

    const named = [{ decisions: [came.seq] }, { decisions: [], requests: [cut.seq] }, ALL_SAID]
    for (const unfinished of [named, [ALL_SAID]]) {
      const next = await deskOf(directory, segmentBytesMax)
      const from = next.store.size
      await next.desk.begin('1', 'z', POLICIES)
      await lookedThrough(next.store, from)
      const run = (await entriesOf(next.store)).slice(from)
      expect(run.filter(({ kind }) => kind === 'unfinished')).toMatchObject(unfinished)
      await next.desk.end()
    }
  },
)

test(
  'a response that found no place is unfinished at the end of the run',
  { tags: ['AUN-15'] },
  async () => {
    const directory = auditDirectory()
    const { desk } = await deskOf(directory)
    await desk.begin('1', 'z', POLICIES)
    const { seq } = await desk.append(request(1))
    desk.responseLost(seq)
    await desk.end()
    const reopened = await openTestLog(directory)
    expect(await entriesOf(reopened)).toContainEqual(
      expect.objectContaining({ kind: 'unfinished', decisions: [], requests: [seq] }),
    )
    await reopened.stop()
  },
)

test('a stop does not wait until all has been looked through', { tags: ['AUN-7'] }, async () => {
  const directory = auditDirectory()
  const first = await deskOf(directory)
  const cut = await first.desk.append(decision(1))
  await first.store.stop()
  const second = await deskOf(directory)
  await second.desk.begin('1', 'z', POLICIES)
  await second.desk.end()
  const third = await deskOf(directory)
  const from = third.store.size
  await third.desk.begin('1', 'z', POLICIES)
  await lookedThrough(third.store, from)
  const named = (await entriesOf(third.store)).flatMap((entry) =>
    entry.kind === 'unfinished' ? entry.decisions : [],
  )
  expect(named).toEqual([cut.seq])
})

test(
  'a result that found no place is unfinished as soon as the log can say so',
  { tags: ['AUN-7', 'AUN-4'] },
  async () => {
    const directory = auditDirectory()
    const { desk, store, events } = await deskOf(directory)
    await desk.begin('1', 'z', POLICIES)
    const { seq } = await desk.append(decision(1))
    const segment = join(directory, 'segments', '000000000000.log')
    renameSync(segment, `${segment}.away`)
    await expect(desk.append(result(1, seq))).rejects.toMatchObject({ code: 'audit-unavailable' })
    desk.resultLost(seq)
    expect(desk.describe()).toMatchObject({
      state: 'unavailable',
      since: '1970-01-01T00:00:00.000Z',
    })
    renameSync(`${segment}.away`, segment)
    await recovered(store)
    await desk.end()
    expect(events).toMatchObject([
      { event: 'audit', state: 'unavailable', level: 'error' },
      { event: 'audit', state: 'well' },
    ])
    const reopened = await openTestLog(directory)
    const kinds = (await entriesOf(reopened)).map(({ kind }) => kind)
    expect(kinds.slice(3)).toContain('unfinished')
    expect(kinds.at(-1)).toBe('stop')
    await reopened.stop()
  },
)

async function recovered({ health }: AuditStore): Promise<void> {
  if (health.state.status === 'well') return
  await new Promise<void>((resolve) => {
    health.listen(({ status }) => {
      if (status === 'well') resolve()
    })
  })
}

interface Queue {
  readonly queue: NoteQueue
  readonly written: EntryDraft[]
  readonly events: NodeEvent[]
  readonly scheduler: HandScheduler
  disk: 'well' | 'full'
}

function queueOf(): Queue {
  const written: EntryDraft[] = []
  const events: NodeEvent[] = []
  const scheduler = new HandScheduler()
  const made: Queue = {
    written,
    events,
    scheduler,
    disk: 'well',
    queue: new NoteQueue({
      scheduler,
      report: (event) => events.push(event),
      append: async (draft) => {
        if (made.disk === 'full') throw new StorageError('audit-unavailable', 'the disk is full')
        written.push(draft)
      },
    }),
  }
  return made
}

const ALL_SAID = { decisions: [] }

/** Waits until the log says that all before it was looked through. */
async function lookedThrough(store: AuditStore, from = 0): Promise<void> {
  for (;;) {
    const entries = (await entriesOf(store)).slice(from)
    if (entries.some(isAllSaid)) return
    await turns()
  }
}

function isAllSaid(entry: Entry): boolean {
  return entry.kind === 'unfinished' && entry.decisions.length === 0 && entry.requests === undefined
}

function note(code: string): EntryDraft {
  return { kind: 'alert', code, severity: 'info', sentence: code }
}

async function turns(): Promise<void> {
  for (let turn = 0; turn < 10; turn += 1) await new Promise((resolve) => setImmediate(resolve))
}

test('what nobody waits for is written in order once it can be', { tags: ['AUN-9'] }, async () => {
  const made = queueOf()
  made.disk = 'full'
  for (const code of ['a', 'b', 'c']) made.queue.add(note(code))
  await turns()
  expect(made.written).toEqual([])
  made.disk = 'well'
  made.queue.add(note('d'))
  made.scheduler.pass()
  await turns()
  expect(made.written).toMatchObject([{ code: 'a' }, { code: 'b' }, { code: 'c' }, { code: 'd' }])
})

test(
  'so many wait, and of the others the log says how many there were',
  { tags: ['AUN-9'] },
  async () => {
    const made = queueOf()
    made.disk = 'full'
    made.queue.add(note('first'))
    await turns()
    for (let at = 1; at < WAITING_MAX; at += 1) made.queue.add(note('kept'))
    made.queue.add(note('lost'))
    made.queue.add(note('lost'))
    made.disk = 'well'
    made.scheduler.pass()
    await made.queue.stop()
    expect(made.written.filter((draft) => 'code' in draft && draft.code === 'lost')).toEqual([])
    expect(made.written.length).toBe(WAITING_MAX + 1)
    expect(made.written).toContainEqual(
      expect.objectContaining({
        code: 'entries-lost',
        sentence: expect.stringMatching(/^2 entries/),
      }),
    )
  },
)

test(
  'a stop waits for what can be written, and says what cannot',
  { tags: ['AUN-9'] },
  async () => {
    const well = queueOf()
    well.queue.add(note('a'))
    await well.queue.stop()
    expect(well.written).toMatchObject([{ code: 'a' }])
    expect(well.events).toEqual([])

    const full = queueOf()
    full.disk = 'full'
    full.queue.add(note('a'))
    await turns()
    await full.queue.stop()
    expect(full.events).toEqual([{ event: 'audit-entries-lost', level: 'error', count: 1 }])
  },
)

test(
  'a file of the log that cannot be read is told of once, and keeps nothing else from being found',
  { tags: ['AFS-27'] },
  async () => {
    const directory = auditDirectory()
    const { desk, store, events } = await deskOf(directory, 1)
    for (let call = 0; call < 3; call += 1) await store.append(decision(call))
    rmSync(join(directory, 'segments', '000000000001.log'))
    for (let time = 0; time < 2; time += 1) {
      expect(await desk.search({ kind: 'decision' })).toEqual([2, 0])
    }
    expect(events).toMatchObject([{ event: 'audit', level: 'error' }])
    expect(events[0]?.['message']).toMatch(/000000000001\.log.*searches find nothing of it/)
    await desk.end()
  },
)
