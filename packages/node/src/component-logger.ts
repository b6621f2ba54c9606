import type { JsonObject } from '@warren/core'
import type { Logger } from '@warren/mcp'
import type { Report } from './node-event.ts'

/** A logger port that turns what a component says into events of the node. */
export function componentLogger(report: Report): Logger {
  return {
    log: (level, event, details: JsonObject = {}) => report({ ...details, event, level }),
  }
}
