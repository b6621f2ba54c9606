import type { MultiaddrConnection, Stream, StreamMuxer } from '@libp2p/interface'
import { multiaddrConnectionPair } from '@libp2p/utils'
import { yamux } from '@libp2p/yamux'

export interface StreamPairSetup {
  readonly near: Stream
  readonly far: Stream
  readonly nearConnection: MultiaddrConnection
  readonly farConnection: MultiaddrConnection
}

/** Two ends of one real yamux stream over a connection in memory. */
export async function yamuxStreams(): Promise<StreamPairSetup> {
  const [nearConnection, farConnection] = multiaddrConnectionPair()
  const factory = yamux({
    enableKeepAlive: false,
    streamOptions: { maxStreamWindowSize: 1_048_576 },
  })()
  const nearMuxer = factory.createStreamMuxer(nearConnection)
  const farMuxer = factory.createStreamMuxer(farConnection)
  const arrived = firstStream(farMuxer)
  const near = await nearMuxer.createStream()
  near.send(new Uint8Array(1))
  const far = await arrived
  await new Promise<void>((resolve) => {
    far.addEventListener('message', () => resolve(), { once: true })
  })
  return { near, far, nearConnection, farConnection }
}

function firstStream(muxer: StreamMuxer): Promise<Stream> {
  return new Promise((resolve) => {
    muxer.addEventListener('stream', ({ detail }) => resolve(detail), { once: true })
  })
}
