import { generateKeyPair } from '@libp2p/crypto/keys'
import type { Connection, Stream } from '@libp2p/interface'
import { tcp } from '@libp2p/tcp'
import { yamux } from '@libp2p/yamux'
import { multiaddr } from '@multiformats/multiaddr'
import { nodeSuite } from '@warren/crypto'
import { ChannelBindings, HybridEncrypter } from '@warren/network'
import { createLibp2p, type Libp2p } from 'libp2p'
import { concat } from 'uint8arrays/concat'
import { onTestFinished } from 'vitest'
import { frameMessage, readMessage } from '../src/message-framing.ts'
import {
  readEcho,
  RECORDS_PROTOCOL,
  SELECTIONS,
  type SelectionName,
} from '../src/multistream-lines.ts'
import { StreamReader } from '../src/stream-reader.ts'
import { encodeVerdict } from '../src/verdict.ts'
import { MESH_ID } from './lab.ts'

/** A connection of somebody who knows the mesh and passes the handshake, and then does what it likes. */
export async function strangerConnection(address: string): Promise<Connection> {
  const node = await strangerNode()
  return node.dial(multiaddr(address))
}

async function strangerNode(): Promise<Libp2p> {
  const privateKey = await generateKeyPair('Ed25519')
  const node = await createLibp2p({
    privateKey,
    transports: [tcp()],
    connectionEncrypters: [
      (components) =>
        new HybridEncrypter(components, {
          suite: nodeSuite,
          identity: {
            ed25519: nodeSuite.ed25519.signer(privateKey.raw.slice(0, 32)),
            mlDsa44: nodeSuite.mlDsa44.signer(),
          },
          meshId: MESH_ID,
          bindings: new ChannelBindings(),
        }),
    ],
    streamMuxers: [yamux()],
    connectionMonitor: { enabled: false },
  })
  onTestFinished(async () => node.stop())
  return node
}

/** Resolves when the connection has ended. */
export function closed(connection: Connection): Promise<void> {
  return new Promise((resolve) => {
    if (connection.status !== 'open') resolve()
    connection.addEventListener('close', () => resolve())
  })
}

/** Begins an admission and holds the last word back: the other side has admitted us, and waits for our verdict. */
export async function halfAdmitted(address: string, did: string): Promise<HalfAdmission> {
  const node = await strangerNode()
  const heard = Promise.withResolvers<Stream>()
  // A stream that is not read is held back by its window alone.
  await node.handle(RECORDS_PROTOCOL, (stream) => {
    stream.pause()
    heard.resolve(stream)
  })
  const connection = await node.dial(multiaddr(address))
  const stream = await openRaw(connection)
  const reader = new StreamReader(stream)
  stream.send(concat([SELECTIONS.admission, frameMessage(Buffer.from(did))]))
  const signal = AbortSignal.timeout(5_000)
  await readEcho(reader, 'admission', signal)
  await readMessage(reader, 1_024, signal)
  await readMessage(reader, 1_024, signal)
  return {
    connection,
    recordsOfPeer: heard.promise,
    addressOf: () => `/ip4/127.0.0.1/tcp/9/p2p/${node.peerId.toString()}`,
    admit: () => stream.send(frameMessage(encodeVerdict({ ok: true }))),
  }
}

/** Opens a stream for one of our protocols and says which, and the first bytes of it. */
export async function speak(
  connection: Connection,
  name: SelectionName,
  first: Uint8Array = new Uint8Array(0),
): Promise<Stream> {
  const stream = await openRaw(connection)
  stream.send(concat([SELECTIONS[name], first]))
  return stream
}

async function openRaw(connection: Connection): Promise<Stream> {
  const muxed = connection as unknown as { muxer: { createStream(): Promise<Stream> } }
  return muxed.muxer.createStream()
}

export interface HalfAdmission {
  readonly connection: Connection
  /** An address with the peer's id at which nobody answers. */
  readonly addressOf: () => string
  /** The records stream that the other side opens; it is not read. */
  readonly recordsOfPeer: Promise<Stream>
  /** Says the last word. */
  readonly admit: () => void
}
