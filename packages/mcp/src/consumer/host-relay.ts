import { isControlLine } from '../control-line.ts'
import { DeferredCount } from '../deferred-count.ts'
import type { HostChannel } from '../host-channel.ts'
import {
  answeredId,
  idAt,
  isRequest,
  isResponse,
  type JsonRpcMessage,
  type JsonRpcRequest,
  paramsOf,
} from '../json-rpc.ts'
import { asMcpError, McpError } from '../mcp-error.ts'
import { encodeMessage, parseMessage } from '../message-door.ts'
import { errorAnswer } from '../rpc-answer.ts'
import { StreamWriter } from '../stream-writer.ts'
import { CallDeparture } from './call-departure.ts'
import { clientNameIn } from './client-name.ts'
import { HostWriter } from './host-writer.ts'
import { type Carried, InFlight } from './in-flight.ts'
import type { OpenedStream } from './open-stream.ts'
import { type ConsumerComponents, limitsOf, type PeerServer } from './peer.ts'
import type { RelayLimits } from './relay-limits.ts'
import { peerFault } from './peer-fault.ts'
import { carryRequest } from './request-stream.ts'
import { closedByPeer, endOf, type SessionEnd } from './session-end.ts'

export interface HostRelayInit {
  readonly id: string
  readonly peer: PeerServer
  readonly host: HostChannel
  readonly components: ConsumerComponents
  /** The session stream, accepted by the provider. */
  readonly opened: OpenedStream
}

/**
 * Relays one host connection: each request on a stream of its own, everything else on the session
 * stream, and every answer to the host in the order in which the server gave it.
 */
export class HostRelay {
  readonly id: string
  readonly #init: HostRelayInit
  readonly #limits: RelayLimits
  readonly #host: HostWriter
  readonly #session: StreamWriter
  readonly #inFlight: InFlight
  readonly #tasks = new Set<Promise<void>>()
  /** Messages of the session stream that the host has been given. */
  readonly #delivered = new DeferredCount()
  readonly #over = new AbortController()
  readonly #closed = Promise.withResolvers<SessionEnd>()
  readonly #ended: Promise<McpError | undefined>
  #told = 0
  /** What the host calls itself, once it has said so. */
  #client: string | undefined
  #isPeersDoing = false

  constructor(init: HostRelayInit) {
    this.id = init.id
    this.#init = init
    this.#limits = limitsOf(init.peer)
    this.#host = new HostWriter(init.host)
    this.#session = new StreamWriter(init.opened.stream)
    this.#inFlight = new InFlight(this.#limits.inFlightMax)
    this.#ended = this.#run()
  }

  /** Resolves once the session is over: with nothing if the host closed it, else with the reason. */
  get ended(): Promise<McpError | undefined> {
    return this.#ended
  }

  /** Ends the session now. */
  close(reason: McpError): void {
    this.#closed.resolve({ by: 'owner', reason })
  }

  async #run(): Promise<McpError | undefined> {
    const hostEnd = this.#listenToHost()
    const peerEnd = this.#listenToPeer()
    const end = await Promise.race([hostEnd, peerEnd, this.#closed.promise])
    const { stream } = this.#init.opened
    const reason =
      end.by === 'host'
        ? new McpError('session-ended', 'the host has closed the session')
        : end.reason
    // Answers that are under way still arrive, unless nobody is left to read them.
    if (end.by === 'host' || end.by === 'peer') await this.#drain()
    this.#isPeersDoing = end.by === 'peer'
    this.#over.abort(reason)
    this.#delivered.close(reason)
    this.#inFlight.abortAll(reason)
    if (end.by === 'host') await this.#sayGoodbye(peerEnd)
    stream.abort(reason)
    await this.#withinDrainTime(Promise.all(this.#tasks))
    this.#init.host.close(reason)
    return end.by === 'host' ? undefined : reason
  }

  async #listenToHost(): Promise<SessionEnd> {
    try {
      for await (const message of this.#init.host.messages) {
        await (this.#over.signal.aborted ? this.#comesTooLate(message) : this.#take(message))
      }
      return { by: 'host' }
    } catch (error) {
      return { by: 'lost-host', reason: asMcpError(error, 'host-gone', 'the host is gone') }
    }
  }

  /** A host may have said much before it hears of the end, which closes its channel. */
  async #comesTooLate(message: JsonRpcMessage): Promise<void> {
    const reason = asMcpError(this.#over.signal.reason, 'session-ended', 'the session is over')
    await this.#departureOf(message, encodeMessage(message)).failed(reason)
  }

  async #take(message: JsonRpcMessage): Promise<void> {
    if (isRequest(message)) return this.#start(message)
    if (message['method'] === 'notifications/cancelled') {
      const id = idAt(paramsOf(message), 'requestId')
      if (id !== undefined && this.#inFlight.cancel(id)) return undefined
    }
    const line = encodeMessage(message)
    const departure = this.#departureOf(message, line)
    try {
      departure.leave(this.#init.opened.stream)
    } catch (error) {
      // Nobody waits for an answer to a message that asks for none: what cannot be written down is left out.
      if (error instanceof McpError) return departure.failed(error)
      throw error
    }
    this.#told += 1
    try {
      await this.#session.write(line)
    } catch {
      // The session stream is gone; whoever reads it says why.
    }
    return undefined
  }

  #departureOf(message: JsonRpcMessage, line: Uint8Array): CallDeparture {
    const who = this.#client === undefined ? {} : { client: this.#client }
    return new CallDeparture(this.#init.peer.journal, {
      message,
      bytes: line.length - 1,
      ...who,
    })
  }

