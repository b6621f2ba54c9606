import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Endpoint } from '../endpoint.ts'
import type { SessionOwner } from './http-sessions.ts'

/** One HTTP request that has passed the guards. */
export interface Visit {
  readonly request: IncomingMessage
  readonly response: ServerResponse
  readonly endpoint: Endpoint
  readonly owner: SessionOwner
  /** Of the server that the path names; absent where it names none. */
  readonly alias?: string
}
