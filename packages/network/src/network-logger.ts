import type { JsonObject } from '@warren/core'

/** Where log lines go. `code` is a stable word; fields carry no payload, no key and no address of a host program. */
export interface NetworkLogger {
  log(level: 'debug' | 'info' | 'warn' | 'error', code: string, fields?: JsonObject): void
}
