import {
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { AppendFile } from '../../src/audit/append-file.ts'
import { temporaryDirectory } from '../temporary-directory.ts'
import { type FailingFiles, failingFiles } from './failing-files.ts'

const ROOM = { allocateBytes: 512, reserveBytes: 64 }

async function file(length = 0): Promise<{ log: AppendFile; path: string; files: FailingFiles }> {
  const path = join(await temporaryDirectory(), 'log')
  const files = failingFiles()
  if (length > 0) writeFileSync(path, 'x'.repeat(length), { mode: 0o600 })
  const log = await AppendFile.open({ path, length, files, ...ROOM })
  onTestFinished(async () => log.close().catch(() => {}))
  return { log, path, files }
}

function bytes(text: string): Uint8Array {
  return Buffer.from(text)
}

function failure(reason: string): unknown {
  return expect.objectContaining({ name: 'AppendFailure', reason })
}

/** What lies in the file before the first zero. */
function content(path: string): string {
  return readFileSync(path, 'latin1').replace(/\0+$/, '')
}

test(
  'bytes lie in the file, in order, before their promise is kept',
  { tags: ['AFS-1'] },
  async () => {
    const { log, path } = await file()
    await log.append(bytes('one\n'))
    expect(content(path)).toBe('one\n')
    await log.append(bytes('two\n'))
    expect(content(path)).toBe('one\ntwo\n')
    expect(log.length).toBe(8)
    expect(statSync(path).mode & 0o777).toBe(0o600)
    expect(statSync(path).size).toBe(4 + 64 + 512)
    await log.close()
    expect(readFileSync(path, 'latin1')).toBe('one\ntwo\n')
  },
)

test('a system that takes a byte at a time gets them all', { tags: ['AFS-1'] }, async () => {
  const { log, path, files } = await file()
  files.takeMax = 1
  await log.append(bytes('one by one'))
  expect(content(path)).toBe('one by one')
})

test('what lies behind the good bytes is cut off in opening', async () => {
  const path = join(await temporaryDirectory(), 'log')
  writeFileSync(path, 'good, torn')
  const log = await AppendFile.open({ path, length: 5 })
  expect(readFileSync(path, 'latin1')).toBe('good,')
  await log.append(bytes(' and more'))
  await log.close()
  expect(readFileSync(path, 'latin1')).toBe('good, and more')
})

test.for([
  { what: 'a file that is shorter than its good bytes', path: 'short' },
  { what: 'a file that is not there', path: 'none' },
  { what: 'a symbolic link', path: 'link' },
])('$what is not opened', { tags: ['AFS-2'] }, async ({ path }) => {
  const directory = await temporaryDirectory()
  writeFileSync(join(directory, 'short'), '1234')
  writeFileSync(join(directory, 'long'), '12345678')
  symlinkSync(join(directory, 'long'), join(directory, 'link'))
  await expect(AppendFile.open({ path: join(directory, path), length: 5 })).rejects.toEqual(
    failure('file-changed'),
  )
})

test.for([
  { fault: 'EIO', reason: 'io-error' },
  { fault: 'EROFS', reason: 'read-only' },
  { fault: 'ENOSPC', reason: 'disk-full' },
] as const)(
  '$fault in a write leaves the length, and the same bytes go to the same place later',
  { tags: ['AFS-3'] },
  async ({ fault, reason }) => {
    const { log, path, files } = await file()
    await log.append(bytes('good\n'))
    files.write = fault
    await expect(log.append(bytes('again\n'))).rejects.toEqual(failure(reason))
    expect(log.length).toBe(5)
    files.write = undefined
    expect(await log.reopen()).toEqual({ changed: false })
    await log.append(bytes('again\n'))
    expect(content(path)).toBe('good\nagain\n')
  },
)

test(
  'a flush that fails keeps no promise, and the bytes lie there once in the end',
  { tags: ['AFS-3'] },
  async () => {
    const { log, path, files } = await file()
    await log.append(bytes('good\n'))
    files.flush = 'EIO'
    await expect(log.append(bytes('again\n'))).rejects.toEqual(failure('io-error'))
    expect(log.length).toBe(5)
    files.flush = undefined
    await log.reopen()
    await log.append(bytes('again\n'))
    await log.close()
    expect(readFileSync(path, 'latin1')).toBe('good\nagain\n')
  },
)

test('no promise is kept before its flush has come back', { tags: ['AFS-1'] }, async () => {
  const { log, files } = await file()
  const { promise, resolve } = Promise.withResolvers<void>()
  files.gate = promise
  const done: string[] = []
  const append = log.append(bytes('x')).then(() => done.push('kept'))
  await new Promise((next) => setImmediate(next))
  done.push('flushed')
  resolve()
  await append
  expect(done).toEqual(['flushed', 'kept'])
})

test(
  'a full disk takes what fits in the room that is kept, says so, and nothing beyond',
  { tags: ['AFS-4'] },
  async () => {
    const { log, path, files } = await file()
    files.endMax = 600
    expect(await log.append(bytes('x'.repeat(24)))).toEqual({})
    expect(await log.append(bytes('y'.repeat(550)))).toEqual({ low: failure('disk-full') })
    await expect(log.refill()).rejects.toEqual(failure('disk-full'))
    expect(await log.append(bytes('z'.repeat(26)))).toEqual({ low: failure('disk-full') })
    await expect(log.append(bytes('!'))).rejects.toEqual(failure('disk-full'))
    expect(log.length).toBe(600)
    files.endMax = Number.POSITIVE_INFINITY
    await log.refill()
    expect(await log.append(bytes('!'))).toEqual({})
    await log.close()
    expect(content(path)).toBe(`${'x'.repeat(24)}${'y'.repeat(550)}${'z'.repeat(26)}!`)
  },
)

test.for([
  { what: 'removed', change: (path: string) => rmSync(path) },
  { what: 'cut', change: (path: string) => truncateSync(path, 2) },
  { what: 'moved away', change: (path: string) => renameSync(path, `${path}.1`) },
  {
    what: 'replaced',
    change: (path: string) => {
      rmSync(path)
      writeFileSync(path, 'good\n'.padEnd(581, '\0'))
    },
  },
])('a file that somebody has $what keeps no promise', { tags: ['AFS-5'] }, async ({ change }) => {
  const { log, path } = await file()
  await log.append(bytes('good\n'))
  change(path)
  await expect(log.append(bytes('lost\n'))).rejects.toEqual(failure('file-changed'))
  expect(log.length).toBe(5)
})

test(
  'a file that was moved away and is back is gone on with; another one in its place is named',
  { tags: ['AFS-5'] },
  async () => {
    const { log, path } = await file()
    await log.append(bytes('good\n'))
    renameSync(path, `${path}.1`)
    await expect(log.append(bytes('more\n'))).rejects.toEqual(failure('file-changed'))
    await expect(log.reopen()).rejects.toEqual(failure('file-changed'))
    renameSync(`${path}.1`, path)
    expect(await log.reopen()).toEqual({ changed: false })
    await log.append(bytes('more\n'))
    expect(content(path)).toBe('good\nmore\n')
    writeFileSync(`${path}.2`, readFileSync(path))
    renameSync(`${path}.2`, path)
    expect(await log.reopen()).toEqual({ changed: true })
  },
)
