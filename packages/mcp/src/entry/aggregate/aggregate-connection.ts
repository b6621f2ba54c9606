import { CodedError } from '@warren/core'
import {
  isNotification,
  isResponse,
  type JsonRpcMessage,
  type JsonRpcNotification,
  type JsonRpcRequest,
  type JsonRpcResponse,
} from '../../json-rpc.ts'
import { clientNameIn } from '../../consumer/client-name.ts'
import { asMcpError, codeBehind, McpError } from '../../mcp-error.ts'
import { errorAnswer } from '../../rpc-answer.ts'
import type { CatalogServer } from '../endpoint.ts'
import type { AggregateInit } from './aggregate-init.ts'
import type { BackendListener, Origin } from './backend-link.ts'
import { BackendPool } from './backend-pool.ts'
import { BackendCalls } from './backend-calls.ts'
import { type ChangedList, ChangeNotifier, listOf } from './change-notifier.ts'
import { Directory } from './directory.ts'
import { checkedEra, type HostCall, ownResult } from './host-call.ts'
import { type HostProfile, profileOf, SILENT_HOST } from './host-profile.ts'
import { HostRequests, type Send } from './host-requests.ts'
import type { ItemKind } from './item-kind.ts'
import { listItems } from './list-items.ts'
import { METHODS, type MethodContext } from './methods.ts'
import { RpcRefusal } from './rpc-refusal.ts'
import { Subscriptions } from './subscriptions.ts'

export interface AggregateConnectionInit extends AggregateInit {
  /** Sends what belongs to no request; nothing where the host has no place for it (stateless era over HTTP). */
  readonly tellHost?: Send
}

const LISTS: Readonly<Record<string, readonly ItemKind[]>> = {
  'notifications/tools/list_changed': ['tools'],
  'notifications/prompts/list_changed': ['prompts'],
  'notifications/resources/list_changed': ['resources', 'templates'],
}

/**
 * One host at the aggregate: a server towards the host, a host towards each backend, and between
 * them a table of names. Backends are opened with what this host says it can do.
 */
export class AggregateConnection {
  readonly #init: AggregateConnectionInit
  readonly #pool: BackendPool
  readonly #directory: Directory
  readonly #notifier: ChangeNotifier
  readonly #calls: BackendCalls
  readonly #subscriptions: Subscriptions
  readonly #hostRequests = new HostRequests()
  readonly #stopWatching: () => void
  #profile: HostProfile | undefined

