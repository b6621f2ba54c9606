import { type Latency, lanLatency } from './latency.ts'

/** How the network between the nodes behaves. */
export interface NetworkOptions {
  readonly latency: Latency
  /** Of each packet. A link sends it again after a time; a datagram is gone. */
  readonly lossProbability: number
  /** Pause before a lost packet is sent again; doubles with every further loss. */
  readonly retransmitMs: number
  /** Of each packet: it arrives twice. */
  readonly duplicateProbability: number
  /** Whether packets overtake each other on one link; between links they always do. */
  readonly reordersWithinLinks: boolean
  /** What a node can send, over all its links together. */
  readonly uplinkBytesPerMs: number
  /** After so long without a sign of life an end gives its link up. */
  readonly deadMs: number
  /** All links are dialled, and dialled again, within so long of the moment when they can be. */
  readonly redialMs: number
  /** Whether a link that an actor cut is dialled again. */
  readonly redialsAfterCut: boolean
}

/** One good cable. */
export const LAN_OPTIONS: NetworkOptions = {
  latency: lanLatency(),
  lossProbability: 0,
  retransmitMs: 200,
  duplicateProbability: 0,
  reordersWithinLinks: false,
  uplinkBytesPerMs: Infinity,
  deadMs: 15_000,
  redialMs: 1000,
  redialsAfterCut: false,
}
