import { execFileSync } from 'node:child_process'
import { closeSync, constants, openSync, writeFileSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import { readSharedFileOrPipe } from '@warren/storage'
import { expect, onTestFinished, test } from 'vitest'
import { temporaryDirectory } from './temporary-directory.ts'

/** A pipe in which something is, and whose end for writing stays open. */
async function pipeWith(written: string | Uint8Array): Promise<string> {
  const path = join(await temporaryDirectory(), 'pipe')
  execFileSync('mkfifo', [path])
  const end = openSync(path, constants.O_RDWR)
  onTestFinished(() => closeSync(end))
  writeSync(end, Buffer.from(written))
  return path
}

function codeOf(path: string, signal = new AbortController().signal): Promise<unknown> {
  return readSharedFileOrPipe({ path, bytesMax: 8, signal }).catch(
    (error: { code?: string }) => error.code,
  )
}

test(
  'a pipe that gives too much is left, though it has not ended',
  { tags: ['CLI-43'] },
  async () => {
    expect(await codeOf(await pipeWith('123456789'))).toBe('file-too-large')
  },
)

test('a pipe that does not end is left when the time is up', { tags: ['CLI-43'] }, async () => {
  expect(await codeOf(await pipeWith('12345678'), AbortSignal.abort())).toBe('file-unreadable')
})

test('a pipe without a writer is at its end', { tags: ['CLI-43'] }, async () => {
  const path = join(await temporaryDirectory(), 'pipe')
  execFileSync('mkfifo', [path])
  expect(await codeOf(path)).toBe('')
})

test('what is no pipe is read as a file is', { tags: ['CLI-43'] }, async () => {
  const directory = await temporaryDirectory()
  writeFileSync(join(directory, 'eight'), '12345678')
  expect(await codeOf(join(directory, 'eight'))).toBe('12345678')
  writeFileSync(join(directory, 'nine'), '123456789')
  expect(await codeOf(join(directory, 'nine'))).toBe('file-too-large')
  expect(await codeOf(directory)).toBe('file-not-regular')
  expect(await codeOf('/dev/zero')).toBe('file-not-regular')
  expect(await codeOf(join(directory, 'none'))).toBe('file-missing')
})
