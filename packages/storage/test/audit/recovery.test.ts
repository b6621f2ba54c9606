import { TreeFrontier } from '@warren/tlog'
import {
  cpSync,
  readFileSync,
  readdirSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { CosignedFile } from '../../src/audit/cosigned-file.ts'
import { type ScannedSegment, scanSegment } from '../../src/audit/segment-scan.ts'
import type { AuditStore, AuditStoreInit } from '@warren/storage'
import { temporaryDirectory } from '../temporary-directory.ts'
import { alert, auditInit, decision, openAudit, suite } from './audit-node.ts'

const SECTOR = 512
/** So many bytes of a file are read at a time. */
const READ_BYTES = 1_048_576

/** The lines of two batches, and how long the first is. */
const lines = twoBatches()

function twoBatches(): { first: Buffer; both: Buffer } {
  const { openLog, stamp } = auditInit('')
  const log = openLog({ frontier: TreeFrontier.empty(suite), end: undefined })
  const saltKey = new Uint8Array(32)
  const one = log.batch({ drafts: [alert('first')], stamp: stamp(), saltKey })
  const drafts = [alert('second'), decision(), alert('fourth')]
  const two = one.next.batch({ drafts, stamp: stamp(), saltKey })
  return { first: Buffer.from(one.bytes), both: Buffer.concat([one.bytes, two.bytes]) }
}

async function segment(
  content: Uint8Array,
): Promise<{ path: string; scan: () => Promise<ScannedSegment> }> {
  const path = join(await temporaryDirectory(), '000000000000.log')
  writeFileSync(path, content)
  return { path, scan: async () => scanSegment({ path, suite, start: TreeFrontier.empty(suite) }) }
}

async function scan(content: Uint8Array): Promise<ScannedSegment> {
  return (await segment(content)).scan()
}

const DAMAGED = expect.objectContaining({ name: 'StorageError', code: 'audit-damaged' })

test(
  'a write that was torn at any byte leaves the batch before it, and nothing else',
  { tags: ['AFS-11'], timeout: 60_000 },
  async () => {
    const { first, both } = lines
    const { path, scan: scanAgain } = await segment(both)
    for (let length = both.length - 1; length >= first.length; length -= 1) {
      truncateSync(path, length)
      const { length: good, frontier } = await scanAgain()
      expect(good, `cut at ${length}`).toBe(first.length)
      expect(frontier.size).toBe(1)
    }
    const whole = await scan(both)
    expect([whole.length, whole.frontier.size, whole.torn]).toEqual([both.length, 4, false])
  },
)

test(
  'room that was made ahead is no damage, whole or behind a torn batch',
  { tags: ['AFS-11'] },
  async () => {
    const { first, both } = lines
    const room = Buffer.alloc(1_000_000)
    expect((await scan(Buffer.concat([both, room]))).length).toBe(both.length)
    for (const cut of [first.length, first.length + 1, both.length - 2, both.length - 1]) {
      const { length, torn } = await scan(Buffer.concat([both.subarray(0, cut), room]))
      expect([length, torn]).toEqual([first.length, true])
    }
  },
)

test(
  'a batch of which the disk wrote the end and not the middle is torn, wherever the hole is',
  { tags: ['AFS-11'] },
  async () => {
    const { first, both } = lines
    for (let hole = first.length; hole < both.length; hole += SECTOR) {
      const torn = Buffer.from(both)
      torn.fill(0, hole, Math.min(hole + SECTOR, both.length))
      const { length } = await scan(Buffer.concat([torn, Buffer.alloc(4_096)]))
      expect(length, `hole at ${hole}`).toBe(first.length)
    }
  },
)

test(
  'a hole of a long batch that ends where a read does is torn as well',
  { tags: ['AFS-11'] },
  async () => {
    const { openLog, stamp } = auditInit('')
    const log = openLog({ frontier: TreeFrontier.empty(suite), end: undefined })
    const drafts = Array.from({ length: 1_023 }, () => alert('x'.repeat(1_000)))
    const { bytes } = log.batch({ drafts, stamp: stamp(), saltKey: new Uint8Array(32) })
    expect(bytes.length).toBeGreaterThan(READ_BYTES + SECTOR)
    for (const end of [READ_BYTES - SECTOR, READ_BYTES, READ_BYTES + SECTOR]) {
      const torn = Uint8Array.from(bytes).fill(0, end - 200_000, end)
      const { length, torn: isTorn } = await scan(torn)
      expect([length, isTorn], `hole up to ${end}`).toEqual([0, true])
    }
  },
)

test.for([
  { behind: 'nothing', room: 0, step: 1 },
  { behind: 'room', room: 4_096, step: 7 },
])(
  'one byte that was changed before the last checkpoint is damage with $behind at the end, and the line is named',
  { tags: ['AFS-12', 'THR-42'], timeout: 60_000 },
  async ({ room, step }) => {
    const both = Buffer.concat([lines.both, Buffer.alloc(room)])
    // Under a checkpoint stand signatures, which are not the scan's to judge; the entries and the heads are.
    const heads = [...both.toString('latin1').matchAll(/\\n\d+\\n[\w+/=]{44}\\n\\n/g)].map(
      ({ index, 0: { length } }) => [index, index + length],
    )
    for (let at = 0; at < both.length; at += step) {
      const inEntry = both.lastIndexOf(0x0a, at - 1) + 1
      const isEntry = both[inEntry] === 0x7b
      const isHead = heads.some(([from, to]) => at >= from! && at < to!)
      if (!isEntry && !isHead) continue
      const changed = Buffer.from(both)
      changed[at] = changed[at]! ^ 1
      await expect(scan(changed), `byte ${at}`).rejects.toEqual(DAMAGED)
    }
    const changed = Buffer.from(both)
    changed[10] = changed[10]! ^ 1
    const { path, scan: scanChanged } = await segment(changed)
    await expect(scanChanged()).rejects.toThrow(`"${path}" is damaged at line 2`)
  },
)

test('a hole before the last batch is damage, however it looks', { tags: ['AFS-12'] }, async () => {
  const { first, both } = lines
  for (let at = 0; at + SECTOR < first.length; at += SECTOR) {
    const hole = Buffer.from(both)
    hole.fill(0, at, at + SECTOR)
    await expect(scan(hole), `hole at ${at}`).rejects.toEqual(DAMAGED)
  }
  const late = Buffer.concat([
    both.subarray(0, first.length),
    Buffer.alloc(SECTOR),
    both.subarray(first.length),
    both.subarray(first.length),
  ])
  await expect(scan(late)).rejects.toEqual(DAMAGED)
})

test(
  'lines that were dropped, swapped or repeated before the last checkpoint are damage',
  { tags: ['AFS-12'] },
  async () => {
    const all = lines.both.toString('utf8').split(/(?<=\n)/)
    const [a, ca, b, c, d, cd] = all.map((line) => Buffer.from(line))
    for (const order of [
      [ca, b, c, d, cd],
      [a, b, c, d, cd, ca],
      [a, ca, c, b, d, cd],
      [a, ca, b, b, c, d, cd],
      [a, ca, b, c, cd],
    ]) {
      await expect(scan(Buffer.concat(order.map((line) => line!)))).rejects.toEqual(DAMAGED)
    }
  },
)

interface Case {
  readonly audit: AuditStore
  readonly directory: string
}

async function store(directory?: string, changes: Partial<AuditStoreInit> = {}): Promise<Case> {
  const path = directory ?? join(await temporaryDirectory(), 'audit')
  const audit = await openAudit(path, changes)
  onTestFinished(async () => audit.stop())
  return { audit, directory: path }
}

async function filled(count: number, segmentBytesMax: number): Promise<string> {
  const { audit, directory } = await store(undefined, { limits: { segmentBytesMax } })
  for (let round = 0; round < count / 100; round += 1) {
    await Promise.all(Array.from({ length: 100 }, async () => audit.append(decision())))
  }
  await audit.stop()
  return directory
}

test.for([0, 1, 4_096, 2_500_000])(
  'a log whose last batch was changed is refused at start with %d bytes of room, and left as it is',
  { tags: ['AFS-12', 'THR-42'] },
  async (room) => {
    const { audit, directory } = await store()
    await audit.append(alert('one'))
    await audit.append(alert('two was acknowledged'))
    await audit.stop()
    const path = newest(directory)
    const changed = readFileSync(path, 'utf8').replace('two was', 'two WAS')
    writeFileSync(path, Buffer.concat([Buffer.from(changed), Buffer.alloc(room)]))
    const before = readFileSync(path)
    await expect(openAudit(directory)).rejects.toEqual(DAMAGED)
    expect(readFileSync(path).equals(before)).toBe(true)
  },
)

function newest(directory: string): string {
  return join(directory, 'segments', readdirSync(join(directory, 'segments')).toSorted().at(-1)!)
}

test(
  'a crash between the making of a segment and its first line leaves the segment before',
  { tags: ['AFS-11'] },
  async () => {
    const directory = await filled(200, 1)
    const { first } = { first: '000000000200' }
    writeFileSync(join(directory, 'segments', `${first}.log`), Buffer.alloc(4_096), { mode: 0o600 })
    const { audit } = await store(directory)
    expect(audit.size).toBe(200)
    expect(await audit.append(alert('goes on'))).toEqual({ seq: 200 })
  },
)

test(
  'where it cannot be told whether tiles tell of more entries the log is refused',
  { tags: ['AFS-13'] },
  async () => {
    const directory = await filled(100, 1_000_000)
    rmSync(join(directory, 'tile', '0'), { recursive: true, force: true })
    writeFileSync(join(directory, 'tile', '0'), '')
    await expect(openAudit(directory)).rejects.toEqual(DAMAGED)
  },
)

test(
  'tiles that were lost or altered are made anew from the entries',
  { tags: ['AFS-10'] },
  async () => {
    const directory = await filled(600, 30_000)
    const intact = readFileSync(join(directory, 'tile', '0', '001'))
    rmSync(join(directory, 'tile'), { recursive: true })
    const one = await store(directory)
    await one.audit.inclusionProof(300)
    await one.audit.stop()
    expect(readFileSync(join(directory, 'tile', '0', '001'))).toEqual(intact)
    const all = readdirSync(join(directory, 'tile'), { recursive: true, encoding: 'utf8' })
    const partial = all.filter((name) => /\.p\/\d+$/.test(name))
    expect(partial.length).toBeGreaterThan(0)
    for (const name of partial) {
      const path = join(directory, 'tile', name)
      writeFileSync(path, Buffer.alloc(statSync(path).size))
    }
    const two = await store(directory)
    expect(two.audit.size).toBe(600)
  },
)

test(
  'a log whose end was cut off is refused: by a tile of what is gone, and by what others cosigned',
  { tags: ['AFS-13'] },
  async () => {
    const directory = await filled(300, 1_000_000)
    const path = newest(directory)
    const content = readFileSync(path)
    const [, end] = [...content.toString('latin1').matchAll(/\n#.*\n/g)].map(
      ({ index, 0: { length } }) => index + length,
    )
    const copy = join(await temporaryDirectory(), 'copy')
    cpSync(directory, copy, { recursive: true })
    truncateSync(newest(copy), end)
    await expect(openAudit(copy)).rejects.toThrow(
      /there are tiles of entries that it does not have/,
    )
    rmSync(join(copy, 'tile', '0', '000'))
    const { audit } = await store(copy)
    expect(audit.size).toBe(200)
    await audit.stop()

    const { audit: whole } = await store(directory)
    await whole.cosigned.add(whole.checkpoint!, whole.segments)
    await whole.stop()
    truncateSync(path, end)
    rmSync(join(directory, 'tile', '0', '000'))
    await expect(openAudit(directory)).rejects.toThrow(/others have cosigned 300 entries of it/)
  },
)

test.for([
  { order: [1, 2], isThinned: false },
  { order: [2, 1], isThinned: false },
  { order: [2, 0, 1, 0], isThinned: true },
])(
  'a log that was cut off is refused by the largest tree that others cosigned, in whatever order they answered: $order, thinned out $isThinned',
  { tags: ['AFS-13', 'AWT-15', 'AFS-21'] },
  async ({ order, isThinned }) => {
    const directory = join(await temporaryDirectory(), 'audit')
    const { audit } = await store(directory)
    const notes: string[] = []
    for (const sentence of ['a', 'b', 'c']) {
      await audit.append(alert(sentence))
      notes.push(audit.checkpoint!)
    }
    const limits = isThinned ? { bytesMax: 3 * notes[0]!.length, keptMax: 1 } : {}
    const cosigned = new CosignedFile(directory, limits)
    for (const at of order) await cosigned.add(notes[at]!, audit.segments)
    await audit.stop()
    const copy = join(await temporaryDirectory(), 'copy')
    cpSync(directory, copy, { recursive: true })
    const content = readFileSync(newest(copy), 'latin1')
    const [, second] = [...content.matchAll(/\n#.*\n/g)].map(
      ({ index, 0: { length } }) => index + length,
    )
    truncateSync(newest(copy), second)
    await expect(openAudit(copy)).rejects.toThrow(/others have cosigned 3 entries of it/)
    await (await openAudit(directory)).stop()
  },
)

test(
  'an older copy that went on by itself is refused by what others cosigned',
  { tags: ['AFS-13'] },
  async () => {
    const directory = await filled(100, 1_000_000)
    const copy = join(await temporaryDirectory(), 'copy')
    cpSync(directory, copy, { recursive: true })
    const { audit } = await store(directory)
    await audit.append(alert('this way'))
    const cosigned = audit.checkpoint!
    const { audit: other } = await store(copy)
    await other.append(alert('that way'))
    await other.cosigned.add(cosigned, other.segments)
    await other.stop()
    await expect(openAudit(copy)).rejects.toThrow(/others have cosigned other entries/)
  },
)

test(
  'another secret, or a key file that was altered, opens nothing',
  { tags: ['AFS-14'] },
  async () => {
    const directory = await filled(100, 1_000_000)
    const code = async (changes: Partial<AuditStoreInit> = {}): Promise<unknown> =>
      openAudit(directory, changes).catch((error: { code?: string }) => error.code)
    expect(await code({ secret: new Uint8Array(32) })).toBe('audit-key-wrong')
    const path = join(directory, 'keys', '000000000000.key')
    const key = readFileSync(path)
    for (const at of [0, 12, key.length - 1]) {
      const changed = Buffer.from(key)
      changed[at] = changed[at]! ^ 1
      writeFileSync(path, changed)
      expect(await code()).toBe('audit-key-wrong')
    }
    rmSync(path)
    expect(await code()).toBe('audit-key-wrong')
  },
)
