import { decodeEntry } from '@warren/audit'
import { spawnSync } from 'node:child_process'
import { readFileSync, renameSync } from 'node:fs'
import { join } from 'node:path'
import type { AuditHealthState, AuditStore } from '@warren/storage'
import { expect, onTestFinished, test } from 'vitest'
import { runChild } from '../run-child.ts'
import { temporaryDirectory } from '../temporary-directory.ts'
import { alert, decision, openAudit } from './audit-node.ts'
import { type FailingFiles, failingFiles } from './failing-files.ts'

const PRIVATE_MOUNTS = ['unshare', '--user', '--map-root-user', '--mount']
const canMount = canMountPrivately()
if (!canMount) console.log('skipped, no small disk: this user cannot mount one of its own')

function canMountPrivately(): boolean {
  const [command, ...args] = [...PRIVATE_MOUNTS, 'mount', '-t', 'tmpfs', 'none', '/tmp']
  return spawnSync(command, args).status === 0
}

const UNAVAILABLE = expect.objectContaining({ name: 'StorageError', code: 'audit-unavailable' })

interface Case {
  readonly audit: AuditStore
  readonly files: FailingFiles
  readonly directory: string
  readonly states: AuditHealthState[]
}

async function store(): Promise<Case> {
  const files = failingFiles()
  const directory = join(await temporaryDirectory(), 'audit')
  const audit = await openAudit(directory, { files })
  onTestFinished(async () => audit.stop())
  const states: AuditHealthState[] = []
  audit.health.listen((state) => states.push(state))
  return { audit, files, directory, states }
}

async function recovered(audit: AuditStore): Promise<void> {
  if (audit.health.state.status === 'well') return
  await new Promise<void>((resolve) => {
    audit.health.listen(({ status }) => {
      if (status === 'well') resolve()
    })
  })
}

async function kinds(audit: AuditStore): Promise<readonly string[]> {
  const found: string[] = []
  for await (const { bytes } of audit.entries(0)) {
    const entry = decodeEntry(bytes)
    found.push(entry.kind === 'alert' ? `${entry.code}: ${entry.sentence}` : entry.kind)
  }
  return found
}

test.for([
  { fault: 'EIO', reason: 'io-error' },
  { fault: 'EROFS', reason: 'read-only' },
] as const)(
  '$fault refuses those who wait and those who come, and the log recovers by itself',
  { tags: ['AFS-15'] },
  async ({ fault, reason }) => {
    const { audit, files, states } = await store()
    await audit.append(alert('before'))
    files.write = fault
    const outcomes = await Promise.allSettled([audit.append(alert('b')), audit.append(alert('c'))])
    expect(outcomes.map(({ status }) => status)).toEqual(['rejected', 'rejected'])
    await expect(audit.append(alert('d'))).rejects.toEqual(UNAVAILABLE)
    expect(audit.health.state).toEqual({ status: 'unavailable', reason, refused: 3 })
    files.write = undefined
    await recovered(audit)
    expect(await audit.append(alert('after'))).toEqual({ seq: 4 })
    expect(await kinds(audit)).toEqual([
      'test: before',
      'test: b',
      'test: c',
      `audit-recovered: the audit log could not be written (${reason}); 3 entries were refused, of which 1 to 2 were written late`,
      'test: after',
    ])
    expect(states.map(({ status }) => status)).toEqual(['unavailable', 'well'])
  },
)

