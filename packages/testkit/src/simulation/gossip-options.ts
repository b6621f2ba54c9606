/** The parameters of gossipsub v1.1, by the specification's names in plain words. */
export interface GossipOptions {
  /** D: how many peers a node pushes to. */
  readonly degree: number
  /** D_low: with fewer it takes more into its mesh at the next heartbeat. */
  readonly degreeLow: number
  /** D_high: with more it drops some. */
  readonly degreeHigh: number
  /** D_lazy: to how many others, at least, it announces what it has. */
  readonly lazyDegree: number
  /** The part of the others to which it announces. */
  readonly lazyFactor: number
  readonly heartbeatMs: number
  /** mcache_len: for so many heartbeats it can send a message again. */
  readonly cacheHeartbeats: number
  /** mcache_gossip: for so many heartbeats it announces a message. */
  readonly announcedHeartbeats: number
  /** For so long it knows that it has seen a message. */
  readonly seenMs: number
  /** Whether a publisher sends to all its peers. */
  readonly floodPublish: boolean
  /** Whether packets may be lost, rather than sent again. */
  readonly datagrams: boolean
}

/** The defaults of the specification, with flood publishing. */
export const GOSSIP_OPTIONS: GossipOptions = {
  degree: 8,
  degreeLow: 6,
  degreeHigh: 12,
  lazyDegree: 6,
  lazyFactor: 0.25,
  heartbeatMs: 1000,
  cacheHeartbeats: 5,
  announcedHeartbeats: 3,
  seenMs: 120_000,
  floodPublish: true,
  datagrams: false,
}
