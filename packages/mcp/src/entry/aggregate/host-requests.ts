import {
  answeredId,
  idAt,
  type JsonRpcMessage,
  type JsonRpcNotification,
  type JsonRpcRequest,
  type JsonRpcResponse,
  metaOf,
  objectAt,
  paramsOf,
  type RequestId,
} from '../../json-rpc.ts'
import type { BackendLink } from './backend-link.ts'

/** A request of a backend that waits for the host. */
interface Asked {
  readonly request: JsonRpcRequest
  readonly link: BackendLink
  readonly resolve: (response: JsonRpcResponse | undefined) => void
}

export type Send = (message: JsonRpcMessage) => Promise<void>

/** What backends ask the host, under ids of the aggregate's own, since two backends may count alike. */
export class HostRequests {
  readonly #asked = new Map<RequestId, Asked>()
  #lastId = 0

  /**
   * Asks the host and waits for its answer; nothing when the backend took the request back.
   *
   * @throws McpError when the backend or the host is gone
   */
  async ask(
    request: JsonRpcRequest,
    link: BackendLink,
    send: Send,
  ): Promise<JsonRpcResponse | undefined> {
    const id = (this.#lastId += 1)
    const { promise, resolve, reject } = Promise.withResolvers<JsonRpcResponse | undefined>()
    const onGone = (): void => reject(link.over.reason)
    link.over.addEventListener('abort', onGone, { once: true })
    // The rejection is seen by whoever awaits it below, which may be a turn later.
    promise.catch(() => {})
    this.#asked.set(id, { request, link, resolve })
    try {
      await send(renumbered(request, id))
      return await promise
    } catch (error) {
      // A host that does not hear this is gone, and with it the question.
      if (link.over.aborted) await send(cancelled({ requestId: id })).catch(() => {})
      throw error
    } finally {
      link.over.removeEventListener('abort', onGone)
      this.#asked.delete(id)
    }
  }

  /** Takes an answer of the host; one that nobody waits for is dropped. */
  answer(response: JsonRpcResponse): void {
    const id = answeredId(response)
    if (id !== null) this.#asked.get(id)?.resolve(response)
  }

  /** Hands the host's progress with a request on to the backend that asked. */
  async progress(notification: JsonRpcNotification): Promise<void> {
    const params = paramsOf(notification)
    const id = idAt(params, 'progressToken')
    const asked = id === undefined ? undefined : this.#asked.get(id)
    if (asked === undefined) return
    const token = idAt(metaOf(asked.request), 'progressToken')
    if (token === undefined) return
    await asked.link.tell({ ...notification, params: { ...params, progressToken: token } })
  }

  /** Takes a request back at the host, as its backend wishes. */
  async cancel(notification: JsonRpcNotification, link: BackendLink, send: Send): Promise<void> {
    const params = paramsOf(notification)
    const original = idAt(params, 'requestId')
    for (const [id, asked] of this.#asked) {
      if (asked.link !== link || asked.request.id !== original) continue
      asked.resolve(undefined)
      await send(cancelled({ ...params, requestId: id }))
    }
  }
}

function renumbered(request: JsonRpcRequest, id: RequestId): JsonRpcRequest {
  const token = idAt(metaOf(request), 'progressToken')
  if (token === undefined) return { ...request, id }
  const params = objectAt(request, 'params')
  return { ...request, id, params: { ...params, _meta: { ...metaOf(request), progressToken: id } } }
}

function cancelled(params: JsonRpcNotification['params']): JsonRpcNotification {
  return { jsonrpc: '2.0', method: 'notifications/cancelled', params: params ?? {} }
}
