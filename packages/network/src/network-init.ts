import type { Clock } from '@warren/core'
import type { CryptoSuite } from '@warren/crypto'
import type { ChannelIdentity } from '@warren/handshake'
import type { NetworkLimits } from './network-limits.ts'
import type { NetworkLogger } from './network-logger.ts'
import type { AdmissionPort, AuditPort, JoinPort, MeshPort, RecordsPort } from './ports.ts'

/** LAN discovery: on or off, and the pace and port of it, which only tests and labs change. */
export interface DiscoverySettings {
  readonly enabled: boolean
  readonly port?: number
  readonly queryIntervalMs?: number
  readonly rescanIntervalMs?: number
}

export interface NetworkInit {
  readonly suite: CryptoSuite
  readonly clock: Clock
  /** The node's two keys. The Ed25519 one is the peer id. */
  readonly privateIdentity: ChannelIdentity
  /** Content id of the charter. */
  readonly meshId: string
  /** Multiaddrs to listen on; none for a node that only dials. */
  readonly listen: readonly string[]
  /** Multiaddrs to tell others; computed from the interfaces when absent. */
  readonly announce?: readonly string[]
  /** Multiaddrs of peers to keep a connection to, with or without their peer id. */
  readonly staticPeers: readonly string[]
  readonly discovery: DiscoverySettings
  readonly limits?: Partial<NetworkLimits>
  readonly admission: AdmissionPort
  /** Absent on nodes that cannot make members. */
  readonly join?: JoinPort
  /** Who exchanges records on each connection before it is used; absent, none are, and it is used at once. */
  readonly records?: RecordsPort
  /** Who answers what members ask about audit logs; absent, they are refused. */
  readonly audit?: AuditPort
  /** What is known of members; absent, nobody is dialled but those who are written down or heard on the LAN. */
  readonly mesh?: MeshPort
  readonly logger: NetworkLogger
}
