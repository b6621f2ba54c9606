import type { OpenStream } from '../mesh-stream.ts'
import type { Logger, Scheduler } from '../ports.ts'
import type { CallJournal } from './call-journal.ts'
import { RELAY_LIMITS, type RelayLimits } from './relay-limits.ts'

/** How a consumer reaches one server of one peer. */
export interface PeerServer {
  /** Opens a stream to the peer that owns the server. */
  readonly open: OpenStream
  /** The server's name at that peer. */
  readonly server: string
  readonly limits?: Partial<RelayLimits>
  /** Where it is written down what is asked of it; absent for a server of this node, whose gate does so. */
  readonly journal?: CallJournal
}

/** What the consumer side needs from the node. */
export interface ConsumerComponents {
  readonly logger: Logger
  readonly scheduler: Scheduler
}

/** What every operation of a consumer takes besides its subject. */
export interface ConsumerOptions {
  /** Gives the operation up; at the provider this is cancellation. */
  readonly signal: AbortSignal
  readonly components: ConsumerComponents
}

export function limitsOf({ limits }: Pick<PeerServer, 'limits'>): RelayLimits {
  return { ...RELAY_LIMITS, ...limits }
}
