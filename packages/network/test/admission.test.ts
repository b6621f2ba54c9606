import { lpStream } from '@libp2p/utils'
import { NetworkError } from '@warren/network'
import { expect, test } from 'vitest'
import { connectedPair, labNode, nextEvent, soon, until } from './lab.ts'
import { closed, strangerConnection } from './stranger.ts'

const refusal = { admitted: false, code: 'membership-expired', sentence: 'it has expired' } as const

test('both sides show themselves and know each other afterwards', { tags: ['NET-6'] }, async () => {
  const { near, far } = await connectedPair()
  expect(near.network.peers()).toMatchObject([
    {
      did: far.did,
      peerId: far.network.peerId,
      direction: 'outbound',
      discoveredBy: 'dial',
      suite: 'Noise_XXhfs_25519+MLKEM768_ChaChaPoly_SHA256',
    },
  ])
  expect(far.network.peers()).toMatchObject([
    { did: near.did, peerId: near.network.peerId, direction: 'inbound', discoveredBy: 'inbound' },
  ])
})

test(
  'admission sees what the handshake has proved, the same on both sides',
  { tags: ['NET-5'] },
  async () => {
    const hashes: string[] = []
    const keys: string[] = []
    const judge = (did: string, channel: { handshakeHash: Uint8Array; ed25519Key: Uint8Array }) => {
      hashes.push(Buffer.from(channel.handshakeHash).toString('hex'))
      keys.push(Buffer.from(channel.ed25519Key).toString('hex'))
      return { admitted: true, did } as const
    }
    await connectedPair({ judge }, { judge })
    expect(hashes).toHaveLength(2)
    expect(new Set(hashes).size).toBe(1)
    expect(new Set(keys).size).toBe(2)
  },
)

test(
  'the responder refuses: the initiator learns the code, both say so',
  { tags: ['NET-7', 'THR-6'] },
  async () => {
    const far = await labNode({ judge: () => refusal })
    const near = await labNode()
    const [ofFar, ofNear] = [nextEvent(far.network, 'refused'), nextEvent(near.network, 'refused')]
    await expect(near.network.dial(far.address, soon())).rejects.toMatchObject({
      code: 'admission-refused-by-peer',
      peerCode: 'membership-expired',
    })
    expect(await ofFar).toMatchObject({
      by: 'us',
      code: 'membership-expired',
      direction: 'inbound',
    })
    expect(await ofNear).toMatchObject({ by: 'peer', code: 'membership-expired' })
    expect(far.network.peers()).toEqual([])
  },
)

test('the initiator refuses: the responder learns the code', { tags: ['NET-7'] }, async () => {
  const far = await labNode()
  const near = await labNode({ judge: () => refusal })
  const ofFar = nextEvent(far.network, 'refused')
  await expect(near.network.dial(far.address, soon())).rejects.toMatchObject({
    code: 'admission-refused-by-us',
    peerCode: 'membership-expired',
  })
  expect(await ofFar).toMatchObject({ by: 'peer', code: 'membership-expired' })
  expect(far.network.peers()).toEqual([])
  expect(near.network.peers()).toEqual([])
})

/** Dials a node whose judge fails with this error. */
async function dialJudge(error: Error): Promise<unknown> {
  async function judge(): Promise<never> {
    throw error
  }
  const far = await labNode({ judge })
  const near = await labNode()
  return near.network.dial(far.address, soon())
}

test('a judge that fails admits nobody and tells its code alone', { tags: ['NET-7'] }, async () => {
  await expect(dialJudge(new Error('disk'))).rejects.toMatchObject({ peerCode: 'admission-failed' })
  const coded = new NetworkError('message-malformed', 'what the peer sent')
  await expect(dialJudge(coded)).rejects.toMatchObject({ peerCode: 'message-malformed' })
})

test(
  'a hello of the largest size passes, one more byte does not',
  { tags: ['NET-7'] },
  async () => {
    const limits = { helloBytesMax: 1_000 }
    const judge = () => ({ admitted: true, did: 'did:test:large' }) as const
    const far = await labNode({ limits, judge })
    const fits = await labNode({ hello: () => new Uint8Array(1_000) })
    await expect(fits.network.dial(far.address, soon())).resolves.toBeDefined()
    const exceeds = await labNode({ hello: () => new Uint8Array(1_001) })
    await expect(exceeds.network.dial(far.address, soon())).rejects.toMatchObject({
      name: 'NetworkError',
    })
    expect(far.network.peers()).toHaveLength(1)
  },
)

test('a node of another mesh gets no further than the handshake', { tags: ['NET-3'] }, async () => {
  const far = await labNode()
  const near = await labNode({ meshId: 'zQmOtherMesh' })
  await expect(near.network.dial(far.address, soon())).rejects.toMatchObject({
    code: 'channel-refused',
  })
})

test.for([
  '/warren/zQmTestMesh/kad/1.0.0',
  '/warren/id/1.0.0',
  '/warren/id/push/1.0.0',
  '/warren/ping/1.0.0',
  '/meshsub/1.2.0',
  '/warren/call/1',
  '/warren/join/1',
  'ls',
])('a stranger that speaks %s is cut off', { tags: ['NET-6', 'THR-5'] }, async (protocol) => {
  const far = await labNode()
  const connection = await strangerConnection(far.address)
  await expect(connection.newStream(protocol, { signal: soon() })).rejects.toThrow(/reset/)
  expect(far.network.peers()).toEqual([])
})

test('a stranger that asks for nothing gets nothing', { tags: ['NET-7', 'THR-5'] }, async () => {
  const far = await labNode({ limits: { strangerTimeoutMs: 50 } })
  const connection = await strangerConnection(far.address)
  const openedAt = performance.now()
  await closed(connection)
  expect(performance.now() - openedAt).toBeLessThan(2_000)
})

test(
  'a stranger that begins its admission and stalls is hung up on',
  { tags: ['NET-7'] },
  async () => {
    const far = await labNode({ limits: { admissionTimeoutMs: 60, strangerTimeoutMs: 10_000 } })
    const connection = await strangerConnection(far.address)
    const [line, protocol] = ['/multistream/1.0.0\n', '/warren/admission/1\n']
    const muxed = connection as unknown as { muxer: { createStream(): Promise<never> } }
    const stream = lpStream(await muxed.muxer.createStream())
    await stream.writeV([Buffer.from(line), Buffer.from(protocol)])
    await closed(connection)
    expect(far.network.peers()).toEqual([])
  },
)

test(
  'after admission the protocols of libp2p are there',
  { tags: ['NET-6', 'NET-18'] },
  async () => {
    const { near, far } = await connectedPair()
    expect(near.network.peers()).toHaveLength(1)
    await until(() => far.network.peers().length === 1)
    expect([...near.log, ...far.log].filter((line) => line.startsWith('warn'))).toEqual([])
  },
)
