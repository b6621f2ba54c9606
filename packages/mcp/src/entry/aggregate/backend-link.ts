import { isJsonObject, type JsonObject } from '@warren/core'
import type { HostChannel } from '../../host-channel.ts'
import {
  answeredId,
  idAt,
  isRequest,
  isResponse,
  type JsonRpcMessage,
  type JsonRpcNotification,
  type JsonRpcRequest,
  type JsonRpcResponse,
  metaOf,
  objectAt,
  paramsOf,
  type RequestId,
} from '../../json-rpc.ts'
import { asMcpError, isMcpErrorCode, McpError } from '../../mcp-error.ts'
import { errorAnswer } from '../../rpc-answer.ts'
import type { Endpoint, EndpointSession } from '../endpoint.ts'
import { MessageQueue } from '../message-queue.ts'
import type { AggregateLimits } from './aggregate-limits.ts'

/** A request to a backend. */
export interface BackendRequest {
  readonly method: string
  readonly params: JsonObject
  readonly signal: AbortSignal
  /** Takes what the backend says for this request ahead of its response; a progress token is the one of `params`. */
  readonly emit?: (message: JsonRpcMessage) => Promise<void>
  /** Told as it is given to the session, which from then on answers for it. */
  readonly leaves?: () => void
  /** One that lasts as long as the session, such as a subscription, and keeps nobody busy. */
  readonly standing?: boolean
}

/** Where a message of a backend comes from. */
export interface Origin {
  readonly link: BackendLink
  /** The request to which it belongs, where that is known. */
  readonly related: BackendRequest | undefined
}

/** Who hears what a backend says of its own accord. */
export interface BackendListener {
  /** Nothing is returned for a request that the backend took back. */
  asked(request: JsonRpcRequest, origin: Origin): Promise<JsonRpcResponse | undefined>
  told(notification: JsonRpcNotification, origin: Origin): Promise<void>
}

interface Pending {
  readonly request: BackendRequest
  readonly token: RequestId | undefined
  readonly resolve: (response: JsonRpcResponse) => void
}

/**
 * A session with one backend, in which the aggregate is the host: it gives requests ids of its own,
 * so that many hosts and many backends never meet in one number.
 */
export class BackendLink implements HostChannel {
  readonly messages: MessageQueue<JsonRpcMessage>
  readonly #limits: AggregateLimits
  readonly #listener: BackendListener
  readonly #pending = new Map<RequestId, Pending>()
  readonly #over = new AbortController()
  #nested = 0
  #lastId = 0
  #session: EndpointSession | undefined

  private constructor(limits: AggregateLimits, listener: BackendListener) {
    this.#limits = limits
    this.#listener = listener
    this.messages = new MessageQueue(limits.queuedMax)
  }

  /** @throws McpError what the endpoint says */
  static async open(
    endpoint: Endpoint,
    init: { readonly limits: AggregateLimits; readonly listener: BackendListener },
    signal: AbortSignal,
  ): Promise<BackendLink> {
    const link = new BackendLink(init.limits, init.listener)
    link.#session = await endpoint.openSession(link, signal)
    return link
  }

  /** Aborted, with an `McpError`, when the session is over. */
  get over(): AbortSignal {
    return this.#over.signal
  }

