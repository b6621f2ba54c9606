import fc from 'fast-check'
import type { CallStream } from '@warren/network'
import { describe, expect, test } from 'vitest'
import { chooseConnection } from '../src/tie-break.ts'
import { relay } from './relay.ts'
import { collect, connectedPair, echoCalls, labNode, nextEvent, soon, until } from './lab.ts'
import { closed, halfAdmitted } from './stranger.ts'

test('both sides keep the same one of two connections', { tags: ['NET-9'] }, () => {
  const side = fc.constantFrom('inbound' as const, 'outbound' as const)
  const mirrored = { inbound: 'outbound', outbound: 'inbound' } as const
  fc.assert(
    fc.property(side, side, fc.integer({ min: 0, max: 9_999 }), (first, second, apartMs) => {
      const older = { direction: first, openedAtMs: 1_000 }
      const newer = { direction: second, openedAtMs: 1_000 + apartMs }
      const simultaneousDialMs = 5_000
      const here = chooseConnection(older, newer, {
        ownPeerId: 'a',
        remotePeerId: 'b',
        simultaneousDialMs,
      })
      const olderThere = { ...older, direction: mirrored[first] }
      const newerThere = { ...newer, direction: mirrored[second] }
      const there = chooseConnection(olderThere, newerThere, {
        ownPeerId: 'b',
        remotePeerId: 'a',
        simultaneousDialMs,
      })
      expect(here === older).toBe(there === olderThere)
    }),
  )
})

test.for([
  { apartMs: 5_000, kept: 'older' },
  { apartMs: 5_001, kept: 'newer' },
])(
  'crossed connections $apartMs ms apart: the $kept one stays',
  { tags: ['NET-9'] },
  ({ apartMs, kept }) => {
    type Crossed = { readonly direction: 'inbound' | 'outbound'; readonly openedAtMs: number }
    const older: Crossed = { direction: 'outbound', openedAtMs: 0 }
    const newer: Crossed = { direction: 'inbound', openedAtMs: apartMs }
    const tie = { ownPeerId: 'a', remotePeerId: 'b', simultaneousDialMs: 5_000 }
    expect(chooseConnection(older, newer, tie)).toBe(kept === 'older' ? older : newer)
  },
)

test(
  'two nodes that dial each other end up with one connection, and calls go on',
  { tags: ['NET-9'] },
  async () => {
    const [a, b] = await Promise.all([labNode(), labNode()])
    echoCalls(a)
    echoCalls(b)
    const calls: Promise<string>[] = []
    const callSoon = async (from: typeof a, to: typeof b): Promise<void> => {
      await until(() => from.network.peers().length === 1)
      const call = await from.network.openCall(to.did, soon())
      await call.write(Buffer.from('in flight'))
      calls.push(call.end().then(async () => Buffer.from(await collect(call.bytes)).toString()))
    }
    const [toA, toB] = await Promise.all([relay(a.address), relay(b.address)])
    await Promise.all([
      a.network.dial(toB.address, soon()),
      b.network.dial(toA.address, soon()),
      callSoon(a, b),
      callSoon(b, a),
    ])
    expect(await Promise.all(calls)).toEqual(['in flight', 'in flight'])
    await until(() => toA.openSockets() + toB.openSockets() === 1)
    expect(a.network.peers()).toHaveLength(1)
    expect(b.network.peers()).toHaveLength(1)
    const [ofA] = a.network.peers()
    const lower = a.network.peerId < b.network.peerId ? 'outbound' : 'inbound'
    expect(ofA?.direction).toBe(lower)
  },
)

test(
  'a call that was about to start on the losing connection starts on the other one',
  { tags: ['NET-9'] },
  async () => {
    const limits = { duplicateGraceMs: 20, simultaneousDialMs: 0, preparedIdle: 0 }
    const [near, far] = await Promise.all([labNode({ limits }), labNode({ limits })])
    echoCalls(far)
    const toFar = await relay(far.address)
    await near.network.dial(toFar.address, soon())
    toFar.freeze()
    const opening = near.network.openCall(far.did, soon())
    await far.network.dial(`${near.address.split('/p2p/')[0]}`, soon())
    const call = await opening
    await call.end(Buffer.from('once'))
    expect(Buffer.from(await collect(call.bytes)).toString()).toBe('once')
  },
)

/** Two nodes with two connections: over the one that has lost, `lasting` is still served. */
async function withLosingConnection() {
  const limits = { simultaneousDialMs: 0 }
  const [near, far] = await Promise.all([labNode({ limits }), labNode({ limits })])
  const [toNear, toFar] = await Promise.all([relay(near.address), relay(far.address)])
  await near.network.dial(toFar.address, soon())
  echoCalls(far)
  const lasting = await near.network.openCall(far.did, soon())
  await lasting.write(Buffer.from('before '))
  await far.network.dial(`${toNear.address.split('/p2p/')[0]}`, soon())
  await until(() => near.network.peers()[0]?.direction === 'inbound')
  return { near, far, toNear, toFar, lasting }
}

