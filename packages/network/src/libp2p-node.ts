import { generateKeyPairFromSeed } from '@libp2p/crypto/keys'
import type { GossipSub } from '@libp2p/gossipsub'
import { identify, type Identify, identifyPush, type IdentifyPush } from '@libp2p/identify'
import type { PeerDiscovery, PeerInfo, PrivateKey } from '@libp2p/interface'
import type { TransportManager } from '@libp2p/interface-internal'
import type { KadDHT } from '@libp2p/kad-dht'
import { ping, type Ping } from '@libp2p/ping'
import { tcp } from '@libp2p/tcp'
import { yamux, type YamuxMuxerInit } from '@libp2p/yamux'
import type { Signer } from '@warren/crypto'
import { type ConnectionManagerInit, createLibp2p, type Libp2p, type Libp2pOptions } from 'libp2p'
import { announcedAddresses } from './announced-addresses.ts'
import { BoundedDatastore } from './bounded-datastore.ts'
import { boundMuxer } from './bound-muxer.ts'
import { streamCounts } from './call-allowances.ts'
import type { ChannelBindings } from './channel-binding.ts'
import type { ConnectionGate } from './connection-gate.ts'
import { HybridEncrypter } from './hybrid-encrypter.ts'
import { lanDiscovery, type LanDiscoveryComponents } from './lan-discovery.ts'
import { withLinkLocal } from './lan-discovery-tcp.ts'
import type { NetworkInit } from './network-init.ts'
import type { NetworkLimits } from './network-limits.ts'
import { privateDht } from './private-dht.ts'
import { privateGossip } from './private-gossip.ts'
import { silentLogger } from './silent-logger.ts'

/** libp2p's own services. Its kad-dht asks for ping by its type. */
export interface NodeServices extends Record<string, unknown> {
  readonly identify: Identify
  readonly identifyPush: IdentifyPush
  readonly ping: Ping
  readonly dht: KadDHT
  readonly pubsub: GossipSub
}

export interface NodeParts {
  readonly init: NetworkInit
  readonly limits: NetworkLimits
  readonly bindings: ChannelBindings
  readonly gate: ConnectionGate
  readonly peerId: string
  readonly onLanPeer: (peer: PeerInfo) => void
}

const PREFIX = 'warren'
/** Peers may be switched off for a weekend, or a holiday. */
const ADDRESS_AGE_MAX_MS = 7 * 86_400_000
const PEER_AGE_MAX_MS = 30 * 86_400_000

/** A libp2p node that offers one encrypter, dials nobody by itself, and speaks to strangers through our door alone. */
export async function createNode(parts: NodeParts): Promise<Libp2p<NodeServices>> {
  const privateKey = await libp2pKey(parts.init.privateIdentity.ed25519)
  return createLibp2p<NodeServices>({ ...options(parts), privateKey, start: false })
}

function options(parts: NodeParts): Libp2pOptions<NodeServices> {
  const { init, limits, bindings, gate } = parts
  const { suite, meshId, privateIdentity: identity } = init
  let transports: (() => TransportManager) | undefined
  return {
    // Strangers that get through the handshake learn no build.
    nodeInfo: { name: PREFIX, version: '1', userAgent: PREFIX },
    logger: silentLogger,
    datastore: new BoundedDatastore(limits),
    addresses: {
      listen: [...init.listen],
      announce: [...(init.announce ?? [])],
      announceFilter: (addresses) => {
        if (transports === undefined || (init.announce ?? []).length > 0) return addresses
        return [...announcedAddresses(transports().getAddrs(), parts.peerId)]
      },
    },
    transports: [withLinkLocal(tcp({ dialOpts: { noDelay: true, keepAlive: true } }))],
    connectionEncrypters: [
      (components) => {
        transports = () => components.transportManager
        return new HybridEncrypter(components, { suite, identity, meshId, bindings })
      },
    ],
    streamMuxers: [() => boundMuxer(yamux(muxerOptions(limits))(), bindings)],
    peerDiscovery: init.discovery.enabled ? [observedDiscovery(parts)] : [],
    connectionManager: connectionManagerOptions(limits),
    // Silence is judged by ourselves: the monitor aborts a connection after one late ping.
    connectionMonitor: { enabled: false },
    connectionGater: gate,
    peerStore: { maxAddressAge: ADDRESS_AGE_MAX_MS, maxPeerAge: PEER_AGE_MAX_MS },
    services: {
      // Not on opening: identify belongs to what comes after admission.
      identify: identify({ protocolPrefix: PREFIX, runOnConnectionOpen: false }),
      identifyPush: identifyPush({ protocolPrefix: PREFIX }),
      ping: ping({ protocolPrefix: PREFIX }),
      dht: privateDht(meshId),
      pubsub: privateGossip(meshId, limits),
    },
  }
}

async function libp2pKey(signer: Signer): Promise<PrivateKey> {
  const seed = signer.exportSeed()
  try {
    return await generateKeyPairFromSeed('Ed25519', seed)
  } finally {
    seed.fill(0)
  }
}

function observedDiscovery({
  init,
  onLanPeer,
}: NodeParts): (components: LanDiscoveryComponents) => PeerDiscovery {
  const { suite, clock, meshId, logger, discovery } = init
  const { enabled: _, ...settings } = discovery
  const make = lanDiscovery({
    ...settings,
    suite,
    clock,
    meshId,
    onError: ({ code, message }) => logger.log('warn', code, { message }),
  })
  return (components) => {
    const service = make(components)
    service.addEventListener('peer', (event) => {
      // The dialler has what it needs. libp2p would keep everybody that anybody on the wire has named, for weeks.
      event.stopImmediatePropagation()
      onLanPeer(event.detail)
    })
    return service
  }
}

function muxerOptions(limits: NetworkLimits): YamuxMuxerInit {
  const { inboundMax, outboundMax } = streamCounts(limits)
  return {
    keepAliveInterval: limits.keepAliveIntervalMs,
    maxInboundStreams: inboundMax,
    maxOutboundStreams: outboundMax,
    // A window over the read buffer would reset streams that are read slowly.
    streamOptions: {
      maxStreamWindowSize: limits.streamWindowBytes,
      maxReadBufferLength: 4 * limits.streamWindowBytes,
    },
  }
}

function connectionManagerOptions(limits: NetworkLimits): ConnectionManagerInit {
  return {
    maxConnections: limits.connectionsMax,
    maxIncomingPendingConnections: limits.pendingMax,
    inboundConnectionThreshold: limits.connectionsPerWindowMax,
    inboundUpgradeTimeout: limits.upgradeTimeoutMs,
    addressDialTimeout: limits.addressDialTimeoutMs,
    dialTimeout: limits.dialTimeoutMs,
    connectionCloseTimeout: limits.closeTimeoutMs,
    inboundStreamProtocolNegotiationTimeout: limits.negotiationTimeoutMs,
    outboundStreamProtocolNegotiationTimeout: limits.negotiationTimeoutMs,
    // No name of a peer is ever looked up elsewhere.
    resolvers: {},
    reconnectRetries: 0,
  }
}
