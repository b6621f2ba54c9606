import { describe, expect, test } from 'vitest'
import type { Carrier } from '../src/call-stream.ts'
import { IdleCarriers } from '../src/idle-carriers.ts'
import { StreamReader } from '../src/stream-reader.ts'
import { codeOf, collect, connectedPair, type LabNode, soon, until } from './lab.ts'
import { yamuxStreams } from './memory-streams.ts'

const AGE_MAX_MS = 1_000

interface Bench {
  readonly idle: IdleCarriers
  readonly time: { nowMs: number }
  readonly carrier: () => Promise<Carrier & { readonly far: Carrier['stream'] }>
}

function bench(countMax = 2): Bench {
  const time = { nowMs: 0 }
  const clock = { wallMs: () => time.nowMs, monotonicMs: () => time.nowMs }
  return {
    idle: new IdleCarriers({ clock, countMax, ageMaxMs: AGE_MAX_MS }),
    time,
    carrier: async () => {
      const { near, far } = await yamuxStreams()
      return { stream: near, reader: new StreamReader(near), far }
    },
  }
}

describe('a stream whose call has ended', { tags: ['NET-22'] }, () => {
  test('is given out once, the one that was used last first', async () => {
    const { idle, carrier } = bench()
    const [first, second] = [await carrier(), await carrier()]
    idle.add(first)
    idle.add(second)
    expect(idle.take()).toBe(second)
    expect(idle.take()).toBe(first)
    expect(idle.take()).toBeUndefined()
  })

  test('is closed when there are enough', async () => {
    const { idle, carrier } = bench(1)
    const [kept, surplus] = [await carrier(), await carrier()]
    idle.add(kept)
    idle.add(surplus)
    expect(surplus.stream.writeStatus).not.toBe('writable')
    expect(idle.take()).toBe(kept)
    expect(idle.take()).toBeUndefined()
  })

  test.for([
    { ageMs: AGE_MAX_MS - 1, given: true },
    { ageMs: AGE_MAX_MS, given: false },
  ])('is given out after $ageMs ms: $given', async ({ ageMs, given }) => {
    const { idle, time, carrier } = bench()
    const one = await carrier()
    idle.add(one)
    time.nowMs = ageMs
    expect(idle.take()).toBe(given ? one : undefined)
    expect(one.stream.writeStatus === 'writable').toBe(given)
  })

  test('is forgotten when it is reset, and closed when its other side is', async () => {
    const { idle, carrier } = bench()
    const [reset, halfClosed] = [await carrier(), await carrier()]
    idle.add(reset)
    reset.far.abort(new Error('cable'))
    await until(() => reset.stream.status !== 'open')
    expect(idle.take()).toBeUndefined()
    idle.add(halfClosed)
    await halfClosed.far.close()
    await until(() => halfClosed.stream.remoteWriteStatus === 'closed')
    expect(idle.take()).toBeUndefined()
    expect(halfClosed.stream.writeStatus).not.toBe('writable')
  })

  test('is reset when bytes have come that belong to no call', async () => {
    const { idle, carrier } = bench()
    const [early, late] = [await carrier(), await carrier()]
    early.far.send(Uint8Array.of(1))
    await until(() => !early.reader.isEmpty)
    idle.add(early)
    expect(early.stream.status).toBe('aborted')
    idle.add(late)
    late.far.send(Uint8Array.of(1))
    await until(() => !late.reader.isEmpty)
    expect(idle.take()).toBeUndefined()
    expect(late.stream.status).toBe('aborted')
  })

  test('is closed when the connection is given up, also when it comes back later', async () => {
    const { idle, carrier } = bench()
    const [before, after] = [await carrier(), await carrier()]
    idle.add(before)
    idle.close()
    idle.add(after)
    for (const { stream } of [before, after]) expect(stream.writeStatus).not.toBe('writable')
    expect(idle.take()).toBeUndefined()
  })
})

type Ask = (near: LabNode, far: LabNode, index: number) => Promise<string>

