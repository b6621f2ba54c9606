import { noise as chainsafeNoise } from '@chainsafe/libp2p-noise'
import { generateKeyPair } from '@libp2p/crypto/keys'
import type {
  ComponentLogger,
  ConnectionEncrypter,
  MessageStream,
  PeerId,
  PrivateKey,
  StreamMuxerFactory,
  Upgrader,
} from '@libp2p/interface'
import { noise as libp2pNoise } from '@libp2p/noise'
import { peerIdFromPrivateKey } from '@libp2p/peer-id'
import { multiaddrConnectionPair } from '@libp2p/utils'
import { concat } from 'uint8arrays/concat'
import { describe, expect, test } from 'vitest'
import { silentLogger } from '../../packages/network/src/silent-logger.ts'
import { secureXx, type Tamper } from './support/noise-xx-peer.ts'

const SIGNAL_MS = 10_000
const FRAME_PLAINTEXT_BYTES = 65_519

const RESET = { name: 'StreamResetError' }

type NoiseModule = () => (components: {
  readonly peerId: PeerId
  readonly privateKey: PrivateKey
  readonly logger: ComponentLogger
  readonly upgrader: Upgrader
}) => ConnectionEncrypter

const implementations: readonly { readonly name: string; readonly noise: NoiseModule }[] = [
  { name: '@chainsafe/libp2p-noise', noise: chainsafeNoise },
  { name: '@libp2p/noise', noise: libp2pNoise },
]
const roles = ['initiator', 'responder'] as const
const cases = implementations.flatMap(({ name, noise }) =>
  roles.map((role) => ({ name, noise, role })),
)

/** Both ends of one connection in memory: ours with our handshake, theirs with the module that libp2p ships. */
async function connect(
  noise: NoiseModule,
  role: (typeof roles)[number],
  tamper: Tamper = (_, message) => message,
) {
  const privateKey = await generateKeyPair('Ed25519')
  const [outbound, inbound] = multiaddrConnectionPair()
  const [ours, theirs] = role === 'initiator' ? [outbound, inbound] : [inbound, outbound]
  const encrypter = noise()({
    privateKey,
    peerId: peerIdFromPrivateKey(privateKey),
    logger: silentLogger,
    upgrader: { getStreamMuxers: () => new Map<string, StreamMuxerFactory>() } as Upgrader,
  })
  const signal = AbortSignal.timeout(SIGNAL_MS)
  const [near, far] = await Promise.allSettled([
    secureXx(ours, role, { signal, tamper }),
    abortingOnFailure(
      theirs,
      role === 'initiator'
        ? encrypter.secureInbound(theirs, { signal })
        : encrypter.secureOutbound(theirs, { signal }),
    ),
  ])
  return {
    ours: near,
    theirs: far,
    connections: [ours, theirs],
    theirKey: privateKey.publicKey.raw,
  }
}

/** What libp2p's upgrader does with a connection that could not be secured. */
async function abortingOnFailure<T>(connection: MessageStream, work: Promise<T>): Promise<T> {
  try {
    return await work
  } catch (error) {
    connection.abort(error instanceof Error ? error : new Error('not an error'))
    throw error
  }
}

function fulfilled<T>(result: PromiseSettledResult<T>): T {
  if (result.status === 'rejected') throw result.reason
  return result.value
}

/** Everything that arrives, until there are as many bytes as were sent. */
async function received(stream: MessageStream, bytes: number): Promise<Uint8Array> {
  const parts: Uint8Array[] = []
  let count = 0
  for await (const chunk of stream) {
    parts.push(chunk.subarray().slice())
    count += chunk.byteLength
    if (count >= bytes) break
  }
  return concat(parts)
}

function pattern(length: number): Uint8Array {
  return Uint8Array.from({ length }, (_, index) => (index * 7 + (index >> 8)) & 0xff)
}

async function expectSame(
  from: MessageStream,
  to: MessageStream,
  messages: readonly Uint8Array[],
): Promise<void> {
  const sent = concat([...messages])
  const arriving = received(to, sent.length)
  for (const message of messages) from.send(message)
  expect(Buffer.from(await arriving).equals(sent)).toBe(true)
}

describe.for(cases)('with $name, and ours as $role', ({ noise, role }) => {
  test('plain Noise XX agrees, and each side knows the other', { tags: ['HS-7'] }, async () => {
    const settled = await connect(noise, role)
    const ours = fulfilled(settled.ours)
    const theirs = fulfilled(settled.theirs)
    expect(ours.remoteEd25519Key).toEqual(settled.theirKey)
    expect(theirs.remotePeer.publicKey?.raw).toEqual(ours.localEd25519Key)
  })

  test.for([
    { what: 'one byte', lengths: [1] },
    { what: 'a message that fills a frame', lengths: [FRAME_PLAINTEXT_BYTES] },
    { what: 'one byte more than fills a frame', lengths: [FRAME_PLAINTEXT_BYTES + 1] },
    { what: 'messages of several frames', lengths: [200_000, 131_038, 3] },
    { what: 'three thousand messages', lengths: Array.from({ length: 3_000 }, (_, i) => i % 97) },
  ])('$what goes through both ways', { tags: ['HS-7'] }, async ({ lengths }) => {
    const settled = await connect(noise, role)
    const { stream } = fulfilled(settled.ours)
    const { connection } = fulfilled(settled.theirs)
    const messages = lengths.map(pattern)
    await expectSame(stream, connection, messages)
    await expectSame(connection, stream, messages)
    await expectSame(stream, connection, messages)
  })

  test.for([
    { label: 'A', field: 'e', at: 0, reader: 'initiator', step: 'B.s' },
    { label: 'B', field: 'e', at: 31, reader: 'initiator', step: 'B.s' },
    { label: 'B', field: 's', at: 32, reader: 'initiator', step: 'B.s' },
    { label: 'B', field: 'payload', at: -1, reader: 'initiator', step: 'B.payload' },
    { label: 'C', field: 's', at: 47, reader: 'responder', step: 'C.s' },
    { label: 'C', field: 'payload', at: 48, reader: 'responder', step: 'C.payload' },
  ] as const)(
    'a bit flipped in $field of $label stops the $reader at $step, and both sides fail',
    { tags: ['HS-2', 'HS-7'] },
    async ({ label, at, reader, step }) => {
      const { ours, theirs, connections } = await connect(noise, role, (name, message) =>
        name === label ? flipped(message, at) : message,
      )
      const [reading, waiting] = reader === role ? [ours, theirs] : [theirs, ours]
      const stage = reader === 'initiator' ? 'stage 1' : 'stage 2'
      const error =
        reader === role
          ? { code: 'decryption-failed', step }
          : { message: expect.stringContaining(`handshake ${stage} validation fail`) }
      expect(reading).toMatchObject({ status: 'rejected', reason: error })
      // The initiator has nothing left to read after C: it learns from the connection that the other side gave up.
      expect(waiting).toMatchObject(
        label === 'C' ? { status: 'fulfilled' } : { status: 'rejected', reason: RESET },
      )
      const statuses = connections.map(({ status }) => status)
      expect(statuses).toEqual(reader === role ? ['aborted', 'reset'] : ['reset', 'aborted'])
    },
  )
})

function flipped(message: Uint8Array, at: number): Uint8Array {
  const copy = message.slice()
  const index = at < 0 ? copy.length + at : at
  copy[index] = (copy[index] ?? 0) ^ 1
  return copy
}
