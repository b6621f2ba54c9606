import type { Connection } from '@libp2p/interface'
import type { Clock } from '@warren/core'
import { SECURE_HANDSHAKE_PROTOCOL } from '@warren/handshake'
import type { ChannelBindings } from './channel-binding.ts'
import { NetworkError } from './network-error.ts'
import type { NetworkLimits } from './network-limits.ts'
import { PeerLink } from './peer-link.ts'
import { type StreamHandlers, StreamDoorKeeper } from './stream-door-keeper.ts'

export interface LinkRegistryComponents {
  readonly clock: Clock
  readonly limits: NetworkLimits
  readonly bindings: ChannelBindings
  handlersOf(link: PeerLink): StreamHandlers
}

/** Every connection that there is, from the moment it is open, with the watch over those that say nothing. */
export class LinkRegistry {
  readonly #components: LinkRegistryComponents
  readonly #links = new Map<PeerLink, Watch>()
  readonly #byConnection = new WeakMap<Connection, PeerLink>()
  readonly #watching: NodeJS.Timeout

  constructor(components: LinkRegistryComponents) {
    this.#components = components
    const { keepAliveIntervalMs } = components.limits
    this.#watching = setInterval(() => this.#dropSilent(), keepAliveIntervalMs)
    this.#watching.unref()
  }

  /** Takes a connection that has just been opened; one that is not bound to a handshake of ours is cut. */
  open(connection: Connection): PeerLink | undefined {
    const { clock, bindings, limits } = this.#components
    const bound = bindings.find(connection.timeline)
    if (bound === undefined || connection.encryption !== SECURE_HANDSHAKE_PROTOCOL) {
      connection.abort(
        new NetworkError('channel-unbound', 'the connection has no handshake of ours'),
      )
      return undefined
    }
    const link = new PeerLink({ connection, bound, openedAtMs: clock.monotonicMs() })
    this.#links.set(link, { receivedBytes: 0, silentIntervals: 0 })
    this.#byConnection.set(connection, link)
    const keeper = new StreamDoorKeeper(link, this.#components.handlersOf(link), limits)
    link.setDoor((stream, handOver) => keeper.receive(stream, handOver))
    const impatience = setTimeout(() => this.#dropStranger(link), limits.strangerTimeoutMs)
    link.ended.addEventListener('abort', () => {
      clearTimeout(impatience)
      this.#links.delete(link)
    })
    return link
  }

  find(connection: Connection): PeerLink | undefined {
    return this.#byConnection.get(connection)
  }

  all(): readonly PeerLink[] {
    return [...this.#links.keys()]
  }

  /** Calls, or settling, keep a connection for as long as its member likes: without a bound it could hold all that there are. */
  cutSurplus(did: string): void {
    const own = this.all().filter((link) => link.did === did)
    const surplus = own.slice(0, -this.#components.limits.connectionsPerMemberMax)
    const reason = new NetworkError('peer-duplicate', 'the member has too many connections')
    for (const link of surplus) link.cut(reason)
  }

  async close(): Promise<void> {
    clearInterval(this.#watching)
    const { closeTimeoutMs: timeoutMs } = this.#components.limits
    const reason = new NetworkError('network-not-running', 'this node is going down')
    await Promise.all(this.all().map(async (link) => link.close(reason, { timeoutMs })))
  }

  #dropStranger(link: PeerLink): void {
    if (link.state === 'stranger') {
      link.cut(new NetworkError('admission-timeout', 'the peer did not say who it is'))
    }
  }

  /** Counts intervals and not time, so that a pause of this process is not taken for one of the peer. */
  #dropSilent(): void {
    const { silentIntervalsMax } = this.#components.limits
    for (const [link, watch] of this.#links) {
      const { receivedBytes } = link
      watch.silentIntervals = receivedBytes === watch.receivedBytes ? watch.silentIntervals + 1 : 0
      watch.receivedBytes = receivedBytes
      if (watch.silentIntervals >= silentIntervalsMax) {
        link.cut(new NetworkError('peer-silent', 'nothing has come from the peer for too long'))
      }
    }
  }
}

interface Watch {
  receivedBytes: number
  silentIntervals: number
}
