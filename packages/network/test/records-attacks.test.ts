import type { Stream } from '@libp2p/interface'
import { concat } from 'uint8arrays/concat'
import { expect, test } from 'vitest'
import { frameMessage } from '../src/message-framing.ts'
import { readEcho } from '../src/multistream-lines.ts'
import { StreamReader } from '../src/stream-reader.ts'
import { collect, echoCalls, labNode, type LabNodeOptions, nextEvent, soon, until } from './lab.ts'
import { recordsDesk, type RecordsDesk, settlingDesk } from './records-desk.ts'
import { closed, halfAdmitted, type HalfAdmission, speak, strangerConnection } from './stranger.ts'

const ROGUE = 'did:test:rogue'

/** A member that both sides have admitted, and that does from there on what it likes. */
async function rogueMember(
  address: string,
  desk: RecordsDesk,
): Promise<HalfAdmission & { readonly inbound: Stream }> {
  const half = await halfAdmitted(address, ROGUE)
  const before = desk.links.length
  half.admit()
  await until(() => desk.links.length > before)
  return { ...half, inbound: await half.recordsOfPeer }
}

async function victim(options: LabNodeOptions = {}, desk: RecordsDesk = recordsDesk()) {
  const node = await labNode({ records: desk, ...options })
  return { node, desk, rogue: await rogueMember(node.address, desk) }
}

test(
  'a stranger that opens records is cut off, and nothing of it is heard',
  { tags: ['NET-28', 'NET-6', 'THR-5'] },
  async () => {
    const desk = recordsDesk()
    const far = await labNode({ records: desk })
    const connection = await strangerConnection(far.address)
    const stream = await speak(connection, 'records', frameMessage(Buffer.from('believe me')))
    await until(() => stream.status === 'reset')
    expect(desk).toMatchObject({ links: [], heard: [] })
  },
)

test(
  'records that come before our verdict are not waited for',
  { tags: ['NET-28', 'THR-5'] },
  async () => {
    const judging = Promise.withResolvers<void>()
    const proceed = Promise.withResolvers<void>()
    const desk = recordsDesk()
    const far = await labNode({
      records: desk,
      judge: async (did) => {
        judging.resolve()
        await proceed.promise
        return { admitted: true, did }
      },
    })
    const connection = await strangerConnection(far.address)
    await speak(connection, 'admission', frameMessage(Buffer.from(ROGUE)))
    await judging.promise
    const stream = await speak(connection, 'records', frameMessage(Buffer.from('early')))
    await until(() => stream.status === 'reset')
    proceed.resolve()
    expect(desk.heard).toEqual([])
  },
)

test(
  'records that come between the two verdicts are heard after the second',
  { tags: ['NET-28'] },
  async () => {
    const desk = recordsDesk()
    const far = await labNode({ records: desk })
    const half = await halfAdmitted(far.address, ROGUE)
    const stream = await speak(half.connection, 'records', frameMessage(Buffer.from('ahead')))
    const other = await speak(half.connection, 'records')
    await until(() => other.status === 'reset')
    expect(desk).toMatchObject({ links: [], heard: [] })
    half.admit()
    await until(() => desk.heard.length === 1)
    expect(stream.status).toBe('open')
  },
)

test(
  'a second records stream is reset, and the first goes on',
  { tags: ['NET-28', 'THR-21'] },
  async () => {
    const { desk, rogue } = await victim()
    const first = await speak(rogue.connection, 'records', frameMessage(Buffer.from('one')))
    await readEcho(new StreamReader(first), 'records', soon())
    const second = await speak(rogue.connection, 'records', frameMessage(Buffer.from('two')))
    await until(() => second.status === 'reset')
    first.send(frameMessage(Buffer.from('three')))
    await until(() => desk.heard.length === 2)
    expect(desk.heard).toEqual(['one', 'three'])
  },
)

