import {
  idAt,
  isResponse,
  type JsonRpcRequest,
  metaOf,
  paramsOf,
  type RequestId,
} from '../json-rpc.ts'
import { McpError } from '../mcp-error.ts'
import type { ServerMessage } from './backend.ts'

/** On every note of a subscription: the id of its listen request. */
export const SUBSCRIPTION_ID_META_KEY = 'io.modelcontextprotocol/subscriptionId'

/** The ids by which a server refers to one request in flight. */
interface Entry<Flight> {
  readonly flight: Flight
  readonly token: RequestId | undefined
}

/**
 * Which request in flight a message of a server belongs to.
 *
 * A response by its id, a progress note by its token, a note of a subscription by the id of its
 * listen request, anything else by what the transport says. Bounded by `inFlightMax`.
 */
export class Router<Flight> {
  readonly #inFlightMax: number
  readonly #byId = new Map<RequestId, Entry<Flight>>()
  readonly #byToken = new Map<RequestId, RequestId>()

  constructor(inFlightMax: number) {
    this.#inFlightMax = inFlightMax
  }

  get size(): number {
    return this.#byId.size
  }

  /**
   * Takes a request in.
   *
   * @throws McpError `request-taken` when its id or progress token is in flight, `requests-exhausted`
   */
  add(request: JsonRpcRequest, flight: Flight): void {
    if (this.#byId.size >= this.#inFlightMax) {
      throw new McpError(
        'requests-exhausted',
        `at most ${this.#inFlightMax} requests may be in flight`,
      )
    }
    if (this.#byId.has(request.id)) throw taken('id')
    const token = idAt(metaOf(request), 'progressToken')
    if (token !== undefined && this.#byToken.has(token)) throw taken('progress token')
    this.#byId.set(request.id, { flight, token })
    if (token !== undefined) this.#byToken.set(token, request.id)
  }

  /** Lets a request go; gives what was in flight. */
  take(id: RequestId): Flight | undefined {
    const entry = this.#byId.get(id)
    if (entry === undefined) return undefined
    this.#byId.delete(id)
    if (entry.token !== undefined) this.#byToken.delete(entry.token)
    return entry.flight
  }

  /** Lets every request go. */
  takeAll(): readonly Flight[] {
    const all = [...this.#byId.values()].map(({ flight }) => flight)
    this.#byId.clear()
    this.#byToken.clear()
    return all
  }

  get(id: RequestId): Flight | undefined {
    return this.#byId.get(id)?.flight
  }

  /** Where a notification or a nested request belongs; nothing if it belongs to no request. */
  find({ message, relatedTo }: ServerMessage): Flight | undefined {
    if (isResponse(message)) return undefined
    const id =
      relatedTo ??
      (message['method'] === 'notifications/progress'
        ? this.#requestOfToken(idAt(paramsOf(message), 'progressToken'))
        : idAt(metaOf(message), SUBSCRIPTION_ID_META_KEY))
    return id === undefined ? undefined : this.get(id)
  }

  #requestOfToken(token: RequestId | undefined): RequestId | undefined {
    return token === undefined ? undefined : this.#byToken.get(token)
  }
}

function taken(what: string): McpError {
  return new McpError('request-taken', `a request with this ${what} is already in flight`)
}
