import type { Clock } from '@warren/core'
import type { Caller, Gate } from '../gate.ts'
import type { Logger, Scheduler } from '../ports.ts'
import type { ServerDefinition } from '../server-definition.ts'
import type { Backend } from './backend.ts'
import type { CallRecords } from './call-records.ts'
import type { ProviderEvent } from './provider-event.ts'
import type { ProviderLimits } from './provider-limits.ts'

/** Takes a document that a caller shows of itself, at most `PRESENTED_BYTES_MAX` bytes of text. */
export type PresentPort = (text: string, caller: Caller) => Promise<void>

/** What every part of the provider works with. */
export interface ProviderComponents {
  readonly gate: Gate
  /** What the gate has still to answer. */
  readonly records: CallRecords
  readonly clock: Clock
  readonly scheduler: Scheduler
  readonly logger: Logger
  readonly limits: ProviderLimits
  readonly report: (event: ProviderEvent) => void
  /** Takes what a caller shows; absent, nothing is taken. A throw is a refusal, of which the caller is told the code and the sentence. */
  readonly present?: PresentPort | undefined
  /** Starts or reaches a configured server. */
  readonly start: (definition: ServerDefinition) => Promise<Backend>
}