test(
  'a batch that was signed and not flushed is written as it was, and never another in its place',
  { tags: ['AFS-16'] },
  async () => {
    const { audit, files, directory } = await store()
    await audit.append(alert('before'))
    files.flush = 'EIO'
    await expect(audit.append(alert('late'))).rejects.toEqual(UNAVAILABLE)
    const path = join(directory, 'segments', '000000000000.log')
    const signed = readFileSync(path, 'utf8').replace(/\0+$/, '')
    files.flush = undefined
    await recovered(audit)
    expect(readFileSync(path, 'utf8').startsWith(signed)).toBe(true)
    const sizes = [...readFileSync(path, 'utf8').matchAll(/#"[^\n]*?\\n(\d+)\\n/g)].map(
      ([, size]) => Number(size),
    )
    expect(sizes).toEqual([1, 2, 3])
  },
)

test(
  'kept values are on the disk once, whether they or the entries failed',
  { tags: ['AFS-16'] },
  async () => {
    const { audit, files } = await store()
    await audit.append(decision({ args: { keep: 'all', value: 'first' } }))
    for (const fault of ['write', 'flush'] as const) {
      files[fault] = 'EIO'
      await expect(audit.append(decision({ args: { keep: 'all', value: fault } }))).rejects.toEqual(
        UNAVAILABLE,
      )
      files[fault] = undefined
      await recovered(audit)
    }
    const kept: unknown[] = []
    for (let seq = 0; seq < audit.size; seq += 1)
      kept.push(...(await audit.bodies(seq)).map(({ text }) => text))
    expect(kept).toEqual(['"first"', '"write"', '"flush"'])
  },
)

test(
  'on a full disk what was under way is kept, the log says so, and more is refused until there is room',
  { tags: ['AFS-4', 'AFS-15'] },
  async () => {
    const { audit, files } = await store()
    await audit.append(alert('before'))
    files.endMax = 100_000
    const settled: string[] = []
    for (let number = 0; audit.health.state.status === 'well'; number += 1) {
      await audit.append(alert(`${number}`))
      settled.push(`test: ${number}`)
    }
    expect(audit.health.state).toMatchObject({ reason: 'disk-full', refused: 0 })
    await expect(audit.append(alert('refused'))).rejects.toEqual(UNAVAILABLE)
    expect(await kinds(audit)).toEqual([
      'test: before',
      ...settled,
      'audit-unavailable: no room for the audit log: disk-full',
    ])
    files.endMax = Number.POSITIVE_INFINITY
    await recovered(audit)
    await audit.append(alert('after'))
    expect((await kinds(audit)).slice(-2)).toEqual([
      'audit-recovered: the audit log could not be written (disk-full); 1 entries were refused',
      'test: after',
    ])
  },
)

test(
  'a file that was moved away while it is written is missed at once, and gone on with when it is back',
  { tags: ['AFS-5', 'AFS-15'] },
  async () => {
    const { audit, directory } = await store()
    await audit.append(alert('before'))
    const path = join(directory, 'segments', '000000000000.log')
    renameSync(path, `${path}.away`)
    await expect(audit.append(alert('late'))).rejects.toEqual(UNAVAILABLE)
    expect(audit.health.state).toMatchObject({ reason: 'file-changed' })
    renameSync(`${path}.away`, path)
    await recovered(audit)
    expect((await kinds(audit)).slice(0, 2)).toEqual(['test: before', 'test: late'])
  },
)

test(
  'stopping while the disk fails settles every promise and hangs on nothing',
  { tags: ['AFS-6', 'AFS-15'] },
  async () => {
    const { audit, files } = await store()
    files.write = 'EIO'
    const waiting = Promise.allSettled([audit.append(alert('a')), audit.append(alert('b'))])
    const stopped = audit.stop()
    await expect(audit.append(alert('c'))).rejects.toMatchObject({ code: 'audit-closed' })
    await stopped
    expect((await waiting).map(({ status }) => status)).toEqual(['rejected', 'rejected'])
  },
)

test.skipIf(!canMount)(
  'a real disk that is full, and one that is mounted read-only, are lived through',
  { tags: ['AFS-15'], timeout: 60_000 },
  async () => {
    const child = runChild('audit-on-a-small-disk.ts', [await temporaryDirectory()], PRIVATE_MOUNTS)
    const lines = (await child.finished).trimEnd().split('\n')
    expect(lines.map((line): unknown => JSON.parse(line))).toEqual([
      ['full', 'disk-full', 'every acknowledged entry is there'],
      ['refused', 'audit-unavailable'],
      ['room', 'well'],
      ['read-only', 'read-only', 'audit-unavailable'],
      ['writable', 'well'],
      ['reopened', 'every acknowledged entry is there'],
    ])
  },
)
