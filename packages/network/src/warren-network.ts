import { publicKeyFromRaw } from '@libp2p/crypto/keys'
import type { PeerInfo } from '@libp2p/interface'
import { peerIdFromPublicKey, peerIdFromString } from '@libp2p/peer-id'
import type { Libp2p } from 'libp2p'
import type { CallStream } from './call-stream.ts'
import type { Channel } from './channel.ts'
import { ChannelBindings } from './channel-binding.ts'
import { ConnectionGate } from './connection-gate.ts'
import { Dialer } from './dialer.ts'
import { Expulsions } from './expulsions.ts'
import { InboundAllowance } from './inbound-allowance.ts'
import { createNode, type NodeServices } from './libp2p-node.ts'
import type { CallHandler } from './link-calls.ts'
import { listenFault } from './listen-fault.ts'
import type { Network } from './network.ts'
import { NetworkError } from './network-error.ts'
import {
  NetworkEventHub,
  type NetworkEvents,
  type NetworkListener,
  type Peer,
} from './network-events.ts'
import type { NetworkInit } from './network-init.ts'
import { NETWORK_LIMITS, type NetworkLimits } from './network-limits.ts'
import { parsePeerAddress, peerIdOfAddress, withPeerId } from './peer-address.ts'
import { PeerHub } from './peer-hub.ts'
import { type DiversityStatus, PeerSeeker } from './peer-seeker.ts'
import type { MeshPort } from './ports.ts'
import { type DhtStatus, dhtStatus, namedNear } from './private-dht.ts'
import { GossipDesk, type GossipJudge } from './private-gossip.ts'
import { protectPeer } from './protect-peer.ts'

/** Puts the parts together: libp2p, the gate, the peers and the dialler, from start to stop. */
export class WarrenNetwork implements Network {
  readonly peerId: string
  readonly #init: NetworkInit
  readonly #limits: NetworkLimits
  readonly #events: NetworkEventHub
  readonly #expulsions: Expulsions
  readonly #bindings = new ChannelBindings()
  readonly #gate: ConnectionGate
  readonly #hub: PeerHub
  readonly #dialer: Dialer
  readonly #gossip: GossipDesk
  readonly #seeker: PeerSeeker | undefined
  #node: Libp2p<NodeServices> | undefined