test('a call on the losing connection is served to its end', { tags: ['NET-9'] }, async () => {
  const { toNear, toFar, lasting: call } = await withLosingConnection()
  expect(toFar.openSockets()).toBe(1)
  await call.write(Buffer.from('and after'))
  await call.end()
  expect(Buffer.from(await collect(call.bytes)).toString()).toBe('before and after')
  await until(() => toFar.openSockets() === 0)
  expect(toNear.openSockets()).toBe(1)
})

test(
  'a peer of which only the losing connection is left is reached by a new one',
  { tags: ['NET-9'] },
  async () => {
    const { near, far, toNear, lasting } = await withLosingConnection()
    await near.network.dial(far.address, soon())
    expect(near.network.peers()).toMatchObject([{ direction: 'inbound' }])
    const lost = nextEvent(near.network, 'lost')
    toNear.cut()
    await lost
    const call = await near.network.openCall(far.did, soon())
    await call.end(Buffer.from('anew'))
    expect(Buffer.from(await collect(call.bytes)).toString()).toBe('anew')
    await lasting.end(Buffer.from('and after'))
    expect(Buffer.from(await collect(lasting.bytes)).toString()).toBe('before and after')
  },
)

test(
  'a member of which only the losing connection is left is known, and its last calls end when it is expelled',
  { tags: ['NET-11'] },
  async () => {
    const { near, far, toNear, lasting } = await withLosingConnection()
    const lost = nextEvent(near.network, 'lost')
    toNear.cut()
    await lost
    expect(near.network.peers()).toEqual([])
    expect(near.network.members()).toEqual([far.did])
    const [outcome] = await Promise.allSettled([
      collect(lasting.bytes),
      near.network.expel(far.did, 'membership-revoked'),
    ])
    expect(outcome).toMatchObject({ status: 'rejected', reason: { code: 'peer-expelled' } })
    await until(() => near.network.members().length === 0)
  },
)

test.for([
  { opened: 3, left: 3 },
  { opened: 5, left: 3 },
])(
  'of $opened connections that a member keeps with a call on each, $left are left',
  { tags: ['NET-19', 'THR-21'] },
  async ({ opened, left }) => {
    // Nobody dials of its own accord: who is cut would come again, by either side, and so cut the next one.
    const patient = { dialBackoffMinMs: 60_000, dialBackoffMaxMs: 60_000, seekIntervalMs: 60_000 }
    const limits = { connectionsPerMemberMax: 3, simultaneousDialMs: 0, duplicateGraceMs: 20 }
    const far = await labNode({ limits: { ...patient, ...limits } })
    let served = 0
    far.network.onCall(async (stream) => {
      served += 1
      await collect(stream.bytes)
    })
    const toFar = await relay(far.address)
    const calls: CallStream[] = []
    for (let count = 0; count < opened; count += 1) {
      const near = await labNode({ name: 'did:test:greedy', limits: patient })
      await near.network.dial(toFar.address, soon())
      const call = await near.network.openCall(far.did, soon())
      await call.write(Buffer.from('x'))
      calls.push(call)
      // Known there before the next connection begins the short grace of this one.
      await until(() => served === calls.length)
    }
    await until(() => calls.filter(({ signal }) => !signal.aborted).length === left)
    expect(calls.map(({ signal }) => signal.aborted)).toEqual(
      calls.map((_, index) => index < opened - left),
    )
    await until(() => toFar.openSockets() === left)
  },
)

test(
  'a static peer is reached again when its connection has died',
  { tags: ['NET-9'] },
  async () => {
    const far = await labNode()
    const toFar = await relay(far.address)
    const near = await labNode({ staticPeers: [toFar.address], limits: { dialBackoffMinMs: 20 } })
    await until(() => near.network.peers().length === 1)
    expect(near.network.peers()[0]?.discoveredBy).toBe('static')
    const lost = nextEvent(near.network, 'lost')
    toFar.cut()
    expect(await lost).toMatchObject({
      did: far.did,
      peerId: far.network.peerId,
      code: 'peer-lost',
    })
    await until(() => near.network.peers().length === 1)
  },
)

