/** Every bound of this package. Times in milliseconds, sizes in bytes, the rest are counts. */
export interface NetworkLimits {
  // connections
  readonly connectionsMax: number
  /** Of these, places that no inbound connection gets; at most half of all. */
  readonly connectionsReserved: number
  /** Of one member, with those that only serve their last calls; beyond, the oldest is cut. */
  readonly connectionsPerMemberMax: number
  readonly upgradeTimeoutMs: number
  /** Inbound connections that are not admitted yet: of one address, of one network (/24, /64), of all. */
  readonly pendingPerHostMax: number
  readonly pendingPerNetworkMax: number
  readonly pendingMax: number
  /** Inbound connections that one network (/24, /64) may open in `networkWindowMs`. */
  readonly networkWindowMs: number
  readonly connectionsPerWindowMax: number
  /** A peer from which nothing came for that many keep-alive intervals is gone. */
  readonly keepAliveIntervalMs: number
  readonly silentIntervalsMax: number
  readonly closeTimeoutMs: number
  // dialling
  readonly addressDialTimeoutMs: number
  readonly dialTimeoutMs: number
  readonly dialsParallelMax: number
  readonly dialBackoffMinMs: number
  readonly dialBackoffMaxMs: number
  /** A known peer that is heard on the LAN is dialled at once, but not sooner than this after the last dial. */
  readonly dialHeardPauseMs: number
  readonly targetsMax: number
  readonly addressesPerTargetMax: number
  /** Two connections opened within this time count as two nodes dialling each other. */
  readonly simultaneousDialMs: number
  /** How long the losing connection is kept for what is on its way. */
  readonly duplicateGraceMs: number
  // a diverse view
  /** Connections that this node wants to have chosen itself, and different enclaves or networks among them. */
  readonly chosenConnectionsMin: number
  readonly chosenGroupsMin: number
  readonly seekIntervalMs: number
  /** How long a goal may be missed before that is said. */
  readonly diversityGraceMs: number
  /** Members that others have named; one that has not answered so many dials is left alone for so long. */
  readonly candidatesMax: number
  readonly candidateFailuresMax: number
  readonly candidateRestMs: number
  /** The first walk after the start, and the pause between two. */
  readonly walkFirstMs: number
  readonly walkIntervalMs: number
  readonly walkTimeoutMs: number
  readonly walkPeersMax: number
  /** Pause between two look-ups of a pinned contact that is not connected. */
  readonly pinLookupPauseMs: number
  // admission and joining
  readonly strangerTimeoutMs: number
  readonly admissionTimeoutMs: number
  readonly refusalGraceMs: number
  readonly helloBytesMax: number
  readonly verdictBytesMax: number
  readonly joinTimeoutMs: number
  readonly joinRequestBytesMax: number
  readonly joinResponseBytesMax: number
  // records
  /** How long a connection that is not settled may go without anything being heard on its records channel. */
  readonly settleTimeoutMs: number
  /** How long a connection may take from both verdicts until it is settled, whatever is heard. */
  readonly settleTotalMs: number
  /** Of one message, and of those that wait to be sent on one connection, with their lengths. */
  readonly recordBytesMax: number
  readonly recordQueueBytesMax: number
  // audit logs
  /** Of one question about an audit log, and of its answer. */
  readonly auditRequestBytesMax: number
  readonly auditAnswerBytesMax: number
  readonly auditTimeoutMs: number
  /** Questions of all members that are answered at one time. */
  readonly auditInboundMax: number
  // streams
  /** Streams of one connection, each way, besides those of calls and sessions. */
  readonly streamsBesideCallsMax: number
  readonly streamWindowBytes: number
  readonly readAheadBytes: number
  readonly negotiationTimeoutMs: number
  readonly negotiationsMax: number
  readonly strangerStreamsMax: number
  // calls
  /** Calls of all members together, and of one member over all of its connections, at one time. */
  readonly callsInboundMax: number
  readonly callsInboundPerMemberMax: number
  readonly callsOutboundMax: number
  readonly callsOutboundPerMemberMax: number
  readonly callWriteQueueMax: number
  /** What a caller may still send, and how long, once its call has been answered. */
  readonly callDrainBytesMax: number
  readonly callDrainMs: number
  /** Sessions prepared by us towards one peer: at rest, and at most. */
  readonly preparedIdle: number
  readonly preparedMax: number
  readonly preparedTtlMs: number
  /** A peer that has not been called for this long gets no new prepared sessions. */
  readonly preparedQuietMs: number
  /** Sessions that one member may keep prepared with us, and for how long. */
  readonly preparedInboundMax: number
  readonly preparedInboundTtlMs: number
  // gossip
  readonly gossipBytesMax: number
  readonly gossipBufferBytesMax: number
  /** A peer that has passed on that many messages that were rejected is cut. */
  readonly gossipRejectionsMax: number
  // memory of peers
  readonly knownPeersMax: number
  readonly blockedPeersMax: number
  /** What libp2p keeps of peers and for the DHT. */
  readonly storedRecordsMax: number
  readonly storedRecordBytesMax: number
}

