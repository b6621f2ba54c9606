import { checkpointLine, decodeEntry } from '@warren/audit'
import { leafHash, parseCheckpoint, verifyCheckpoint, verifyConsistency } from '@warren/tlog'
import {
  chmodSync,
  existsSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { type AuditStore, AuditStore as Store } from '@warren/storage'
import { expect, onTestFinished, test } from 'vitest'
import { CosignedFile } from '../../src/audit/cosigned-file.ts'
import { temporaryDirectory } from '../temporary-directory.ts'
import { alert, auditInit, decision, LOG, openAudit, suite } from './audit-node.ts'
import { failingFiles } from './failing-files.ts'

const LIMITS = { segmentBytesMax: 1 }

async function store(directory?: string): Promise<{ audit: AuditStore; directory: string }> {
  const path = directory ?? join(await temporaryDirectory(), 'audit')
  const audit = await openAudit(path, { limits: LIMITS })
  onTestFinished(async () => audit.stop())
  return { audit, directory: path }
}

/** Three segments: two entries whose arguments are kept, one, and one more. */
async function filled(): Promise<{ audit: AuditStore; directory: string; notes: string[] }> {
  const one = await store()
  const notes: string[] = []
  const keep = (value: string): ReturnType<typeof decision> =>
    decision({ args: { keep: 'all', value } })
  for (const values of [['a', 'b'], ['c'], ['d']]) {
    await Promise.all(values.map(async (value) => one.audit.append(keep(`value ${value}`))))
    notes.push(one.audit.checkpoint!)
  }
  return { ...one, notes }
}

test(
  'a kept value comes back for its entry, and lies on the disk in no readable form',
  { tags: ['AFS-14'] },
  async () => {
    const { audit, directory } = await filled()
    expect(await audit.bodies(1)).toEqual([{ seq: 1, path: '', text: '"value b"' }])
    expect(await audit.bodies(3)).toEqual([{ seq: 3, path: '', text: '"value d"' }])
    const all = readdirSync(directory, { recursive: true, encoding: 'utf8' }).map((name) =>
      join(directory, name),
    )
    for (const path of all.filter((name) => statSync(name).isFile())) {
      expect(readFileSync(path).includes('value '), path).toBe(false)
    }
  },
)

test(
  'a kept value that was altered, or moved to another entry, is not given',
  { tags: ['AFS-14'] },
  async () => {
    const { audit, directory } = await filled()
    const path = join(directory, 'bodies', '000000000000.log')
    const text = readFileSync(path, 'utf8')
    chmodSync(path, 0o600)
    for (const changed of [
      text.replace(
        /"data":"./,
        (found) => `${found.slice(0, -1)}${found.endsWith('A') ? 'B' : 'A'}`,
      ),
      text.replace('"seq":1', '"seq":0').replace('"seq":0', '"seq":1'),
    ]) {
      writeFileSync(path, changed)
      await expect(Promise.all([audit.bodies(0), audit.bodies(1)])).rejects.toMatchObject({
        code: 'audit-damaged',
      })
    }
  },
)

test(
  'erasing kept values says so in the log and takes them and the key away; entries and proofs stay',
  { tags: ['AFS-20'] },
  async () => {
    const { audit, directory } = await filled()
    await audit.erase({ segment: 0, what: 'bodies' })
    await expect(audit.bodies(0)).rejects.toMatchObject({ code: 'audit-erased' })
    expect(await audit.bodies(2)).toHaveLength(1)
    for (const name of ['bodies/000000000000.log', 'keys/000000000000.key']) {
      expect(existsSync(join(directory, name)), name).toBe(false)
    }
    expect(decodeEntry(await audit.entry(0)).seq).toBe(0)
    expect(decodeEntry(await audit.entry(4))).toMatchObject({
      kind: 'retention',
      segment: 0,
      from: 0,
      to: 2,
      what: 'bodies',
    })
  },
)

test(
  'erasing entries leaves a gap that the log explains, and a tree that can be proven',
  { tags: ['AFS-20'] },
  async () => {
    const { audit, directory, notes } = await filled()
    const hash = leafHash(suite, await audit.entry(2))
    await audit.erase({ segment: 0, what: 'entries' })
    await expect(audit.entry(1)).rejects.toMatchObject({ code: 'audit-erased' })
    expect(existsSync(join(directory, 'segments', '000000000000.log'))).toBe(false)
    await audit.stop()

    const again = await store(directory)
    const seqs: number[] = []
    for await (const { seq } of again.audit.entries(0)) seqs.push(seq)
    expect(seqs).toEqual([2, 3, 4])
    const head = (note: string): { size: number; root: Uint8Array } =>
      verifyCheckpoint({ suite, checkpoint: parseCheckpoint(note), log: LOG })
    const newest = head(again.audit.checkpoint!)
    for (const old of notes.map(head)) {
      const proof = await again.audit.consistencyProof(old.size)
      verifyConsistency(suite, proof, { oldSize: old.size, oldRoot: old.root, ...newest })
    }
    expect(leafHash(suite, await again.audit.entry(2))).toEqual(hash)
  },
)

/** Which ranges the log that is there says were erased. */
async function erasedIn(audit: AuditStore): Promise<readonly (readonly [number, number])[]> {
  const said: (readonly [number, number])[] = []
  for await (const { bytes } of audit.entries(0)) {
    const entry = decodeEntry(bytes)
    if (entry.kind === 'retention' && entry.what === 'entries') said.push([entry.from, entry.to])
  }
  return said
}

test(
  'what the entries of a segment say was erased is said again before they are erased themselves',
  { tags: ['AFS-23'] },
  async () => {
    const { audit } = await filled()
    await audit.erase({ segment: 0, what: 'entries' })
    await audit.append(alert('more'))
    expect(audit.segments).toEqual([0, 2, 3, 4, 5])
    expect(await erasedIn(audit)).toEqual([[0, 2]])

    // It tells of nothing earlier.
    await audit.erase({ segment: 3, what: 'entries' })
    expect(await erasedIn(audit)).toEqual([
      [0, 2],
      [3, 4],
    ])
    await audit.append(alert('more'))
    // Values alone: the entry stays.
    await audit.erase({ segment: 4, what: 'bodies' })
    expect((await erasedIn(audit)).length).toBe(2)
    await audit.erase({ segment: 4, what: 'entries' })
    expect(await erasedIn(audit)).toEqual([
      [3, 4],
      [0, 2],
      [4, 5],
    ])
  },
)

test(
  'what somebody has written into a segment, to have it said again and signed, is not',
  { tags: ['AFS-23', 'THR-42'] },
  async () => {
    const { audit, directory } = await filled()
    await audit.erase({ segment: 0, what: 'entries' })
    await audit.append(alert('more'))
    const path = join(directory, 'segments', '000000000004.log')
    chmodSync(path, 0o600)
    const forged = readFileSync(path, 'utf8').replace(/"to":2/, '"to":3')
    writeFileSync(path, forged)
    rmSync(join(directory, 'segments', '000000000002.log'))
    const { size } = audit
    await expect(audit.erase({ segment: 4, what: 'entries' })).rejects.toMatchObject({
      code: 'audit-damaged',
    })
    expect(audit.size).toBe(size)
    expect(readFileSync(path, 'utf8')).toBe(forged)
  },
)

test(
  'of the segment that grows, and of none, nothing is erased',
  { tags: ['AFS-20'] },
  async () => {
    const { audit } = await filled()
    const code = async (segment: number): Promise<unknown> =>
      audit.erase({ segment, what: 'entries' }).catch((error: { code?: string }) => error.code)
    expect(await code(3)).toBe('audit-segment-in-use')
    expect(await code(1)).toBe('audit-entry-missing')
    expect(audit.size).toBe(4)
  },
)

test('a segment that is missing without a word is damage', { tags: ['AFS-12'] }, async () => {
  const { audit, directory } = await filled()
  rmSync(join(directory, 'segments', '000000000000.log'))
  await expect(audit.last(10)).rejects.toMatchObject({ code: 'audit-damaged' })
})

test('what an offline verifier needs lies beside the log', { tags: ['AFS-21'] }, async () => {
  const { audit, directory } = await store()
  const scid = `Qm${'e'.repeat(44)}`
  await audit.copies.writeNodeLog('node log')
  await audit.copies.writeNodeLog('newer node log')
  await audit.copies.writeCharter('charter')
  await audit.copies.writeCosignerLog(scid, 'cosigner log')
  expect([
    await audit.copies.readNodeLog(),
    await audit.copies.readCharter(),
    await audit.copies.readCosignerLog(scid),
  ]).toEqual(['newer node log', 'charter', 'cosigner log'])
  expect(statSync(join(directory, 'witness', `${scid}.jsonl`)).mode & 0o777).toBe(0o600)
  for (const name of ['../node', `${scid}/..`, '']) {
    await expect(audit.copies.writeCosignerLog(name, 'x')).rejects.toMatchObject({
      code: 'record-malformed',
    })
  }
})

test(
  'of cosigned checkpoints the newest are kept, and of old ones the last of each segment',
  { tags: ['AFS-21'] },
  async () => {
    const { audit, directory } = await store()
    const notes: string[] = []
    for (let number = 0; number < 6; number += 1) {
      await audit.append(alert(`${number}`))
      notes.push(audit.checkpoint!)
    }
    const few = new CosignedFile(directory, { bytesMax: 4 * notes[0]!.length, keptMax: 2 })
    for (const note of notes) await few.add(note, [0, 2])
    expect((await few.all()).map(({ size }) => size)).toEqual([2, 3, 4, 5, 6])
    const path = join(directory, 'cosigned.log')
    writeFileSync(path, readFileSync(path).subarray(0, -10))
    await few.add(notes[5]!, [0, 2])
    expect((await few.all()).at(-1)?.size).toBe(6)
  },
)

test(
  'of cosigned checkpoints the oldest go where one of each segment is too much, and none stands for two',
  { tags: ['AFS-21'] },
  async () => {
    const { audit, directory } = await store()
    const notes: string[] = []
    for (let number = 0; number < 10; number += 1) {
      await audit.append(alert(`${number}`))
      notes.push(audit.checkpoint!)
    }
    const path = join(directory, 'cosigned.log')
    const segments = notes.map((_note, at) => at)
    // Checkpoints differ by a few bytes in length.
    const line = checkpointLine(notes.at(-1)!).length + 8
    const few = new CosignedFile(directory, { bytesMax: 2 * line, keptMax: 1 })
    for (const note of notes) await few.add(note, segments)
    expect((await few.all()).map(({ size }) => size)).toEqual([6, 7, 8, 9, 10])
    await few.add(notes[9]!, segments)
    expect((await few.all()).map(({ size }) => size)).toEqual([7, 8, 9, 10])

    const last = checkpointLine(notes[9]!)
    const rest = 4 * 2 * line - last.length
    const most = Buffer.concat([last, Buffer.alloc(rest - 1, 'x'), Buffer.from('\n')])
    writeFileSync(path, most)
    expect((await few.all()).map(({ size }) => size)).toEqual([10])
    writeFileSync(path, Buffer.concat([most, Buffer.from('xx\n')]))
    await expect(few.all()).rejects.toMatchObject({ code: 'audit-damaged' })
  },
)

test(
  'a cosigned checkpoint of which the disk takes a part at a time is kept whole, or not said to be kept',
  { tags: ['AFS-24'] },
  async () => {
    const { audit, directory } = await store()
    await audit.append(alert('a'))
    const first = audit.checkpoint!
    await audit.append(alert('b'))
    const second = audit.checkpoint!
    const files = failingFiles()
    const cosigned = new CosignedFile(directory, { files })
    const sizes = async (): Promise<readonly number[]> =>
      (await cosigned.all()).map(({ size }) => size)
    files.takeMax = 1_000
    await cosigned.add(first, [0])
    expect(await sizes()).toEqual([1])
    const path = join(directory, 'cosigned.log')
    const { size } = statSync(path)
    // The disk is full before the first byte, in the middle, and before the last ones.
    for (const room of [0, 100, size - 20]) {
      files.endMax = statSync(path).size + room
      await expect(cosigned.add(second, [0])).rejects.toMatchObject({ code: 'file-unwritable' })
      expect(await sizes()).toEqual([1])
    }
    files.endMax = Number.POSITIVE_INFINITY
    files.flush = 'EIO'
    await expect(cosigned.add(second, [0])).rejects.toMatchObject({ code: 'file-unwritable' })
    files.flush = undefined
    await cosigned.add(second, [0])
    expect(await sizes()).toEqual([1, 2])
  },
)

test('nothing of the log is opened through a symbolic link', { tags: ['AFS-8'] }, async () => {
  const { audit, directory } = await store()
  await audit.append(alert('a'))
  await audit.stop()
  const path = join(directory, 'segments', '000000000000.log')
  const elsewhere = join(await temporaryDirectory(), 'elsewhere')
  writeFileSync(elsewhere, readFileSync(path))
  rmSync(path)
  symlinkSync(elsewhere, path)
  await expect(Store.open(auditInit(directory))).rejects.toMatchObject({ code: 'file-unreadable' })
  expect(readFileSync(elsewhere).length).toBeGreaterThan(0)
})
