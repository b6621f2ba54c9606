import { checkpointLine, decodeEntry, LogVerifier } from '@warren/audit'
import { parseDid } from '@warren/identity'
import { AuditArchive, type AuditStore } from '@warren/storage'
import { leafHash, parseCheckpoint, TreeFrontier } from '@warren/tlog'
import {
  chmodSync,
  copyFileSync,
  existsSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { setImmediate as nextTurn } from 'node:timers/promises'
import { expect, onTestFinished, test } from 'vitest'
import { temporaryDirectory } from '../temporary-directory.ts'
import { alert, LOG, openAudit, suite } from './audit-node.ts'

const LIMITS = { segmentBytesMax: 1 }

interface Case {
  readonly directory: string
  readonly audit: AuditStore
}

/** Four segments of one entry each. */
async function filled(): Promise<Case> {
  const directory = join(await temporaryDirectory(), 'audit')
  const audit = await openAudit(directory, { limits: LIMITS })
  for (const sentence of ['a', 'an evil deed', 'c', 'd']) await audit.append(alert(sentence))
  return { directory, audit }
}

/** The same log in a node that was started anew, and has written one entry more. */
async function restarted({ directory, audit }: Case): Promise<Case> {
  await audit.stop()
  const again = await openAudit(directory, { limits: LIMITS })
  onTestFinished(async () => again.stop())
  await again.append(alert('more'))
  return { directory, audit: again }
}

function segmentPath(directory: string, first: number): string {
  return join(directory, 'segments', `${String(first).padStart(12, '0')}.log`)
}

function write(path: string, text: string | Uint8Array): void {
  chmodSync(path, 0o600)
  writeFileSync(path, text)
}

/** What the log that is there says was erased. */
async function erasedIn({ audit }: Case): Promise<readonly (readonly number[])[]> {
  const said: (readonly number[])[] = []
  const { segments } = audit
  for await (const { bytes } of audit.entries(segments.at(-2) ?? 0)) {
    const entry = decodeEntry(bytes)
    if (entry.kind === 'retention') said.push([entry.from, entry.to])
  }
  return said
}

async function findingsOf(directory: string): Promise<readonly string[]> {
  const archive = await AuditArchive.open(directory, suite)
  const node = parseDid(`did:webvh:Qm${'a'.repeat(44)}:warren.internal`)
  const verifier = new LogVerifier({ suite, node, keys: LOG.keys, tree: archive.tiles })
  for (const first of archive.segments) {
    verifier.beginSegment(`${first}`)
    for await (const bytes of archive.segmentBytes(first)) verifier.push(bytes)
  }
  return verifier.finish().findings.map(({ code, severity }) => `${severity} ${code}`)
}

/** A segment that vouches for itself: lines of anybody under a checkpoint whose root is that of the lines. */
function selfConsistent(text: string, first: number, count: number): Uint8Array {
  const [begin = ''] = text.split('\n')
  const lines = Array.from({ length: count }, (_, at) => `{"n":${at}}`)
  const bytes = lines.map((line) => Buffer.from(line))
  let tree = TreeFrontier.empty(suite)
  for (const line of bytes) tree = tree.append(leafHash(suite, line))
  const root = Buffer.from(tree.root()).toString('base64')
  const note = (JSON.parse(begin.slice(1)) as string).split('\n')
  const forged = [note[0], `${first + count}`, root, ...note.slice(3)].join('\n')
  return Buffer.concat([Buffer.from(`${lines.join('\n')}\n`), checkpointLine(forged)])
}

test.for<[string, number, (directory: string) => void]>([
  [
    'the segment behind it is gone, and lines of nobody stand in its place',
    0,
    (directory) => {
      const path = segmentPath(directory, 0)
      rmSync(segmentPath(directory, 1))
      write(path, `${readFileSync(path, 'utf8')}{}\n`)
    },
  ],
  [
    'the segment behind it is gone, and stands behind it in one file, without its first line',
    0,
    (directory) => {
      const path = segmentPath(directory, 0)
      const next = readFileSync(segmentPath(directory, 1), 'utf8').split('\n').slice(1).join('\n')
      rmSync(segmentPath(directory, 1))
      write(path, `${readFileSync(path, 'utf8')}${next.replace('evil', 'good')}`)
    },
  ],
  ['the segment behind it is gone', 0, (directory) => rmSync(segmentPath(directory, 1))],
  [
    'an entry of it is another',
    1,
    (directory) => {
      const path = segmentPath(directory, 1)
      write(path, readFileSync(path, 'utf8').replace('evil', 'good'))
    },
  ],
  ['it was emptied', 1, (directory) => write(segmentPath(directory, 1), '')],
])(
  'where %s, nothing is signed as erased, and nothing is erased',
  { tags: ['AFS-25', 'ACM-2'] },
  async ([, segment, harm]) => {
    const one = await filled()
    harm(one.directory)
    const two = await restarted(one)
    const { size } = two.audit
    const before = readdirSync(join(two.directory, 'segments'))
    await expect(two.audit.erase({ segment, what: 'entries' })).rejects.toMatchObject({
      name: 'StorageError',
      code: 'audit-damaged',
      message: expect.stringMatching(
        /\.log" (is|holds) .*(nothing of it was erased|keep the file)/,
      ),
    })
    expect(two.audit.size).toBe(size)
    expect(readdirSync(join(two.directory, 'segments'))).toEqual(before)
    expect(await findingsOf(two.directory)).toContainEqual(expect.stringMatching(/^error /))
    // What is as it was signed is erased as ever.
    await two.audit.erase({ segment: 2, what: 'entries' })
    expect(await erasedIn(two)).toEqual([[2, 3]])
  },
)

test.for(['', 'nobody wrote this\n', undefined])(
  'a segment behind it that says %j keeps no segment from being erased',
  { tags: ['AUN-10', 'AFS-25', 'AFS-23'] },
  async (text) => {
    const two = await restarted(await filled())
    const { directory, audit } = two
    await audit.erase({ segment: 0, what: 'entries' })
    for (const sentence of ['behind', 'newest']) await audit.append(alert(sentence))
    const saying = audit.segments.at(-3)!
    expect(decodeEntry(await audit.entry(saying))).toMatchObject({ kind: 'retention', segment: 0 })
    const next = segmentPath(directory, audit.segments.at(-2)!)
    if (text === undefined) rmSync(next)
    else write(next, text)
    await audit.erase({ segment: saying, what: 'entries' })
    expect(existsSync(segmentPath(directory, saying))).toBe(false)
    // What it told of an earlier erasure is told again.
    expect(decodeEntry(await audit.entry(audit.size - 2))).toMatchObject({ segment: 0 })
  },
)

test(
  'a segment that was written anew with roots and tiles that fit one another is not what the node has signed',
  { tags: ['AFS-25'] },
  async () => {
    const one = await filled()
    const two = await restarted(one)
    const { directory, audit } = two
    const forged = selfConsistent(readFileSync(segmentPath(directory, 1), 'utf8'), 0, 1)
    const text = Buffer.from(forged).toString('utf8')
    expect(parseCheckpoint(JSON.parse(text.split('\n')[1]!.slice(1)) as string).size).toBe(1)
    write(segmentPath(directory, 0), forged)
    await expect(audit.erase({ segment: 0, what: 'entries' })).rejects.toMatchObject({
      code: 'audit-damaged',
      message: expect.stringContaining('other entries than those that this node has signed'),
    })
    expect(await erasedIn(two)).toEqual([])
  },
)

test(
  'entries that were erased are not said to be erased again, by a node or by whoever puts up what stands for them',
  { tags: ['AFS-25'] },
  async () => {
    const two = await restarted(await filled())
    const { directory, audit } = two
    await audit.erase({ segment: 0, what: 'entries' })
    const { size } = audit
    const again = audit.erase({ segment: 0, what: 'entries' })
    await expect(again).rejects.toMatchObject({ code: 'audit-erased' })
    // Somebody takes a segment away, and leaves a mark as the node does.
    const mark = (first: number): string => segmentPath(directory, first).replace('.log', '.erased')
    copyFileSync(mark(0), mark(1))
    rmSync(segmentPath(directory, 1))
    const others = audit.erase({ segment: 1, what: 'entries' })
    await expect(others).rejects.toMatchObject({ code: 'audit-erased' })
    rmSync(mark(1))
    const missing = audit.erase({ segment: 1, what: 'entries' })
    await expect(missing).rejects.toMatchObject({
      code: 'audit-damaged',
      message: expect.stringContaining('is missing: nothing of it was erased'),
    })
    expect(audit.size).toBe(size)
    expect(await findingsOf(directory)).toContain('error segment-missing')
  },
)

test(
  'what a crash has left of an erasure is erased when it is asked for again',
  { tags: ['AFS-25', 'AFS-20'] },
  async () => {
    const two = await restarted(await filled())
    const { directory, audit } = two
    const path = segmentPath(directory, 0)
    copyFileSync(path, `${path}.kept`)
    await audit.erase({ segment: 0, what: 'entries' })
    // As if the crash had come between the mark and the end of the file.
    copyFileSync(`${path}.kept`, path)
    rmSync(`${path}.kept`)
    await audit.erase({ segment: 0, what: 'entries' })
    expect(existsSync(path)).toBe(false)
    const errors = (await findingsOf(directory)).filter((each) => each.startsWith('error'))
    expect(errors).toEqual([])
  },
)

test(
  'while a segment of many batches is verified, everything else has its turn after each',
  { tags: ['AFS-25'] },
  async () => {
    const directory = join(await temporaryDirectory(), 'audit')
    const audit = await openAudit(directory, { limits: { segmentBytesMax: 400_000 } })
    onTestFinished(async () => audit.stop())
    while (audit.segments.length === 1) await audit.append(alert('one batch'))
    const batches = audit.segments[1]!
    expect(batches).toBeGreaterThan(50)
    const seen = { turns: 0, isOver: false }
    const erasing = audit.erase({ segment: 0, what: 'entries' }).finally(() => {
      seen.isOver = true
    })
    while (!seen.isOver) {
      await nextTurn()
      seen.turns += 1
    }
    await erasing
    expect(seen.turns).toBeGreaterThan(batches)
  },
)

test(
  'a closed segment is dated by the first checkpoint later that is there, and by no other one',
  { tags: ['AUN-10'] },
  async () => {
    const { directory, audit } = await restarted(await filled())
    await audit.erase({ segment: 1, what: 'entries' })
    await audit.erase({ segment: 2, what: 'entries' })
    const dated = async (): Promise<readonly (readonly [number, number, number | undefined])[]> =>
      (await audit.closedSegments()).slice(0, 3).map(({ first, end, checkpoint }) => {
        return [first, end, checkpoint === undefined ? undefined : parseCheckpoint(checkpoint).size]
      })
    expect(await dated()).toEqual([
      [0, 1, 3],
      [1, 2, 3],
      [2, 3, 3],
    ])
    // A checkpoint of before, which is older than it should be, in the place of that one.
    const path = segmentPath(directory, 3)
    const [, ...rest] = readFileSync(path, 'utf8').split('\n')
    const [old = ''] = readFileSync(segmentPath(directory, 0), 'utf8').split('\n').slice(1)
    write(path, [old, ...rest].join('\n'))
    expect((await dated()).map(([, , size]) => size)).toEqual([4, 4, 4])
  },
)
