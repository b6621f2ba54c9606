import type { MeshStream } from '@warren/mcp'
import { expect, test } from 'vitest'
import { localStreamPair } from '../src/local-stream.ts'

const LIMIT_BYTES = 256 * 1024

function bytes(length: number, value = 7): Uint8Array {
  return new Uint8Array(length).fill(value)
}

async function all({ bytes: chunks }: MeshStream): Promise<number> {
  let length = 0
  for await (const chunk of chunks) length += chunk.length
  return length
}

/** Whether a promise has settled after everything that is due has run. */
async function isSettled(promise: Promise<unknown>): Promise<boolean> {
  let settled = false
  promise.then(
    () => (settled = true),
    () => (settled = true),
  )
  for (let turn = 0; turn < 10; turn += 1) await Promise.resolve()
  return settled
}

test(
  'what one side writes the other reads, both ways, to the end',
  { tags: ['DMN-9'] },
  async () => {
    const [near, far] = localStreamPair()
    await near.write(bytes(3))
    await far.write(bytes(5))
    await Promise.all([near.end(), far.end()])
    expect(await Promise.all([all(near), all(far)])).toEqual([5, 3])
    expect(near.signal.aborted).toBe(true)
    expect(far.signal.aborted).toBe(true)
  },
)

test('a stream of which one direction is open is not over', { tags: ['DMN-9'] }, async () => {
  const [near, far] = localStreamPair()
  await near.end()
  expect(await all(far)).toBe(0)
  expect(near.signal.aborted).toBe(false)
  await far.write(bytes(1))
  await far.end()
  expect(near.signal.aborted).toBe(false)
  expect(await all(near)).toBe(1)
  expect(near.signal.aborted).toBe(true)
})

test.for([
  { written: LIMIT_BYTES, waits: false },
  { written: LIMIT_BYTES + 1, waits: true },
])(
  'a writer of $written unread bytes waits: $waits',
  { tags: ['DMN-9'] },
  async ({ written, waits }) => {
    const [near, far] = localStreamPair()
    const writing = near.write(bytes(written))
    expect(await isSettled(writing)).toBe(!waits)
    const reading = all(far)
    await writing
    await near.end()
    expect(await reading).toBe(written)
  },
)

test('one direction that is full does not stop the other', { tags: ['DMN-9'] }, async () => {
  const [near, far] = localStreamPair()
  const stuck = near.write(bytes(LIMIT_BYTES + 1))
  await far.write(bytes(9))
  await far.end()
  expect(await all(near)).toBe(9)
  expect(await isSettled(stuck)).toBe(false)
  near.abort(new Error('enough'))
  await expect(stuck).rejects.toThrow('enough')
})

test(
  'an abort ends readers and writers of both sides with its reason',
  { tags: ['DMN-9'] },
  async () => {
    const [near, far] = localStreamPair()
    const writing = near.write(bytes(LIMIT_BYTES + 1))
    const reading = all(near)
    far.abort(new Error('cut'))
    far.abort(new Error('again'))
    await expect(writing).rejects.toThrow('cut')
    await expect(reading).rejects.toThrow('cut')
    await expect(all(far)).rejects.toThrow('cut')
    await expect(far.write(bytes(1))).rejects.toThrow('cut')
    expect(near.signal.reason).toMatchObject({ message: 'cut' })
  },
)

test(
  'what waits unread is not read after an abort: cut off is not whole',
  { tags: ['DMN-9'] },
  async () => {
    const [near, far] = localStreamPair()
    await near.write(bytes(4))
    near.abort(new Error('cut'))
    await expect(all(far)).rejects.toThrow('cut')
  },
)

test('nothing can be written after the end', { tags: ['DMN-9'] }, async () => {
  const [near, far] = localStreamPair()
  await near.end()
  await expect(near.write(bytes(1))).rejects.toThrow('ended')
  expect(await all(far)).toBe(0)
})

test(
  'a writer that waits is let go when the other side stops to read',
  { tags: ['DMN-9'] },
  async () => {
    const [near, far] = localStreamPair()
    const writing = near.write(bytes(LIMIT_BYTES + 1))
    await expect(
      (async () => {
        for await (const chunk of far.bytes) {
          expect(chunk.length).toBe(LIMIT_BYTES + 1)
          break
        }
        far.abort(new Error('no more'))
        await near.write(bytes(1))
      })(),
    ).rejects.toThrow('no more')
    await writing
  },
)
