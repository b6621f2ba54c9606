import { describe, expect, test } from 'vitest'
import { collect, echoCalls, labNode, type LabNodeOptions, nextEvent, soon, until } from './lab.ts'
import { recordsDesk, type RecordsDesk, settlingDesk } from './records-desk.ts'
import { relay } from './relay.ts'

/** Two nodes that have admitted each other; nobody has settled yet. `near` is dialling. */
async function settlingPair(near: LabNodeOptions = {}, far: LabNodeOptions = {}) {
  const [nearDesk, farDesk] = [recordsDesk(), recordsDesk()]
  const [nearNode, farNode] = await Promise.all([
    labNode({ records: nearDesk, ...near }),
    labNode({ records: farDesk, ...far }),
  ])
  const dialling = nearNode.network.dial(farNode.address, soon())
  dialling.catch(() => undefined)
  await until(() => nearDesk.links.length === 1 && farDesk.links.length === 1)
  return { near: nearNode, far: farNode, nearDesk, farDesk, dialling }
}

/** A message there and one back: what was sent before has arrived. */
async function roundTrip(near: RecordsDesk, far: RecordsDesk): Promise<void> {
  const [there, back] = [near.heard.length, far.heard.length]
  far.links[0]?.send(Buffer.from('ping'))
  near.links[0]?.send(Buffer.from('pong'))
  await until(() => near.heard.length > there && far.heard.length > back)
}

describe('until this side settles', { tags: ['NET-29'] }, () => {
  test('nobody is told of the peer, and afterwards everything is as always', async () => {
    const { near, far, nearDesk, farDesk, dialling } = await settlingPair()
    const admitted: string[] = []
    far.network.on('admitted', ({ did }) => admitted.push(did))
    nearDesk.links[0]?.settle()
    await dialling
    await roundTrip(nearDesk, farDesk)
    expect(near.network.peers()).toMatchObject([{ did: far.did }])
    expect(far.network.peers()).toEqual([])
    expect(admitted).toEqual([])
    farDesk.links[0]?.settle()
    farDesk.links[0]?.settle()
    expect(far.network.peers()).toMatchObject([{ did: near.did }])
    expect(admitted).toEqual([near.did])
    await until(() => near.network.dht().peers === 1 && far.network.dht().peers === 1)
  })

  test('a call of a peer that has settled waits, and is served then', async () => {
    const { near, far, nearDesk, farDesk, dialling } = await settlingPair()
    let served = 0
    far.network.onCall(async (stream) => {
      served += 1
      await stream.end(await collect(stream.bytes))
    })
    nearDesk.links[0]?.settle()
    await dialling
    const calling = near.network.openCall(far.did, soon()).then(async (call) => {
      await call.end(Buffer.from('early'))
      return collect(call.bytes)
    })
    await roundTrip(nearDesk, farDesk)
    expect(served).toBe(0)
    farDesk.links[0]?.settle()
    expect(Buffer.from(await calling).toString()).toBe('early')
    expect(served).toBe(1)
  })

  test('a call of our own is not made', async () => {
    const { near, far, farDesk } = await settlingPair()
    const calling = far.network.openCall(near.did, soon())
    await expect(calling).rejects.toMatchObject({ code: 'peer-unknown' })
    farDesk.links[0]?.settle()
    await expect(
      far.network.openCall(near.did, AbortSignal.abort(new Error('no'))),
    ).rejects.toThrow('no')
  })

  test('neither gossip nor the DHT has the peer', async () => {
    const { near, far, nearDesk, farDesk } = await settlingPair()
    await roundTrip(nearDesk, farDesk)
    for (const node of [near, far]) {
      expect(node.network.dht().peers).toBe(0)
      expect(await node.network.publish(Buffer.from('news'))).toBe(0)
    }
  })

  test('settling in the moment of the connection is as good', async () => {
    const far = await labNode({ records: settlingDesk() })
    const near = await labNode({ records: settlingDesk() })
    echoCalls(far)
    await near.network.dial(far.address, soon())
    const call = await near.network.openCall(far.did, soon())
    await call.end(Buffer.from('at once'))
    expect(Buffer.from(await collect(call.bytes)).toString()).toBe('at once')
  })
})

