import {
  AuditLog,
  BATCH_MAX,
  checkpointLine,
  CLOCK_SKEW_US,
  decodeEntry,
  entryLine,
  LINE_BYTES_MAX,
  parseSegmentLine,
  type StoredLog,
} from '@warren/audit'
import { leafHash, parseCheckpoint, TreeFrontier, verifyCheckpoint } from '@warren/tlog'
import { fromString } from 'uint8arrays/from-string'
import { toString } from 'uint8arrays/to-string'
import { expect, test } from 'vitest'
import { AT_US, CALL, DIGEST, finder, NODE, refusal, suite } from './builders.ts'
import {
  batchOf,
  decisionDraft,
  emptyLog,
  keysOf,
  LOG,
  NEXT_SIGNERS,
  ORIGIN,
  resultDraft,
  SIGNERS,
  stamp,
  START,
  STRANGER,
} from './log-builders.ts'

function linesOf(bytes: Uint8Array): readonly string[] {
  const lines = toString(bytes).split('\n')
  expect(lines.pop()).toBe('')
  return lines
}

test(
  'a batch is its entries line by line, then the signed checkpoint of the tree with them',
  { tags: ['AUD-10'] },
  () => {
    const batch = batchOf(emptyLog(), [
      START,
      decisionDraft({ args: { keep: 'all', value: { a: 1 } } }),
    ])
    const [first, second, last, ...more] = linesOf(batch.bytes)
    expect(more).toEqual([])
    expect(decodeEntry(fromString(first!))).toMatchObject({ kind: 'start', seq: 0, node: NODE })
    expect(decodeEntry(fromString(second!))).toMatchObject({ kind: 'decision', seq: 1, call: CALL })
    expect(parseSegmentLine(fromString(last!))).toEqual({
      type: 'checkpoint',
      note: batch.checkpoint,
    })
    expect(batch.bodies).toEqual([{ seq: 1, path: '', text: '{"a":1}' }])

    const frontier = [first!, second!].reduce(
      (tree, line) => tree.append(leafHash(suite, fromString(line))),
      TreeFrontier.empty(suite),
    )
    const checkpoint = parseCheckpoint(batch.checkpoint!)
    expect(verifyCheckpoint({ suite, checkpoint, log: LOG })).toEqual({
      origin: ORIGIN,
      size: 2,
      root: frontier.root(),
      timeSeconds: Math.floor(AT_US / 1_000_000),
      keysIndex: 0,
    })
    expect(batch.next.size).toBe(2)
    expect(batch.next.frontier.root()).toEqual(frontier.root())
  },
)

test('a batch that was not written leaves the log as it was', { tags: ['AUD-11'] }, () => {
  const log = batchOf(emptyLog(), [START]).next
  const root = log.frontier.root()
  const once = batchOf(log, [decisionDraft()], stamp(1))
  expect(log.size).toBe(1)
  expect(log.frontier.root()).toEqual(root)
  // What is tried again is the same, entry by entry.
  expect(batchOf(log, [decisionDraft()], stamp(1)).entries).toEqual(once.entries)
  expect(batchOf(once.next, [decisionDraft()], stamp(1)).entries[0]).toMatchObject({ seq: 2 })
})

test('a draft that breaks a rule is refused alone', { tags: ['AUD-12'] }, () => {
  const bad = decisionDraft({ call: 'none' })
  const batch = batchOf(emptyLog(), [START, bad, decisionDraft(), bad])
  expect(batch.entries.map(({ seq, draft }) => [seq, draft])).toEqual([
    [0, 0],
    [1, 2],
  ])
  expect(batch.refused).toEqual([
    { draft: 1, error: refusal('entry-malformed') },
    { draft: 3, error: refusal('entry-malformed') },
  ])
  expect(batch.next.size).toBe(2)
})

test('where nothing is left of a batch there is nothing to write', { tags: ['AUD-12'] }, () => {
  const log = emptyLog()
  for (const drafts of [[], [decisionDraft({ policy: 'none' })]]) {
    expect(batchOf(log, drafts)).toMatchObject({
      bytes: new Uint8Array(0),
      checkpoint: undefined,
      next: log,
    })
  }
})

test('a batch has at most 1,024 drafts', { tags: ['AUD-12'] }, () => {
  const drafts = (count: number) => Array.from({ length: count }, () => START)
  expect(batchOf(emptyLog(), drafts(BATCH_MAX)).next.size).toBe(1024)
  expect(() => batchOf(emptyLog(), drafts(BATCH_MAX + 1))).toThrow(refusal('batch-too-large'))
})

test(
  'a clock that stands before the last entry by more than the skew makes an alert, first of its batch',
  { tags: ['AUD-13'] },
  () => {
    const log = batchOf(emptyLog(), [START], stamp(10)).next
    const at = (backUs: number) =>
      batchOf(log, [decisionDraft()], stamp(0, { wallUs: AT_US + 10_000_000 - backUs })).entries
    expect(at(CLOCK_SKEW_US).map(({ entry }) => entry.kind)).toEqual(['decision'])
    const [alert, decision] = at(CLOCK_SKEW_US + 1)
    expect(alert!.entry).toMatchObject({
      kind: 'alert',
      code: 'clock-set-back',
      severity: 'error',
      seq: 1,
    })
    expect(alert!.draft).toBeUndefined()
    expect(decision).toMatchObject({ seq: 2, draft: 0 })
  },
)

