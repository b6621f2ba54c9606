import { idAt, type JsonRpcRequest, metaOf, type RequestId } from '../json-rpc.ts'
import { McpError } from '../mcp-error.ts'

/** One request of a host, on its way. */
export interface Carried {
  readonly request: JsonRpcRequest
  readonly token: RequestId | undefined
  readonly abort: AbortController
  /** Whether the host has taken the request back, and so wants no answer. */
  cancelled: boolean
}

/** The requests of one host connection without a response: bounded, and no two with one id or one progress token. */
export class InFlight {
  readonly #max: number
  readonly #byId = new Map<RequestId, Carried>()
  readonly #tokens = new Set<RequestId>()

  constructor(max: number) {
    this.#max = max
  }

  /** @throws McpError `request-taken`, `requests-exhausted` */
  add(request: JsonRpcRequest): Carried {
    const token = idAt(metaOf(request), 'progressToken')
    if (this.#byId.has(request.id)) {
      throw new McpError('request-taken', 'a request with this id is already in flight')
    }
    if (token !== undefined && this.#tokens.has(token)) {
      throw new McpError('request-taken', 'a request with this progress token is already in flight')
    }
    if (this.#byId.size >= this.#max) {
      throw new McpError('requests-exhausted', `at most ${this.#max} requests may be in flight`)
    }
    const carried = { request, token, abort: new AbortController(), cancelled: false }
    this.#byId.set(request.id, carried)
    if (token !== undefined) this.#tokens.add(token)
    return carried
  }

  delete(carried: Carried): void {
    if (this.#byId.get(carried.request.id) !== carried) return
    this.#byId.delete(carried.request.id)
    if (carried.token !== undefined) this.#tokens.delete(carried.token)
  }

  /** Takes a request back, as the host asked; says whether it was in flight. */
  cancel(id: RequestId): boolean {
    const carried = this.#byId.get(id)
    if (carried === undefined) return false
    carried.cancelled = true
    this.delete(carried)
    carried.abort.abort(new McpError('stream-ended', 'the host has cancelled the request'))
    return true
  }

  abortAll(reason: McpError): void {
    for (const { abort } of this.#byId.values()) abort.abort(reason)
  }
}
