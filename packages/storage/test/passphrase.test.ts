import { open, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { readPassphrase } from '@warren/storage'
import { describe, expect, test } from 'vitest'
import { temporaryDirectory } from './temporary-directory.ts'

const LONGEST = 'x'.repeat(1024)

const CASES = [
  { name: 'plain', content: 'secret', outcome: 'secret' },
  { name: 'newline', content: 'secret\n', outcome: 'secret' },
  { name: 'CR and newline', content: 'secret\r\n', outcome: 'secret' },
  { name: 'two newlines', content: 'secret\n\n', outcome: 'secret\n' },
  { name: 'spaces', content: ' a b ', outcome: ' a b ' },
  { name: 'the longest', content: `${LONGEST}\n`, outcome: LONGEST },
] as const

const REFUSED = [
  { name: 'nothing', content: '', code: 'passphrase-empty' },
  { name: 'a newline alone', content: '\n', code: 'passphrase-empty' },
  { name: 'one byte too many', content: `${LONGEST}x`, code: 'passphrase-too-long' },
  { name: 'far too many', content: LONGEST.repeat(8), code: 'passphrase-too-long' },
] as const

async function source(kind: string, content: string): ReturnType<typeof readPassphrase> {
  const file = join(await temporaryDirectory(), 'passphrase')
  await writeFile(file, content, { mode: 0o600 })
  if (kind === 'file') return readPassphrase({ file })
  await using handle = await open(file)
  return await readPassphrase({ fd: handle.fd })
}

describe.for(['file', 'descriptor'])('from a %s', (kind) => {
  test.for(CASES)('$name is read', { tags: ['STO-8'] }, async ({ content, outcome }) => {
    expect(Buffer.from(await source(kind, content)).toString()).toBe(outcome)
  })

  test.for(REFUSED)(
    '$name is refused with $code',
    { tags: ['STO-8'] },
    async ({ content, code }) => {
      await expect(source(kind, content)).rejects.toThrow(expect.objectContaining({ code }))
    },
  )
})

test('a file that others may read is refused', { tags: ['STO-8'] }, async () => {
  const file = join(await temporaryDirectory(), 'passphrase')
  await writeFile(file, 'secret', { mode: 0o644 })
  await expect(readPassphrase({ file })).rejects.toThrow(
    expect.objectContaining({ code: 'file-open' }),
  )
})

test('a descriptor that is not open is refused', { tags: ['STO-8'] }, async () => {
  await expect(readPassphrase({ fd: 999_999 })).rejects.toThrow(
    expect.objectContaining({ code: 'passphrase-unreadable' }),
  )
})

test('waiting for a descriptor can be given up', { tags: ['STO-8'] }, async () => {
  const stopping = new AbortController()
  stopping.abort(new Error('given up'))
  await expect(readPassphrase({ fd: 0 }, stopping.signal)).rejects.toThrow('given up')
})
