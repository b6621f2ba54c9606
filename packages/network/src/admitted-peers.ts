import type { Clock } from '@warren/core'
import type { AddressSource } from './dial-target.ts'
import type { KnownPeers } from './known-peers.ts'
import type { LinkCalls } from './link-calls.ts'
import { NetworkError } from './network-error.ts'
import type { DiscoveredBy, NetworkEventHub, Peer } from './network-events.ts'
import type { NetworkLimits } from './network-limits.ts'
import type { PeerLink } from './peer-link.ts'
import { type AdmittedLink, PeerTable } from './peer-table.ts'

/** The side that did not open a losing connection leaves the closing of it to the other, within reason. */
const OTHERS_GRACE_FACTOR = 8

export interface AdmittedPeersComponents {
  readonly clock: Clock
  readonly limits: NetworkLimits
  readonly events: NetworkEventHub
  readonly known: KnownPeers
  readonly ownPeerId: string
  readonly makeCalls: (link: PeerLink) => LinkCalls
  sourceOf(peerId: string): AddressSource | undefined
  /** The peer has a connection for the first time or a better one: what else there is may start on it. */
  onCurrent(link: PeerLink): void
  onLost(peerId: string): void
}

/** The admitted peers: one connection each, its calls, and who came and went. */
export class AdmittedPeers {
  readonly #components: AdmittedPeersComponents
  readonly #table: PeerTable
  readonly #calls = new WeakMap<PeerLink, LinkCalls>()
  /** Every admitted connection that is open, in the order of admission: the current ones and those that serve their last calls. */
  readonly #open = new Set<AdmittedLink>()

  constructor(components: AdmittedPeersComponents) {
    this.#components = components
    this.#table = new PeerTable(components.ownPeerId, components.limits.simultaneousDialMs)
  }

  isConnected(peerId: string): boolean {
    return this.#table.ofPeer(peerId) !== undefined
  }

  ofMember(did: string): AdmittedLink | undefined {
    return this.#table.ofMember(did)
  }

  callsOn(link: PeerLink): LinkCalls | undefined {
    return this.#calls.get(link)
  }

  /** Every member with an admitted connection that is open, also one that only serves its last calls. */
  members(): readonly string[] {
    return [...new Set([...this.#open].map(({ did }) => did))]
  }

  all(): readonly Peer[] {
    return this.#table.all().map((admitted) => this.#peerOf(admitted))
  }

  /** This connection may be used for everything now. */
  admit(link: PeerLink, did: string): void {
    if (link.state === 'closed') return
    const { clock, known, makeCalls } = this.#components
    const calls = makeCalls(link)
    const admitted: AdmittedLink = { link, did, calls, admittedAtMs: clock.wallMs() }
    this.#calls.set(link, calls)
    const dialled = link.direction === 'outbound' ? link.channel.remoteAddress : undefined
    known.remember(did, link.peerId, dialled)
    const placement = this.#table.place(admitted)
    this.#open.add(admitted)
    link.ended.addEventListener('abort', () => this.#onEnded(admitted))
    link.admit(did)
    if (!placement.isCurrent) {
      this.#retire(admitted)
      return
    }
    if (placement.retired === undefined) {
      this.#components.events.emit('admitted', this.#peerOf(admitted))
    } else {
      this.#retire(placement.retired)
    }
    this.#components.onCurrent(link)
  }

  /** Another connection serves this peer: this one ends when its calls have, and not before those on their way can come. */
  #retire({ link, calls }: AdmittedLink): void {
    const { duplicateGraceMs, closeTimeoutMs } = this.#components.limits
    const factor = link.direction === 'outbound' ? 1 : OTHERS_GRACE_FACTOR
    const reason = new NetworkError('peer-duplicate', 'another connection serves this peer')
    const timer = setTimeout(() => {
      // `close` deals with its own failures.
      void calls.retire().then(async () => link.close(reason, { timeoutMs: closeTimeoutMs }))
    }, duplicateGraceMs * factor)
    link.ended.addEventListener('abort', () => clearTimeout(timer))
    calls.stopPreparing()
    link.retire()
  }

  #onEnded(admitted: AdmittedLink): void {
    this.#open.delete(admitted)
    const { did, link } = admitted
    const { events } = this.#components
    const code = codeOf(link.ended)
    const isLost = this.#table.remove(admitted)
    if (isLost) events.emit('lost', { did, peerId: link.peerId, code })
    if (![...this.#open].some((other) => other.did === did)) events.emit('departed', { did, code })
    if (isLost) this.#components.onLost(link.peerId)
  }

  #peerOf({ link, did, admittedAtMs }: AdmittedLink): Peer {
    const { peerId, remoteAddress: address, direction, suite } = link.channel
    const discoveredBy = this.#discoveredBy(link)
    return { did, peerId, address, direction, suite, admittedAtMs, discoveredBy }
  }

  #discoveredBy({ peerId, direction }: PeerLink): DiscoveredBy {
    const source = this.#components.sourceOf(peerId)
    return source ?? (direction === 'inbound' ? 'inbound' : 'dial')
  }
}

/** What the records have ended the connection for says more than that they did. */
function codeOf({ reason }: AbortSignal): string {
  if (!(reason instanceof NetworkError)) return 'peer-lost'
  return reason.code === 'records-cut' ? (reason.peerCode ?? reason.code) : reason.code
}
