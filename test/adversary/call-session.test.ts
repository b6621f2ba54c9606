import { nodeSuite } from '@warren/crypto'
import {
  type CallInit,
  CallInitiator,
  CallResponder,
  type CallSession,
  FRAME_BYTES_MAX,
  FRAME_PLAINTEXT_BYTES_MAX,
  type Frame,
  FrameDecoder,
  type HandshakeError,
  TRANSPORT_CIPHERTEXT_BYTES_MAX,
  TRANSPORT_PLAINTEXT_BYTES_MAX,
  TransportCipher,
} from '@warren/handshake'
import { concat } from 'uint8arrays/concat'
import { fromString } from 'uint8arrays/from-string'
import { describe, expect, test } from 'vitest'
import { flipped, refusalOf } from './support/handshake-victim.ts'

/* Somebody between the two sides of a call who can change, keep, repeat and swap what goes by, even inside the channel. */

const CHANNEL = {
  suite: nodeSuite,
  exporter: nodeSuite.randomBytes(32),
  handshakeHash: nodeSuite.randomBytes(32),
  protocol: '/warren/call/1',
  openerRole: 'initiator',
} as const satisfies CallInit

const DATA = fromString('call the tool')
const LOW_ORDER = fromString(
  '5f9c95bca3508c24b1d0b1559c83ef5b04445cc4581c8e86d8224eddd09f1157',
  'hex',
)

interface Call {
  readonly opener: CallSession
  readonly answerer: CallSession
}

function call(init: Partial<CallInit> = {}): Call {
  const initiator = new CallInitiator({ ...CHANNEL, ...init })
  const { reply, session } = new CallResponder({ ...CHANNEL, ...init }).answer(initiator.hello())
  return { opener: initiator.finish(reply), answerer: session }
}

/** One exchange with either message changed, and what it ends in. */
function exchange(changes: {
  readonly hello?: (bytes: Uint8Array) => Uint8Array
  readonly reply?: (bytes: Uint8Array) => Uint8Array
  readonly answererInit?: Partial<CallInit>
}): HandshakeError | undefined {
  const { hello = same, reply = same, answererInit = {} } = changes
  return refusalOf(() => {
    const initiator = new CallInitiator(CHANNEL)
    const responder = new CallResponder({ ...CHANNEL, ...answererInit })
    const answer = responder.answer(hello(initiator.hello()))
    initiator.finish(reply(answer.reply))
  })
}

function same(bytes: Uint8Array): Uint8Array {
  return bytes
}

function open(session: CallSession, bytes: Uint8Array): ReturnType<CallSession['open']> {
  const [frame, ...others] = new FrameDecoder().push(bytes)
  expect(others).toEqual([])
  if (frame === undefined) throw new Error('that was less than a frame')
  return session.open(frame)
}

/** After a refusal the keys are gone: the right frame is not opened either. */
function expectEnded(session: CallSession, frame: Uint8Array): void {
  expect(refusalOf(() => open(session, frame))).toMatchObject({ code: 'session-wiped' })
}

describe('an exchange that is bound to something else', () => {
  test('agrees when it is bound to the same', { tags: ['HS-6'] }, () => {
    expect(exchange({})).toBeUndefined()
  })

  test.for<{ name: string; answererInit: Partial<CallInit> }>([
    { name: 'another exporter', answererInit: { exporter: flipped(CHANNEL.exporter, 31) } },
    { name: 'another channel', answererInit: { handshakeHash: flipped(CHANNEL.handshakeHash, 0) } },
    { name: 'another protocol', answererInit: { protocol: '/warren/call/2' } },
    { name: 'a call from the other side', answererInit: { openerRole: 'responder' } },
  ])('$name: stops at the confirmation', { tags: ['HS-6'] }, ({ answererInit }) => {
    expect(exchange({ answererInit })).toMatchObject({
      code: 'key-confirmation-failed',
      step: 'call.confirmation',
    })
  })
})