/** How a call can come to its end on both sides; each is answered with its own number. */
const ENDINGS: readonly { readonly name: string; readonly early: boolean; readonly ask: Ask }[] = [
  {
    name: 'the caller ends before it is answered',
    early: false,
    ask: async (near, far, index) => {
      const call = await near.network.openCall(far.did, soon())
      await call.end(Buffer.from(`${index}`))
      return Buffer.from(await collect(call.bytes)).toString()
    },
  },
  {
    name: 'the caller ends after it was answered',
    early: true,
    ask: async (near, far, index) => {
      const call = await near.network.openCall(far.did, soon())
      await call.write(Buffer.from(`${index}`))
      const answer = Buffer.from(await collect(call.bytes)).toString()
      await call.end(Buffer.from('too late to matter'))
      return answer
    },
  },
  {
    name: 'both ends cross',
    early: true,
    ask: async (near, far, index) => {
      const call = await near.network.openCall(far.did, soon())
      await call.write(Buffer.from(`${index}`))
      const [answer] = await Promise.all([collect(call.bytes), call.end(Buffer.from('crossing'))])
      return Buffer.from(answer).toString()
    },
  },
]

describe('one call after the other', { tags: ['NET-22'] }, () => {
  test.for(ENDINGS)('$name: each has its own bytes and its own keys', async ({ ask, early }) => {
    const { near, far } = await connectedPair()
    const hashes = new Set<string>()
    far.network.onCall(async (stream) => {
      hashes.add(Buffer.from(stream.transcriptHash).toString('hex'))
      if (!early) return stream.end(await collect(stream.bytes))
      for await (const chunk of stream.bytes) return stream.end(chunk)
      return undefined
    })
    const answers: string[] = []
    for (let index = 0; index < 60; index += 1) answers.push(await ask(near, far, index))
    expect(answers).toEqual(answers.map((_, index) => `${index}`))
    expect(hashes.size).toBe(60)
  })

  test('a call that was aborted leaves its stream to nobody', async () => {
    const { near, far } = await connectedPair()
    const [plain] = ENDINGS
    far.network.onCall(async (stream) => stream.end(await collect(stream.bytes)))
    for (let index = 0; index < 40; index += 1) {
      const given = await near.network.openCall(far.did, soon())
      if (index % 2 === 0) await given.write(Buffer.from('never answered'))
      given.abort(new Error('not wanted any more'))
      expect(await plain?.ask(near, far, index)).toBe(`${index}`)
    }
  })

  test.for([
    { extraBytes: 2_000, code: 'stream-over' },
    { extraBytes: 2_001, code: 'call-abandoned' },
  ])(
    'a caller that sends $extraBytes bytes more after the answer ends in $code',
    async ({ extraBytes, code }) => {
      const { near, far } = await connectedPair({}, { limits: { callDrainBytesMax: 2_000 } })
      const ended = Promise.withResolvers<unknown>()
      far.network.onCall(async (stream) => {
        stream.signal.addEventListener('abort', () => ended.resolve(stream.signal.reason))
        for await (const _ of stream.bytes) return stream.end(Buffer.from('enough'))
        return undefined
      })
      const call = await near.network.openCall(far.did, soon())
      await call.write(Buffer.from('x'))
      expect(Buffer.from(await collect(call.bytes)).toString()).toBe('enough')
      await call.write(new Uint8Array(extraBytes))
      // In the second case the provider may have reset the stream by now.
      await call.end().catch((error: unknown) => expect(codeOf(error)).toBe('stream-reset'))
      expect(codeOf(await ended.promise)).toBe(code)
    },
  )

  test('a caller that does not say its end after the answer is let go', async () => {
    const { near, far } = await connectedPair({}, { limits: { callDrainMs: 30 } })
    far.network.onCall(async (stream) => {
      for await (const _ of stream.bytes) return stream.end(Buffer.from('answer'))
      return undefined
    })
    const call = await near.network.openCall(far.did, soon())
    await call.write(Buffer.from('x'))
    expect(Buffer.from(await collect(call.bytes)).toString()).toBe('answer')
    await until(() => call.signal.aborted)
    const [plain] = ENDINGS
    expect(await plain?.ask(near, far, 1)).toBe('answer')
  })
})
