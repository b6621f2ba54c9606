import { type AddressInfo, createServer } from 'node:net'
import { setTimeout as delay } from 'node:timers/promises'
import { describe, expect, onTestFinished, test } from 'vitest'
import { collect, connectedPair, type LabNode, labNode, nextEvent, soon, until } from './lab.ts'
import { settlingDesk } from './records-desk.ts'
import { relay } from './relay.ts'
import { closed, halfAdmitted } from './stranger.ts'

/** Publishes until somebody is reached: subscriptions are told some moments after admission. */
async function gossips(node: LabNode): Promise<void> {
  const giveUp = soon()
  while ((await node.network.publish(Buffer.from('hello'))) === 0) {
    giveUp.throwIfAborted()
    await delay(5)
  }
}

/** Where somebody answers and hangs up; counts how often it is dialled. */
async function hangingUp(): Promise<{ readonly address: string; readonly dials: () => number }> {
  let dials = 0
  const server = createServer((socket) => {
    dials += 1
    socket.destroy()
  })
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve)
  })
  onTestFinished(() => void server.close())
  const { port } = server.address() as AddressInfo
  return { address: `/ip4/127.0.0.1/tcp/${port}`, dials: () => dials }
}

/** Serves calls and never says its end. */
function holdCalls(node: LabNode): { readonly aborted: () => number } {
  let aborted = 0
  node.network.onCall(async (stream) => {
    stream.signal.addEventListener('abort', () => {
      aborted += 1
    })
    await stream.write(Buffer.from('x'))
    await collect(stream.bytes)
  })
  return { aborted: () => aborted }
}

describe('an expulsion', { tags: ['NET-32', 'NET-11'] }, () => {
  test('leaves neither calls, nor a connection, nor records, gossip or DHT', async () => {
    const desk = settlingDesk()
    const { near, far } = await connectedPair({ records: settlingDesk() }, { records: desk })
    const toFar = holdCalls(far)
    const toNear = holdCalls(near)
    const calls = await Promise.all([
      near.network.openCall(far.did, soon()),
      far.network.openCall(near.did, soon()),
    ])
    for (const call of calls) {
      await call.write(Buffer.from('x'))
      await call.bytes[Symbol.asyncIterator]().next()
    }
    await gossips(far)
    await gossips(near)
    await until(() => far.network.dht().peers === 1)
    const lost = nextEvent(near.network, 'lost')

    const expelling = far.network.expel(near.did, 'member-revoked')
    // Cut before the promise is even waited for.
    expect(far.network.peers()).toEqual([])
    expect(calls[1].signal.aborted).toBe(true)
    expect(toFar.aborted()).toBe(1)
    expect(desk.ended).toHaveLength(1)
    expect(desk.links[0]?.send(Buffer.from('late'))).toBe(false)
    await expelling
    expect(far.network.dht().peers).toBe(0)
    expect(await far.network.publish(Buffer.from('secret'))).toBe(0)

    await lost
    expect(calls[0].signal.aborted).toBe(true)
    expect(toNear.aborted()).toBe(1)
  })

  test('is kept to by what others say of the peer', async () => {
    const { near, far } = await connectedPair()
    const between = await labNode()
    for (const node of [near, far]) await between.network.dial(node.address, soon())
    await until(() => between.network.dht().peers === 2 && far.network.dht().peers === 2)
    await far.network.expel(near.did, 'member-revoked')
    expect(far.network.dht().peers).toBe(1)
    const heard: string[] = []
    for (const node of [near, between]) {
      node.network.onGossip(async (bytes) => {
        heard.push(`${node.did} ${Buffer.from(bytes).toString()}`)
        return 'accept'
      })
    }
    await gossips(far)
    await until(() => heard.includes(`${between.did} hello`))
    expect(far.network.peers()).toMatchObject([{ did: between.did }])
    expect(far.network.dht().peers).toBe(1)
  })

  test('stops the dialler, whose peer is written down', async () => {
    const near = await labNode()
    const toNear = await relay(near.address)
    const limits = { dialBackoffMinMs: 5, dialBackoffMaxMs: 20 }
    const hopeless = await hangingUp()
    const far = await labNode({ limits, staticPeers: [toNear.address, hopeless.address] })
    await until(() => far.network.peers().length === 1)
    await far.network.expel(near.did, 'member-revoked')
    await until(() => toNear.openSockets() === 0)
    const captured = toNear.captured.length
    // The dialler goes on, for many pauses.
    const before = hopeless.dials()
    await until(() => hopeless.dials() >= before + 10)
    expect(toNear.captured).toHaveLength(captured)
    expect(far.network.peers()).toEqual([])
  })

  test('keeps the gate shut both ways, before the peer can show itself', async () => {
    const judged: string[] = []
    const near = await labNode()
    const far = await labNode({
      judge: (did) => {
        judged.push(did)
        return { admitted: true, did }
      },
    })
    await near.network.dial(far.address, soon())
    await until(() => far.network.peers().length === 1)
    const lost = nextEvent(near.network, 'lost')
    await far.network.expel(near.did, 'member-revoked')
    await lost
    await expect(near.network.dial(far.address, soon())).rejects.toMatchObject({
      name: 'NetworkError',
    })
    const toNear = await relay(near.address)
    await expect(far.network.dial(toNear.address, soon())).rejects.toMatchObject({
      code: 'peer-expelled',
    })
    expect(toNear.captured).toEqual([])
    // Without the peer's id in the address it is known by the handshake alone.
    const [bare = ''] = toNear.address.split('/p2p/')
    await expect(far.network.dial(bare, soon())).rejects.toMatchObject({ name: 'NetworkError' })
    expect(judged).toEqual([near.did])
    expect(near.network.peers()).toEqual([])
  })
})