describe('a bit flipped in the exchange', () => {
  const unconfirmed = { code: 'key-confirmation-failed', step: 'call.confirmation' }
  const bits = (from: number, to: number): readonly (readonly [number, number])[] =>
    [from, (from + to) >> 1, to - 1].flatMap((index) => [0, 7].map((bit) => [index, bit] as const))

  test.for([
    { field: 'the X25519 key', from: 1, to: 33 },
    { field: 'the seed of the ML-KEM key', from: 1185, to: 1217 },
  ])('in $field of the hello stops at the confirmation', { tags: ['HS-6'] }, ({ from, to }) => {
    for (const [index, bit] of bits(from, to)) {
      expect(exchange({ hello: (hello) => flipped(hello, index, bit) })).toMatchObject(unconfirmed)
    }
  })

  test('in the version of the hello stops at the hello', { tags: ['HS-6'] }, () => {
    for (let bit = 0; bit < 8; bit += 1) {
      expect(exchange({ hello: (hello) => flipped(hello, 0, bit) })).toMatchObject({
        code: 'hello-malformed',
        step: 'call.hello',
      })
    }
  })

  test('in a coefficient of the hello stops at one or the other', { tags: ['HS-6'] }, () => {
    for (const [index, bit] of bits(33, 1185)) {
      const refused = exchange({ hello: (hello) => flipped(hello, index, bit) })
      const malformed = { code: 'kem-failed', step: 'call.hello' }
      expect(refused).toMatchObject(refused?.code === 'kem-failed' ? malformed : unconfirmed)
    }
    const broken = (hello: Uint8Array): Uint8Array => hello.slice().fill(0xff, 33, 36)
    expect(exchange({ hello: broken })).toMatchObject({ code: 'kem-failed', step: 'call.hello' })
  })

  test.for([
    { field: 'the X25519 key', from: 0, to: 32 },
    { field: 'the ML-KEM ciphertext', from: 32, to: 1120 },
    { field: 'the tag', from: 1120, to: 1136 },
  ])('in $field of the reply stops at the confirmation', { tags: ['HS-6'] }, ({ from, to }) => {
    for (const [index, bit] of bits(from, to)) {
      expect(exchange({ reply: (reply) => flipped(reply, index, bit) })).toMatchObject(unconfirmed)
    }
  })
})

describe('an exchange of a wrong form', () => {
  test('an all-zero agreement stops at the message that wants it', { tags: ['HS-11'] }, () => {
    const overwritten = (at: number) => (bytes: Uint8Array) => {
      const copy = bytes.slice()
      copy.set(LOW_ORDER, at)
      return copy
    }
    const code = 'key-agreement-failed'
    expect(exchange({ hello: overwritten(1) })).toMatchObject({ code, step: 'call.hello' })
    expect(exchange({ reply: overwritten(0) })).toMatchObject({ code, step: 'call.reply' })
  })

  test('a hello or a reply of another length is refused', { tags: ['HS-12'] }, () => {
    for (const change of [
      (bytes: Uint8Array) => bytes.subarray(0, -1),
      (bytes: Uint8Array) => Uint8Array.from([...bytes, 0]),
      () => new Uint8Array(0),
    ]) {
      expect(exchange({ hello: change })).toMatchObject({
        code: 'hello-malformed',
        step: 'call.hello',
      })
      expect(exchange({ reply: change })).toMatchObject({
        code: 'message-length',
        step: 'call.reply',
      })
    }
  })
})

describe('a recorded exchange that is played again', () => {
  test('the hello leads to other keys: no recorded frame opens', { tags: ['HS-6'] }, () => {
    const initiator = new CallInitiator(CHANNEL)
    const hello = initiator.hello()
    const first = new CallResponder(CHANNEL).answer(hello)
    const recorded = initiator.finish(first.reply).sealData(DATA)
    const again = new CallResponder(CHANNEL).answer(hello)
    expect(again.session.transcriptHash).not.toEqual(first.session.transcriptHash)
    expect(refusalOf(() => open(again.session, recorded))).toMatchObject({
      code: 'decryption-failed',
      step: 'call.body',
    })
    expect(open(first.session, recorded)).toEqual({ type: 'data', data: DATA })
  })

  test('the reply to another hello is not confirmed', { tags: ['HS-6'] }, () => {
    const { reply } = new CallResponder(CHANNEL).answer(new CallInitiator(CHANNEL).hello())
    expect(exchange({ reply: () => reply })).toMatchObject({
      code: 'key-confirmation-failed',
      step: 'call.confirmation',
    })
  })

  test('a second hello or reply to the same side is refused', { tags: ['HS-6'] }, () => {
    const initiator = new CallInitiator(CHANNEL)
    const responder = new CallResponder(CHANNEL)
    const hello = initiator.hello()
    const { reply } = responder.answer(hello)
    initiator.finish(reply)
    expect(refusalOf(() => responder.answer(hello))).toMatchObject({ code: 'spent' })
    expect(refusalOf(() => initiator.finish(reply))).toMatchObject({ code: 'spent' })
    expect(refusalOf(() => initiator.hello())).toMatchObject({ code: 'spent' })
  })
})