test('a call connects again to a member that was met before', { tags: ['NET-9'] }, async () => {
  const [near, far] = await Promise.all([labNode(), labNode()])
  const toFar = await relay(far.address)
  await near.network.dial(toFar.address, soon())
  echoCalls(far)
  const lost = nextEvent(near.network, 'lost')
  toFar.cut()
  await lost
  const call = await near.network.openCall(far.did, soon())
  await call.write(Buffer.from('again'))
  await call.end()
  expect(Buffer.from(await collect(call.bytes)).toString()).toBe('again')
})

test(
  'a socket that dies in the middle of a call ends the call',
  { tags: ['NET-17', 'THR-17'] },
  async () => {
    const [near, far] = await Promise.all([labNode(), labNode()])
    const toFar = await relay(far.address)
    await near.network.dial(toFar.address, soon())
    const ended = Promise.withResolvers<void>()
    far.network.onCall(async (stream) => {
      stream.signal.addEventListener('abort', () => ended.resolve())
      await stream.write(Buffer.from('x'))
      await collect(stream.bytes)
    })
    const call = await near.network.openCall(far.did, soon())
    await call.write(Buffer.from('x'))
    const iterator = call.bytes[Symbol.asyncIterator]()
    await iterator.next()
    const cutAt = performance.now()
    const reading = iterator.next()
    toFar.cut()
    await expect(reading).rejects.toMatchObject({ name: 'NetworkError' })
    await ended.promise
    expect(performance.now() - cutAt).toBeLessThan(5_000)
  },
)

test(
  'expelling cuts live calls at once and keeps the peer out, both ways',
  { tags: ['NET-11'] },
  async () => {
    const { near, far } = await connectedPair()
    const called = Promise.withResolvers<void>()
    far.network.onCall(async (stream) => {
      called.resolve()
      await collect(stream.bytes)
    })
    const call = await near.network.openCall(far.did, soon())
    await call.write(Buffer.from('x'))
    const reading = collect(call.bytes).catch((error: unknown) => error)
    await called.promise
    const expelledAt = performance.now()
    const expelling = far.network.expel(near.did, 'member-revoked')
    expect(far.network.peers()).toEqual([])
    expect(await reading).toMatchObject({ name: 'NetworkError' })
    expect(performance.now() - expelledAt).toBeLessThan(100)
    await expelling
    // Until the end of the old connection has arrived, dialling would only find that one.
    await until(() => near.network.peers().length === 0)
    await expect(near.network.dial(far.address, soon())).rejects.toMatchObject({
      name: 'NetworkError',
    })
    await expect(far.network.dial(near.address, soon())).rejects.toMatchObject({
      code: 'peer-expelled',
    })
    await expect(far.network.openCall(near.did, soon())).rejects.toMatchObject({
      code: 'peer-unknown',
    })
  },
)

test(
  'a member that is dropped is cut off at once and judged anew when it comes back',
  { tags: ['NET-11'] },
  async () => {
    let judged = 0
    const far = await labNode({
      judge: (did) => {
        judged += 1
        return { admitted: true, did }
      },
    })
    const near = await labNode()
    await near.network.dial(far.address, soon())
    await until(() => far.network.peers().length === 1)
    const lost = nextEvent(near.network, 'lost')
    far.network.drop(near.did, 'membership-expired')
    expect(far.network.peers()).toEqual([])
    await lost
    await near.network.dial(far.address, soon())
    expect(judged).toBe(2)
  },
)

test(
  'of the connections of a member that are judged once more those end on which it may not stay, calls and all',
  { tags: ['NET-11', 'NET-26'] },
  async () => {
    const stolen = new Set<string>()
    const far = await labNode({
      stillAdmitted: (_did, { peerId }) => (stolen.has(peerId) ? 'key-revoked' : undefined),
    })
    echoCalls(far)
    const departed: string[] = []
    far.network.on('departed', ({ did }) => departed.push(did))
    const name = 'did:test:two'
    const [thief, honest] = await Promise.all([labNode({ name }), labNode({ name })])
    for (const node of [thief, honest]) await node.network.dial(far.address, soon())
    await until(() => far.network.peers().length === 2)
    const [theirs, ours] = await Promise.all(
      [thief, honest].map(async ({ network }) => network.openCall(far.did, soon())),
    )
    if (theirs === undefined || ours === undefined) throw new Error('two calls')
    const ended = collect(theirs.bytes).catch((error: unknown) => error)

    expect(far.network.rejudge(name)).toEqual([])
    expect(far.network.peers()).toHaveLength(2)
    stolen.add(thief.network.peerId)
    expect(far.network.rejudge('did:test:other')).toEqual([])
    expect(far.network.peers()).toHaveLength(2)
    expect(far.network.rejudge(name)).toEqual(['key-revoked'])
    expect(far.network.peers().map(({ peerId }) => peerId)).toEqual([honest.network.peerId])
    expect(departed).toEqual([])
    expect(await ended).toMatchObject({ name: 'NetworkError' })
    await ours.end(Buffer.from('still here'))
    expect(Buffer.from(await collect(ours.bytes)).toString()).toBe('still here')
    const back = await far.network.openCall(name, soon())
    expect(back.signal.aborted).toBe(false)
  },
)