  async #start(request: JsonRpcRequest): Promise<void> {
    this.#client = clientNameIn(request) ?? this.#client
    let carried: Carried
    try {
      carried = this.#inFlight.add(request)
    } catch (error) {
      if (!(error instanceof McpError)) throw error
      await this.#departureOf(request, encodeMessage(request)).failed(error)
      return this.#host.send(errorAnswer(request.id, error))
    }
    const task = this.#carry(carried, this.#told).finally(() => this.#tasks.delete(task))
    this.#tasks.add(task)
    return undefined
  }

  /** Never rejects: what goes wrong is answered, and a host that is gone is the session's end. */
  async #carry(carried: Carried, after: number): Promise<void> {
    const { request, abort } = carried
    const { peer, components } = this.#init
    const messages = carryRequest(peer, {
      header: { kind: 'request', server: peer.server, session: this.id, after },
      request,
      signal: abort.signal,
      scheduler: components.scheduler,
      delivered: (count) => this.#delivered.reaches(count, abort.signal),
      client: this.#client,
      isPeersDoing: () => this.#isPeersDoing && !carried.cancelled,
    })
    try {
      const answered = await this.#host.sendAll(this.#freeing(messages, carried), request.id)
      if (answered || carried.cancelled) return
      const reason = asMcpError(abort.signal.reason, 'session-ended', 'the session is over')
      await this.#host.send(errorAnswer(request.id, reason))
    } catch (error) {
      const reason = asMcpError(error, 'host-gone', 'the host is gone')
      this.#closed.resolve({ by: 'lost-host', reason })
    } finally {
      this.#inFlight.delete(carried)
    }
  }

  /** Frees the id ahead of the response: the host may use it again as soon as it has read that. */
  async *#freeing(
    messages: AsyncIterable<JsonRpcMessage>,
    carried: Carried,
  ): AsyncGenerator<JsonRpcMessage> {
    for await (const message of messages) {
      if (carried.cancelled) return
      if (isResponse(message)) this.#inFlight.delete(carried)
      yield message
    }
  }

  async #listenToPeer(): Promise<SessionEnd> {
    const { lines } = this.#init.opened
    try {
      for (;;) {
        const line = await lines.next(this.#limits.messageBytesMax)
        if (line === undefined) return closedByPeer()
        if (isControlLine(line)) return endOf(line)
        await this.#hear(parseMessage(line, this.#limits))
        this.#delivered.increment()
      }
    } catch (error) {
      const reason = peerFault(error, 'session-ended', 'the connection to the peer was lost')
      return { by: 'peer', reason }
    }
  }

  async #hear(message: JsonRpcMessage): Promise<void> {
    // A response here could only end a request that has a stream of its own, and so must not.
    if (isResponse(message) && answeredId(message) !== null) return
    try {
      await this.#host.send(message)
    } catch (error) {
      const reason = asMcpError(error, 'host-gone', 'the host is gone')
      this.#closed.resolve({ by: 'lost-host', reason })
    }
  }

  #drain(): Promise<void> {
    return this.#withinDrainTime(Promise.all(this.#tasks))
  }

  /** The provider ends its side when its server is gone; waiting for that keeps the order of things. */
  async #sayGoodbye(peerGone: Promise<SessionEnd>): Promise<void> {
    try {
      await this.#session.end()
      await this.#withinDrainTime(peerGone)
    } catch {
      // The stream is gone already, which says goodbye as well.
    }
  }

  async #withinDrainTime(work: Promise<unknown>): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>()
    const stop = this.#init.components.scheduler.after(this.#limits.drainMs, resolve)
    await Promise.race([work, promise])
    stop()
  }
}