describe('a frame that is changed', () => {
  const opened = { code: 'decryption-failed', step: 'call.body' }

  test('in any byte of its body stops at the body', { tags: ['HS-6'] }, () => {
    for (let index = 5; index < 5 + DATA.length + 16; index += 1) {
      const { opener, answerer } = call()
      const frame = opener.sealData(DATA)
      expect(refusalOf(() => open(answerer, flipped(frame, index)))).toMatchObject(opened)
      expectEnded(answerer, frame)
    }
  })

  test.for([
    { name: 'to the type of the other direction', type: 2, code: 'frame-type' },
    { name: 'to no type', type: 0, code: 'frame-type' },
    { name: 'to a type that there is not yet', type: 5, code: 'frame-type' },
  ])('in its type, $name, stops at the header', { tags: ['HS-6'] }, ({ type, code }) => {
    const { opener, answerer } = call()
    const frame = opener.sealData(DATA)
    const changed = frame.slice()
    changed[4] = type
    expect(refusalOf(() => open(answerer, changed))).toMatchObject({ code, step: 'call.header' })
  })

  test.for([
    { name: 'from data to the end', from: 'data', type: 3 },
    { name: 'from data to an error', from: 'data', type: 4 },
    { name: 'from the end to data', from: 'final', type: 1 },
  ])('in its type, $name, stops at the body', { tags: ['HS-6'] }, ({ from, type }) => {
    const { opener, answerer } = call()
    const frame = from === 'data' ? opener.sealData(DATA) : opener.sealFinal(DATA)
    const changed = frame.slice()
    changed[4] = type
    expect(refusalOf(() => open(answerer, changed))).toMatchObject(opened)
    expectEnded(answerer, frame)
  })

  test('in its length is cut elsewhere, and does not open', { tags: ['HS-6'] }, () => {
    const { opener, answerer } = call()
    const frames = concat([opener.sealData(DATA), opener.sealData(DATA)])
    const longer = 2
    const [first] = new FrameDecoder().push(
      flipped(frames.subarray(0, 5 + DATA.length + 16 + longer), 3, 1),
    )
    expect(refusalOf(() => first && answerer.open(first))).toMatchObject(opened)
    const again = call()
    const [frame] = new FrameDecoder().push(again.opener.sealData(DATA))
    const lying: Frame | undefined = frame && { ...frame, body: frame.body.subarray(1) }
    expect(refusalOf(() => lying && again.answerer.open(lying))).toMatchObject({
      code: 'frame-length',
      step: 'call.header',
    })
  })
})

describe('frames that come otherwise than they were sent', () => {
  const refused = { code: 'decryption-failed', step: 'call.body' }

  test.for<{ name: string; taken: readonly number[]; wrong: number }>([
    { name: 'the second in front', taken: [], wrong: 1 },
    { name: 'one repeated', taken: [0], wrong: 0 },
    { name: 'one left out', taken: [0], wrong: 2 },
    { name: 'an old one later', taken: [0, 1, 2], wrong: 1 },
    { name: 'the end in front', taken: [], wrong: 3 },
    { name: 'the end too early', taken: [0, 1], wrong: 3 },
  ])('$name: the call ends there', { tags: ['HS-6'] }, ({ taken, wrong }) => {
    const { opener, answerer } = call()
    const data = [1, 2, 3].map((byte) => opener.sealData(Uint8Array.of(byte)))
    const frames = [...data, opener.sealFinal()]
    const at = (index: number): Uint8Array => frames[index] ?? new Uint8Array(0)
    for (const index of taken) open(answerer, at(index))
    expect(refusalOf(() => open(answerer, at(wrong)))).toMatchObject(refused)
    expectEnded(answerer, at(taken.length))
  })

  test('a frame that is sent back to its sender is refused', { tags: ['HS-6'] }, () => {
    const { opener } = call()
    const frame = opener.sealData(DATA)
    expect(refusalOf(() => open(opener, frame))).toMatchObject({
      code: 'frame-type',
      step: 'call.header',
    })
    const other = call()
    const end = other.opener.sealFinal()
    expect(refusalOf(() => open(other.opener, end))).toMatchObject(refused)
  })

  test('a frame of another call is refused', { tags: ['HS-6'] }, () => {
    const { answerer } = call()
    expect(refusalOf(() => open(answerer, call().opener.sealData(DATA)))).toMatchObject(refused)
  })
})

