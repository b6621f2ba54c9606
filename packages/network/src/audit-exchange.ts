import type { Stream } from '@libp2p/interface'
import { concat } from 'uint8arrays/concat'
import { MemberAllowance } from './member-allowance.ts'
import { frameMessage, readMessage } from './message-framing.ts'
import { readEcho, SELECTIONS } from './multistream-lines.ts'
import { NetworkError } from './network-error.ts'
import type { NetworkLimits } from './network-limits.ts'
import type { PeerLink } from './peer-link.ts'
import type { AuditPort } from './ports.ts'
import { sendAll } from './send-all.ts'
import { StreamReader } from './stream-reader.ts'

/** One at a time of each member: whoever asks more waits for its answer first. */
const PER_MEMBER_MAX = 1

/**
 * What members ask one another about their audit logs: one request, one answer, each on a stream of its own.
 *
 * Both sides have one under way for each member. What one side says is bounded before it is read, and a peer that
 * does not hurry costs a stream for `auditTimeoutMs` and nobody else anything.
 */
export class AuditExchange {
  readonly #limits: NetworkLimits
  readonly #port: AuditPort | undefined
  readonly #asking: MemberAllowance
  readonly #answering: MemberAllowance

  constructor(limits: NetworkLimits, port: AuditPort | undefined) {
    const { auditInboundMax: max } = limits
    this.#limits = limits
    this.#port = port
    this.#asking = new MemberAllowance({ perMemberMax: PER_MEMBER_MAX, max: Infinity })
    this.#answering = new MemberAllowance({ perMemberMax: PER_MEMBER_MAX, max })
  }

  async ask(link: PeerLink, request: Uint8Array, signal: AbortSignal): Promise<Uint8Array> {
    if (request.length > this.#limits.auditRequestBytesMax) throw tooLong()
    const free = takePlace(this.#asking, link)
    try {
      return await this.#ask(link, request, this.#patience(link, signal))
    } finally {
      free()
    }
  }

  /** Serves one request that a member has made. */
  async answer(link: PeerLink, on: { stream: Stream; reader: StreamReader }): Promise<void> {
    const { did } = link
    const port = this.#port
    if (port === undefined || did === undefined) {
      throw new NetworkError('protocol-refused', 'nobody answers for audit logs here')
    }
    const { stream, reader } = on
    const free = takePlace(this.#answering, link)
    const signal = this.#patience(link)
    try {
      const request = await readMessage(reader, this.#limits.auditRequestBytesMax, signal)
      const answer = await port.answer(request, did)
      if (answer.length > this.#limits.auditAnswerBytesMax) throw tooLong()
      await sendAll(stream, concat([SELECTIONS.audit, frameMessage(answer)]), signal)
    } finally {
      free()
    }
    await stream.close({ signal })
  }

  async #ask(link: PeerLink, request: Uint8Array, signal: AbortSignal): Promise<Uint8Array> {
    const stream = await link.openStream(signal)
    try {
      const reader = new StreamReader(stream, this.#limits.readAheadBytes)
      await sendAll(stream, concat([SELECTIONS.audit, frameMessage(request)]), signal)
      await readEcho(reader, 'audit', signal)
      const answer = await readMessage(reader, this.#limits.auditAnswerBytesMax, signal)
      await stream.close({ signal })
      return answer
    } catch (error) {
      stream.abort(error instanceof Error ? error : new NetworkError('stream-over', 'given up'))
      throw error
    }
  }

  #patience(link: PeerLink, ...signals: readonly AbortSignal[]): AbortSignal {
    const timeout = AbortSignal.timeout(this.#limits.auditTimeoutMs)
    return AbortSignal.any([link.ended, timeout, ...signals])
  }
}

function takePlace(allowance: MemberAllowance, { did }: PeerLink): () => void {
  const free = did === undefined ? undefined : allowance.take(did)
  if (free !== undefined) return free
  throw new NetworkError('audit-exhausted', 'too many questions about audit logs at once')
}

function tooLong(): NetworkError {
  return new NetworkError('message-too-long', 'what is said about an audit log is too long')
}
