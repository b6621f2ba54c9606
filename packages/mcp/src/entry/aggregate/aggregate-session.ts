import { setImmediate as nextTurn } from 'node:timers/promises'
import { HostWriter } from '../../consumer/host-writer.ts'
import type { HostChannel } from '../../host-channel.ts'
import {
  idAt,
  isRequest,
  type JsonRpcMessage,
  type JsonRpcRequest,
  paramsOf,
  type RequestId,
} from '../../json-rpc.ts'
import { asMcpError, McpError } from '../../mcp-error.ts'
import { errorAnswer } from '../../rpc-answer.ts'
import type { EndpointSession } from '../endpoint.ts'
import { AggregateConnection } from './aggregate-connection.ts'
import type { AggregateInit } from './aggregate-init.ts'

/** How long answers may still come after the host has closed its side. */
const DRAIN_MS_MAX = 2_000

/** A host connection that is served by the aggregate: reads requests, answers each one once. */
export class AggregateSession implements EndpointSession {
  readonly ended: Promise<McpError | undefined>
  readonly #init: AggregateInit
  readonly #host: HostChannel
  readonly #writer: HostWriter
  readonly #connection: AggregateConnection
  readonly #inFlight = new Map<RequestId, AbortController>()
  readonly #answering = new Set<Promise<void>>()
  readonly #closed = Promise.withResolvers<McpError>()

  constructor(init: AggregateInit, host: HostChannel) {
    this.#init = init
    this.#host = host
    this.#writer = new HostWriter(host)
    this.#connection = new AggregateConnection({
      ...init,
      tellHost: (message) => this.#writer.send(message),
    })
    this.ended = this.#run()
  }

  close(reason: McpError): void {
    this.#closed.resolve(reason)
  }

  async #run(): Promise<McpError | undefined> {
    const reason = await Promise.race([this.#listen(), this.#closed.promise])
    if (reason === undefined) await this.#drain()
    const why = reason ?? new McpError('session-ended', 'the host has closed the session')
    for (const { abort } of this.#aborts()) abort(why)
    this.#connection.stop(why)
    await this.#drain()
    this.#host.close(why)
    return reason
  }

  /** Nothing when the host has closed its side, else why it is gone. */
  async #listen(): Promise<McpError | undefined> {
    try {
      for await (const message of this.#host.messages) {
        if (isRequest(message)) await this.#start(message)
        else if (!this.#cancel(message)) await this.#connection.hear(message)
      }
      return undefined
    } catch (error) {
      return asMcpError(error, 'host-gone', 'the host is gone')
    }
  }

  async #start(request: JsonRpcRequest): Promise<void> {
    const { inFlightMax } = this.#init.limits
    if (this.#inFlight.has(request.id)) {
      const taken = new McpError('request-taken', 'a request with this id is already in flight')
      return this.#writer.send(errorAnswer(request.id, taken))
    }
    if (this.#inFlight.size >= inFlightMax) {
      const full = new McpError(
        'requests-exhausted',
        `at most ${inFlightMax} requests may be in flight`,
      )
      return this.#writer.send(errorAnswer(request.id, full))
    }
    const abort = new AbortController()
    this.#inFlight.set(request.id, abort)
    const answering = this.#answer(request, abort).finally(() => this.#answering.delete(answering))
    this.#answering.add(answering)
    return undefined
  }

  /** Never rejects. */
  async #answer(request: JsonRpcRequest, { signal }: AbortController): Promise<void> {
    let notes = false
    const emit = (message: JsonRpcMessage): Promise<void> => {
      notes = true
      return this.#writer.send(message, request.id)
    }
    try {
      const answer = await this.#connection.answer({ request, signal, emit })
      // SDK hosts drop a progress note that they read in one chunk with its response.
      if (notes) await nextTurn()
      if (signal.aborted) return
      this.#inFlight.delete(request.id)
      await this.#writer.send(answer)
    } catch (error) {
      await this.#giveUp(request, signal, error)
    } finally {
      if (this.#inFlight.get(request.id)?.signal === signal) this.#inFlight.delete(request.id)
    }
  }

  /** Nobody waits for an answer to what the host has cancelled; when it is the session that ends, the host is told. */
  async #giveUp(request: JsonRpcRequest, signal: AbortSignal, error: unknown): Promise<void> {
    const reason = asMcpError(error, 'host-gone', 'the host is gone')
    if (!signal.aborted) this.#closed.resolve(reason)
    if (this.#inFlight.get(request.id)?.signal !== signal) return
    try {
      await this.#writer.send(errorAnswer(request.id, reason))
    } catch {
      // The host is gone, and with it everybody who waits.
    }
  }

  #cancel(message: JsonRpcMessage): boolean {
    if (message['method'] !== 'notifications/cancelled') return false
    const id = idAt(paramsOf(message), 'requestId')
    const abort = id === undefined ? undefined : this.#inFlight.get(id)
    if (id !== undefined) this.#inFlight.delete(id)
    abort?.abort(new McpError('session-ended', 'the host has cancelled the request'))
    return true
  }

  async #drain(): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>()
    const stop = this.#init.scheduler.after(DRAIN_MS_MAX, resolve)
    await Promise.race([Promise.all(this.#answering), promise])
    stop()
  }

  #aborts(): readonly { abort: (reason: McpError) => void }[] {
    return [...this.#inFlight.values()].map((each) => ({ abort: (reason) => each.abort(reason) }))
  }
}
