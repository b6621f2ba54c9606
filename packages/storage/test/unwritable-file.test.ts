import { chmodSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { unwritableFile, writePrivateFile, writeSharedFile } from '@warren/storage'
import { expect, test } from 'vitest'
import { temporaryDirectory } from './temporary-directory.ts'

test.for([
  ['ENOSPC', ': the disk is full'],
  ['EDQUOT', ': the disk quota of this user is used up'],
  ['EACCES', ': permission denied'],
  ['EROFS', ': the file system is read-only'],
  ['ENOENT', ': there is no directory "/a"'],
  ['EIO', ''],
])('after %s the reason is "%s"', { tags: ['CLI-43'] }, ([code, reason]) => {
  const cause = Object.assign(new Error('of the system'), { code })
  expect(unwritableFile('/a/b', cause)).toMatchObject({
    code: 'file-unwritable',
    message: `"/a/b" cannot be written${reason}`,
    cause,
  })
})

test('what the system says of a directory reaches the reader', { tags: ['CLI-43'] }, async () => {
  const directory = await temporaryDirectory()
  const path = join(directory, 'none', 'file')
  await expect(writeSharedFile({ path, text: 'x', replace: false })).rejects.toMatchObject({
    message: `"${path}" cannot be written: there is no directory "${join(directory, 'none')}"`,
  })
  writeFileSync(join(directory, 'none'), '')
  chmodSync(join(directory, 'none'), 0o600)
  await expect(
    writePrivateFile({ path, bytes: new Uint8Array(1), replace: false }),
  ).rejects.toMatchObject({ code: expect.stringMatching(/^file-/) })
  mkdirSync(join(directory, 'taken'))
  await expect(
    writeSharedFile({ path: join(directory, 'taken'), text: 'x', replace: true }),
  ).rejects.toMatchObject({ message: expect.stringContaining('it is a directory') })
  expect(readdirSync(directory).toSorted()).toEqual(['none', 'taken'])
})
