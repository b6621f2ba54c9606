import type { Stream } from '@libp2p/interface'
import { concat } from 'uint8arrays/concat'
import type { Channel } from './channel.ts'
import { frameMessage, readMessage } from './message-framing.ts'
import { readEcho, SELECTIONS } from './multistream-lines.ts'
import { NetworkError } from './network-error.ts'
import type { NetworkLimits } from './network-limits.ts'
import type { JoinPort } from './ports.ts'
import { reasonCodeOf } from './reason-code.ts'
import { sendAll } from './send-all.ts'
import type { StreamReader } from './stream-reader.ts'
import { encodeVerdict, parseVerdict } from './verdict.ts'

export interface JoinExchange {
  readonly stream: Stream
  readonly reader: StreamReader
  readonly limits: NetworkLimits
  readonly signal: AbortSignal
}

/** The stranger's side: one request, one answer. */
export async function requestJoin(
  exchange: JoinExchange,
  request: Uint8Array,
): Promise<Uint8Array> {
  const { stream, reader, limits, signal } = exchange
  if (request.length > limits.joinRequestBytesMax) {
    throw new NetworkError('message-too-long', 'the request to join is too long')
  }
  await sendAll(stream, concat([SELECTIONS.join, frameMessage(request)]), signal)
  await readEcho(reader, 'join', signal)
  const verdict = parseVerdict(await readMessage(reader, limits.verdictBytesMax, signal))
  if (!verdict.ok) {
    const options = { peerCode: verdict.code }
    throw new NetworkError('admission-refused-by-peer', 'the peer refused the request', options)
  }
  return readMessage(reader, limits.joinResponseBytesMax, signal)
}

/** The side that makes members. Returns the code that the stranger was refused with, if it was. */
export async function answerJoin(
  exchange: JoinExchange,
  port: JoinPort,
  channel: Channel,
): Promise<string | undefined> {
  const { stream, reader, limits, signal } = exchange
  const request = await readMessage(reader, limits.joinRequestBytesMax, signal)
  const { verdict, response } = await answer(request)
  await sendAll(
    stream,
    concat([SELECTIONS.join, frameMessage(encodeVerdict(verdict)), ...response.map(frameMessage)]),
    signal,
  )
  return verdict.ok ? undefined : verdict.code

  async function answer(bytes: Uint8Array): Promise<{
    readonly verdict: { readonly ok: true } | { readonly ok: false; readonly code: string }
    readonly response: readonly Uint8Array[]
  }> {
    try {
      const made = await port.answer(bytes, channel, signal)
      if (made.length > limits.joinResponseBytesMax) {
        throw new NetworkError('message-too-long', 'the answer to a request to join is too long')
      }
      return { verdict: { ok: true }, response: [made] }
    } catch (error) {
      return { verdict: { ok: false, code: reasonCodeOf(error, 'join-failed') }, response: [] }
    }
  }
}