  constructor(init: NetworkInit) {
    // @libp2p/noise prints private keys when this is set; nothing that is loaded here may ever do so.
    delete process.env['DUMP_SESSION_KEYS']
    const limits = { ...NETWORK_LIMITS, ...init.limits }
    this.#expulsions = new Expulsions(init.clock, limits.blockedPeersMax)
    const expulsions = this.#expulsions
    this.#init = init
    this.#limits = limits
    this.peerId = peerIdFromPublicKey(
      publicKeyFromRaw(init.privateIdentity.ed25519.publicKey),
    ).toString()
    this.#events = new NetworkEventHub(init.logger)
    this.#gate = new ConnectionGate(new InboundAllowance(init.clock, limits), expulsions)
    this.#hub = new PeerHub({
      init,
      limits,
      expulsions,
      events: this.#events,
      bindings: this.#bindings,
      gate: this.#gate,
      ownPeerId: this.peerId,
      node: () => this.#running(),
      dialer: () => this.#dialer,
    })
    this.#gossip = new GossipDesk({
      meshId: init.meshId,
      limits,
      logger: init.logger,
      cut: (peerId, reason) => this.#hub.cut(peerId, reason),
    })
    this.#dialer = new Dialer({
      clock: init.clock,
      random: init.suite,
      limits,
      logger: init.logger,
      connect: async (address, signal) => (await this.#hub.dialing.dial(address, signal)).peerId,
      isConnected: (peerId) => this.#hub.peers.isConnected(peerId),
    })
    this.#seeker = init.mesh && this.#createSeeker(init, init.mesh)
  }

  addresses(): readonly string[] {
    return this.#running().getMultiaddrs().map(String)
  }

  async start(): Promise<void> {
    if (this.#node !== undefined) return
    // A malformed one is said before anything is begun.
    for (const text of this.#init.staticPeers) parsePeerAddress(text)
    const node = await createNode({
      init: this.#init,
      limits: this.#limits,
      bindings: this.#bindings,
      gate: this.#gate,
      peerId: this.peerId,
      onLanPeer: (peer) => this.#onLanPeer(peer),
    })
    node.addEventListener('connection:open', ({ detail }) => this.#hub.receive(detail))
    this.#node = node
    try {
      await node.start()
    } catch (error) {
      this.#node = undefined
      throw listenFault(error)
    }
    this.#gossip.open(node.services.pubsub)
    this.#dialStatics()
    this.#seeker?.start()
  }

  async stop(): Promise<void> {
    const node = this.#node
    if (node === undefined) return
    await this.#seeker?.stop()
    await this.#dialer.stop()
    await this.#hub.close()
    await node.stop()
    this.#node = undefined
  }

  peers(): readonly Peer[] {
    return this.#hub.peers.all()
  }

  members(): readonly string[] {
    return this.#hub.peers.members()
  }

  async dial(address: string, signal: AbortSignal): Promise<Channel> {
    return this.#hub.dialing.dial(address, signal)
  }

  async join(
    address: string,
    request: (channel: Channel) => Uint8Array,
    signal: AbortSignal,
  ): Promise<Uint8Array> {
    return this.#hub.joining.request(address, request, signal)
  }

  async openCall(did: string, signal: AbortSignal): Promise<CallStream> {
    return this.#hub.openCall(did, signal)
  }

  onCall(handler: CallHandler): void {
    this.#hub.setCallHandler(handler)
  }

  async askAudit(did: string, request: Uint8Array, signal: AbortSignal): Promise<Uint8Array> {
    return this.#hub.askAudit(did, request, signal)
  }

  async expel(did: string, code: string): Promise<void> {
    await this.#hub.expel(did, code)
  }

  pardon(did: string): void {
    this.#expulsions.pardon(did)
    this.#dialStatics()
  }

  drop(did: string, code: string): void {
    this.#hub.drop(did, code)
  }

  rejudge(did: string): readonly string[] {
    return this.#hub.rejudge(did)
  }

  async publish(bytes: Uint8Array): Promise<number> {
    return this.#gossip.publish(this.#running().services.pubsub, bytes)
  }

  onGossip(judge: GossipJudge): void {
    this.#gossip.setJudge(judge)
  }

  dht(): DhtStatus {
    return dhtStatus(this.#running().services.dht, this.#init.meshId)
  }

  diversity(): DiversityStatus | undefined {
    return this.#seeker?.status()
  }

  on<K extends keyof NetworkEvents>(event: K, listener: NetworkListener<K>): () => void {
    return this.#events.on(event, listener)
  }

  #createSeeker({ clock, suite, logger }: NetworkInit, mesh: MeshPort): PeerSeeker {
    return new PeerSeeker({
      clock,
      random: suite,
      limits: this.#limits,
      logger,
      mesh,
      ownPeerId: this.peerId,
      dialer: this.#dialer,
      peers: () => this.#hub.peers.all(),
      lookUp: (key, signal) => namedNear(this.#running().services.dht, key, signal),
      keyOf: (peerId) => peerIdFromString(peerId).toMultihash().bytes,
      protect: async (peerId) => protectPeer(this.#running().peerStore, peerId),
    })
  }

  /** Those that the dialler has already stay as they are. */
  #dialStatics(): void {
    for (const text of this.#init.staticPeers) {
      const address = parsePeerAddress(text)
      this.#dialer.addStatic(address.toString(), peerIdOfAddress(address))
    }
  }

  #onLanPeer({ id, multiaddrs }: PeerInfo): void {
    const peerId = id.toString()
    const addresses = multiaddrs.map((address) => withPeerId(address, peerId))
    this.#events.emit('discovered', { peerId, addresses })
    this.#dialer.addDiscovered(peerId, addresses)
  }

  #running(): Libp2p<NodeServices> {
    if (this.#node === undefined) {
      throw new NetworkError('network-not-running', 'the network has not been started')
    }
    return this.#node
  }
}