describe('the end of a direction', () => {
  test.for([
    { name: 'nothing came', frames: 0 },
    { name: 'data came and no end', frames: 2 },
  ])('is missing when $name', { tags: ['HS-5'] }, ({ frames }) => {
    const { opener, answerer } = call()
    for (let count = 0; count < frames; count += 1) open(answerer, opener.sealData(DATA))
    expect(refusalOf(() => answerer.requireFinal())).toMatchObject({
      code: 'truncated',
      step: 'call.end',
    })
    expectEnded(answerer, opener.sealData(DATA))
  })

  test('is missing when the stream ends inside of a frame', { tags: ['HS-5'] }, () => {
    const frame = call().opener.sealData(DATA)
    for (const length of [1, 4, 5, frame.length - 1]) {
      const decoder = new FrameDecoder()
      expect(decoder.push(frame.subarray(0, length))).toEqual([])
      expect(refusalOf(() => decoder.requireBoundary())).toMatchObject({
        code: 'truncated',
        step: 'call.end',
      })
    }
    const decoder = new FrameDecoder()
    expect(decoder.push(frame)).toHaveLength(1)
    expect(() => decoder.requireBoundary()).not.toThrow()
  })

  test.for(['final', 'error'] as const)(
    'by a %s frame is the last that is sent or opened',
    { tags: ['HS-5'] },
    (type) => {
      const end = (session: CallSession): Uint8Array =>
        type === 'final' ? session.sealFinal() : session.sealError('tool-failed')
      const receiving = call()
      const late = call().opener.sealData(DATA)
      open(receiving.answerer, end(receiving.opener))
      expect(() => receiving.answerer.requireFinal()).not.toThrow()
      expect(refusalOf(() => open(receiving.answerer, late))).toMatchObject({
        code: 'frame-after-end',
        step: 'call.header',
      })
      for (const more of [
        (session: CallSession) => session.sealData(DATA),
        (session: CallSession) => session.sealFinal(),
        (session: CallSession) => session.sealError('too-late'),
      ]) {
        const { opener } = call()
        end(opener)
        expect(refusalOf(() => more(opener))).toMatchObject({
          code: 'frame-after-end',
          step: 'call.seal',
        })
      }
    },
  )

  test('leaves the other direction open', { tags: ['HS-5'] }, () => {
    const { opener, answerer } = call()
    open(answerer, opener.sealFinal())
    expect(open(opener, answerer.sealData(DATA))).toEqual({ type: 'data', data: DATA })
    expect(open(opener, answerer.sealError('tool-failed'))).toEqual({
      type: 'error',
      code: 'tool-failed',
    })
  })

  test('an error code is 1 to 64 characters of its alphabet', { tags: ['HS-5'] }, () => {
    for (const code of ['a', 'a-0', 'z'.repeat(64)]) {
      const { opener, answerer } = call()
      expect(open(answerer, opener.sealError(code))).toEqual({ type: 'error', code })
    }
    for (const code of ['', 'z'.repeat(65), 'A', 'a b', 'ä']) {
      expect(
        refusalOf(() => call().opener.sealError(code)),
        code,
      ).toMatchObject({
        code: 'error-code-malformed',
        step: 'call.seal',
      })
    }
  })
})

