import type { HostChannel } from '../../host-channel.ts'
import type { JsonRpcMessage, JsonRpcRequest } from '../../json-rpc.ts'
import { asMcpError, McpError } from '../../mcp-error.ts'
import { type Logger, type Scheduler, systemScheduler } from '../../ports.ts'
import { errorAnswer } from '../../rpc-answer.ts'
import type { Catalog, Endpoint, EndpointSession } from '../endpoint.ts'
import type { Sha256 } from '../http/token-check.ts'
import { MessageQueue } from '../message-queue.ts'
import { AggregateConnection } from './aggregate-connection.ts'
import type { AggregateInit } from './aggregate-init.ts'
import { AGGREGATE_LIMITS, type AggregateLimits } from './aggregate-limits.ts'
import { AggregateSession } from './aggregate-session.ts'
import type { ServerInfo } from './host-call.ts'

export interface AggregateEndpointInit {
  readonly serverInfo: ServerInfo
  readonly limits?: Partial<AggregateLimits>
}

/** What the aggregate needs from the node. */
export interface AggregateComponents {
  readonly catalog: Catalog
  readonly sha256: Sha256
  readonly logger: Logger
  readonly scheduler?: Scheduler
}

/** Messages ahead of a response that their reader has not taken. */
const WAITING_MAX = 16

/**
 * Many servers as one: names made unique, lists merged, calls routed by table, in both eras.
 *
 * Each host connection has sessions of its own with the backends. Requests of the stateless era over
 * HTTP share one connection, since they carry all that a backend may know of them.
 */
export class AggregateEndpoint implements Endpoint {
  readonly #init: AggregateInit
  readonly #sessions = new Set<AggregateSession>()
  #shared: AggregateConnection | undefined

  constructor(init: AggregateEndpointInit, components: AggregateComponents) {
    this.#init = {
      ...components,
      serverInfo: init.serverInfo,
      limits: { ...AGGREGATE_LIMITS, ...init.limits },
      scheduler: components.scheduler ?? systemScheduler,
    }
  }

  openSession(host: HostChannel, signal: AbortSignal): Promise<EndpointSession> {
    if (signal.aborted) return Promise.reject(stopped(signal.reason))
    const session = new AggregateSession(this.#init, host)
    this.#sessions.add(session)
    void session.ended.then(() => this.#sessions.delete(session))
    return Promise.resolve(session)
  }

  async *request(request: JsonRpcRequest, signal: AbortSignal): AsyncGenerator<JsonRpcMessage> {
    const cancelled = new AbortController()
    const queue = new MessageQueue<JsonRpcMessage>(WAITING_MAX)
    const call = {
      request,
      signal: AbortSignal.any([signal, cancelled.signal]),
      emit: (message: JsonRpcMessage) => queue.push(message),
    }
    this.#shared ??= new AggregateConnection(this.#init)
    const answering = this.#shared
      .answer(call)
      .catch((error: unknown) => errorAnswer(request.id, stopped(error)))
      .then((answer) => queue.push(answer))
      // The queue is closed when its reader has left, and then nobody waits for the answer.
      .catch(() => {})
      .finally(() => queue.end())
    try {
      yield* queue
    } finally {
      cancelled.abort(new McpError('session-ended', 'the host has left'))
      queue.end()
      await answering
    }
  }

  /** Ends every session and waits for them. */
  async stop(): Promise<void> {
    const reason = new McpError('stopped', 'the node is stopping')
    this.#shared?.stop(reason)
    this.#shared = undefined
    const sessions = [...this.#sessions]
    for (const session of sessions) session.close(reason)
    await Promise.all(sessions.map(({ ended }) => ended))
  }
}

function stopped(error: unknown): McpError {
  return asMcpError(error, 'stopped', 'the node is stopping')
}
