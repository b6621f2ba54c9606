/**
 * The mesh on the wire: hybrid channels over libp2p, admission before anything else, and a stream with keys of its own for each call.
 *
 * Does I/O. Specified in docs/specs/network.md.
 *
 * @packageDocumentation
 */
export { CallStream } from './call-stream.ts'
export type { Channel } from './channel.ts'
export { type ChannelBinding, ChannelBindings } from './channel-binding.ts'
export type { MissedGoal } from './goal-watch.ts'
export { HybridEncrypter, type HybridEncrypterInit } from './hybrid-encrypter.ts'
export type { Caller, CallHandler } from './link-calls.ts'
export { createNetwork, type Network } from './network.ts'
export { NetworkError, type NetworkErrorCode } from './network-error.ts'
export type { DiscoveredBy, NetworkEvents, Peer } from './network-events.ts'
export type { DiscoverySettings, NetworkInit } from './network-init.ts'
export { NETWORK_LIMITS, type NetworkLimits } from './network-limits.ts'
export type { NetworkLogger } from './network-logger.ts'
export type { DiversityStatus } from './peer-seeker.ts'
export type {
  AdmissionPort,
  AdmissionVerdict,
  AuditPort,
  JoinPort,
  MeshMember,
  MeshPort,
  PinnedContact,
  RecordLink,
  RecordsPort,
} from './ports.ts'
export type { DhtStatus } from './private-dht.ts'
export type { GossipJudge, GossipVerdict } from './private-gossip.ts'
export { sendAll } from './send-all.ts'
export { readAll, StreamReader } from './stream-reader.ts'
