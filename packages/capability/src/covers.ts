import type { JsonObject } from '@warren/core'
import { fitsSchema } from './argument-schema.ts'
import type { CapabilityChain } from './capability-chain.ts'

/** One call of a tool, as a capability looks at it. */
export interface CapabilityCall {
  readonly server: string
  readonly tool: string
  /** An object without members where the call has none. */
  readonly arguments: JsonObject
}

/** Whether every link of a chain allows a call: one that says more than the link before gains nothing by it. */
export function covers({ links }: CapabilityChain, call: CapabilityCall): boolean {
  return links.every(
    ({ server, tools, schema }) =>
      server === call.server && tools.includes(call.tool) && fitsSchema(schema, call.arguments),
  )
}
