import { type CryptoSuite, nobleSuite, nodeSuite } from '@warren/crypto'
import {
  CallInitiator,
  CallResponder,
  type CallSession,
  FrameDecoder,
  HandshakeError,
  prologue,
  SECURE_HANDSHAKE_PROTOCOL,
  type SecureChannel,
  SecureHandshake,
  signStaticKey,
} from '@warren/handshake'
import { expect, test } from 'vitest'

const MESH = 'zQmMesh'
type Role = 'initiator' | 'responder'

function side(suite: CryptoSuite, role: Role, meshId = MESH): SecureHandshake {
  const staticKey = suite.x25519.generate()
  const identity = { ed25519: suite.ed25519.signer(), mlDsa44: suite.mlDsa44.signer() }
  return new SecureHandshake({
    suite,
    role,
    prologue: prologue({ meshId, encrypters: [SECURE_HANDSHAKE_PROTOCOL] }),
    staticKey,
    identity,
    identitySignature: signStaticKey(identity.ed25519, staticKey.publicKey),
    streamMuxers: ['/yamux/1.0.0'],
  })
}

function flipped(bytes: Uint8Array, index: number): Uint8Array {
  const copy = bytes.slice()
  copy[index] = (copy[index] ?? 0) ^ 1
  return copy
}

type Tamper = (message: Uint8Array, number: number) => Uint8Array

function run(
  initiator: SecureHandshake,
  responder: SecureHandshake,
  tamper: Tamper = (message) => message,
): [SecureChannel, SecureChannel] {
  responder.read(tamper(initiator.write(), 0))
  initiator.read(tamper(responder.write(), 1))
  responder.read(tamper(initiator.write(), 2))
  return [initiator.result(), responder.result()]
}

test.for([
  { name: 'node with node', a: nodeSuite, b: nodeSuite },
  { name: 'node with noble', a: nodeSuite, b: nobleSuite },
  { name: 'noble with node', a: nobleSuite, b: nodeSuite },
])('$name agree on everything', { tags: ['HS-1'] }, ({ a, b }) => {
  const [near, far] = run(side(a, 'initiator'), side(b, 'responder'))
  expect(near.handshakeHash).toEqual(far.handshakeHash)
  expect(near.exporter).toEqual(far.exporter)
  expect(near.exporter).not.toEqual(near.handshakeHash)
  expect(near.streamMuxer).toBe('/yamux/1.0.0')
  expect(near.remote.ed25519Key).toHaveLength(32)
  expect(far.remote.mlDsa44Key).toHaveLength(1312)
  const text = new TextEncoder().encode('over the tunnel')
  expect(far.receive.open(near.send.seal(text))).toEqual(text)
  expect(near.receive.open(far.send.seal(text))).toEqual(text)
})

test.for([0, 1, 2])(
  'a bit changed anywhere in message %i fails at a named step',
  { tags: ['HS-2', 'THR-3'] },
  (number) => {
    let length = 0
    run(side(nodeSuite, 'initiator'), side(nodeSuite, 'responder'), (message, at) => {
      if (at === number) length = message.length
      return message
    })
    const step = Math.max(1, Math.floor(length / 48))
    for (let index = 0; index < length; index += step) {
      const attempt = (): unknown =>
        run(side(nodeSuite, 'initiator'), side(nodeSuite, 'responder'), (message, at) =>
          at === number ? flipped(message, index) : message,
        )
      expect(attempt, `byte ${index}`).toThrow(HandshakeError)
      expect(attempt, `byte ${index}`).toThrow(
        expect.objectContaining({ step: expect.any(String) as string }),
      )
    }
  },
)

test('a message that is cut, lengthened or replayed fails', { tags: ['HS-2', 'THR-3'] }, () => {
  for (const change of [
    (m: Uint8Array) => m.subarray(0, -1),
    (m: Uint8Array) => new Uint8Array([...m, 0]),
    () => new Uint8Array(),
  ]) {
    for (const number of [0, 1, 2]) {
      const attempt = (): unknown =>
        run(side(nodeSuite, 'initiator'), side(nodeSuite, 'responder'), (m, at) =>
          at === number ? change(m) : m,
        )
      expect(attempt).toThrow(HandshakeError)
    }
  }
  const responder = side(nodeSuite, 'responder')
  responder.read(side(nodeSuite, 'initiator').write())
  const replayed = responder.write()
  const other = side(nodeSuite, 'initiator')
  other.write()
  expect(() => other.read(replayed)).toThrow(HandshakeError)
})

test('another mesh fails, and the handshake is spent after it', { tags: ['HS-3', 'HS-4'] }, () => {
  const initiator = side(nodeSuite, 'initiator', 'zQmOther')
  const responder = side(nodeSuite, 'responder')
  responder.read(initiator.write())
  const answer = responder.write()
  expect(() => initiator.read(answer)).toThrow(HandshakeError)
  expect(() => initiator.read(answer)).toThrow(HandshakeError)
  expect(() => initiator.write()).toThrow(HandshakeError)
  expect(() => initiator.result()).toThrow(HandshakeError)
})

