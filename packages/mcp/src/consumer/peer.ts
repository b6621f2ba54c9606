import type { OpenStream } from '../mesh-stream.ts'
import type { Logger, Scheduler } from '../ports.ts'
import type { RelayLimits } from './relay-limits.ts'

/** How a consumer reaches one server of one peer. */
export interface PeerServer {
  /** Opens a stream to the peer that owns the server. */
  readonly open: OpenStream
  /** The server's name at that peer. */
  readonly server: string
  readonly limits?: Partial<RelayLimits>
}

/** What the consumer side needs from the node. */
export interface ConsumerComponents {
  readonly logger: Logger
  readonly scheduler: Scheduler
}
