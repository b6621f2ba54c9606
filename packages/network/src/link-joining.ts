import type { Stream } from '@libp2p/interface'
import type { Multiaddr } from '@multiformats/multiaddr'
import type { Channel } from './channel.ts'
import { answerJoin, requestJoin } from './join-exchange.ts'
import type { LinkDialing } from './link-dialing.ts'
import { NetworkError } from './network-error.ts'
import type { NetworkEventHub } from './network-events.ts'
import type { NetworkLimits } from './network-limits.ts'
import { bareAddress, parsePeerAddress } from './peer-address.ts'
import type { PeerLink } from './peer-link.ts'
import type { JoinPort } from './ports.ts'
import { StreamReader } from './stream-reader.ts'

export interface LinkJoiningComponents {
  readonly limits: NetworkLimits
  readonly dialing: LinkDialing
  readonly events: NetworkEventHub
  readonly port: JoinPort | undefined
}

/** Joining a mesh, on both sides: the one thing besides admission that a stranger may do. */
export class LinkJoining {
  readonly #components: LinkJoiningComponents
  /** Addresses that are being dialled in order to join: on those connections no admission is begun. */
  readonly #expected: string[] = []

  constructor(components: LinkJoiningComponents) {
    this.#components = components
  }

  isExpected(address: Multiaddr): boolean {
    return this.#expected.includes(bareAddress(address))
  }

  /** The stranger's side: connects, asks, and leaves. */
  async request(
    address: string,
    request: (channel: Channel) => Uint8Array,
    signal: AbortSignal,
  ): Promise<Uint8Array> {
    const { limits, dialing } = this.#components
    const target = parsePeerAddress(address)
    const patience = AbortSignal.any([signal, AbortSignal.timeout(limits.joinTimeoutMs)])
    const link = await this.#expecting(bareAddress(target), async () =>
      dialing.open(target, patience),
    )
    link.begin('joining')
    try {
      const stream = await link.openStream(patience)
      const reader = new StreamReader(stream)
      const exchange = { stream, reader, limits, signal: patience }
      return await requestJoin(exchange, request(link.channel))
    } catch (error) {
      throw joinError(error)
    } finally {
      await this.#leave(link)
    }
  }

  /** The side that makes members. */
  async answer(link: PeerLink, on: { stream: Stream; reader: StreamReader }): Promise<void> {
    const { limits, port, events } = this.#components
    if (port === undefined) throw new NetworkError('join-unavailable', 'nobody can join here')
    const timeout = AbortSignal.timeout(limits.joinTimeoutMs)
    const signal = AbortSignal.any([link.ended, timeout])
    const { peerId, direction, channel } = link
    let graceMs = 0
    try {
      const code = await answerJoin({ ...on, limits, signal }, port, channel)
      const address = channel.remoteAddress
      const sentence = 'a request to join was refused'
      if (code !== undefined) {
        events.emit('refused', { peerId, address, direction, by: 'us', code, sentence })
      }
      await on.stream.close({ signal })
      graceMs = limits.refusalGraceMs
    } finally {
      await this.#leave(link, graceMs)
    }
  }

  async #leave(link: PeerLink, graceMs = 0): Promise<void> {
    // A member may use the connection on which it answers for what members do.
    if (link.state === 'admitted') return
    const reason = new NetworkError('peer-lost', 'the request to join has been answered')
    await link.close(reason, { timeoutMs: this.#components.limits.closeTimeoutMs, graceMs })
  }

  async #expecting<T>(address: string, dial: () => Promise<T>): Promise<T> {
    this.#expected.push(address)
    try {
      return await dial()
    } finally {
      this.#expected.splice(this.#expected.indexOf(address), 1)
    }
  }
}

/** A peer that offers no joining resets the stream. */
function joinError(error: unknown): unknown {
  const isReset =
    error instanceof NetworkError &&
    (error.code === 'stream-reset' || error.code === 'stream-truncated')
  if (!isReset) return error
  return new NetworkError('join-unavailable', 'the peer takes no requests to join', {
    cause: error,
  })
}
