import { execFileSync } from 'node:child_process'
import { chmod, mkdir, readdir, readFile, stat, symlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { readPrivateFile, writePrivateFile } from '@warren/storage'
import { expect, test } from 'vitest'
import { temporaryDirectory } from './temporary-directory.ts'

const BYTES = Uint8Array.from([1, 2, 3])

async function mode(path: string): Promise<number> {
  return (await stat(path)).mode & 0o777
}

test(
  'a private file and its new directory are for the owner alone',
  { tags: ['STO-1'] },
  async () => {
    const directory = join(await temporaryDirectory(), 'keys')
    const path = join(directory, 'node.json')
    await writePrivateFile({ path, bytes: BYTES, replace: false })

    expect(await mode(directory)).toBe(0o700)
    expect(await mode(path)).toBe(0o600)
    expect(await readPrivateFile(path, 3)).toEqual(BYTES)
  },
)

test('replacing leaves the new bytes and no temporary file', { tags: ['STO-1'] }, async () => {
  const directory = await temporaryDirectory()
  const path = join(directory, 'a')
  await writePrivateFile({ path, bytes: BYTES, replace: false })
  await writePrivateFile({ path, bytes: Uint8Array.of(9), replace: true })

  expect(await readPrivateFile(path, 3)).toEqual(Uint8Array.of(9))
  expect(await readdir(directory)).toEqual(['a'])
})

test('a write that fails leaves the old file whole', { tags: ['STO-1'] }, async () => {
  const directory = await temporaryDirectory()
  const path = join(directory, 'a')
  await mkdir(path)
  const writing = writePrivateFile({ path, bytes: BYTES, replace: true })

  await expect(writing).rejects.toThrow(expect.objectContaining({ code: 'file-unwritable' }))
  expect(await readdir(directory)).toEqual(['a'])
})

test.for([0o750, 0o701, 0o777])(
  'a directory of mode %o is refused',
  { tags: ['STO-1'] },
  async (bits) => {
    const directory = join(await temporaryDirectory(), 'keys')
    await mkdir(directory)
    await chmod(directory, bits)
    const writing = writePrivateFile({ path: join(directory, 'a'), bytes: BYTES, replace: false })

    await expect(writing).rejects.toThrow(expect.objectContaining({ code: 'directory-open' }))
    expect(await readdir(directory)).toEqual([])
  },
)

test('an existing file stays unless it may be replaced', { tags: ['STO-3'] }, async () => {
  const path = join(await temporaryDirectory(), 'a')
  await writePrivateFile({ path, bytes: BYTES, replace: false })
  const writing = writePrivateFile({ path, bytes: Uint8Array.of(9), replace: false })

  await expect(writing).rejects.toThrow(expect.objectContaining({ code: 'file-exists' }))
  expect(await readPrivateFile(path, 3)).toEqual(BYTES)
})

test('of many writers of one new file exactly one wins', { tags: ['STO-3'] }, async () => {
  const directory = await temporaryDirectory()
  const path = join(directory, 'a')
  const writers = Array.from({ length: 16 }, (_, index) =>
    writePrivateFile({ path, bytes: Uint8Array.of(index), replace: false }),
  )
  const results = await Promise.allSettled(writers)

  const winners = results.flatMap(({ status }, index) => (status === 'fulfilled' ? [index] : []))
  expect(winners).toHaveLength(1)
  expect([...(await readFile(path))]).toEqual(winners)
  expect(await readdir(directory)).toEqual(['a'])
})

test.for([
  { bits: 0o600, code: undefined },
  { bits: 0o400, code: undefined },
  { bits: 0o640, code: 'file-open' },
  { bits: 0o604, code: 'file-open' },
  { bits: 0o620, code: 'file-open' },
  { bits: 0o601, code: 'file-open' },
])('a file of mode $bits gives $code', { tags: ['STO-2', 'THR-19'] }, async ({ bits, code }) => {
  const path = join(await temporaryDirectory(), 'a')
  await writeFile(path, BYTES)
  await chmod(path, bits)

  if (code === undefined) expect(await readPrivateFile(path, 3)).toEqual(BYTES)
  else await expect(readPrivateFile(path, 3)).rejects.toThrow(expect.objectContaining({ code }))
})

test('one byte more than allowed is refused', { tags: ['STO-2'] }, async () => {
  const path = join(await temporaryDirectory(), 'a')
  await writeFile(path, BYTES, { mode: 0o600 })

  expect(await readPrivateFile(path, 3)).toEqual(BYTES)
  await expect(readPrivateFile(path, 2)).rejects.toThrow(
    expect.objectContaining({ code: 'file-too-large' }),
  )
})

test('links, pipes, directories and missing files are refused', { tags: ['STO-2'] }, async () => {
  const directory = await temporaryDirectory()
  const target = join(directory, 'target')
  await writeFile(target, BYTES, { mode: 0o600 })
  await symlink(target, join(directory, 'link'))
  execFileSync('mkfifo', ['-m', '600', join(directory, 'pipe')])
  await mkdir(join(directory, 'folder'), { mode: 0o700 })

  const codes = {
    link: 'file-symlink',
    pipe: 'file-not-regular',
    folder: 'file-not-regular',
    none: 'file-missing',
  }
  for (const [name, code] of Object.entries(codes)) {
    const error = await readPrivateFile(join(directory, name), 3).catch((refusal) => refusal)
    expect({ read: name, code: error.code }).toEqual({ read: name, code })
  }
  const writing = writePrivateFile({ path: join(directory, 'link'), bytes: BYTES, replace: true })
  await expect(writing).rejects.toThrow(expect.objectContaining({ code: 'file-symlink' }))
})
