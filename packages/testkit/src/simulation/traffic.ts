/** What went over the links, and what came of it. */
export interface Traffic {
  /** Messages that actors sent, and their bytes. */
  readonly messages: number
  readonly messageBytes: number
  /** Gossip packets between routers, announcements included, and their bytes. */
  readonly gossipPackets: number
  readonly gossipBytes: number
  /** Gossip that came to a node that had it. */
  readonly gossipDuplicates: number
}
