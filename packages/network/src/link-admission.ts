import type { Stream } from '@libp2p/interface'
import {
  type AdmissionExchange,
  type AdmissionOutcome,
  answerAdmission,
  initiateAdmission,
} from './admission-exchange.ts'
import type { Expulsions } from './expulsions.ts'
import { NetworkError } from './network-error.ts'
import type { NetworkEventHub } from './network-events.ts'
import type { NetworkLimits } from './network-limits.ts'
import type { PeerLink } from './peer-link.ts'
import type { AdmissionPort } from './ports.ts'
import { reasonCodeOf } from './reason-code.ts'
import { StreamReader } from './stream-reader.ts'

export interface LinkAdmissionComponents {
  readonly port: AdmissionPort
  readonly limits: NetworkLimits
  readonly expulsions: Expulsions
  readonly events: NetworkEventHub
  /** Called when both sides have admitted each other. */
  readonly onAdmitted: (link: PeerLink, did: string) => void
}

/** Runs the admission of one connection and deals with how it ends: in, refused, or failed. */
export class LinkAdmission {
  readonly #components: LinkAdmissionComponents

  constructor(components: LinkAdmissionComponents) {
    this.#components = components
  }

  /** The side that opened the connection. */
  async initiate(link: PeerLink): Promise<void> {
    if (!link.begin('admitting')) return
    await this.#run(link, async (signal) => {
      const stream = await link.openStream(signal)
      const reader = new StreamReader(stream)
      return [stream, await initiateAdmission(this.#exchange(link, { stream, reader, signal }))]
    })
  }

  /** The other side, on the stream that the peer has opened. */
  async answer(link: PeerLink, stream: Stream, reader: StreamReader): Promise<void> {
    await this.#run(link, async (signal) => [
      stream,
      await answerAdmission(this.#exchange(link, { stream, reader, signal })),
    ])
  }

  async #run(
    link: PeerLink,
    exchange: (signal: AbortSignal) => Promise<readonly [Stream, AdmissionOutcome]>,
  ): Promise<void> {
    const timeout = AbortSignal.timeout(this.#components.limits.admissionTimeoutMs)
    try {
      const [stream, outcome] = await exchange(AbortSignal.any([link.ended, timeout]))
      stream.close().catch((error: unknown) => stream.abort(asError(error)))
      if (outcome.admitted) this.#admit(link, outcome.did)
      else await this.#refuse(link, outcome)
    } catch (error) {
      await this.#fail(link, error, timeout.aborted)
    }
  }

  /** The peer chooses when its verdict comes, and the member may have been expelled since ours. */
  #admit(link: PeerLink, did: string): void {
    const { expulsions, onAdmitted } = this.#components
    const code = expulsions.objection(did, link)
    if (code === undefined) onAdmitted(link, did)
    else link.cut(new NetworkError('peer-expelled', 'the member was expelled', { peerCode: code }))
  }

  #exchange(
    link: PeerLink,
    on: Pick<AdmissionExchange, 'stream' | 'reader' | 'signal'>,
  ): AdmissionExchange {
    const { port, limits, expulsions } = this.#components
    return {
      ...on,
      channel: link.channel,
      port,
      limits,
      objection: (did) => expulsions.objection(did, link),
      onOurVerdict: () => link.markJudged(),
    }
  }

  async #refuse(
    link: PeerLink,
    refusal: Extract<AdmissionOutcome, { readonly admitted: false }>,
  ): Promise<void> {
    const { by, code, sentence } = refusal
    const { peerId, direction } = link
    const address = link.channel.remoteAddress
    const error = new NetworkError(`admission-refused-by-${by}`, sentence, { peerCode: code })
    const closed = this.#hangUp(link, error, by === 'us')
    this.#components.events.emit('refused', { peerId, address, direction, by, code, sentence })
    await closed
  }

  /** Neither admitted nor refused: the peer was too slow, went away, or does not speak the protocol. */
  async #fail(link: PeerLink, cause: unknown, isLate: boolean): Promise<void> {
    if (link.state === 'closed') return
    const error = isLate
      ? new NetworkError('admission-timeout', 'admission took too long', { cause })
      : new NetworkError(
          'admission-malformed',
          `admission failed: ${reasonCodeOf(cause, 'error')}`,
          {
            cause,
          },
        )
    await this.#hangUp(link, error, false)
  }

  async #hangUp(link: PeerLink, error: NetworkError, withGrace: boolean): Promise<void> {
    const { closeTimeoutMs, refusalGraceMs } = this.#components.limits
    const grace = withGrace ? { graceMs: refusalGraceMs } : {}
    await link.close(error, { timeoutMs: closeTimeoutMs, ...grace })
  }
}

function asError(error: unknown): Error {
  return error instanceof Error ? error : new NetworkError('stream-reset', String(error))
}
