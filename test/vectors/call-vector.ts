import { type CryptoSuite, nobleSuite } from '@warren/crypto'
import {
  CallEphemeral,
  type CallInit,
  CallInitiator,
  CallResponder,
  type CallSession,
  FrameDecoder,
  type Role,
} from '@warren/handshake'
import { fromString } from 'uint8arrays/from-string'
import { bytes, type ChannelVector, fixedBytes, fixedKem } from './channel-vector.ts'
import { hex, recordingSuite } from './recording-suite.ts'

export interface FrameVector {
  readonly from: 'opener' | 'answerer'
  readonly type: 'data' | 'final' | 'error'
  /** The data, or the text of the error code. */
  readonly plaintext: string
  readonly frame: string
}

export interface CallVector {
  readonly exporter: string
  readonly handshakeHash: string
  readonly protocol: string
  readonly openerRole: Role
  readonly opener: { readonly x25519PrivateKey: string; readonly mlKem768Seed: string }
  readonly answerer: { readonly x25519PrivateKey: string; readonly mlKem768Coins: string }
  readonly hello: string
  readonly reply: string
  readonly transcriptHash: string
  readonly openerKey: string
  readonly answererKey: string
  readonly confirmationKey: string
  readonly frames: readonly FrameVector[]
}

export const CALL_ROLES: readonly Role[] = ['initiator', 'responder']

export function callInitOf(
  vector: Pick<CallVector, 'exporter' | 'handshakeHash' | 'protocol' | 'openerRole'>,
  suite: CryptoSuite,
): CallInit {
  return {
    suite,
    exporter: bytes(vector.exporter),
    handshakeHash: bytes(vector.handshakeHash),
    protocol: vector.protocol,
    openerRole: vector.openerRole,
  }
}

/** The opener with the key pairs of its vector. */
export function openerOf(
  vector: Pick<CallVector, 'opener'> & Parameters<typeof callInitOf>[0],
  suite: CryptoSuite,
): CallInitiator {
  const ephemeral = new CallEphemeral({
    x25519: suite.x25519.generate(bytes(vector.opener.x25519PrivateKey)),
    mlKem768: suite.mlKem768.generate(bytes(vector.opener.mlKem768Seed)),
  })
  return new CallInitiator({ ...callInitOf(vector, suite), ephemeral })
}

/** The answerer with the key pair and the encapsulation of its vector. */
export function answererOf(
  vector: Pick<CallVector, 'answerer'> & Parameters<typeof callInitOf>[0],
  suite: CryptoSuite,
): CallResponder {
  return new CallResponder({
    ...callInitOf(vector, suite),
    ephemeralKey: suite.x25519.generate(bytes(vector.answerer.x25519PrivateKey)),
    kem: fixedKem(suite, bytes(vector.answerer.mlKem768Coins)),
  })
}

/** Seals one frame of a vector. */
export function sealFrame(session: CallSession, frame: Omit<FrameVector, 'frame'>): Uint8Array {
  if (frame.type === 'final') return session.sealFinal(bytes(frame.plaintext))
  if (frame.type === 'error')
    return session.sealError(Buffer.from(frame.plaintext, 'hex').toString())
  return session.sealData(bytes(frame.plaintext))
}

/** Opens one whole frame. */
export function openFrame(
  session: CallSession,
  frame: Uint8Array,
): ReturnType<CallSession['open']> {
  const [first, ...others] = new FrameDecoder().push(frame)
  if (first === undefined || others.length > 0) throw new Error('that was not one frame')
  return session.open(first)
}

/** Runs one call over the channel of a vector, opened by the side that had that role in its handshake. */
export function callVector(channel: ChannelVector, openerRole: Role): CallVector {
  const fixed = (what: string, length: number): string =>
    hex(fixedBytes(`call ${openerRole} ${what}`, length))
  const given = {
    exporter: channel.exporter,
    handshakeHash: channel.handshakeHash,
    protocol: '/warren/call/1',
    openerRole,
    opener: {
      x25519PrivateKey: fixed('opener x25519', 32),
      mlKem768Seed: fixed('opener ml-kem', 64),
    },
    answerer: {
      x25519PrivateKey: fixed('answerer x25519', 32),
      mlKem768Coins: fixed('answerer ml-kem', 32),
    },
  }
  const recording = recordingSuite(nobleSuite)
  const initiator = openerOf(given, recording.suite)
  const hello = initiator.hello()
  const { reply, session: answerer } = answererOf(given, nobleSuite).answer(hello)
  const opener = initiator.finish(reply)
  const keys = recording.derivations.flatMap((one) => ('keys' in one ? [one.keys] : []))[0] ?? ''
  return {
    ...given,
    hello: hex(hello),
    reply: hex(reply),
    transcriptHash: hex(opener.transcriptHash),
    openerKey: keys.slice(0, 64),
    answererKey: keys.slice(64, 128),
    confirmationKey: keys.slice(128),
    frames: framesOf(openerRole).map((frame) => {
      const [from, to] = frame.from === 'opener' ? [opener, answerer] : [answerer, opener]
      const sealed = sealFrame(from, frame)
      openFrame(to, sealed)
      return { ...frame, frame: hex(sealed) }
    }),
  }
}

/** A call opened by the initiator ends well, one opened by the responder with an error. */
function framesOf(openerRole: Role): readonly Omit<FrameVector, 'frame'>[] {
  const text = (words: string): string => hex(fromString(words, 'utf8'))
  return [
    { from: 'opener', type: 'data', plaintext: text('the first part of the request, ') },
    { from: 'opener', type: 'data', plaintext: text('the second, ') },
    { from: 'answerer', type: 'data', plaintext: text('a') },
    { from: 'opener', type: 'final', plaintext: text('and the last') },
    openerRole === 'initiator'
      ? { from: 'answerer', type: 'final', plaintext: '' }
      : { from: 'answerer', type: 'error', plaintext: text('tool-failed') },
  ]
}
