import { expect, test } from 'vitest'
import { CallStream } from '../src/call-stream.ts'
import type { SessionStream } from '../src/call-stream.ts'
import { SessionPool } from '../src/session-pool.ts'
import { NETWORK_LIMITS } from '../src/network-limits.ts'
import { collect, connectedPair, echoCalls, soon, until } from './lab.ts'
import { yamuxStreams } from './memory-streams.ts'
import { StreamReader } from '../src/stream-reader.ts'
import { agreedSessions } from './sessions.ts'

interface Bench {
  readonly pool: SessionPool
  readonly made: SessionStream[]
  readonly time: { nowMs: number }
}

async function bench(limits: Partial<typeof NETWORK_LIMITS> = {}): Promise<Bench> {
  const made: SessionStream[] = []
  const time = { nowMs: 0 }
  const pool = new SessionPool({
    clock: { wallMs: () => time.nowMs, monotonicMs: () => time.nowMs },
    limits: { ...NETWORK_LIMITS, ...limits },
    make: async () => {
      const { near } = await yamuxStreams()
      const session = { stream: near, reader: new StreamReader(near), session: agreedSessions()[0] }
      made.push(session)
      return session
    },
  })
  await until(() => pool.size === (limits.preparedIdle ?? NETWORK_LIMITS.preparedIdle))
  return { pool, made, time }
}

test('a session that was taken is not given again', { tags: ['NET-16'] }, async () => {
  const { pool } = await bench()
  const taken = [pool.take(), pool.take()]
  expect(taken[0]).toBeDefined()
  expect(taken[1]).not.toBe(taken[0])
  await until(() => pool.size === 2)
  expect(taken).not.toContain(pool.take())
  pool.close()
})

test.for([
  { ageMs: 29_999, given: true },
  { ageMs: 30_000, given: false },
])('a session of $ageMs ms is given: $given', { tags: ['NET-16'] }, async ({ ageMs, given }) => {
  const { pool, made, time } = await bench()
  time.nowMs = ageMs
  const taken = pool.take()
  expect(taken !== undefined).toBe(given)
  for (const { session, stream } of made.slice(0, 2)) {
    if (session === taken?.session || given) continue
    expect(() => session.sealData(new Uint8Array(1))).toThrow('session-wiped')
    expect(stream.status).toBe('aborted')
  }
  pool.close()
})

test(
  'the pool grows with use, up to its bound, and shrinks when it is not used',
  { tags: ['NET-16'] },
  async () => {
    const { pool, time } = await bench({ preparedMax: 5 })
    while (pool.take() !== undefined);
    await until(() => pool.size === 4)
    while (pool.take() !== undefined);
    await until(() => pool.size === 5)
    while (pool.take() !== undefined);
    await until(() => pool.size === 5)
    time.nowMs = 30_000
    expect(pool.take()).toBeUndefined()
    await until(() => pool.size === 4)
    pool.close()
  },
)

test('a peer that is not called any more gets no new sessions', { tags: ['NET-16'] }, async () => {
  const { pool, made, time } = await bench({ preparedTtlMs: 10, preparedQuietMs: 1_000 })
  time.nowMs = 1_001
  await until(() => pool.size === 0)
  expect(made).toHaveLength(2)
  pool.close()
})

test(
  'a session whose stream has ended is dropped and its keys are wiped',
  { tags: ['NET-16'] },
  async () => {
    const { pool, made } = await bench()
    made[0]?.stream.abort(new Error('gone'))
    expect(pool.size).toBe(1)
    expect(() => made[0]?.session.sealData(new Uint8Array(1))).toThrow('session-wiped')
    pool.close()
    expect(() => made[1]?.session.sealData(new Uint8Array(1))).toThrow('session-wiped')
  },
)

test(
  'the provider bounds how many sessions a peer keeps, and how long',
  { tags: ['NET-16'] },
  async () => {
    const { near, far } = await connectedPair(
      { limits: { preparedIdle: 0 } },
      // Long enough for a busy machine to bring the first bytes of a call in time.
      { limits: { preparedInboundMax: 2, callsInboundMax: 2, preparedInboundTtlMs: 500 } },
    )
    echoCalls(far)
    const open = async (): Promise<CallStream> => near.network.openCall(far.did, soon())
    const unused = await Promise.all([open(), open(), open(), open()])
    await expect(open()).rejects.toMatchObject({ name: 'NetworkError' })
    await until(() => unused.every(({ signal }) => signal.aborted))
    const call = await open()
    await call.write(Buffer.from('x'))
    await call.end()
    expect(Buffer.from(await collect(call.bytes)).toString()).toBe('x')
  },
)

test(
  'keys are wiped when both ends were said, and when the call is aborted',
  { tags: ['NET-14'] },
  async () => {
    for (const end of ['ends', 'abort', 'reset', 'error'] as const) {
      const { near, far } = await yamuxStreams()
      const [ours, theirs] = agreedSessions()
      const here = new CallStream(
        { stream: near, reader: new StreamReader(near), session: ours },
        { writesMax: 8, release: () => undefined },
      )
      const there = new CallStream(
        { stream: far, reader: new StreamReader(far), session: theirs },
        { writesMax: 8, release: () => undefined },
      )
      await here.write(Buffer.from('x'))
      if (end === 'ends') {
        await Promise.all([here.end(), there.end()])
        await Promise.all([collect(here.bytes), collect(there.bytes)])
      } else {
        if (end === 'abort') here.abort(new Error('enough'))
        if (end === 'reset') far.abort(new Error('cable'))
        if (end === 'error') there.abort(new Error('failed'))
        await until(() => here.signal.aborted && there.signal.aborted)
      }
      for (const session of [ours, theirs]) {
        expect(() => session.sealData(new Uint8Array(1)), end).toThrow('session-wiped')
      }
    }
  },
)