test(
  'a node that exchanges no records resets the stream and stays',
  { tags: ['NET-28'] },
  async () => {
    const far = await labNode()
    const half = await halfAdmitted(far.address, ROGUE)
    half.admit()
    await until(() => far.network.peers().length === 1)
    const stream = await speak(half.connection, 'records')
    await until(() => stream.status === 'reset')
    expect(half.connection.status).toBe('open')
  },
)

test(
  'a peer that opens many calls before the connection is settled is served none',
  { tags: ['NET-29', 'THR-21'] },
  async () => {
    const { node, desk, rogue } = await victim()
    let calls = 0
    node.network.onCall(async () => {
      calls += 1
    })
    const opening = Array.from({ length: 40 }, async () =>
      speak(rogue.connection, 'call', new Uint8Array(2_000)),
    )
    const streams = await Promise.all(opening)
    await speak(rogue.connection, 'records', frameMessage(Buffer.from('here')))
    await until(() => desk.heard.length === 1)
    expect(streams.map(({ readBufferLength }) => readBufferLength)).toEqual(streams.map(() => 0))
    expect(calls).toBe(0)
    expect(node.network.peers()).toEqual([])
  },
)

test.for(['/warren/ping/1.0.0', '/warren/id/1.0.0', '/warren/zQmTestMesh/kad/1.0.0'])(
  'a peer that speaks %s is answered when the connection is settled, and not before',
  { tags: ['NET-29'] },
  async (protocol) => {
    const { desk, rogue } = await victim()
    let answered = false
    const stream = rogue.connection.newStream(protocol, { signal: soon() }).then((opened) => {
      answered = true
      return opened
    })
    await speak(rogue.connection, 'records', frameMessage(Buffer.from('here')))
    await until(() => desk.heard.length === 1)
    expect(answered).toBe(false)
    desk.links[0]?.settle()
    expect(await stream).toMatchObject({ protocol })
  },
)

test.for([
  { length: 1_000, cut: false },
  { length: 1_001, cut: true },
])(
  'of a message of $length bytes, announced and not sent, the connection ends: $cut',
  { tags: ['NET-31', 'THR-21'] },
  async ({ length, cut }) => {
    const { desk, rogue } = await victim({ limits: { recordBytesMax: 1_000 } }, settlingDesk())
    const header = frameMessage(new Uint8Array(length)).subarray(0, 4)
    const stream = await speak(
      rogue.connection,
      'records',
      concat([frameMessage(Buffer.from('first')), header]),
    )
    if (cut) {
      await closed(rogue.connection)
      expect(desk.ended).toHaveLength(1)
    } else {
      stream.send(Buffer.from('x'.repeat(length)))
      await until(() => desk.heard.length === 2)
    }
    expect(desk.heard[0]).toBe('first')
  },
)

test(
  'a peer that never reads fills a queue of its own and stops nobody else',
  { tags: ['NET-31', 'THR-16', 'THR-21'] },
  async () => {
    const limits = { recordBytesMax: 100_000, recordQueueBytesMax: 1_000_000 }
    const desk = settlingDesk()
    const { node, rogue } = await victim({ limits }, desk)
    echoCalls(node)
    const honestDesk = settlingDesk()
    const honest = await labNode({ records: honestDesk })
    await honest.network.dial(node.address, soon())
    await until(() => desk.links.length === 2)
    const [toRogue, toHonest] = desk.links
    const message = new Uint8Array(100_000)
    // What the stream's window takes does not wait here; the queue fills once that is full.
    let taken = 0
    await until(() => {
      while (toRogue?.send(message) === true) taken += message.length
      return rogue.inbound.readBufferLength > 0
    })
    await until(() => toRogue?.send(message) === false)
    expect(taken).toBeGreaterThanOrEqual(900_000)
    expect(taken).toBeLessThan(1_000_000 + 2 * 1_048_576)
    expect(toHonest?.send(Buffer.from('news'))).toBe(true)
    await until(() => honestDesk.heard.length === 1)
    const call = await honest.network.openCall(node.did, soon())
    await call.end(Buffer.from('served'))
    expect(Buffer.from(await collect(call.bytes)).toString()).toBe('served')
  },
)