function call(): { near: CallSession; far: CallSession; hello: Uint8Array; reply: Uint8Array } {
  const shared = {
    suite: nodeSuite,
    exporter: nodeSuite.randomBytes(32),
    handshakeHash: nodeSuite.randomBytes(32),
    protocol: '/warren/call/1',
    openerRole: 'initiator' as const,
  }
  const opener = new CallInitiator(shared)
  const hello = opener.hello()
  const { reply, session } = new CallResponder(shared).answer(hello)
  return { near: opener.finish(reply), far: session, hello, reply }
}

const DATA = new Uint8Array([1, 2, 3])

test('data goes both ways, and only an explicit end is an end', { tags: ['HS-5', 'THR-4'] }, () => {
  const { near, far } = call()
  const frames = (bytes: Uint8Array): ReturnType<FrameDecoder['push']> =>
    new FrameDecoder().push(bytes)
  expect(far.open(frames(near.sealData(DATA))[0]!)).toEqual({ type: 'data', data: DATA })
  expect(near.open(frames(far.sealData(DATA))[0]!)).toEqual({ type: 'data', data: DATA })
  const cut = call()
  cut.far.open(frames(cut.near.sealData(DATA))[0]!)
  expect(() => cut.far.requireFinal()).toThrow(expect.objectContaining({ code: 'truncated' }))
  expect(far.open(frames(near.sealFinal())[0]!)).toEqual({
    type: 'final',
    data: new Uint8Array(0),
  })
  expect(near.open(frames(far.sealFinal(DATA))[0]!)).toEqual({ type: 'final', data: DATA })
  expect(() => far.requireFinal()).not.toThrow()
})

test(
  'changed, replayed, reordered and reflected frames end the call',
  { tags: ['HS-6', 'THR-4'] },
  () => {
    const open = (session: CallSession, bytes: Uint8Array): void => {
      const [frame] = new FrameDecoder().push(bytes)
      expect(frame).toBeDefined()
      session.open(frame!)
    }
    const attacks: readonly ((pair: ReturnType<typeof call>) => void)[] = [
      ({ near, far }) => open(far, flipped(near.sealData(DATA), 8)),
      ({ near, far }) => open(far, flipped(near.sealData(DATA), 4)),
      ({ near, far }) => {
        const frame = near.sealData(DATA)
        open(far, frame)
        open(far, frame)
      },
      ({ near, far }) => {
        near.sealData(DATA)
        open(far, near.sealData(DATA))
      },
      ({ near }) => open(near, near.sealData(DATA)),
    ]
    for (const attack of attacks) {
      const pair = call()
      expect(() => attack(pair)).toThrow(HandshakeError)
    }
    const { near, far } = call()
    expect(() => open(far, flipped(near.sealData(DATA), 8))).toThrow(HandshakeError)
    expect(() => open(far, near.sealData(DATA))).toThrow(HandshakeError)
  },
)

test('a changed hello or reply fails key confirmation', { tags: ['HS-6'] }, () => {
  const shared = {
    suite: nodeSuite,
    exporter: nodeSuite.randomBytes(32),
    handshakeHash: nodeSuite.randomBytes(32),
    protocol: '/warren/call/1',
    openerRole: 'initiator' as const,
  }
  for (const index of [0, 5, 600, 1135]) {
    const opener = new CallInitiator(shared)
    const { reply } = new CallResponder(shared).answer(opener.hello())
    expect(() => opener.finish(flipped(reply, index))).toThrow(HandshakeError)
  }
  const opener = new CallInitiator(shared)
  const { reply } = new CallResponder({ ...shared, openerRole: 'responder' }).answer(opener.hello())
  expect(() => opener.finish(reply)).toThrow(HandshakeError)
})

test('a decoder takes nothing beyond the end of its direction', { tags: ['HS-5'] }, () => {
  const { near, far } = call()
  const frames = [near.sealData(DATA), near.sealFinal(DATA)]
  const bytes = Buffer.concat([...frames, DATA])
  const [data, final, ...more] = new FrameDecoder().push(bytes)
  expect(far.open(data!)).toEqual({ type: 'data', data: DATA })
  expect(far.open(final!)).toEqual({ type: 'final', data: DATA })
  expect(more).toEqual([])

  const endsAt = bytes.length - DATA.length
  for (let cut = 1; cut <= bytes.length; cut += 1) {
    const decoder = new FrameDecoder()
    const got = [...decoder.push(bytes.subarray(0, cut))]
    if (cut < endsAt) got.push(...decoder.push(bytes.subarray(cut)))
    expect(got).toHaveLength(2)
    const behind = cut < endsAt ? bytes.subarray(endsAt) : bytes.subarray(endsAt, cut)
    expect([...decoder.rest]).toEqual([...behind])
    expect(() => decoder.push(DATA)).toThrow(expect.objectContaining({ code: 'frame-after-end' }))
  }
})

test('an error frame ends its direction for the decoder as well', { tags: ['HS-5'] }, () => {
  const { near } = call()
  const decoder = new FrameDecoder()
  expect(decoder.push(Buffer.concat([near.sealError('tool-failed'), DATA]))).toHaveLength(1)
  expect([...decoder.rest]).toEqual([...DATA])
})