test(
  'a peer that is found to be of an expelled member only afterwards is refused like the others',
  { tags: ['NET-11'] },
  async () => {
    const far = await labNode()
    const half = await halfAdmitted(far.address, 'did:test:patient')
    await far.network.expel('did:test:patient', 'member-revoked')
    half.admit()
    await closed(half.connection)
    await expect(far.network.dial(half.addressOf(), soon())).rejects.toMatchObject({
      code: 'peer-expelled',
    })
  },
)

test('a peer that is dropped in that moment is not', { tags: ['NET-11'] }, async () => {
  const far = await labNode()
  const half = await halfAdmitted(far.address, 'did:test:patient')
  far.network.drop('did:test:patient', 'membership-expired')
  half.admit()
  await closed(half.connection)
  await expect(far.network.dial(half.addressOf(), soon())).rejects.toMatchObject({
    code: 'peer-unreachable',
  })
})

describe('a pardon', { tags: ['NET-33'] }, () => {
  test('lets the peers of the member connect again, both ways', async () => {
    const { near, far } = await connectedPair()
    for (const [from, to] of [
      [near, far],
      [far, near],
    ] as const) {
      await far.network.expel(near.did, 'member-quarantined')
      await until(() => near.network.peers().length === 0)
      far.network.pardon(near.did)
      await from.network.dial(to.address, soon())
      await until(() => far.network.peers().length === 1 && near.network.peers().length === 1)
      expect(far.network.peers()).toMatchObject([{ did: near.did }])
    }
    await gossips(far)
    await until(() => far.network.dht().peers === 1)
  })

  test('opens for nobody else', async () => {
    const { near, far } = await connectedPair()
    await far.network.expel(near.did, 'member-revoked')
    await until(() => near.network.peers().length === 0)
    far.network.pardon('did:test:somebody-else')
    await expect(near.network.dial(far.address, soon())).rejects.toMatchObject({
      name: 'NetworkError',
    })
    await expect(far.network.dial(near.address, soon())).rejects.toMatchObject({
      code: 'peer-expelled',
    })
  })

  test('reaches all peers of a member that has two, and may be said for nothing', async () => {
    const did = 'did:test:two-keys'
    const [here, first, second] = await Promise.all([
      labNode(),
      labNode({ name: did }),
      labNode({ name: did }),
    ])
    here.network.pardon(did)
    for (const node of [first, second]) await here.network.dial(node.address, soon())
    await here.network.expel(did, 'member-quarantined')
    for (const node of [first, second]) {
      await expect(here.network.dial(node.address, soon())).rejects.toMatchObject({
        code: 'peer-expelled',
      })
    }
    here.network.pardon(did)
    for (const node of [first, second]) await here.network.dial(node.address, soon())
    expect(here.network.peers()).toHaveLength(2)
  })

  test('has peers that are written down dialled again', async () => {
    const near = await labNode()
    const far = await labNode({ staticPeers: [near.address] })
    await until(() => far.network.peers().length === 1)
    await far.network.expel(near.did, 'member-quarantined')
    await until(() => near.network.peers().length === 0)
    far.network.pardon(near.did)
    await until(() => far.network.peers().length === 1)
    // The dialler has the address again, whoever was the first to connect.
    expect(far.network.peers()).toMatchObject([{ did: near.did, discoveredBy: 'static' }])
  })
})
