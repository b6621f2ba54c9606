import type { CryptoSuite } from '@warren/crypto'
import {
  CALL_HELLO_BYTES,
  CALL_REPLY_BYTES,
  type CallInit,
  CallInitiator,
  CallResponder,
  type Role,
} from '@warren/handshake'
import { concat } from 'uint8arrays/concat'
import type { Carrier, SessionStream } from './call-stream.ts'
import { CALL_PROTOCOL, readEcho, SELECTIONS } from './multistream-lines.ts'
import { NetworkError } from './network-error.ts'
import type { NetworkLimits } from './network-limits.ts'
import type { PeerLink } from './peer-link.ts'
import { sendAll } from './send-all.ts'
import { StreamReader } from './stream-reader.ts'

export interface CallSessionComponents {
  readonly suite: CryptoSuite
  readonly limits: NetworkLimits
}

export interface SessionOpening {
  readonly signal: AbortSignal
  /** A stream that has carried a call before; a new one where there is none. */
  readonly carrier?: Carrier | undefined
}

/**
 * Agrees a session with the peer in one round trip. On a new stream the selection goes ahead of the
 * hello, in one message.
 *
 * @throws NetworkError `protocol-refused`, `call-session-failed`, `stream-reset`, `peer-lost`; the reason of the signal
 */
export async function openSession(
  link: PeerLink,
  { suite, limits }: CallSessionComponents,
  { signal, carrier }: SessionOpening,
): Promise<SessionStream> {
  const initiator = new CallInitiator(callInit(suite, link, link.binding.role))
  let stream = carrier?.stream
  try {
    stream ??= await link.openStream(signal)
    stream.protocol = CALL_PROTOCOL
    const reader = carrier?.reader ?? new StreamReader(stream, limits.readAheadBytes)
    const selection = carrier === undefined ? [SELECTIONS.call] : []
    await sendAll(stream, concat([...selection, initiator.hello()]), signal)
    if (carrier === undefined) await readEcho(reader, 'call', signal)
    const reply = await reader.exactly(CALL_REPLY_BYTES, signal)
    return { stream, reader, session: initiator.finish(reply) }
  } catch (error) {
    const failure = signal.aborted ? toError(signal.reason) : sessionError(error)
    stream?.abort(failure)
    throw failure
  } finally {
    initiator.wipe()
  }
}

/** Answers a hello: on a new stream the echo of the selection and the reply in one message. */
export async function answerSession(
  link: PeerLink,
  { suite }: CallSessionComponents,
  { stream, reader, signal, isNew }: AnsweredStream,
): Promise<SessionStream> {
  const hello = await reader.exactly(CALL_HELLO_BYTES, signal)
  const opener = link.binding.role === 'initiator' ? 'responder' : 'initiator'
  const { reply, session } = new CallResponder(callInit(suite, link, opener)).answer(hello)
  stream.protocol = CALL_PROTOCOL
  try {
    await sendAll(stream, concat([...(isNew ? [SELECTIONS.call] : []), reply]), signal)
  } catch (error) {
    session.wipe()
    throw error
  }
  return { stream, reader, session }
}

export interface AnsweredStream extends Carrier {
  readonly signal: AbortSignal
  readonly isNew: boolean
}

function callInit(suite: CryptoSuite, link: PeerLink, openerRole: Role): CallInit {
  const { exporter, handshakeHash } = link.binding
  return { suite, exporter, handshakeHash, protocol: CALL_PROTOCOL, openerRole }
}

function sessionError(error: unknown): NetworkError {
  if (error instanceof NetworkError) return error
  const message = 'no call session could be agreed with the peer'
  return new NetworkError('call-session-failed', message, { cause: error })
}

function toError(reason: unknown): Error {
  return reason instanceof Error ? reason : new NetworkError('stream-over', 'the call was given up')
}
