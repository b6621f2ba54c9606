import type { Connection } from '@libp2p/interface'
import { peerIdFromString } from '@libp2p/peer-id'
import type { Libp2p } from 'libp2p'
import { AdmittedPeers } from './admitted-peers.ts'
import { AuditExchange } from './audit-exchange.ts'
import { callAllowances } from './call-allowances.ts'
import type { CallStream } from './call-stream.ts'
import type { ChannelBindings } from './channel-binding.ts'
import type { ConnectionGate } from './connection-gate.ts'
import type { Dialer } from './dialer.ts'
import type { Expulsions } from './expulsions.ts'
import { KnownPeers } from './known-peers.ts'
import type { NodeServices } from './libp2p-node.ts'
import { LinkAdmission } from './link-admission.ts'
import { type CallHandler, LinkCalls } from './link-calls.ts'
import { LinkDialing } from './link-dialing.ts'
import { LinkJoining } from './link-joining.ts'
import { LinkRegistry } from './link-registry.ts'
import { LinkSettling } from './link-settling.ts'
import { NetworkError } from './network-error.ts'
import type { NetworkEventHub } from './network-events.ts'
import type { NetworkInit } from './network-init.ts'
import type { NetworkLimits } from './network-limits.ts'
import type { PeerLink } from './peer-link.ts'
import { forgetInDht } from './private-dht.ts'
import type { StreamHandlers } from './stream-door-keeper.ts'

export interface PeerHubComponents {
  readonly init: NetworkInit
  readonly limits: NetworkLimits
  readonly expulsions: Expulsions
  readonly events: NetworkEventHub
  readonly bindings: ChannelBindings
  readonly gate: ConnectionGate
  readonly ownPeerId: string
  readonly node: () => Libp2p<NodeServices>
  readonly dialer: () => Dialer
}

/** What becomes of each connection: a stranger at the door, an admitted peer with calls, an expelled one. */
export class PeerHub {
  readonly dialing: LinkDialing
  readonly joining: LinkJoining
  readonly peers: AdmittedPeers
  readonly #components: PeerHubComponents
  readonly #links: LinkRegistry
  readonly #known: KnownPeers
  readonly #admission: LinkAdmission
  readonly #settling: LinkSettling
  readonly #audit: AuditExchange
  #handler: CallHandler | undefined

