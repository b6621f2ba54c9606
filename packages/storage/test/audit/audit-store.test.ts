import { decodeEntry } from '@warren/audit'
import {
  historyRoots,
  leafHash,
  parseCheckpoint,
  verifyCheckpoint,
  verifyConsistency,
  verifyInclusion,
} from '@warren/tlog'
import {
  appendFileSync,
  chmodSync,
  lstatSync,
  readdirSync,
  readFileSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import type { AuditStore, AuditStoreInit } from '@warren/storage'
import { temporaryDirectory } from '../temporary-directory.ts'
import { alert, decision, LOG, type NodeClock, openAudit, suite } from './audit-node.ts'

async function store(
  changes: Partial<AuditStoreInit> & { readonly at?: NodeClock; readonly directory?: string } = {},
): Promise<{ audit: AuditStore; directory: string }> {
  const { directory = join(await temporaryDirectory(), 'audit'), ...rest } = changes
  const audit = await openAudit(directory, rest)
  onTestFinished(async () => audit.stop())
  return { audit, directory }
}

async function fill(audit: AuditStore, count: number): Promise<void> {
  const from = audit.size
  await Promise.all(
    Array.from({ length: count }, async (_, at) => audit.append(alert(`entry ${from + at}`))),
  )
}

async function sentences(audit: AuditStore, from = 0): Promise<readonly string[]> {
  const found: string[] = []
  for await (const { bytes } of audit.entries(from)) {
    const entry = decodeEntry(bytes)
    found.push(entry.kind === 'alert' ? entry.sentence : entry.kind)
  }
  return found
}

function head(note: string | undefined): { size: number; root: Uint8Array } {
  return verifyCheckpoint({ suite, checkpoint: parseCheckpoint(note!), log: LOG })
}

test(
  'entries come back in order, under a signed checkpoint, after a restart too',
  { tags: ['AFS-7'] },
  async () => {
    const { audit, directory } = await store()
    expect(await Promise.all([audit.append(alert('a')), audit.append(alert('b'))])).toEqual([
      { seq: 0 },
      { seq: 1 },
    ])
    expect(await audit.append(alert('c'))).toEqual({ seq: 2 })
    expect(await sentences(audit)).toEqual(['a', 'b', 'c'])
    expect(head(audit.checkpoint).size).toBe(3)
    await audit.stop()

    const again = await store({ directory })
    expect(again.audit.size).toBe(3)
    expect(await again.audit.append(alert('d'))).toEqual({ seq: 3 })
    expect(await sentences(again.audit, 1)).toEqual(['b', 'c', 'd'])
    expect((await again.audit.last(2)).map(({ seq }) => seq)).toEqual([2, 3])
    expect(decodeEntry(await again.audit.entry(3)).seq).toBe(3)
    await expect(again.audit.entry(4)).rejects.toMatchObject({ code: 'audit-entry-missing' })
  },
)

test(
  'every file of the log is its owner’s alone, and a closed segment is nobody’s to write',
  { tags: ['AFS-8'] },
  async () => {
    const { audit, directory } = await store({ limits: { segmentBytesMax: 1 } })
    await audit.append(decision({ args: { keep: 'all', value: 'x' } }))
    await audit.append(alert('second segment'))
    const paths = readdirSync(directory, { recursive: true, encoding: 'utf8' }).map((name) =>
      join(directory, name),
    )
    for (const path of [directory, ...paths]) {
      expect(lstatSync(path).mode & 0o077, path).toBe(0)
      if (lstatSync(path).isDirectory()) expect(lstatSync(path).mode & 0o777, path).toBe(0o700)
    }
    expect(statSync(join(directory, 'segments', '000000000000.log')).mode & 0o777).toBe(0o400)
    expect(statSync(join(directory, 'segments', '000000000001.log')).mode & 0o777).toBe(0o600)
  },
)

test(
  'a segment begins with the checkpoint of the tree before it, by size and by day',
  { tags: ['AFS-9'] },
  async () => {
    const at = { us: 0 }
    const { audit, directory } = await store({ at })
    await audit.append(alert('monday'))
    const checkpoint = audit.checkpoint
    at.us += 86_400_000_000
    await audit.append(alert('tuesday'))
    expect(audit.segments).toEqual([0, 1])
    const [first] = readFileSync(join(directory, 'segments', '000000000001.log'), 'utf8').split(
      '\n',
    )
    expect(first).toBe(`#${JSON.stringify(checkpoint)}`)
    expect(await sentences(audit)).toEqual(['monday', 'tuesday'])
  },
)

test(
  'after a rotation a log without one entry more goes on as before',
  { tags: ['AFS-9'] },
  async () => {
    const { audit, directory } = await store({ limits: { segmentBytesMax: 1 } })
    for (const name of ['a', 'b', 'c']) await audit.append(alert(name))
    await audit.stop()
    const again = await store({ directory, limits: { segmentBytesMax: 1 } })
    await again.audit.append(alert('d'))
    expect(again.audit.segments).toEqual([0, 1, 2, 3])
    expect(await sentences(again.audit)).toEqual(['a', 'b', 'c', 'd'])
  },
)

/** The first segment as a crash leaves it that came in the middle of its closing: the next one is there, and its room still. */
function reopenForWriting(directory: string): string {
  const path = join(directory, 'segments', '000000000000.log')
  chmodSync(path, 0o600)
  appendFileSync(path, Buffer.alloc(200_000))
  return path
}

test(
  'a segment that a crash has left half closed is closed at start, and the log goes on',
  { tags: ['AFS-9', 'AFS-17'] },
  async () => {
    const { audit, directory } = await store({ limits: { segmentBytesMax: 1 } })
    await audit.append(alert('a'))
    await audit.append(alert('b'))
    await audit.stop()
    const next = join(directory, 'segments', '000000000001.log')
    const lines = readFileSync(next, 'utf8').split('\n')
    writeFileSync(next, `${lines[0]}\n`)
    const path = reopenForWriting(directory)
    const again = await store({ directory })
    expect(statSync(path).mode & 0o777).toBe(0o400)
    expect(readFileSync(path).includes(0)).toBe(false)
    expect(await again.audit.append(alert('c'))).toEqual({ seq: 1 })
    expect(await sentences(again.audit)).toEqual(['a', 'c'])
  },
)

test(
  'entries are read while the segment that holds them is being closed',
  { tags: ['AFS-7'] },
  async () => {
    const { audit, directory } = await store({ limits: { segmentBytesMax: 1 } })
    await audit.append(alert('a'))
    await audit.append(alert('b'))
    reopenForWriting(directory)
    expect(await sentences(audit)).toEqual(['a', 'b'])
  },
)

test(
  'room in the place of entries is damage to whoever reads them',
  { tags: ['AFS-12'] },
  async () => {
    const { audit, directory } = await store({ limits: { segmentBytesMax: 4_000 } })
    for (const name of ['a', 'b', 'c', 'd']) await audit.append(alert(name))
    expect(audit.segments).toEqual([0, 2, 3])
    const path = reopenForWriting(directory)
    const text = readFileSync(path)
    text.fill(0, text.indexOf('\n{') + 1)
    writeFileSync(path, text)
    await expect(sentences(audit)).rejects.toMatchObject({ code: 'audit-damaged' })
  },
)

test(
  'a draft that cannot be an entry is refused, and its neighbours are written',
  { tags: ['AFS-6'] },
  async () => {
    const { audit } = await store()
    const outcomes = await Promise.allSettled([
      audit.append(alert('a')),
      audit.append(decision({ call: 'not a call id' })),
      audit.append(alert('c')),
    ])
    expect(outcomes).toEqual([
      { status: 'fulfilled', value: { seq: 0 } },
      { status: 'rejected', reason: expect.objectContaining({ name: 'AuditError' }) },
      { status: 'fulfilled', value: { seq: 1 } },
    ])
  },
)

test(
  'proofs from tiles hold for every entry and every older size, after a restart too',
  { tags: ['AFS-10'], timeout: 30_000 },
  async () => {
    const { audit, directory } = await store({ limits: { segmentBytesMax: 40_000 } })
    for (let round = 0; round < 6; round += 1) await fill(audit, 100)
    expect(audit.segments.length).toBeGreaterThan(2)
    await expectProven(audit, directory, 600)
    await audit.stop()
    const again = await store({ directory })
    await expectProven(again.audit, directory, 600)
    await fill(again.audit, 200)
    await expectProven(again.audit, directory, 800)
  },
)

async function expectProven(audit: AuditStore, directory: string, size: number): Promise<void> {
  const newest = head(audit.checkpoint)
  expect(newest.size).toBe(size)
  for await (const { seq, bytes } of audit.entries(0)) {
    if (seq % 37 !== 0 && seq < size - 3) continue
    const proof = await audit.inclusionProof(seq)
    verifyInclusion(suite, proof, { leaf: leafHash(suite, bytes), index: seq, ...newest })
  }
  for (const note of notesOf(directory)) {
    const old = head(note)
    const proof = await audit.consistencyProof(old.size)
    verifyConsistency(suite, proof, { oldSize: old.size, oldRoot: old.root, ...newest })
    const growth = { oldSize: old.size, size: newest.size }
    const history = await audit.historyProof(old.size, newest.size)
    expect(historyRoots(suite, history, growth)).toEqual({ oldRoot: old.root, root: newest.root })
  }
}

function notesOf(directory: string): readonly string[] {
  const names = readdirSync(join(directory, 'segments'))
  const lines = names.flatMap((name) =>
    readFileSync(join(directory, 'segments', name), 'utf8').split('\n'),
  )
  return lines
    .filter((line) => line.startsWith('#'))
    .map((line) => String(JSON.parse(line.slice(1))))
}