export const NETWORK_LIMITS: NetworkLimits = {
  connectionsMax: 300,
  connectionsReserved: 32,
  connectionsPerMemberMax: 8,
  upgradeTimeoutMs: 3_000,
  pendingPerHostMax: 64,
  pendingPerNetworkMax: 96,
  pendingMax: 128,
  networkWindowMs: 1_000,
  connectionsPerWindowMax: 100,
  keepAliveIntervalMs: 5_000,
  silentIntervalsMax: 3,
  closeTimeoutMs: 500,
  addressDialTimeoutMs: 1_500,
  dialTimeoutMs: 8_000,
  dialsParallelMax: 8,
  dialBackoffMinMs: 500,
  dialBackoffMaxMs: 30_000,
  dialHeardPauseMs: 2_000,
  targetsMax: 256,
  addressesPerTargetMax: 16,
  simultaneousDialMs: 5_000,
  duplicateGraceMs: 250,
  chosenConnectionsMin: 8,
  chosenGroupsMin: 3,
  seekIntervalMs: 10_000,
  diversityGraceMs: 60_000,
  candidatesMax: 1_024,
  candidateFailuresMax: 3,
  candidateRestMs: 600_000,
  walkFirstMs: 5_000,
  walkIntervalMs: 600_000,
  walkTimeoutMs: 30_000,
  walkPeersMax: 256,
  pinLookupPauseMs: 60_000,
  strangerTimeoutMs: 5_000,
  admissionTimeoutMs: 10_000,
  refusalGraceMs: 1_000,
  helloBytesMax: 262_144,
  verdictBytesMax: 1_024,
  joinTimeoutMs: 30_000,
  joinRequestBytesMax: 262_144,
  joinResponseBytesMax: 1_048_576,
  settleTimeoutMs: 10_000,
  settleTotalMs: 300_000,
  recordBytesMax: 1_048_576,
  recordQueueBytesMax: 4_194_304,
  auditRequestBytesMax: 98_304,
  auditAnswerBytesMax: 98_304,
  auditTimeoutMs: 10_000,
  auditInboundMax: 16,
  streamsBesideCallsMax: 192,
  streamWindowBytes: 1_048_576,
  readAheadBytes: 262_144,
  negotiationTimeoutMs: 5_000,
  negotiationsMax: 256,
  strangerStreamsMax: 4,
  callsInboundMax: 1_024,
  callsInboundPerMemberMax: 256,
  callsOutboundMax: 1_024,
  callsOutboundPerMemberMax: 256,
  callWriteQueueMax: 1_024,
  callDrainBytesMax: 1_048_576,
  callDrainMs: 5_000,
  preparedIdle: 2,
  preparedMax: 32,
  preparedTtlMs: 30_000,
  preparedQuietMs: 600_000,
  preparedInboundMax: 64,
  preparedInboundTtlMs: 45_000,
  gossipBytesMax: 65_536,
  gossipBufferBytesMax: 1_048_576,
  gossipRejectionsMax: 16,
  knownPeersMax: 1_024,
  blockedPeersMax: 4_096,
  storedRecordsMax: 8_192,
  storedRecordBytesMax: 16_384,
}
