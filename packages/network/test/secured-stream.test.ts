import { setImmediate as nextTurn } from 'node:timers/promises'
import type { StreamMuxer } from '@libp2p/interface'
import { multiaddrConnectionPair } from '@libp2p/utils'
import { yamux } from '@libp2p/yamux'
import { nodeSuite } from '@warren/crypto'
import { TransportCipher } from '@warren/handshake'
import { expect, test } from 'vitest'
import { SecuredStream } from '../src/secured-stream.ts'

function cipher(key: number): TransportCipher {
  return new TransportCipher({
    aead: nodeSuite.chaCha20Poly1305,
    key: new Uint8Array(32).fill(key),
  })
}

/** Both ends of one connection. */
function pair(): readonly [SecuredStream, SecuredStream] {
  const [near, far] = multiaddrConnectionPair()
  return [
    new SecuredStream({ inner: near, send: cipher(1), receive: cipher(2) }),
    new SecuredStream({ inner: far, send: cipher(2), receive: cipher(1) }),
  ]
}

function muxerOn(end: SecuredStream): StreamMuxer {
  return yamux()().createStreamMuxer(end)
}

/** Resolves when a stream carries a byte each way: by then the muxer has measured the round trip. */
async function roundTrip(near: StreamMuxer, far: StreamMuxer): Promise<void> {
  far.addEventListener('stream', ({ detail }) => detail.send(new Uint8Array(1)))
  const stream = await near.createStream()
  stream.send(new Uint8Array(1))
  await new Promise<void>((resolve) => {
    stream.addEventListener('message', () => resolve(), { once: true })
  })
}

test(
  'a stream that is opened in the moment in which its connection ends harms nobody',
  { tags: ['NET-35'] },
  async () => {
    const [near, far] = pair()
    const muxer = muxerOn(near)
    const other = muxerOn(far)
    for (let count = 0; count < 20; count += 1) await roundTrip(muxer, other)
    const opening = muxer.createStream()
    near.abort(new Error('the cable was cut'))
    // An error that nobody catches fails the run.
    await nextTurn()
    expect((await opening).status).toBe('closed')
    far.abort(new Error('the cable was cut'))
  },
)

test('what is written to a connection that is over is not taken', { tags: ['NET-35'] }, () => {
  const [near] = pair()
  expect(near.send(Buffer.from('before'))).toBe(true)
  near.abort(new Error('the cable was cut'))
  expect(near.send(Buffer.from('after'))).toBe(false)
})