describe('a frame or a transport message on the edge of its length', () => {
  test('of a call is sealed and opened, and one byte more is not', { tags: ['HS-12'] }, () => {
    const { opener, answerer } = call()
    const most = opener.sealData(new Uint8Array(FRAME_PLAINTEXT_BYTES_MAX))
    expect(most).toHaveLength(FRAME_BYTES_MAX)
    expect(FRAME_BYTES_MAX).toBe(65_507)
    expect(open(answerer, most)).toEqual({
      type: 'data',
      data: new Uint8Array(FRAME_PLAINTEXT_BYTES_MAX),
    })
    for (const length of [0, FRAME_PLAINTEXT_BYTES_MAX + 1]) {
      expect(refusalOf(() => call().opener.sealData(new Uint8Array(length)))).toMatchObject({
        code: 'frame-length',
        step: 'call.seal',
      })
    }
  })

  test.for([
    { type: 1, least: 17, most: 65_502 },
    { type: 2, least: 17, most: 65_502 },
    { type: 3, least: 16, most: 65_502 },
    { type: 4, least: 17, most: 80 },
  ])('of type $type has $least to $most bytes behind its header', { tags: ['HS-12'] }, (limits) => {
    const header = (length: number): Uint8Array => {
      const bytes = Uint8Array.of(0, 0, 0, 0, limits.type)
      new DataView(bytes.buffer).setUint32(0, length)
      return bytes
    }
    for (const length of [limits.least, limits.most]) {
      expect(new FrameDecoder().push(header(length))).toEqual([])
    }
    for (const length of [0, limits.least - 1, limits.most + 1, 2 ** 32 - 1]) {
      const decoder = new FrameDecoder()
      const refused = { code: 'frame-length', step: 'call.header' }
      expect(refusalOf(() => decoder.push(header(length)))).toMatchObject(refused)
      expect(refusalOf(() => decoder.push(new Uint8Array(0)))).toMatchObject(refused)
    }
  })

  test('of the channel is sealed and opened, and one byte more is not', { tags: ['HS-12'] }, () => {
    const aead = nodeSuite.chaCha20Poly1305
    const key = nodeSuite.randomBytes(32)
    const cipher = (): TransportCipher => new TransportCipher({ aead, key: key.slice() })
    for (const length of [0, TRANSPORT_PLAINTEXT_BYTES_MAX]) {
      const sealed = cipher().seal(new Uint8Array(length))
      expect(sealed).toHaveLength(length + 16)
      expect(cipher().open(sealed)).toEqual(new Uint8Array(length))
    }
    expect(TRANSPORT_CIPHERTEXT_BYTES_MAX).toBe(65_535)
    const tooLong = new Uint8Array(TRANSPORT_PLAINTEXT_BYTES_MAX + 1)
    const code = 'message-length'
    expect(refusalOf(() => cipher().seal(tooLong))).toMatchObject({ code, step: 'transport.seal' })
    for (const length of [0, 15, TRANSPORT_CIPHERTEXT_BYTES_MAX + 1]) {
      const refused = refusalOf(() => cipher().open(new Uint8Array(length)))
      expect(refused).toMatchObject({ code, step: 'transport.open' })
    }
  })
})

describe('a key that has sealed or opened as often as it may', () => {
  test('refuses the next transport message', { tags: ['HS-13'] }, () => {
    const aead = nodeSuite.chaCha20Poly1305
    const key = nodeSuite.randomBytes(32)
    const [limited, other] = [2, 3].map(
      (messagesMax) => new TransportCipher({ aead, key: key.slice(), messagesMax }),
    )
    if (limited === undefined || other === undefined) throw new Error('there are two')
    const messages = [0, 1, 2].map(() => other.seal(DATA))
    expect(limited.open(messages[0] ?? DATA)).toEqual(DATA)
    expect(limited.open(messages[1] ?? DATA)).toEqual(DATA)
    const code = 'counter-exhausted'
    expect(refusalOf(() => limited.open(messages[2] ?? DATA))).toMatchObject({
      code,
      step: 'transport.open',
    })
    expect(refusalOf(() => other.seal(DATA))).toMatchObject({ code, step: 'transport.seal' })
  })

  test('refuses the next frame of a call, in both directions', { tags: ['HS-13'] }, () => {
    const { opener, answerer } = call({ framesMax: 2 })
    for (let count = 0; count < 2; count += 1) open(answerer, opener.sealData(DATA))
    const code = 'counter-exhausted'
    expect(refusalOf(() => opener.sealData(DATA))).toMatchObject({ code, step: 'call.seal' })
    const initiator = new CallInitiator({ ...CHANNEL, framesMax: 3 })
    const { reply, session } = new CallResponder({ ...CHANNEL, framesMax: 2 }).answer(
      initiator.hello(),
    )
    const sender = initiator.finish(reply)
    for (let count = 0; count < 2; count += 1) open(session, sender.sealData(DATA))
    const third = sender.sealData(DATA)
    expect(refusalOf(() => open(session, third))).toMatchObject({ code, step: 'call.body' })
    expectEnded(session, third)
  })
})
