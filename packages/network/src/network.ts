import type { CallStream } from './call-stream.ts'
import type { Channel } from './channel.ts'
import type { CallHandler } from './link-calls.ts'
import type { NetworkEvents, NetworkListener, Peer } from './network-events.ts'
import type { NetworkInit } from './network-init.ts'
import type { DiversityStatus } from './peer-seeker.ts'
import type { DhtStatus } from './private-dht.ts'
import type { GossipJudge } from './private-gossip.ts'
import { WarrenNetwork } from './warren-network.ts'

/** This node's part of the mesh. */
export interface Network {
  readonly peerId: string
  /** Where others can dial this node, with its peer id. */
  addresses(): readonly string[]
  start(): Promise<void>
  /** Ends all calls and connections; resolves when nothing is left. */
  stop(): Promise<void>
  /** The admitted peers that have a connection, settled by this side. */
  peers(): readonly Peer[]
  /** The DIDs of all that have an admitted connection, also one that only serves its last calls. */
  members(): readonly string[]
  /**
   * Connects to an address and resolves when both sides have admitted each other and this side has settled.
   *
   * @throws NetworkError `address-malformed`, `peer-unreachable`, `channel-refused` (not of this mesh, or not the
   * peer that was dialled), `peer-expelled`, `admission-refused-by-us`, `admission-refused-by-peer`, `admission-timeout`,
   * `settle-timeout`, `records-cut`, `records-ended`
   */
  dial(address: string, signal: AbortSignal): Promise<Channel>
  /**
   * Asks the node at an address to make this one a member, and leaves.
   *
   * @throws NetworkError as `dial`, and `join-unavailable`; `admission-refused-by-peer` has the peer's code
   */
  join(
    address: string,
    request: (channel: Channel) => Uint8Array,
    signal: AbortSignal,
  ): Promise<Uint8Array>
  /**
   * Opens a call to a member: at once when it is connected, and connecting first when it has been before.
   *
   * @throws NetworkError `peer-unknown`, `calls-exhausted`, `call-session-failed`, and as `dial`
   */
  openCall(did: string, signal: AbortSignal): Promise<CallStream>
  /** Who serves the calls of others; without one they are refused. */
  onCall(handler: CallHandler): void
  /**
   * Asks a connected member something about an audit log.
   *
   * @throws NetworkError `peer-unknown`, `audit-exhausted`, `message-too-long`, `protocol-refused`, `stream-reset`,
   * `stream-truncated`, `peer-lost`; the reason of the signal
   */
  askAudit(did: string, request: Uint8Array, signal: AbortSignal): Promise<Uint8Array>
  /** Cuts everything of a member before this returns, and refuses its peers from then on. */
  expel(did: string, code: string): Promise<void>
  /** Takes back an expulsion: the member's peers may connect again, and those that are written down are dialled. */
  pardon(did: string): void
  /** Cuts everything of a member before this returns; whoever connects again is judged anew. */
  drop(did: string, code: string): void
  /**
   * Judges the connections of a member once more, each by itself, and cuts those on which it may not stay before this
   * returns; the others go on. Returns the code of each that was cut.
   */
  rejudge(did: string): readonly string[]
  /**
   * Says something to all members that can be reached, by gossip. Nobody answers and nobody vouches that it arrives.
   *
   * @returns to how many peers it went directly
   * @throws NetworkError `message-too-long`
   */
  publish(bytes: Uint8Array): Promise<number>
  /** Who judges what comes by gossip before it is passed on; without one nothing is. */
  onGossip(judge: GossipJudge): void
  /** How the DHT of this node stands. */
  dht(): DhtStatus
  /** How diverse the view of this node is, and what it lacks; undefined where nothing is known of members. */
  diversity(): DiversityStatus | undefined
  /** Returns what takes the listener off again. */
  on<K extends keyof NetworkEvents>(event: K, listener: NetworkListener<K>): () => void
}

export function createNetwork(init: NetworkInit): Network {
  return new WarrenNetwork(init)
}
