import { type SeededRandom } from './seeded-random.ts'

/** What a node's own clocks show. */
export interface ActorTime {
  readonly monotonicMs: number
  readonly wallMs: number
}

/** What can happen to a node. */
export type ActorEvent<Command> =
  | { readonly type: 'started' }
  | { readonly type: 'connected'; readonly link: string; readonly peer: string }
  | { readonly type: 'disconnected'; readonly link: string }
  | { readonly type: 'message'; readonly link: string; readonly bytes: Uint8Array }
  | { readonly type: 'gossip'; readonly bytes: Uint8Array }
  | { readonly type: 'stored'; readonly batch: number }
  | { readonly type: 'wake' }
  | { readonly type: 'command'; readonly command: Command }

/** What a node can do about it. */
export type ActorEffect<Durable> =
  | { readonly type: 'send'; readonly link: string; readonly bytes: Uint8Array }
  | { readonly type: 'gossip'; readonly bytes: Uint8Array }
  /** Answered by `stored` once it is durable. After a crash before that, a prefix of what waits may be there. */
  | { readonly type: 'store'; readonly batch: number; readonly write: readonly Durable[] }
  /** This end of the link is ready; gossip uses a link that both ends have settled. */
  | { readonly type: 'settle'; readonly link: string }
  | { readonly type: 'cut'; readonly link: string; readonly code: string }
  /** On this node's monotonic clock; replaces the earlier one. */
  | { readonly type: 'wake'; readonly atMs: number }
  /** Keeps the processor busy: the effects after this one, and the next event, come so much later. */
  | { readonly type: 'work'; readonly cpuMs: number }
  | { readonly type: 'note'; readonly text: string; readonly value?: number }

/** One life of one node: made anew after each crash, from what was durable. */
export interface Actor<Durable, Command> {
  handle(event: ActorEvent<Command>, now: ActorTime): readonly ActorEffect<Durable>[]
}

/** What one life of a node begins with. */
export interface Life<Durable> {
  readonly node: number
  readonly name: string
  /** 1 for the first life. */
  readonly boot: number
  /** All that the disk kept, in the order in which it was written. */
  readonly durable: readonly Durable[]
  /** A stream of this life alone. */
  readonly random: SeededRandom
}
