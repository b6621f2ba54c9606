import type { JsonValue } from '@warren/core'

/**
 * Something that happened in the node, for its log.
 *
 * `event` is a stable word; fields carry no arguments, results or secrets.
 */
export interface NodeEvent {
  readonly event: string
  readonly level: 'debug' | 'info' | 'warn' | 'error'
  readonly message?: string
  readonly [field: string]: JsonValue | undefined
}

/** Where the node says what happens. */
export type Report = (event: NodeEvent) => void
