import { expect, test } from 'vitest'
import { collect, connectedPair, echoCalls, labNode, nextEvent, soon, until } from './lab.ts'
import { recordsDesk, settlingDesk } from './records-desk.ts'
import { relay } from './relay.ts'

test(
  'records go both ways before anything is settled, whole and in order, beyond the window',
  { tags: ['NET-28'] },
  async () => {
    const [nearDesk, farDesk] = [recordsDesk(), recordsDesk()]
    const far = await labNode({ records: farDesk })
    const near = await labNode({ records: nearDesk })
    const dialling = near.network.dial(far.address, soon())
    await until(() => nearDesk.links.length === 1 && farDesk.links.length === 1)
    const [toFar] = nearDesk.links
    const [toNear] = farDesk.links
    expect(toFar).toMatchObject({
      did: far.did,
      peerId: far.network.peerId,
      direction: 'outbound',
    })
    expect(toNear).toMatchObject({ did: near.did, direction: 'inbound' })
    const texts = ['', 'a', 'b'.repeat(1_048_576), 'c'.repeat(1_000_000), 'd']
    for (const text of texts) expect(toFar?.send(Buffer.from(text))).toBe(true)
    expect(toNear?.send(Buffer.from('and back'))).toBe(true)
    await until(() => farDesk.heard.length === texts.length && nearDesk.heard.length === 1)
    expect(farDesk.heard).toEqual(texts)
    expect(nearDesk.heard).toEqual(['and back'])
    expect(near.network.peers()).toEqual([])
    toFar?.settle()
    await dialling
  },
)

test('the channel goes on once the connection is in use', { tags: ['NET-28'] }, async () => {
  const [nearDesk, farDesk] = [settlingDesk(), settlingDesk()]
  const { near, far } = await connectedPair({ records: nearDesk }, { records: farDesk })
  echoCalls(far)
  const call = await near.network.openCall(far.did, soon())
  nearDesk.links[0]?.send(Buffer.from('during a call'))
  await until(() => farDesk.heard.length === 1)
  await call.end(Buffer.from('still'))
  expect(Buffer.from(await collect(call.bytes)).toString()).toBe('still')
})

test('the next message comes when the last one is done with', { tags: ['NET-28'] }, async () => {
  const done = Promise.withResolvers<void>()
  let underWay = 0
  let most = 0
  const farDesk = settlingDesk({
    onMessage: async () => {
      underWay += 1
      most = Math.max(most, underWay)
      await done.promise
      underWay -= 1
    },
  })
  const nearDesk = settlingDesk()
  const { near, far } = await connectedPair({ records: nearDesk }, { records: farDesk })
  echoCalls(far)
  for (const text of ['one', 'two', 'three']) nearDesk.links[0]?.send(Buffer.from(text))
  const call = await near.network.openCall(far.did, soon())
  await call.end(Buffer.from('later than the records'))
  await collect(call.bytes)
  expect(farDesk.heard).toEqual(['one'])
  done.resolve()
  await until(() => farDesk.heard.length === 3)
  expect(most).toBe(1)
})

test('a message beyond the limit is not taken', { tags: ['NET-31'] }, async () => {
  const limits = { recordBytesMax: 1_000 }
  const [nearDesk, farDesk] = [settlingDesk(), settlingDesk()]
  await connectedPair({ records: nearDesk, limits }, { records: farDesk, limits })
  const [link] = nearDesk.links
  expect(() => link?.send(new Uint8Array(1_001))).toThrow(
    expect.objectContaining({ code: 'message-too-long' }),
  )
  expect(link?.send(Buffer.from('x'.repeat(1_000)))).toBe(true)
  await until(() => farDesk.heard.length === 1)
  expect(farDesk.heard).toEqual(['x'.repeat(1_000)])
})

test('what the port throws cuts the connection, with its code', { tags: ['NET-28'] }, async () => {
  const [nearDesk, farDesk] = [
    settlingDesk(),
    settlingDesk({
      onMessage: () => {
        throw Object.assign(new Error('disk'), { code: 'ignored' })
      },
    }),
  ]
  const { far } = await connectedPair({ records: nearDesk }, { records: farDesk })
  const lost = nextEvent(far.network, 'lost')
  nearDesk.links[0]?.send(Buffer.from('one'))
  nearDesk.links[0]?.send(Buffer.from('two'))
  expect(await lost).toMatchObject({ code: 'records-failed' })
  await until(() => nearDesk.ended.length === 1)
  expect(farDesk.heard).toEqual(['one'])
  expect(farDesk.ended).toEqual(farDesk.links.map(({ id }) => id))
})

test('a cut is immediate, and its code is told', { tags: ['NET-28'] }, async () => {
  const [nearDesk, farDesk] = [settlingDesk(), settlingDesk()]
  const { near, far } = await connectedPair({ records: nearDesk }, { records: farDesk })
  const lost = nextEvent(near.network, 'lost')
  const [link] = nearDesk.links
  link?.cut('fork-proved')
  expect(near.network.peers()).toEqual([])
  expect(await lost).toMatchObject({ did: far.did, code: 'fork-proved' })
  expect(link?.send(Buffer.from('too late'))).toBe(false)
  link?.settle()
  expect(near.network.peers()).toEqual([])
})

test('a connection that dies says so by its own name', { tags: ['NET-28'] }, async () => {
  const [nearDesk, farDesk] = [settlingDesk(), settlingDesk()]
  const far = await labNode({ records: farDesk })
  const near = await labNode({ records: nearDesk })
  const toFar = await relay(far.address)
  await near.network.dial(toFar.address, soon())
  await until(() => far.network.peers().length === 1)
  const lost = Promise.all([nextEvent(near.network, 'lost'), nextEvent(far.network, 'lost')])
  toFar.cut()
  expect(await lost).toMatchObject([{ code: 'peer-lost' }, { code: 'peer-lost' }])
  expect([nearDesk.ended.length, farDesk.ended.length]).toEqual([1, 1])
})

test('each link has an id of its own', { tags: ['NET-28'] }, async () => {
  const [nearDesk, farDesk] = [settlingDesk(), settlingDesk()]
  await connectedPair({ records: nearDesk }, { records: farDesk })
  await connectedPair({ records: nearDesk }, { records: farDesk })
  expect(new Set([...nearDesk.links, ...farDesk.links].map(({ id }) => id)).size).toBe(4)
})
