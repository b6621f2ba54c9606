import type { JsonObject } from '@warren/core'
import {
  type JsonRpcNotification,
  type JsonRpcRequest,
  type JsonRpcResponse,
  metaOf,
  objectAt,
  paramsOf,
} from '../../json-rpc.ts'
import { McpError } from '../../mcp-error.ts'
import type { CatalogServer } from '../endpoint.ts'
import { ENVELOPE } from '../era.ts'
import type { AggregateLimits } from './aggregate-limits.ts'
import type { BackendCalls } from './backend-calls.ts'
import type { ChangedList } from './change-notifier.ts'
import type { HostCall } from './host-call.ts'
import { RpcRefusal } from './rpc-refusal.ts'

const FILTER_OF: Readonly<Record<ChangedList, string>> = {
  tools: 'toolsListChanged',
  prompts: 'promptsListChanged',
  resources: 'resourcesListChanged',
}
const WATCHES_MAX = 1_024

/** A `subscriptions/listen` that is open. */
interface Listener {
  readonly call: HostCall
  readonly lists: ReadonlySet<string>
  readonly uris: ReadonlySet<string>
  readonly end: () => void
}

/** A resource that some backend watches for the host. */
interface Watch {
  readonly server: CatalogServer
  users: number
  readonly stop: AbortController
}

/** What a host wants to be told: subscriptions of its own era, and the watches at backends that feed them. */
export class Subscriptions {
  readonly #limits: AggregateLimits
  readonly #calls: BackendCalls
  readonly #listeners = new Set<Listener>()
  readonly #watches = new Map<string, Watch>()

  constructor(limits: AggregateLimits, calls: BackendCalls) {
    this.#limits = limits
    this.#calls = calls
  }

  /**
   * Serves `subscriptions/listen` until the host cancels it or the node stops.
   *
   * @throws RpcRefusal `params-invalid`, `listeners-exhausted`
   */
  async listen(
    call: HostCall,
    ownerOf: (uri: string) => Promise<CatalogServer | undefined>,
  ): Promise<JsonObject> {
    const params = paramsOf(call.request)
    if (!('notifications' in params)) {
      throw new RpcRefusal('params-invalid', 'notifications says what to listen to')
    }
    if (this.#listeners.size >= this.#limits.listenersMax) {
      throw new RpcRefusal('listeners-exhausted', 'too many subscriptions are open')
    }
    const wanted = objectAt(params, 'notifications')
    const lists = Object.values(FILTER_OF).filter((name) => wanted[name] === true)
    const { promise, resolve, reject } = Promise.withResolvers<void>()
    promise.catch(() => {})
    const onAbort = (): void => reject(call.signal.reason)
    call.signal.addEventListener('abort', onAbort, { once: true })
    const uris = await this.#watchAll(wanted['resourceSubscriptions'], ownerOf)
    const listener = { call, lists: new Set(lists), uris: new Set(uris), end: resolve }
    this.#listeners.add(listener)
    try {
      await this.#acknowledge(listener)
      call.signal.throwIfAborted()
      if (lists.length > 0 || uris.length > 0) await promise
      return { _meta: { [ENVELOPE.subscriptionId]: call.request.id } }
    } finally {
      call.signal.removeEventListener('abort', onAbort)
      this.#listeners.delete(listener)
      for (const uri of uris) this.#unwatch(uri)
    }
  }

  /** Tells those who listen to a list. */
  async changed(list: ChangedList): Promise<void> {
    const method = `notifications/${list}/list_changed`
    await this.#tell({ jsonrpc: '2.0', method }, ({ lists }) => lists.has(FILTER_OF[list]))
  }

  /** Tells those who listen to a resource. */
  async updated(notification: JsonRpcNotification): Promise<void> {
    const { uri } = paramsOf(notification)
    if (typeof uri === 'string') await this.#tell(notification, ({ uris }) => uris.has(uri))
  }