  constructor(init: AggregateConnectionInit) {
    const { catalog, limits, scheduler, sha256 } = init
    this.#init = init
    this.#pool = new BackendPool({
      catalog,
      limits,
      scheduler,
      endsWhenIdle: init.tellHost === undefined,
      profile: () => this.#currentProfile(),
      listener: (server) => this.#listenerOf(server),
      onLost: (server) => this.#directory.expire(server),
    })
    this.#directory = new Directory({
      sha256,
      scheduler,
      limits,
      servers: () => catalog.servers(),
      fetch: (server, kind, signal) =>
        listItems(this.#pool.get(server), kind, {
          profile: this.#currentProfile(),
          limits,
          signal,
        }),
      onLate: (kind) => this.#notifier.changed(listOf(kind)),
    })
    this.#calls = new BackendCalls({
      pool: this.#pool,
      hostRequests: this.#hostRequests,
      scheduler,
      limits,
      profile: () => this.#currentProfile(),
    })
    this.#notifier = new ChangeNotifier(
      scheduler,
      limits.debounceMs,
      (list) => void this.#tellChanged(list),
    )
    this.#subscriptions = new Subscriptions(limits, this.#calls)
    this.#stopWatching = catalog.onChange(() => {
      this.#pool.prune(new McpError('peer-unreachable', 'the peer that owns the server is away'))
      this.#directory.expireAbsent()
      this.#notifier.changed('tools', 'prompts', 'resources')
    })
  }

  /** Answers one request. Never rejects, unless the host has cancelled it and waits for nothing. */
  async answer(call: HostCall): Promise<JsonRpcResponse> {
    const { request } = call
    try {
      const era = checkedEra(call)
      if (request.method !== 'server/discover') this.#meet(request)
      const handler = METHODS.get(request.method)
      if (handler === undefined || !handler.eras.includes(era)) throw methodUnknown(request.method)
      return await handler.answer(call, this.#context())
    } catch (error) {
      await this.#sayUnsent(call, error)
      call.signal.throwIfAborted()
      if (error instanceof RpcRefusal) return error.answer(request.id)
      const reason = asMcpError(error, 'server-answer-unacceptable', 'the call failed')
      if (!(error instanceof McpError))
        this.#init.logger.log('error', 'aggregate-defect', { name: nameOf(error) })
      if (request.method !== 'tools/call') return errorAnswer(request.id, reason)
      const content = [{ type: 'text', text: reason.message }]
      return ownResult(call, { content, isError: true }, this.#init.serverInfo)
    }
  }

  async #sayUnsent(call: HostCall, error: unknown): Promise<void> {
    const unsent = this.#calls.unsent(call)
    if (unsent === undefined) return
    const code = error instanceof CodedError ? codeBehind(error) : 'server-answer-unacceptable'
    const { name } = this.#currentProfile().clientInfo
    const client = clientNameIn(call.request) ?? name
    const who = typeof client === 'string' ? { client } : {}
    await this.#init.catalog.unsent?.({ ...unsent, ...who, code })
  }

  /** Takes what the host says besides requests. */
  async hear(message: JsonRpcMessage): Promise<void> {
    if (isResponse(message)) return this.#hostRequests.answer(message)
    if (!isNotification(message)) return undefined
    if (message.method === 'notifications/progress') return this.#hostRequests.progress(message)
    // A notification names no server, so that only those which concern all of them are handed on.
    // Nobody waits for it: a backend that is still opening must not hold back what the host says next.
    if (message.method === 'notifications/roots/list_changed') void this.#pool.tellAll(message)
    return undefined
  }

  stop(reason: McpError): void {
    this.#stopWatching()
    this.#notifier.stop()
    this.#directory.stop()
    this.#subscriptions.stop()
    this.#pool.endAll(reason)
  }

  #context(): MethodContext {
    return {
      serverInfo: this.#init.serverInfo,
      limits: this.#init.limits,
      directory: this.#directory,
      calls: this.#calls,
      subscriptions: this.#subscriptions,
      setLogLevel: (logLevel) => {
        this.#profile = { ...this.#currentProfile(), logLevel }
        void this.#pool.setLogLevel(logLevel)
      },
    }
  }

  /** A handshake says who the host is; in the stateless era the first request with anything to do does. */
  #meet(request: JsonRpcRequest): void {
    if (request.method === 'initialize' || this.#profile === undefined) {
      this.#profile = profileOf(request)
    }
  }

  #currentProfile(): HostProfile {
    return this.#profile ?? SILENT_HOST
  }

  #listenerOf(server: CatalogServer): BackendListener {
    return {
      asked: (request, origin) => this.#asked(request, { ...origin, server }),
      told: (notification, origin) => this.#told(notification, { ...origin, server }),
    }
  }

  async #asked(
    request: JsonRpcRequest,
    origin: Origin & { readonly server: CatalogServer },
  ): Promise<JsonRpcResponse | undefined> {
    if (request.method === 'ping') return { jsonrpc: '2.0', id: request.id, result: {} }
    const send = origin.related?.emit ?? this.#init.tellHost
    if (send === undefined || this.#currentProfile().era === 'modern') {
      const sentence = 'the host speaks a version of MCP in which it is not asked by requests'
      return new RpcRefusal('host-cannot-be-asked', sentence).answer(request.id)
    }
    const release = this.#calls.hold(origin.server)
    try {
      return await this.#hostRequests.ask(request, origin.link, send)
    } finally {
      release()
    }
  }

  async #told(
    notification: JsonRpcNotification,
    { server, link, related }: Origin & { readonly server: CatalogServer },
  ): Promise<void> {
    const { method } = notification
    const kinds = LISTS[method]
    if (kinds !== undefined) {
      this.#directory.expire(server, kinds)
      this.#notifier.changed(...kinds.map(listOf))
      return
    }
    if (method === 'notifications/subscriptions/acknowledged') return
    if (method === 'notifications/resources/updated')
      await this.#subscriptions.updated(notification)
    const send = related?.emit ?? this.#hostStream()
    if (send === undefined) return
    if (method === 'notifications/cancelled')
      await this.#hostRequests.cancel(notification, link, send)
    else await send(notification)
  }

  /** In the stateless era nothing reaches a host that it has not subscribed to. */
  #hostStream(): Send | undefined {
    return this.#currentProfile().era === 'legacy' ? this.#init.tellHost : undefined
  }

  async #tellChanged(list: ChangedList): Promise<void> {
    const method = `notifications/${list}/list_changed`
    try {
      await this.#subscriptions.changed(list)
      await this.#hostStream()?.({ jsonrpc: '2.0', method })
    } catch {
      // The host is gone, which whoever reads from it sees too.
    }
  }
}

function methodUnknown(method: string): RpcRefusal {
  const sentence = `"${method.slice(0, 100)}" cannot be sent to many servers at once; use the endpoint of one`
  return new RpcRefusal('method-unknown', sentence)
}

function nameOf(error: unknown): string {
  return error instanceof Error ? error.name : typeof error
}
