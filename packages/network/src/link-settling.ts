import type { Stream } from '@libp2p/interface'
import { NetworkError } from './network-error.ts'
import type { NetworkEventHub } from './network-events.ts'
import type { NetworkLimits } from './network-limits.ts'
import type { NetworkLogger } from './network-logger.ts'
import type { PeerLink } from './peer-link.ts'
import type { AdmissionPort, RecordLink, RecordsPort } from './ports.ts'
import { reasonCodeOf, stableCode } from './reason-code.ts'
import { RecordChannel } from './record-channel.ts'
import type { StreamReader } from './stream-reader.ts'

export interface LinkSettlingComponents {
  readonly admission: AdmissionPort
  /** Absent on nodes that exchange no records: there each connection is settled at once. */
  readonly records: RecordsPort | undefined
  readonly limits: NetworkLimits
  readonly events: NetworkEventHub
  readonly logger: NetworkLogger
  /** Called when the connection may be used for everything. */
  readonly onSettled: (link: PeerLink, did: string) => void
}

/**
 * What lies between two verdicts and the use of a connection: both sides bring what they know of the mesh to
 * one level, and the peer is judged once more by what was learnt.
 */
export class LinkSettling {
  readonly #components: LinkSettlingComponents
  readonly #channels = new WeakMap<PeerLink, RecordChannel>()

  constructor(components: LinkSettlingComponents) {
    this.#components = components
  }

  /** Both sides have admitted each other. */
  begin(link: PeerLink, did: string): void {
    if (!link.markSettling(did)) return
    const { records } = this.#components
    if (records === undefined) this.#settle(link, did)
    else this.#openChannel(link, did, records)
  }

  /** Serves the records stream that the peer has opened. */
  async receive(link: PeerLink, on: { stream: Stream; reader: StreamReader }): Promise<void> {
    const channel = this.#channels.get(link)
    if (channel === undefined) throw new NetworkError('protocol-refused', 'not admitted')
    await channel.receive(on.stream, on.reader)
  }

  #openChannel(link: PeerLink, did: string, port: RecordsPort): void {
    const { limits } = this.#components
    const settle = (): void => this.#settle(link, did)
    const heard = this.#limitTime(link)
    const channel = new RecordChannel(link, did, { port, limits, settle, heard })
    this.#channels.set(link, channel)
    link.ended.addEventListener('abort', () => this.#tellEnd(channel, port))
    channel.open()
    try {
      port.connected(channel)
    } catch (error) {
      channel.cut(reasonCodeOf(error, 'records-failed'))
    }
  }

  /** Cuts what does not settle: where nothing is heard any more, and in the end anyway. Returns what to call when something is. */
  #limitTime(link: PeerLink): () => void {
    const { settleTimeoutMs, settleTotalMs } = this.#components.limits
    const giveUp = (): void => {
      link.cut(new NetworkError('settle-timeout', 'the connection was not settled in time'))
    }
    const silence = setTimeout(giveUp, settleTimeoutMs)
    const total = setTimeout(giveUp, settleTotalMs)
    const stop = (): void => {
      clearTimeout(silence)
      clearTimeout(total)
    }
    link.admission.then(stop, stop)
    return () => {
      if (link.state === 'settling') silence.refresh()
    }
  }

  #tellEnd(channel: RecordLink, port: RecordsPort): void {
    try {
      port.disconnected(channel)
    } catch (error) {
      // The connection is over whatever the port makes of it.
      this.#components.logger.log('error', 'records-failed', { message: String(error) })
    }
  }

  /** Why a member may not stay on a connection, by what is known now. */
  objection(link: PeerLink, did: string): string | undefined {
    try {
      const code = this.#components.admission.stillAdmitted?.(did, link.channel)
      return code === undefined ? undefined : stableCode(code)
    } catch (error) {
      // A judge that fails admits nobody.
      return reasonCodeOf(error, 'admission-failed')
    }
  }

  #settle(link: PeerLink, did: string): void {
    if (link.state !== 'settling') return
    const code = this.objection(link, did)
    if (code === undefined) this.#components.onSettled(link, did)
    else this.#refuse(link, code)
  }

  #refuse(link: PeerLink, code: string): void {
    const { peerId, direction } = link
    const address = link.channel.remoteAddress
    const sentence = 'what was learnt while settling speaks against the member'
    link.cut(new NetworkError('admission-refused-by-us', sentence, { peerCode: code }))
    const refusal = { peerId, address, direction, by: 'us', code, sentence } as const
    this.#components.events.emit('refused', refusal)
  }
}
