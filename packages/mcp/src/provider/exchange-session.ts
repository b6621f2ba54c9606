import type { IncomingMessage } from 'node:http'
import { responseFields } from '../http/header-fields.ts'
import { fieldsOf } from '../http/http-call.ts'
import type { JsonRpcMessage } from '../json-rpc.ts'
import type { ExchangeHeader } from '../stream-header.ts'
import type { BoundSession, HttpSessions } from './http-sessions.ts'
import type { OpenCalls } from './open-calls.ts'

/** The head of a response as it goes to the caller. */
export interface ExchangeHead {
  readonly status: number
  readonly headers: Readonly<Record<string, string>>
  /** A session that the server has begun and the caller does not get. */
  readonly unwanted?: BoundSession
}

/** The exchange that is looked at. */
export interface SessionExchange {
  readonly header: ExchangeHeader
  /** Aborted when the caller or the definition of the server is gone. */
  readonly over: AbortSignal
}

/** The session at the server that an exchange belongs to, or begins. */
export class ExchangeSession {
  /** The calls of the session that it belongs to. */
  readonly open: OpenCalls | undefined
  /** How many of them had ended when the exchange began. */
  readonly endingsBefore: number
  readonly #sessions: HttpSessions
  readonly #about: Omit<BoundSession, 'id'>
  readonly #header: ExchangeHeader
  readonly #over: AbortSignal

  constructor(
    sessions: HttpSessions,
    about: Omit<BoundSession, 'id'>,
    { header, over }: SessionExchange,
  ) {
    this.#sessions = sessions
    this.#about = about
    this.#header = header
    this.#over = over
    const id = header.headers['mcp-session-id']
    this.open = id === undefined ? undefined : sessions.callsOf({ ...about, id })
    this.endingsBefore = this.open?.endings ?? 0
  }

  /**
   * Binds a session that begins to its caller, forgets one that has ended, and passes on no other
   * session's id. Without a message, no session begins; nor does one for an exchange that is over.
   *
   * @throws McpError `session-taken`
   */
  headOf(response: IncomingMessage, message: JsonRpcMessage | undefined): ExchangeHead {
    const { 'mcp-session-id': given, ...headers } = responseFields(fieldsOf(response))
    const { statusCode: status = 502 } = response
    const asked = this.#header.headers['mcp-session-id']
    if (asked !== undefined && this.#hasEnded(status)) {
      this.#sessions.release({ ...this.#about, id: asked })
    }
    if (given === undefined) return { status, headers }
    if (given !== asked) {
      if (asked !== undefined) return { status, headers }
      const session = { ...this.#about, id: given }
      const begins = message?.['method'] === 'initialize' && status < 300
      if (!begins || this.#over.aborted) return { status, headers, unwanted: session }
      this.#sessions.bind(session)
    }
    return { status, headers: { ...headers, 'mcp-session-id': given } }
  }

  #hasEnded(status: number): boolean {
    return status === 404 || (this.#header.method === 'DELETE' && status < 300)
  }
}