  /** Requests without a response, but for the standing ones. */
  get inFlight(): number {
    return [...this.#pending.values()].filter(({ request }) => request.standing !== true).length
  }

  /**
   * Asks and waits for the response.
   *
   * @throws McpError when the session ends first or the relay answers for the server; the signal's reason when it is aborted, after the backend was told
   */
  async ask(request: BackendRequest): Promise<JsonRpcResponse> {
    const signal = AbortSignal.any([request.signal, this.#over.signal])
    signal.throwIfAborted()
    const id = (this.#lastId += 1)
    const { promise, resolve, reject } = Promise.withResolvers<JsonRpcResponse>()
    const onAbort = (): void => reject(signal.reason)
    // The rejection is seen by whoever awaits it below, which may be a turn later.
    promise.catch(() => {})
    signal.addEventListener('abort', onAbort, { once: true })
    const token = idAt(objectAt(request.params, '_meta'), 'progressToken')
    this.#pending.set(id, { request, token, resolve })
    try {
      // A session that is not over takes it now, before anything can end it.
      request.leaves?.()
      await this.messages.push(requestOf(id, request, token))
      return toldByServer(await promise)
    } catch (error) {
      if (signal.aborted && !this.#over.signal.aborted) await this.#cancel(id)
      throw error
    } finally {
      signal.removeEventListener('abort', onAbort)
      this.#pending.delete(id)
    }
  }

  /** @throws McpError when the session is over */
  tell(notification: JsonRpcNotification): Promise<void> {
    return this.messages.push(notification)
  }

  async send(message: JsonRpcMessage, relatedTo?: RequestId): Promise<void> {
    if (isResponse(message)) {
      const id = answeredId(message)
      if (id !== null) this.#pending.get(id)?.resolve(message)
      return undefined
    }
    const pending = relatedTo === undefined ? undefined : this.#pending.get(relatedTo)
    const origin = { link: this, related: pending?.request }
    if (isRequest(message)) return this.#startNested(message, origin)
    if (message['method'] === 'notifications/progress') return this.#progress(message)
    return this.#listener.told(message, origin)
  }

  close(reason: Error): void {
    this.#over.abort(asMcpError(reason, 'session-ended', 'the session with the server is over'))
    this.messages.end()
  }

  /** Ends the session from our side. */
  end(reason: McpError): void {
    this.close(reason)
    this.#session?.close(reason)
  }

  async #progress(message: JsonRpcNotification): Promise<void> {
    const params = paramsOf(message)
    const id = idAt(params, 'progressToken')
    const pending = id === undefined ? undefined : this.#pending.get(id)
    // Progress of a request that is over, or that nobody asked for, has no one to go to.
    if (pending?.token === undefined) return
    await pending.request.emit?.({
      ...message,
      params: { ...params, progressToken: pending.token },
    })
  }

  /** Does not wait for the answer: a person may take minutes over it, and the backend has more to say meanwhile. */
  async #startNested(request: JsonRpcRequest, origin: Origin): Promise<void> {
    if (this.#nested >= this.#limits.nestedMax) {
      const reason = new McpError(
        'requests-exhausted',
        `a server may ask ${this.#limits.nestedMax} things at once`,
      )
      return this.messages.push(errorAnswer(request.id, reason))
    }
    this.#nested += 1
    void this.#answerNested(request, origin)
    return undefined
  }

  /** Never rejects. */
  async #answerNested(request: JsonRpcRequest, origin: Origin): Promise<void> {
    try {
      const response = await this.#listener.asked(request, origin)
      if (response !== undefined) await this.messages.push({ ...response, id: request.id })
    } catch (error) {
      const reason = asMcpError(error, 'host-gone', 'the host cannot be asked')
      // Where the session is over too, nobody waits for this answer.
      await this.messages.push(errorAnswer(request.id, reason)).catch(() => {})
    } finally {
      this.#nested -= 1
    }
  }

  async #cancel(id: RequestId): Promise<void> {
    const params = { requestId: id, reason: 'nobody waits for the answer any more' }
    const note: JsonRpcNotification = {
      jsonrpc: '2.0',
      method: 'notifications/cancelled',
      params,
    }
    // A session that ends meanwhile has cancelled everything by that.
    await this.messages.push(note).catch(() => {})
  }
}

/** An error that a relay on the way has written, because the server could not answer, is thrown as what it is. */
function toldByServer(response: JsonRpcResponse): JsonRpcResponse {
  const { message, data } = objectAt(response, 'error')
  const code = isJsonObject(data) ? data['code'] : undefined
  if (isMcpErrorCode(code) && typeof message === 'string') throw new McpError(code, message)
  return response
}

/** The request under our id; a progress token becomes the id as well, and so is ours too. */
function requestOf(
  id: RequestId,
  { method, params }: BackendRequest,
  token: RequestId | undefined,
): JsonRpcRequest {
  const bare = { jsonrpc: '2.0', id, method } as const
  if (Object.keys(params).length === 0) return bare
  const request = { ...bare, params }
  if (token === undefined) return request
  return { ...request, params: { ...params, _meta: { ...metaOf(request), progressToken: id } } }
}