describe('settling that does not come to its end', { tags: ['NET-30'] }, () => {
  test('is given up in time, on the side that has not settled', async () => {
    const { near, far, nearDesk, dialling } = await settlingPair(
      {},
      { limits: { settleTimeoutMs: 60 } },
    )
    nearDesk.links[0]?.settle()
    await dialling
    const lost = nextEvent(near.network, 'lost')
    expect(await lost).toMatchObject({ code: 'peer-lost' })
    expect(far.network.peers()).toEqual([])
  })

  test('lasts as long as something is heard', async () => {
    const limits = { settleTimeoutMs: 600 }
    const { near, nearDesk, farDesk, dialling } = await settlingPair({ limits }, { limits })
    const untilMs = performance.now() + 2 * limits.settleTimeoutMs
    while (performance.now() < untilMs) await roundTrip(nearDesk, farDesk)
    for (const desk of [nearDesk, farDesk]) desk.links[0]?.settle()
    await dialling
    expect(near.network.peers()).toHaveLength(1)
  })

  test('is given up in the end, whatever is heard', async () => {
    const limits = { settleTimeoutMs: 60_000, settleTotalMs: 60 }
    const { farDesk, dialling } = await settlingPair({ limits })
    const talking = setInterval(() => farDesk.links[0]?.send(Buffer.from('more')), 5)
    await expect(dialling).rejects.toMatchObject({ code: 'settle-timeout' })
    clearInterval(talking)
  })

  test('tells who dialled', async () => {
    const { dialling, nearDesk } = await settlingPair({ limits: { settleTimeoutMs: 60 } })
    await expect(dialling).rejects.toMatchObject({ code: 'settle-timeout' })
    expect(nearDesk.ended).toHaveLength(1)
  })

  test('does not count for what has settled', async () => {
    const limits = { settleTimeoutMs: 30 }
    const { near, nearDesk, farDesk } = await settlingPair({ limits }, { limits })
    for (const desk of [nearDesk, farDesk]) desk.links[0]?.settle()
    const other = await labNode({ records: recordsDesk(), limits })
    // A connection that began later has been given up: the time of the first is over as well.
    await expect(other.network.dial(near.address, soon())).rejects.toMatchObject({
      name: 'NetworkError',
    })
    expect(near.network.peers()).toHaveLength(1)
  })
})

describe('what was learnt while settling decides', { tags: ['NET-30'] }, () => {
  test.for([
    { stillAdmitted: () => 'member-revoked', code: 'member-revoked' },
    { stillAdmitted: () => 'No Code', code: 'admission-failed' },
    {
      stillAdmitted: () => {
        throw new Error('disk')
      },
      code: 'admission-failed',
    },
  ])('a peer is refused with $code', async ({ stillAdmitted, code }) => {
    const { near, far, nearDesk, dialling } = await settlingPair({ stillAdmitted })
    const admitted: string[] = []
    near.network.on('admitted', ({ did }) => admitted.push(did))
    const refused = nextEvent(near.network, 'refused')
    nearDesk.links[0]?.settle()
    expect(await refused).toMatchObject({ peerId: far.network.peerId, by: 'us', code })
    await expect(dialling).rejects.toMatchObject({
      code: 'admission-refused-by-us',
      peerCode: code,
    })
    expect(admitted).toEqual([])
    expect(near.network.peers()).toEqual([])
  })

  test('a peer is let in where nothing speaks against it, by its DID', async () => {
    const asked: string[] = []
    const { far, nearDesk, dialling } = await settlingPair({
      stillAdmitted: (did) => {
        asked.push(did)
        return undefined
      },
    })
    expect(asked).toEqual([])
    nearDesk.links[0]?.settle()
    await dialling
    expect(asked).toEqual([far.did])
  })
})

test.for(['expel', 'drop'] as const)(
  'a member of which we let go while settling does not get in: %s',
  { tags: ['NET-30', 'NET-11'] },
  async (how) => {
    const { near, far, farDesk, dialling } = await settlingPair()
    const admitted: string[] = []
    far.network.on('admitted', ({ did }) => admitted.push(did))
    await far.network[how](near.did, 'member-revoked')
    expect(farDesk.ended).toHaveLength(1)
    farDesk.links[0]?.settle()
    await expect(dialling).rejects.toMatchObject({ name: 'NetworkError' })
    expect(admitted).toEqual([])
    expect(far.network.peers()).toEqual([])
  },
)

test(
  'a connection on which the member may not stay is cut while it settles',
  { tags: ['NET-30', 'NET-11'] },
  async () => {
    const { near, far, farDesk, dialling } = await settlingPair(
      {},
      { stillAdmitted: () => 'key-revoked' },
    )
    expect(far.network.rejudge(near.did)).toEqual(['key-revoked'])
    expect(farDesk.ended).toHaveLength(1)
    await expect(dialling).rejects.toMatchObject({ name: 'NetworkError' })
    expect(far.network.peers()).toEqual([])
  },
)

test(
  'of two nodes that dial each other both connections settle, and one stays',
  { tags: ['NET-29', 'NET-9'] },
  async () => {
    const [aDesk, bDesk] = [recordsDesk(), recordsDesk()]
    const [a, b] = await Promise.all([labNode({ records: aDesk }), labNode({ records: bDesk })])
    const [toA, toB] = await Promise.all([relay(a.address), relay(b.address)])
    const dialling = Promise.all([
      a.network.dial(toB.address, soon()),
      b.network.dial(toA.address, soon()),
    ])
    await until(() => aDesk.links.length === 2 && bDesk.links.length === 2)
    expect(toA.openSockets() + toB.openSockets()).toBe(2)
    for (const link of [...aDesk.links, ...bDesk.links]) link.settle()
    await dialling
    await until(() => toA.openSockets() + toB.openSockets() === 1)
    expect([a.network.peers().length, b.network.peers().length]).toEqual([1, 1])
    expect([aDesk.ended.length, bDesk.ended.length]).toEqual([1, 1])
  },
)
