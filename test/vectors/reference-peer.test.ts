import { concat } from 'uint8arrays/concat'
import { fromString } from 'uint8arrays/from-string'
import { expect, test } from 'vitest'
import { bytes } from './channel-vector.ts'
import { readCallVector, readChannelVector } from './handshake-vector-files.ts'
import { hex } from './recording-suite.ts'
import { referenceCall, referenceFrame } from './reference-call.ts'
import { ReferenceNoise } from './reference-noise.ts'

/*
 * The second recomputation, on the @noble libraries alone. It also takes the randomness of the
 * encapsulation, which node:crypto cannot, and it is the peer that breaks rules in the tests.
 */

test.for(['channel', 'channel-without-muxer'])(
  'the reference peer makes the messages of %s as well',
  { tags: ['HS-9'] },
  (name) => {
    const vector = readChannelVector(name)
    const [a, b, c] = vector.messages
    const prologue = bytes(vector.prologue)
    const initiator = new ReferenceNoise({
      s: bytes(vector.initiator.staticPrivateKey),
      e: bytes(vector.initiator.ephemeralPrivateKey),
      kemSeed: bytes(vector.initiator.mlKem768Randomness),
      prologue,
    })
    const responder = new ReferenceNoise({
      s: bytes(vector.responder.staticPrivateKey),
      e: bytes(vector.responder.ephemeralPrivateKey),
      coins: bytes(vector.responder.mlKem768Randomness),
      prologue,
    })
    const payloadOf = (message: typeof a) => (h: Uint8Array) => {
      expect(hex(h)).toBe(message?.payloadHash)
      return bytes(message?.payload ?? '')
    }
    const messageA = initiator.writeA()
    expect(hex(messageA)).toBe(a?.message)
    responder.readA(messageA)
    const messageB = responder.writeB(payloadOf(b))
    expect(hex(messageB)).toBe(b?.message)
    expect(hex(initiator.readB(messageB).payload)).toBe(b?.payload)
    expect(hex(initiator.writeC(payloadOf(c)))).toBe(c?.message)
    expect(hex(initiator.h)).toBe(vector.handshakeHash)
    const { exporter, initiatorKey, responderKey } = initiator.split()
    expect([exporter, initiatorKey, responderKey].map(hex)).toEqual([
      vector.exporter,
      vector.initiatorKey,
      vector.responderKey,
    ])
  },
)

test.for(['initiator', 'responder'] as const)(
  'the reference peer makes the call that the %s has opened as well',
  { tags: ['HS-9'] },
  (role) => {
    const vector = readCallVector(`call-from-${role}`)
    const { hello, reply, th, keys } = referenceCall({
      exporter: bytes(vector.exporter),
      handshakeHash: bytes(vector.handshakeHash),
      protocol: vector.protocol,
      callId: role === 'initiator' ? 'I' : 'R',
      eC: bytes(vector.opener.x25519PrivateKey),
      kemSeed: bytes(vector.opener.mlKem768Seed),
      eS: bytes(vector.answerer.x25519PrivateKey),
      coins: bytes(vector.answerer.mlKem768Coins),
    })
    expect([hello, reply, th, ...keys].map(hex)).toEqual([
      vector.hello,
      vector.reply,
      vector.transcriptHash,
      vector.openerKey,
      vector.answererKey,
      vector.confirmationKey,
    ])
    const [openerKey, answererKey] = keys
    const first = referenceFrame(openerKey, 0, {
      type: 1,
      plaintext: fromString('the first part of the request, '),
    })
    const answer = referenceFrame(answererKey, 0, { type: 2, plaintext: fromString('a') })
    expect(hex(concat([first, answer]))).toBe(
      [vector.frames[0], vector.frames[2]].map((recorded) => recorded?.frame).join(''),
    )
  },
)
