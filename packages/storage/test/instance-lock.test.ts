import { symlink } from 'node:fs/promises'
import { join } from 'node:path'
import { lockDirectory } from '@warren/storage'
import { expect, onTestFinished, test } from 'vitest'
import { runChild } from './run-child.ts'
import { temporaryDirectory } from './temporary-directory.ts'

const IN_USE = expect.objectContaining({ name: 'StorageError', code: 'directory-in-use' })

function lockFor(directory: string): void {
  const lock = lockDirectory(directory)
  onTestFinished(() => lock.release())
}

test('a directory has one holder, in one process too', { tags: ['STO-15'] }, async () => {
  const directory = await temporaryDirectory()
  const lock = lockDirectory(directory)
  expect(() => lockDirectory(directory)).toThrow(IN_USE)
  lock.release()
  lock.release()
  lockFor(directory)
})

test(
  'another process is refused while the first lives, and told who it is',
  { tags: ['STO-15'] },
  async () => {
    const directory = await temporaryDirectory()
    const child = runChild('hold-lock.ts', [directory])
    await child.waitFor('locked')
    expect(() => lockDirectory(directory)).toThrow(IN_USE)
    expect(() => lockDirectory(directory)).toThrow(`(${child.pid})`)

    await child.kill()
    lockFor(directory)
  },
)

test(
  'of several processes that start at once one gets the directory',
  { tags: ['STO-15'] },
  async () => {
    const directory = await temporaryDirectory()
    const children = Array.from({ length: 4 }, () => runChild('hold-lock.ts', [directory]))
    const outcomes = await Promise.allSettled(
      children.map((child) => Promise.race([child.waitFor('locked'), child.finished])),
    )
    expect(outcomes.filter(({ status }) => status === 'fulfilled')).toHaveLength(1)
  },
)

test(
  'a second attempt of the holder does not let another process in',
  { tags: ['STO-15'] },
  async () => {
    const directory = await temporaryDirectory()
    lockFor(directory)
    expect(() => lockDirectory(directory)).toThrow(IN_USE)
    await expect(runChild('hold-lock.ts', [directory]).waitFor('locked')).rejects.toThrow(
      'directory-in-use',
    )
  },
)

test('a link in place of the lock file is refused', { tags: ['STO-15'] }, async () => {
  const directory = await temporaryDirectory()
  await symlink('/nowhere', join(directory, 'warren.lock'))
  expect(() => lockDirectory(directory)).toThrow(expect.objectContaining({ code: 'file-symlink' }))
})
