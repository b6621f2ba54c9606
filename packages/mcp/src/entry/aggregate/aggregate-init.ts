import type { Logger, Scheduler } from '../../ports.ts'
import type { Catalog } from '../endpoint.ts'
import type { Sha256 } from '../http/token-check.ts'
import type { AggregateLimits } from './aggregate-limits.ts'
import type { ServerInfo } from './host-call.ts'

/** What every connection to the aggregate is made of. */
export interface AggregateInit {
  readonly catalog: Catalog
  readonly serverInfo: ServerInfo
  readonly limits: AggregateLimits
  readonly sha256: Sha256
  readonly scheduler: Scheduler
  readonly logger: Logger
}
