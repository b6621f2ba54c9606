import { StreamReader, readAll, sendAll } from '@warren/network'
import fc from 'fast-check'
import { setTimeout as delay } from 'node:timers/promises'
import { expect, test } from 'vitest'
import { yamuxStreams } from './memory-streams.ts'

const WINDOW_BYTES = 1_048_576
const never = new AbortController().signal

function patterned(length: number, seed: number): Uint8Array {
  return Uint8Array.from({ length }, (_, index) => (index * 31 + seed) & 0xff)
}

test(
  'bytes arrive whole and in order, whatever the chunks and the pace of the reader',
  { tags: ['NET-1'], timeout: 30_000 },
  async () => {
    const chunks = fc.array(fc.integer({ min: 1, max: 300_000 }), { minLength: 1, maxLength: 12 })
    const pauses = fc.array(fc.integer({ min: 0, max: 2 }), { minLength: 1, maxLength: 4 })
    await fc.assert(
      fc.asyncProperty(chunks, pauses, async (lengths, pausesMs) => {
        const { near, far } = await yamuxStreams()
        const sent = lengths.map((length, index) => patterned(length, index))
        const sending = (async () => {
          for (const chunk of sent) await sendAll(near, chunk, never)
          await near.close()
        })()
        const received: Uint8Array[] = []
        for await (const chunk of readAll(far, 65_536)) {
          received.push(chunk)
          const pauseMs = pausesMs[received.length % pausesMs.length] ?? 0
          if (pauseMs > 0) await delay(pauseMs)
        }
        await sending
        expect(Buffer.concat(received).equals(Buffer.concat(sent))).toBe(true)
        near.abort(new Error('done'))
      }),
      { numRuns: 25 },
    )
  },
)

test('a reader that stalls stops the sender within the window', { tags: ['NET-1'] }, async () => {
  const { near, far } = await yamuxStreams()
  const reader = new StreamReader(far, 65_536)
  const stop = new AbortController()
  const chunk = new Uint8Array(65_536)
  let sentBytes = 0
  const sending = (async () => {
    for (;;) {
      await sendAll(near, chunk, stop.signal)
      sentBytes += chunk.byteLength
    }
  })()
  let before = -1
  while (before !== sentBytes) {
    before = sentBytes
    await delay(20)
  }
  expect(sentBytes).toBeLessThan(3 * WINDOW_BYTES)
  expect(near.writeBufferLength).toBeLessThanOrEqual(chunk.byteLength)
  stop.abort(new Error('enough'))
  await expect(sending).rejects.toThrow('enough')
  expect(await reader.next()).toBeInstanceOf(Uint8Array)
})

test('a reader that comes after the end still reads everything', { tags: ['NET-1'] }, async () => {
  const { near, far } = await yamuxStreams()
  const sent = patterned(100_000, 7)
  await sendAll(near, sent, never)
  await near.close()
  await delay(10)
  const received: Uint8Array[] = []
  for await (const chunk of readAll(far)) received.push(chunk)
  expect(Buffer.concat(received).equals(sent)).toBe(true)
})

test('a reset ends a reader that waits and one that comes late', { tags: ['NET-2'] }, async () => {
  const { near, far } = await yamuxStreams()
  const waiting = new StreamReader(far).next()
  near.abort(new Error('gone'))
  await expect(waiting).rejects.toMatchObject({ code: 'stream-reset' })
  await expect(new StreamReader(far).next()).rejects.toMatchObject({ code: 'stream-reset' })
})

test('a reset ends a sender that waits', { tags: ['NET-2'] }, async () => {
  const { near, far } = await yamuxStreams()
  const reader = new StreamReader(far, 1_024)
  const sending = (async () => {
    for (;;) await sendAll(near, new Uint8Array(262_144), never)
  })()
  await reader.next()
  far.abort(new Error('no more'))
  await expect(sending).rejects.toMatchObject({ name: 'NetworkError' })
})

test.for(['close', 'abort'] as const)(
  'a connection that ends by %s under a backlog ends the reader after what arrived',
  { tags: ['NET-2'] },
  async (how) => {
    const { near, far, nearConnection } = await yamuxStreams()
    const reader = new StreamReader(far, 1_024)
    const sending = (async () => {
      for (;;) await sendAll(near, new Uint8Array(65_536), never)
    })()
    // The end of the sender is awaited at the end of the test.
    sending.catch(() => undefined)
    await reader.next()
    await delay(20)
    if (how === 'close') nearConnection.close().catch(() => undefined)
    else nearConnection.abort(new Error('cable'))
    const readToEnd = async (): Promise<string> => {
      for (;;) if ((await reader.next()) === undefined) return 'ended'
    }
    const outcome = await readToEnd().catch((error: unknown) => String(error))
    expect(outcome).toMatch(/ended|reset|aborted/)
    await expect(sending).rejects.toThrow('the stream ended while sending')
  },
)

test('bytes that were read too far go back', { tags: ['NET-1'] }, async () => {
  const { near, far } = await yamuxStreams()
  await sendAll(near, Uint8Array.of(1, 2, 3, 4, 5, 6), never)
  const reader = new StreamReader(far)
  expect(await reader.exactly(2)).toEqual(Uint8Array.of(1, 2))
  reader.unread(Uint8Array.of(9))
  expect(await reader.exactly(3)).toEqual(Uint8Array.of(9, 3, 4))
  reader.detach()
  expect(await new StreamReader(far).exactly(2)).toEqual(Uint8Array.of(5, 6))
  await near.close()
  await expect(new StreamReader(far).exactly(1)).rejects.toMatchObject({ code: 'stream-truncated' })
})

test(
  'a message that comes byte by byte costs about what it holds',
  { tags: ['NET-20', 'THR-21'] },
  async () => {
    const { near, far } = await yamuxStreams()
    const reader = new StreamReader(far)
    const message = patterned(3_000, 7)
    for (const byte of message) await sendAll(near, Uint8Array.of(byte), never)
    await near.close()
    while (far.remoteWriteStatus !== 'closed') await delay(5)
    const pieces = reader.rest()
    expect(Buffer.concat(pieces).equals(Buffer.from(message))).toBe(true)
    expect(pieces.length).toBeLessThanOrEqual(4)
  },
)

test(
  'small and large pieces keep their order, however they are read',
  { tags: ['NET-1'] },
  async () => {
    const lengths = fc.array(fc.integer({ min: 1, max: 700 }), { minLength: 1, maxLength: 40 })
    const reads = fc.array(fc.integer({ min: 1, max: 3_000 }), { minLength: 1, maxLength: 8 })
    await fc.assert(
      fc.asyncProperty(lengths, reads, async (sizes, wanted) => {
        const { near, far } = await yamuxStreams()
        const reader = new StreamReader(far)
        const sent = Buffer.concat(sizes.map((length, at) => patterned(length, at)))
        let at = 0
        const sending = (async () => {
          for (const [index, length] of sizes.entries()) {
            await sendAll(near, patterned(length, index), never)
          }
          await near.close()
        })()
        for (let turn = 0; at < sent.byteLength; turn += 1) {
          const length = Math.min(wanted[turn % wanted.length] ?? 1, sent.byteLength - at)
          const bytes = await reader.exactly(length)
          expect(sent.subarray(at, at + length).equals(Buffer.from(bytes))).toBe(true)
          at += length
        }
        await sending
        near.abort(new Error('done'))
      }),
      { numRuns: 40 },
    )
  },
)
