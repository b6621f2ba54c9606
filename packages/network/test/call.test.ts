import type { CallStream } from '@warren/network'
import { expect, test } from 'vitest'
import { collect, connectedPair, echoCalls, labNode, soon, until } from './lab.ts'

test('a call carries bytes both ways and ends on both sides', { tags: ['NET-14'] }, async () => {
  const { near, far } = await connectedPair()
  echoCalls(far)
  const call = await near.network.openCall(far.did, soon())
  await call.write(Buffer.from('hello'))
  await call.write(Buffer.from(' mesh'))
  await call.end()
  expect(Buffer.from(await collect(call.bytes)).toString()).toBe('hello mesh')
  expect(call.signal.aborted).toBe(true)
  await expect(call.write(Buffer.from('more'))).rejects.toMatchObject({ code: 'stream-over' })
})

test.for([0, 1, 65_486, 65_487, 131_000])(
  'the last %i bytes go with the end',
  { tags: ['NET-14'] },
  async (length) => {
    const { near, far } = await connectedPair()
    far.network.onCall(async (stream) => stream.end(await collect(stream.bytes)))
    const call = await near.network.openCall(far.did, soon())
    const last = Uint8Array.from({ length }, (_, index) => index % 251)
    await Promise.all([call.write(Buffer.from('first')), call.end(last)])
    const answer = await collect(call.bytes)
    expect(Buffer.from(answer).equals(Buffer.concat([Buffer.from('first'), last]))).toBe(true)
    await expect(call.write(Buffer.from('more'))).rejects.toMatchObject({ code: 'stream-over' })
  },
)

test('100 calls are in flight at once, each with its own bytes', { tags: ['NET-14'] }, async () => {
  const { near, far } = await connectedPair()
  const hashes = new Set<string>()
  far.network.onCall(async (stream) => {
    hashes.add(Buffer.from(stream.transcriptHash).toString('hex'))
    await stream.write(await collect(stream.bytes))
    await stream.end()
  })
  const answers = await Promise.all(
    Array.from({ length: 100 }, async (_, index) => {
      const call = await near.network.openCall(far.did, soon())
      await call.write(Buffer.from(`call ${index}`))
      await call.end()
      return Buffer.from(await collect(call.bytes)).toString()
    }),
  )
  expect(answers).toEqual(Array.from({ length: 100 }, (_, index) => `call ${index}`))
  expect(hashes.size).toBe(100)
})

test('a member that was never met is refused at once', { tags: ['NET-14'] }, async () => {
  const { network } = await labNode()
  await expect(network.openCall('did:test:nobody', soon())).rejects.toMatchObject({
    code: 'peer-unknown',
  })
})

test(
  'the caller aborts: the provider sees the code and its signal',
  { tags: ['NET-15'] },
  async () => {
    const { near, far } = await connectedPair()
    const ended = Promise.withResolvers<unknown>()
    far.network.onCall(async (stream) => {
      stream.signal.addEventListener('abort', () => ended.resolve(stream.signal.reason))
      await collect(stream.bytes)
    })
    const call = await near.network.openCall(far.did, soon())
    await call.write(Buffer.from('x'))
    call.abort(new Error('not needed any more'))
    expect(await ended.promise).toMatchObject({
      code: 'call-ended-by-peer',
      peerCode: 'call-aborted',
    })
  },
)

test(
  'a call that is begun and taken back in one breath is over for a provider that does not read',
  { tags: ['NET-14', 'NET-15'] },
  async () => {
    const { near, far } = await connectedPair()
    const served: CallStream[] = []
    far.network.onCall(async (stream) => {
      served.push(stream)
      await new Promise<void>((resolve) => {
        stream.signal.addEventListener('abort', () => resolve())
        if (stream.signal.aborted) resolve()
      })
    })
    for (let count = 0; count < 8; count += 1) {
      const call = await near.network.openCall(far.did, soon())
      const writing = call.write(Buffer.from('x')).catch(() => undefined)
      call.abort(new Error('never mind'))
      await writing
    }
    const last = await near.network.openCall(far.did, soon())
    await last.write(Buffer.from('x'))
    await until(() => served.some(({ signal }) => !signal.aborted))
    await until(() => served.filter(({ signal }) => !signal.aborted).length === 1)
    last.abort(new Error('done'))
    await until(() => served.every(({ signal }) => signal.aborted))
    expect(served.length).toBeGreaterThan(1)
  },
)

test(
  'the provider fails: the caller sees the code of its error',
  { tags: ['NET-15'] },
  async () => {
    const { near, far } = await connectedPair()
    far.network.onCall(async (stream) => {
      for await (const _ of stream.bytes) break
      throw new Error('with a secret in it')
    })
    const call = await near.network.openCall(far.did, soon())
    await call.write(Buffer.from('x'))
    await expect(collect(call.bytes)).rejects.toMatchObject({
      code: 'call-ended-by-peer',
      peerCode: 'call-aborted',
      message: expect.not.stringContaining('secret'),
    })
    expect(call.signal.aborted).toBe(true)
  },
)

test(
  'a handler that returns without an end has abandoned the call',
  { tags: ['NET-15'] },
  async () => {
    const { near, far } = await connectedPair()
    far.network.onCall(async (stream) => {
      await stream.write(Buffer.from('half an answer'))
    })
    const call = await near.network.openCall(far.did, soon())
    await call.write(Buffer.from('x'))
    await expect(collect(call.bytes)).rejects.toMatchObject({ peerCode: 'call-abandoned' })
  },
)

test('nobody serves calls: the caller is told', { tags: ['NET-15'] }, async () => {
  const { near, far } = await connectedPair()
  const call = await near.network.openCall(far.did, soon())
  await call.write(Buffer.from('x'))
  await expect(collect(call.bytes)).rejects.toMatchObject({ peerCode: 'call-unhandled' })
})

test(
  'a node that stops in the middle of a call truncates it, loudly',
  { tags: ['NET-15', 'THR-4'] },
  async () => {
    const { near, far } = await connectedPair()
    far.network.onCall(async (stream) => {
      await stream.write(Buffer.from('first half'))
      await collect(stream.bytes)
    })
    const call = await near.network.openCall(far.did, soon())
    await call.write(Buffer.from('x'))
    const reading = collect(call.bytes).catch((error: unknown) => error)
    await until(() => far.network.peers().length === 1)
    await far.network.stop()
    expect(await reading).toMatchObject({ name: 'NetworkError' })
    expect(call.signal.aborted).toBe(true)
  },
)

test('the bytes of a call have one consumer', { tags: ['NET-14'] }, async () => {
  const { near, far } = await connectedPair()
  echoCalls(far)
  const call = await near.network.openCall(far.did, soon())
  await call.write(Buffer.from('x'))
  await call.end()
  await collect(call.bytes)
  await expect(collect(call.bytes)).rejects.toMatchObject({ code: 'stream-consumed' })
})