test.for([
  { messages: 4, queued: true },
  { messages: 5, queued: false },
])(
  'of what waits, $messages messages of a fourth of the limit are queued: $queued',
  { tags: ['NET-31'] },
  async ({ messages, queued }) => {
    const limits = { recordQueueBytesMax: 4_000 }
    const answers: boolean[] = []
    // The stream is not there yet in the moment of the connection: everything waits.
    const desk = recordsDesk({
      onConnected: (link) => {
        const message = new Uint8Array(996)
        for (let index = 0; index < messages; index += 1) answers.push(link.send(message))
      },
    })
    await victim({ limits }, desk)
    expect(answers.at(-1)).toBe(queued)
    expect(answers.filter(Boolean)).toHaveLength(4)
  },
)

test('a queue of empty messages is bounded as well', { tags: ['NET-31', 'THR-21'] }, async () => {
  let taken = 0
  const desk = recordsDesk({
    onConnected: (link) => {
      while (link.send(new Uint8Array(0))) taken += 1
    },
  })
  await victim({ limits: { recordQueueBytesMax: 4_000 } }, desk)
  expect(taken).toBe(1_000)
})

test(
  'a member that never settles holds no more connections than others, and none for long',
  { tags: ['NET-30', 'NET-19', 'THR-21'] },
  async () => {
    const limits = { connectionsPerMemberMax: 3, settleTimeoutMs: 400 }
    const { node, desk } = await victim({ limits })
    for (let index = 0; index < 4; index += 1) await rogueMember(node.address, desk)
    expect(desk.links).toHaveLength(5)
    expect(desk.ended).toEqual(desk.links.slice(0, 2).map(({ id }) => id))
    await until(() => desk.ended.length === 5)
    expect(node.network.peers()).toEqual([])
  },
)

interface Misdeed {
  readonly how: string
  readonly code: string
  readonly act: (stream: Stream) => Promise<void>
}

async function end(stream: Stream): Promise<void> {
  await stream.close()
}

async function reset(stream: Stream): Promise<void> {
  stream.abort(new Error('no'))
}

const listening: readonly Misdeed[] = [
  {
    how: 'speaks on',
    code: 'protocol-refused',
    act: async (stream) => {
      stream.send(new Uint8Array(1))
    },
  },
  { how: 'ends', code: 'records-ended', act: end },
  { how: 'resets', code: 'stream-reset', act: reset },
]

test.for(listening)(
  'a peer that $how the stream on which it listens is cut: $code',
  { tags: ['NET-28'] },
  async ({ code, act }) => {
    const { node, rogue } = await victim({ limits: { closeTimeoutMs: 20 } }, settlingDesk())
    const lost = nextEvent(node.network, 'lost')
    await act(rogue.inbound)
    expect(await lost).toMatchObject({ did: ROGUE, code })
  },
)

const speaking: readonly Misdeed[] = [
  { how: 'ends', code: 'records-ended', act: end },
  { how: 'resets', code: 'stream-reset', act: reset },
  {
    how: 'ends in the middle of a message',
    code: 'stream-truncated',
    act: async (stream) => {
      stream.send(Uint8Array.of(0, 0))
      await stream.close()
    },
  },
]

test.for(speaking)(
  'a peer that $how its own records stream is cut: $code',
  { tags: ['NET-28'] },
  async ({ code, act }) => {
    const { node, rogue } = await victim({ limits: { closeTimeoutMs: 20 } }, settlingDesk())
    const lost = nextEvent(node.network, 'lost')
    const stream = await speak(rogue.connection, 'records')
    await readEcho(new StreamReader(stream), 'records', soon())
    await act(stream)
    expect(await lost).toMatchObject({ did: ROGUE, code })
  },
)

test('a peer that does not speak records is cut', { tags: ['NET-28'] }, async () => {
  const far = await labNode()
  const near = await labNode({ records: recordsDesk(), limits: { closeTimeoutMs: 20 } })
  await expect(near.network.dial(far.address, soon())).rejects.toMatchObject({
    code: 'stream-reset',
  })
})