  /** `resources/subscribe` and `resources/unsubscribe` of a legacy host. */
  async handle(call: HostCall, server: CatalogServer): Promise<JsonRpcResponse> {
    const { id, method } = call.request
    const { uri } = paramsOf(call.request)
    if (typeof uri !== 'string') throw new RpcRefusal('params-invalid', 'uri must be a string')
    if ((await this.#calls.eraOf(server, call.signal)) === 'legacy') {
      return this.#calls.forward(call, server, paramsOf(call.request))
    }
    if (method === 'resources/unsubscribe') this.#unwatch(uri)
    else this.#watch(uri, server)
    return { jsonrpc: '2.0', id, result: {} }
  }

  stop(): void {
    for (const { end } of this.#listeners) end()
    for (const { stop } of this.#watches.values())
      stop.abort(new McpError('session-ended', 'the session is over'))
    this.#watches.clear()
  }

  async #tell(
    notification: JsonRpcNotification,
    wants: (listener: Listener) => boolean,
  ): Promise<void> {
    const listeners = [...this.#listeners].filter(wants)
    await Promise.all(listeners.map(({ call }) => call.emit(stamped(notification, call.request))))
  }

  async #acknowledge({ call, lists, uris }: Listener): Promise<void> {
    const notifications: JsonObject = {
      ...Object.fromEntries([...lists].map((name) => [name, true])),
      ...(uris.size === 0 ? {} : { resourceSubscriptions: [...uris] }),
    }
    const method = 'notifications/subscriptions/acknowledged'
    await call.emit(stamped({ jsonrpc: '2.0', method, params: { notifications } }, call.request))
  }

  /** The URIs among those wanted that somebody here owns. */
  async #watchAll(
    wanted: unknown,
    ownerOf: (uri: string) => Promise<CatalogServer | undefined>,
  ): Promise<readonly string[]> {
    const uris = isList(wanted) ? wanted.filter((uri) => typeof uri === 'string') : []
    const watched: string[] = []
    for (const uri of new Set(uris)) {
      const server = await ownerOf(uri)
      if (server !== undefined && this.#watch(uri, server)) watched.push(uri)
    }
    return watched
  }

  #watch(uri: string, server: CatalogServer): boolean {
    const known = this.#watches.get(uri)
    if (known !== undefined) {
      known.users += 1
      return true
    }
    if (this.#watches.size >= WATCHES_MAX) return false
    const watch: Watch = { server, users: 1, stop: new AbortController() }
    this.#watches.set(uri, watch)
    void this.#keepWatch(uri, watch)
    return true
  }

  #unwatch(uri: string): void {
    const watch = this.#watches.get(uri)
    if (watch === undefined) return
    watch.users -= 1
    if (watch.users > 0) return
    this.#watches.delete(uri)
    watch.stop.abort(new McpError('session-ended', 'nobody listens any more'))
  }

  /** Never rejects. A server of the stateless era is asked by a request that stands as long as the watch. */
  async #keepWatch(uri: string, { server, stop }: Watch): Promise<void> {
    const { signal } = stop
    try {
      if ((await this.#calls.eraOf(server, signal)) === 'modern') {
        const params = { notifications: { resourceSubscriptions: [uri] } }
        await this.#calls.ask(
          server,
          { method: 'subscriptions/listen', params, standing: true },
          signal,
        )
        return
      }
      await this.#calls.ask(server, { method: 'resources/subscribe', params: { uri } }, signal)
      signal.addEventListener('abort', () => void this.#endWatch(uri, server), { once: true })
    } catch {
      // The server refuses or is away: the host hears nothing of this resource, as if it never changed.
    }
  }

  async #endWatch(uri: string, server: CatalogServer): Promise<void> {
    try {
      const { signal } = new AbortController()
      await this.#calls.ask(server, { method: 'resources/unsubscribe', params: { uri } }, signal)
    } catch {
      // The session is over, and the subscription with it.
    }
  }
}

function stamped(notification: JsonRpcNotification, { id }: JsonRpcRequest): JsonRpcNotification {
  const meta = { ...metaOf(notification), [ENVELOPE.subscriptionId]: id }
  return { ...notification, params: { ...paramsOf(notification), _meta: meta } }
}

function isList(value: unknown): value is readonly unknown[] {
  return Array.isArray(value)
}