  constructor(components: PeerHubComponents) {
    const { init, limits, expulsions, events, bindings, ownPeerId } = components
    const { clock, suite } = init
    this.#components = components
    this.#known = new KnownPeers(limits.knownPeersMax)
    this.#audit = new AuditExchange(limits, init.audit)
    const allowances = callAllowances(limits)
    this.peers = new AdmittedPeers({
      clock,
      limits,
      events,
      ownPeerId,
      known: this.#known,
      makeCalls: (link) =>
        new LinkCalls(link, { clock, suite, limits, allowances, handler: () => this.#handler }),
      sourceOf: (peerId) => components.dialer().sourceOf(peerId),
      onCurrent: (link) => this.#identify(link),
      onLost: (peerId) => components.dialer().redial(peerId),
    })
    this.#admission = new LinkAdmission({
      port: init.admission,
      limits,
      expulsions,
      events,
      onAdmitted: (link, did) => {
        components.gate.release(link.connection.timeline)
        this.#settling.begin(link, did)
        this.#links.cutSurplus(did)
      },
    })
    this.#settling = new LinkSettling({
      admission: init.admission,
      records: init.records,
      limits,
      events,
      logger: init.logger,
      onSettled: (link, did) => this.peers.admit(link, did),
    })
    this.#links = new LinkRegistry({
      clock,
      limits,
      bindings,
      handlersOf: (link) => this.#handlersOf(link),
    })
    this.dialing = new LinkDialing({ node: components.node, links: this.#links })
    this.joining = new LinkJoining({ limits, dialing: this.dialing, port: init.join, events })
  }

  /** A connection has been opened, by this side or the other. */
  receive(connection: Connection): void {
    const link = this.#links.open(connection)
    if (link === undefined || link.direction === 'inbound') return
    if (this.joining.isExpected(connection.remoteAddr)) return
    // It deals with its own failures.
    void this.#admission.initiate(link)
  }

  setCallHandler(handler: CallHandler): void {
    this.#handler = handler
  }

  async openCall(did: string, signal: AbortSignal): Promise<CallStream> {
    if (this.peers.ofMember(did) === undefined) {
      const known = this.#known.get(did)
      if (known === undefined) {
        throw new NetworkError('peer-unknown', 'this member has not been met yet')
      }
      await this.dialing.redial(known, signal)
    }
    const admitted = this.peers.ofMember(did)
    if (admitted === undefined) throw new NetworkError('peer-lost', 'the peer has gone again')
    try {
      return await admitted.calls.open(signal)
    } catch (error) {
      // Nothing of the call has been sent yet, so it may start again where another connection has taken over.
      const current = this.peers.ofMember(did)
      if (signal.aborted || current === undefined || current === admitted) throw error
      return current.calls.open(signal)
    }
  }

  async askAudit(did: string, request: Uint8Array, signal: AbortSignal): Promise<Uint8Array> {
    const admitted = this.peers.ofMember(did)
    if (admitted === undefined) {
      throw new NetworkError('peer-unknown', 'this member is not connected')
    }
    return this.#audit.ask(admitted.link, request, signal)
  }

  /** Ends the connections to one peer; it may come back. */
  cut(peerId: string, reason: NetworkError): void {
    for (const link of this.#links.all()) if (link.peerId === peerId) link.cut(reason)
  }

  drop(did: string, code: string): void {
    this.#components.expulsions.dropMember(did, code)
    this.#cutMember(did, code)
  }

  async expel(did: string, code: string): Promise<void> {
    const { expulsions, dialer } = this.#components
    const known = this.#known.get(did)
    const peerIds = new Set(this.#linksOf(did).map(({ peerId }) => peerId))
    if (known !== undefined) peerIds.add(known.peerId)
    for (const peerId of peerIds) expulsions.expelPeer(peerId, did)
    expulsions.expelMember(did, code)
    this.#cutMember(did, code)
    this.#known.forget(did)
    for (const peerId of peerIds) dialer().forget(peerId)
    await Promise.all([...peerIds].map(async (peerId) => this.#forget(peerId)))
  }

  rejudge(did: string): readonly string[] {
    return this.#linksOf(did).flatMap((link) => {
      const code = this.#settling.objection(link, did)
      if (code === undefined) return []
      link.cut(expelled(code))
      return [code]
    })
  }

  async close(): Promise<void> {
    await this.#links.close()
  }

  #linksOf(did: string): readonly PeerLink[] {
    return this.#links.all().filter((link) => link.did === did)
  }

  #cutMember(did: string, code: string): void {
    const reason = expelled(code)
    for (const link of this.#linksOf(did)) link.cut(reason)
  }

  async #forget(peerId: string): Promise<void> {
    const { services, peerStore } = this.#components.node()
    const peer = peerIdFromString(peerId)
    await forgetInDht(services.dht, peer)
    await peerStore.delete(peer)
  }

  /** libp2p's own protocols start here: it learns only now what the peer speaks, once that has settled, too. */
  #identify(link: PeerLink): void {
    const { node, init, limits } = this.#components
    const signal = AbortSignal.timeout(limits.settleTotalMs + limits.negotiationTimeoutMs)
    node()
      .services.identify.identify(link.connection, { signal })
      .catch((error: unknown) => {
        if (link.state === 'closed' || link.isRetired) return
        const fields = { peerId: link.peerId, reason: String(error) }
        init.logger.log('warn', 'identify-failed', fields)
      })
  }

  #handlersOf(link: PeerLink): StreamHandlers {
    const { join, records } = this.#components.init
    return {
      admission: async (stream, reader) => this.#admission.answer(link, stream, reader),
      call: async (stream, reader) => {
        const calls = this.peers.callsOn(link)
        if (calls === undefined) throw new NetworkError('protocol-refused', 'not admitted')
        await calls.accept(stream, reader)
      },
      audit: async (stream, reader) => this.#audit.answer(link, { stream, reader }),
      ...(records !== undefined && {
        records: async (stream, reader) => this.#settling.receive(link, { stream, reader }),
      }),
      ...(join !== undefined && {
        join: async (stream, reader) => this.joining.answer(link, { stream, reader }),
      }),
    }
  }
}

function expelled(code: string): NetworkError {
  return new NetworkError('peer-expelled', 'the member was expelled', { peerCode: code })
}
