import type { Connection } from '@libp2p/interface'
import { expect, onTestFinished, test } from 'vitest'
import { LinkRegistry } from '../src/link-registry.ts'
import { NetworkError } from '../src/network-error.ts'
import type { PeerLink } from '../src/peer-link.ts'
import { bareNode, refuse } from './bare-node.ts'
import { dhtNode } from './dht-node.ts'
import { clock, until } from './lab.ts'

const PROBE = '/probe/1'

/** A connection from a node of ours to a stranger that speaks anything, and how many streams the stranger has seen. */
async function toStranger(): Promise<{
  connection: Connection
  link: PeerLink
  seen: () => number
}> {
  const stranger = await dhtNode()
  let streams = 0
  await stranger.handle(PROBE, () => {
    streams += 1
  })
  const { node, bindings, limits } = await bareNode({ strangerTimeoutMs: 60_000 })
  const links = new LinkRegistry({
    clock,
    limits,
    bindings,
    handlersOf: () => ({ admission: refuse, call: refuse, audit: refuse }),
  })
  const opened = Promise.withResolvers<PeerLink | undefined>()
  node.addEventListener('connection:open', ({ detail }) => opened.resolve(links.open(detail)))
  await node.start()
  onTestFinished(async () => links.close())
  const connection = await node.dial(stranger.getMultiaddrs())
  const link = await opened.promise
  if (link === undefined) throw new Error('the connection was not taken')
  return { connection, link, seen: () => streams }
}

test('what libp2p opens waits until the peer is admitted', { tags: ['NET-6'] }, async () => {
  const { connection, link, seen } = await toStranger()
  const stream = connection.newStream(PROBE)
  const own = await link.openStream(AbortSignal.timeout(5_000))
  own.send(Buffer.from('\u0013/multistream/1.0.0\n'))
  await until(() => own.readBufferLength > 0 || own.status !== 'open')
  expect(seen()).toBe(0)
  link.begin('admitting')
  link.admit('did:test:stranger')
  await stream
  await until(() => seen() === 1)
})

test('what libp2p opens fails with the admission', { tags: ['NET-6'] }, async () => {
  const { connection, link, seen } = await toStranger()
  const stream = connection.newStream(PROBE)
  link.cut(new NetworkError('admission-refused-by-us', 'no'))
  await expect(stream).rejects.toMatchObject({ code: 'admission-refused-by-us' })
  expect(seen()).toBe(0)
})

test('what libp2p opens waits no longer than it is allowed', { tags: ['NET-6'] }, async () => {
  const { connection, seen } = await toStranger()
  const signal = AbortSignal.abort(new Error('enough'))
  await expect(connection.newStream(PROBE, { signal })).rejects.toThrow('enough')
  expect(seen()).toBe(0)
})
