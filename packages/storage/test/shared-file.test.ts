import { execFileSync } from 'node:child_process'
import { mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { readSharedFile, writeSharedFile } from '@warren/storage'
import { expect, test } from 'vitest'
import { temporaryDirectory } from './temporary-directory.ts'

test('a text comes back as it was written, and its file may be read by all', async () => {
  const path = join(await temporaryDirectory(), 'request.json')
  await writeSharedFile({ path, text: '{"ü":1}', replace: false })
  expect(readFileSync(path, 'utf8')).toBe('{"ü":1}\n')
  expect(statSync(path).mode & 0o600).toBe(0o600)
  expect(await readSharedFile(path, 9)).toBe('{"ü":1}')
})

test('a file is replaced only where the caller says so', { tags: ['CER-7'] }, async () => {
  const directory = await temporaryDirectory()
  const path = join(directory, 'request.json')
  writeFileSync(path, 'mine')
  await expect(writeSharedFile({ path, text: 'theirs', replace: false })).rejects.toMatchObject({
    code: 'file-exists',
  })
  expect(readFileSync(path, 'utf8')).toBe('mine')
  await writeSharedFile({ path, text: 'theirs', replace: true })
  expect(readFileSync(path, 'utf8')).toBe('theirs\n')
  expect(readdirSync(directory)).toEqual(['request.json'])
})

test('a write that fails leaves nothing', { tags: ['CER-7'] }, async () => {
  const directory = await temporaryDirectory()
  const missing = join(directory, 'none', 'request.json')
  await expect(writeSharedFile({ path: missing, text: 'x', replace: false })).rejects.toMatchObject(
    { code: 'file-unwritable' },
  )
  const taken = join(directory, 'taken')
  mkdirSync(taken)
  await expect(writeSharedFile({ path: taken, text: 'x', replace: true })).rejects.toMatchObject({
    code: 'file-unwritable',
  })
  expect(readdirSync(directory)).toEqual(['taken'])
})

test('what is no bounded regular file of text is refused', async () => {
  const directory = await temporaryDirectory()
  const code = async (name: string, bytesMax = 8): Promise<unknown> =>
    readSharedFile(join(directory, name), bytesMax).catch((error: { code?: string }) => error.code)
  expect(await code('none')).toBe('file-missing')
  expect(await code('.')).toBe('file-not-regular')
  execFileSync('mkfifo', [join(directory, 'pipe')])
  expect(await code('pipe')).toBe('file-not-regular')
  writeFileSync(join(directory, 'eight'), '12345678')
  expect(await code('eight')).toBe('12345678')
  expect(await code('eight', 7)).toBe('file-too-large')
  writeFileSync(join(directory, 'bytes'), Buffer.from([0xff, 0xfe]))
  expect(await code('bytes')).toBe('file-unreadable')
})