test(
  'a member that is expelled during its admission does not get in',
  { tags: ['NET-11'] },
  async () => {
    const judging = Promise.withResolvers<void>()
    const proceed = Promise.withResolvers<void>()
    const far = await labNode({
      judge: async (did) => {
        judging.resolve()
        await proceed.promise
        return { admitted: true, did }
      },
    })
    const near = await labNode()
    const dialling = near.network.dial(far.address, soon()).catch((error: unknown) => error)
    await judging.promise
    await far.network.expel(near.did, 'member-revoked')
    proceed.resolve()
    expect(await dialling).toMatchObject({
      code: 'admission-refused-by-peer',
      peerCode: 'member-revoked',
    })
  },
)

test(
  'a member that is expelled before it has said its own verdict does not get in',
  { tags: ['NET-11'] },
  async () => {
    const far = await labNode()
    const half = await halfAdmitted(far.address, 'did:test:patient')
    await far.network.expel('did:test:patient', 'member-revoked')
    const admitted: string[] = []
    far.network.on('admitted', ({ did }) => admitted.push(did))
    half.admit()
    await closed(half.connection)
    expect(admitted).toEqual([])
    expect(far.network.peers()).toEqual([])
  },
)

test('a member that is not expelled meanwhile gets in', { tags: ['NET-11'] }, async () => {
  const far = await labNode()
  const half = await halfAdmitted(far.address, 'did:test:patient')
  await far.network.expel('did:test:another', 'member-revoked')
  half.admit()
  await until(() => far.network.peers().length === 1)
  expect(far.network.peers()).toMatchObject([{ did: 'did:test:patient' }])
})

describe('a member with two peers', () => {
  const did = 'did:test:two-keys'

  test('keeps its calls when the connection of one ends', { tags: ['NET-26'] }, async () => {
    const [here, first, second] = await Promise.all([
      labNode(),
      labNode({ name: did }),
      labNode({ name: did }),
    ])
    const departed: string[] = []
    here.network.on('departed', (member) => departed.push(member.did))
    echoCalls(first)
    echoCalls(here)
    for (const node of [first, second]) await node.network.dial(here.address, soon())
    await until(() => here.network.peers().length === 2)
    const inbound = await first.network.openCall(here.did, soon())
    await inbound.write(Buffer.from('before'))

    const lost = nextEvent(here.network, 'lost')
    await second.network.stop()
    expect(await lost).toMatchObject({ did, peerId: second.network.peerId })
    expect(departed).toEqual([])

    await inbound.end(Buffer.from(' and after'))
    expect(Buffer.from(await collect(inbound.bytes)).toString()).toBe('before and after')
    const outbound = await here.network.openCall(did, soon())
    await outbound.end(Buffer.from('there'))
    expect(Buffer.from(await collect(outbound.bytes)).toString()).toBe('there')

    const gone = nextEvent(here.network, 'departed')
    await first.network.stop()
    expect(await gone).toMatchObject({ did })
    expect(departed).toEqual([did])
  })

  test('has gone when all are cut at once, and says so once', { tags: ['NET-26'] }, async () => {
    const [here, first, second] = await Promise.all([
      labNode(),
      labNode({ name: did }),
      labNode({ name: did }),
    ])
    const departed: object[] = []
    here.network.on('departed', (member) => departed.push(member))
    for (const node of [first, second]) await here.network.dial(node.address, soon())
    here.network.drop(did, 'membership-expired')
    expect(departed).toEqual([{ did, code: 'peer-expelled' }])
  })
})

test('a peer from which nothing comes any more is given up', { tags: ['NET-17'] }, async () => {
  const limits = { keepAliveIntervalMs: 30, silentIntervalsMax: 3 }
  // The other side is more patient, or its own giving up could come first and be seen as an end.
  const [near, far] = await Promise.all([labNode({ limits }), labNode()])
  const toFar = await relay(far.address)
  await near.network.dial(toFar.address, soon())
  far.network.onCall(async (stream) => {
    await collect(stream.bytes)
  })
  const call = await near.network.openCall(far.did, soon())
  await call.write(Buffer.from('x'))
  const lost = nextEvent(near.network, 'lost')
  toFar.freeze()
  expect(await lost).toMatchObject({ code: 'peer-silent' })
  expect(call.signal.aborted).toBe(true)
})
