import { appendFileSync, mkdtempSync, readFileSync, renameSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { flushDirectory } from '@warren/storage'
import { expect, onTestFinished, test } from 'vitest'
import { FileDelivery } from '../../../src/audit/export/file-delivery.ts'

const NEVER = new AbortController().signal

interface WatchedFile {
  readonly path: string
  readonly delivery: FileDelivery
  /** Each directory that was flushed, with the length that the file had then. */
  readonly flushed: [string, number][]
  /** Makes flushing fail, until it is undone. */
  readonly breakDisk: (isBroken: boolean) => void
}

/** A file that is not there yet, in a directory of its own whose flushes are noted and done. */
function watchedFile(): WatchedFile {
  const directory = mkdtempSync(join(tmpdir(), 'warren-file-delivery-'))
  onTestFinished(() => rmSync(directory, { recursive: true, force: true }))
  const path = join(directory, 'copies.jsonl')
  const flushed: [string, number][] = []
  let isDiskBroken = false
  const delivery = new FileDelivery(path, async (of) => {
    if (isDiskBroken) throw new Error('EIO')
    flushed.push([of, statSync(path).size])
    await flushDirectory(of)
  })
  return { path, delivery, flushed, breakDisk: (isBroken) => void (isDiskBroken = isBroken) }
}

async function deliver({ delivery }: WatchedFile, line: string): Promise<void> {
  const session = await delivery.open()
  await session.deliver([Buffer.from(`${line}\n`)], NEVER)
}

test(
  'the name of a new file is flushed before anything is in it, and of one that has something not again',
  { tags: ['AEX-13'] },
  async () => {
    const file = watchedFile()
    const directory = join(file.path, '..')
    await deliver(file, 'first')
    expect(file.flushed).toEqual([[directory, 0]])
    await deliver(file, 'second')
    expect(file.flushed).toHaveLength(1)

    renameSync(file.path, `${file.path}.1`)
    await deliver(file, 'third')
    expect(file.flushed).toEqual([
      [directory, 0],
      [directory, 0],
    ])
    expect(readFileSync(file.path, 'utf8')).toBe('third\n')
  },
)

test(
  'a file whose name does not last is given nothing, and its name is flushed when it is tried again',
  { tags: ['AEX-13'] },
  async () => {
    const file = watchedFile()
    file.breakDisk(true)
    await expect(deliver(file, 'first')).rejects.toMatchObject({
      name: 'ExportError',
      code: 'file-unwritable',
    })
    expect(statSync(file.path).size).toBe(0)

    file.breakDisk(false)
    await deliver(file, 'first')
    expect(file.flushed).toHaveLength(1)
    expect(readFileSync(file.path, 'utf8')).toBe('first\n')
  },
)

test(
  'a file with one byte in it is taken for one whose name lasts',
  { tags: ['AEX-13'] },
  async () => {
    const file = watchedFile()
    appendFileSync(file.path, '\n')
    await deliver(file, 'first')
    expect(file.flushed).toEqual([])
    expect(readFileSync(file.path, 'utf8')).toBe('\nfirst\n')
  },
)