test(
  'the time of a checkpoint never goes back, and a clock that was set back alarms once',
  { tags: ['AUD-13'] },
  () => {
    const first = batchOf(emptyLog(), [START], stamp(100))
    const second = batchOf(first.next, [START], stamp(50))
    const third = batchOf(second.next, [START], stamp(51))
    const times = [first, second, third].map(
      ({ checkpoint }) =>
        verifyCheckpoint({ suite, checkpoint: parseCheckpoint(checkpoint!), log: LOG }).timeSeconds,
    )
    expect(new Set(times)).toEqual(new Set([Math.floor(AT_US / 1_000_000) + 100]))
    expect(third.entries.map(({ entry }) => entry.kind)).toEqual(['start'])
  },
)

function stored(changes: Partial<StoredLog> = {}): StoredLog {
  const first = batchOf(emptyLog(), [START])
  const { next, checkpoint, entries } = batchOf(first.next, [decisionDraft()], stamp(5))
  return {
    frontier: next.frontier,
    checkpoint: checkpoint!,
    lastEntry: entries[0]!.bytes,
    keys: LOG.keys,
    ...changes,
  }
}

const INIT = { suite, node: NODE, signers: NEXT_SIGNERS, secrets: finder }

test('a log goes on from its files, also under newer keys', { tags: ['AUD-14'] }, () => {
  const log = AuditLog.resume(INIT, stored())
  const { entries, checkpoint } = batchOf(log, [resultDraft()], stamp(2))
  expect(entries.map(({ seq, entry }) => [seq, entry.kind])).toEqual([
    [2, 'alert'],
    [3, 'result'],
  ])
  expect(
    verifyCheckpoint({ suite, checkpoint: parseCheckpoint(checkpoint!), log: LOG }),
  ).toMatchObject({
    size: 4,
    keysIndex: 1,
    timeSeconds: Math.floor(AT_US / 1_000_000) + 5,
  })
})

test(
  'a log whose entries are not those of its checkpoint does not go on',
  { tags: ['AUD-14'] },
  () => {
    const { frontier, lastEntry } = stored()
    const mismatch = refusal('log-mismatch')
    const other = TreeFrontier.empty(suite).append(new Uint8Array(32))
    const wrong: Partial<StoredLog>[] = [
      { frontier: other },
      { frontier: other.append(new Uint8Array(32)) },
      { frontier: frontier.append(new Uint8Array(32)) },
      { lastEntry: batchOf(emptyLog(), [START]).entries[0]!.bytes },
    ]
    for (const change of wrong)
      expect(() => AuditLog.resume(INIT, stored(change))).toThrow(mismatch)
    expect(() => AuditLog.resume(INIT, stored({ lastEntry: lastEntry.subarray(1) }))).toThrow(
      refusal('entry-malformed'),
    )
    expect(() => AuditLog.resume(INIT, stored({ keys: [keysOf(STRANGER)] }))).toThrow(
      expect.objectContaining({ code: 'signature-missing' }),
    )
  },
)

test('a log under other keys is the same log', { tags: ['AUD-14'] }, () => {
  const log = batchOf(emptyLog(), [START]).next.withSigners(NEXT_SIGNERS)
  const { checkpoint } = batchOf(log, [START], stamp(1))
  expect(
    verifyCheckpoint({ suite, checkpoint: parseCheckpoint(checkpoint!), log: LOG }),
  ).toMatchObject({ size: 2, keysIndex: 1 })
  expect(() =>
    verifyCheckpoint({
      suite,
      checkpoint: parseCheckpoint(checkpoint!),
      log: { name: ORIGIN, keys: [keysOf(SIGNERS)] },
    }),
  ).toThrow(expect.objectContaining({ code: 'signature-missing' }))
})

test('the heads of a batch say what the node knew', { tags: ['AUD-10'] }, () => {
  const known = { beacon: 'zQmBeacon', meshUs: AT_US - 5, island: true }
  const [entry] = batchOf(
    emptyLog(),
    [{ kind: 'policy', to: DIGEST, files: [] }],
    stamp(0, known),
  ).entries
  expect(entry!.entry).toMatchObject({
    beacon: 'zQmBeacon',
    meshAt: '2026-11-28T00:20:11.123451Z',
    island: true,
  })
  const [plain] = batchOf(emptyLog(), [START], stamp(0, { island: false })).entries
  expect(Object.keys(plain!.entry)).not.toContain('island')
})

test(
  'a line of a segment is an entry or a checkpoint, each in one form',
  { tags: ['AUD-10'] },
  () => {
    const note = 'a "note"\n\nwith lines — and dashes\n'
    const line = checkpointLine(note)
    expect(parseSegmentLine(line.subarray(0, -1))).toEqual({ type: 'checkpoint', note })
    const entry = fromString('{"v":1}')
    expect(parseSegmentLine(entryLine(entry).subarray(0, -1))).toEqual({
      type: 'entry',
      bytes: entry,
    })
    for (const text of ['#', '#{}', '#7', '#"a', '# "a"', '#"\\u0061"', '#"\\ud800"', '#"a" ']) {
      expect(() => parseSegmentLine(fromString(text)), text).toThrow(refusal('line-malformed'))
    }
    const long = new Uint8Array(LINE_BYTES_MAX).fill(0x7b)
    expect(parseSegmentLine(long)).toEqual({ type: 'entry', bytes: long })
    expect(() => parseSegmentLine(new Uint8Array(LINE_BYTES_MAX + 1))).toThrow(
      refusal('line-too-long'),
    )
  },
)
