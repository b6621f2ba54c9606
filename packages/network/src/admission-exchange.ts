import type { Stream } from '@libp2p/interface'
import { concat } from 'uint8arrays/concat'
import type { Channel } from './channel.ts'
import { frameMessage, readMessage } from './message-framing.ts'
import { readEcho, SELECTIONS } from './multistream-lines.ts'
import { NetworkError } from './network-error.ts'
import type { NetworkLimits } from './network-limits.ts'
import type { AdmissionPort, AdmissionVerdict } from './ports.ts'
import { reasonCodeOf, stableCode } from './reason-code.ts'
import { sendAll } from './send-all.ts'
import type { StreamReader } from './stream-reader.ts'
import { encodeVerdict, parseVerdict, type Verdict } from './verdict.ts'

export interface AdmissionExchange {
  readonly stream: Stream
  readonly reader: StreamReader
  readonly channel: Channel
  readonly port: AdmissionPort
  readonly limits: NetworkLimits
  readonly signal: AbortSignal
  /** Asked when the port has admitted the peer: a code when it may not stay all the same. */
  readonly objection: (did: string) => string | undefined
  /** Told when this side has admitted the peer and only the peer's verdict is missing. */
  readonly onOurVerdict: () => void
}

export type AdmissionOutcome =
  | { readonly admitted: true; readonly did: string }
  | {
      readonly admitted: false
      readonly by: 'us' | 'peer'
      readonly code: string
      readonly sentence: string
    }

const PEER_SENTENCE = 'the peer refuses this node'

/** The side that opened the connection: shows itself first, judges what it is shown in return. */
export async function initiateAdmission(exchange: AdmissionExchange): Promise<AdmissionOutcome> {
  const { stream, reader, limits, signal } = exchange
  const hello = ourHello(exchange)
  await sendAll(stream, concat([SELECTIONS.admission, frameMessage(hello)]), signal)
  await readEcho(reader, 'admission', signal)
  const verdict = await readVerdict(exchange)
  if (!verdict.ok) return refusedByPeer(verdict.code)
  const judged = await judge(exchange, await readMessage(reader, limits.helloBytesMax, signal))
  if (judged.admitted) exchange.onOurVerdict()
  await sendAll(stream, frameMessage(encodeVerdict(verdictOf(judged))), signal)
  return judged.admitted ? judged : { ...judged, by: 'us' }
}

/** The other side: judges first, and shows itself only to a peer that it has admitted. */
export async function answerAdmission(exchange: AdmissionExchange): Promise<AdmissionOutcome> {
  const { stream, reader, limits, signal } = exchange
  const judged = await judge(exchange, await readMessage(reader, limits.helloBytesMax, signal))
  const verdict = frameMessage(encodeVerdict(verdictOf(judged)))
  if (!judged.admitted) {
    await sendAll(stream, concat([SELECTIONS.admission, verdict]), signal)
    return { ...judged, by: 'us' }
  }
  const hello = frameMessage(ourHello(exchange))
  exchange.onOurVerdict()
  await sendAll(stream, concat([SELECTIONS.admission, verdict, hello]), signal)
  const answer = await readVerdict(exchange)
  return answer.ok ? judged : refusedByPeer(answer.code)
}

function ourHello({ port, channel, limits }: AdmissionExchange): Uint8Array {
  const hello = port.hello(channel)
  if (hello.length > limits.helloBytesMax) {
    throw new NetworkError('message-too-long', 'our own hello is longer than a hello may be')
  }
  return hello
}

async function judge(exchange: AdmissionExchange, hello: Uint8Array): Promise<AdmissionVerdict> {
  const judged = await judgement(exchange, hello)
  exchange.signal.throwIfAborted()
  if (!judged.admitted) return { ...judged, code: stableCode(judged.code) }
  const objection = exchange.objection(judged.did)
  if (objection === undefined) return judged
  return { admitted: false, code: stableCode(objection), sentence: 'the member was expelled' }
}

async function judgement(
  { port, channel }: AdmissionExchange,
  hello: Uint8Array,
): Promise<AdmissionVerdict> {
  try {
    return await port.judge(hello, channel)
  } catch (error) {
    // A judge that fails admits nobody.
    const sentence = error instanceof Error ? error.message : 'the peer could not be judged'
    return { admitted: false, code: reasonCodeOf(error, 'admission-failed'), sentence }
  }
}

async function readVerdict({ reader, limits, signal }: AdmissionExchange): Promise<Verdict> {
  return parseVerdict(await readMessage(reader, limits.verdictBytesMax, signal))
}

function verdictOf(judged: AdmissionVerdict): Verdict {
  return judged.admitted ? { ok: true } : { ok: false, code: judged.code }
}

function refusedByPeer(code: string): AdmissionOutcome {
  return { admitted: false, by: 'peer', code, sentence: PEER_SENTENCE }
}
