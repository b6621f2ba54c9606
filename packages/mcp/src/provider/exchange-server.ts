import type { IncomingMessage } from 'node:http'
import { encodeControlLine } from '../control-line.ts'
import type { AllowedCall } from '../gate.ts'
import { requestFields } from '../http/header-fields.ts'
import { HttpTarget, mediaTypeOf } from '../http/http-call.ts'
import { isRequest, type JsonRpcMessage } from '../json-rpc.ts'
import { asMcpError, isMcpErrorCode, McpError } from '../mcp-error.ts'
import type { HttpServer } from '../server-definition.ts'
import type { ExchangeHeader } from '../stream-header.ts'
import { StreamWriter } from '../stream-writer.ts'
import { failedEnd } from './call-end.ts'
import { CallEnding } from './call-ending.ts'
import { ExchangeAdmission } from './exchange-admission.ts'
import { encodeReply } from './exchange-reply.ts'
import { ExchangeSession } from './exchange-session.ts'
import { GuardedResponse } from './guarded-response.ts'
import { type BoundSession, HttpSessions } from './http-sessions.ts'
import { watchingLists } from './list-changes.ts'
import type { ProviderComponents } from './provider-components.ts'
import { RepeatedArguments } from './repeated-arguments.ts'
import { withoutIdle } from './repeating-fields.ts'
import { isWithin, type Scope } from './scope.ts'
import type { ServedStream } from './served-stream.ts'

/** Ours, not the caller's: under another charset the server would read another message than the gate has. */
const JSON_TYPE = { 'content-type': 'application/json' }

/** The way to a server, for as long as its definition stands. */
interface Way {
  readonly server: string
  readonly target: HttpTarget
  /** Ends the exchanges under way when the definition is withdrawn. */
  readonly withdrawn: AbortController
}

/** An exchange that was let pass. */
interface PassingExchange {
  readonly served: ServedStream
  readonly writer: StreamWriter
  readonly header: ExchangeHeader
  readonly message: JsonRpcMessage | undefined
  readonly session: ExchangeSession
  /** There where something was asked. */
  readonly ending: CallEnding | undefined
}

/**
 * Passes HTTP exchanges through to servers that speak Streamable HTTP: the body parsed, decided on
 * and serialised again, the header fields by an allow-list, the response message by message. Any stream can
 * bring the answer of a call that is yet to come, and so is looked into whatever it was opened for. Either end of an
 * exchange ends the other.
 */
export class ExchangeServer {
  readonly #components: ProviderComponents
  readonly #ways = new Map<string, Way>()
  /** Whose the exchanges under way are, from before they are decided on; as many as there are streams at the most. */
  readonly #running = new Map<ServedStream, Required<Scope>>()
  readonly #repeated = new RepeatedArguments()
  readonly #sessions: HttpSessions
  readonly #admission: ExchangeAdmission

  constructor(components: ProviderComponents) {
    this.#components = components
    this.#sessions = new HttpSessions(components.limits, (session) => {
      void this.#endAtServer(session)
    })
    this.#admission = new ExchangeAdmission(components, this.#sessions, this.#repeated)
  }

  get sessions(): number {
    return this.#sessions.size
  }

  /**
   * `find` gives the definition in force, which may change while the caller is still sending.
   *
   * @throws McpError when the server cannot be reached; the stream is then still without an answer
   */
  async serve(served: ServedStream, header: ExchangeHeader, find: () => HttpServer): Promise<void> {
    this.#running.set(served, { did: served.caller.did, server: header.server })
    try {
      await this.#serve(served, header, find)
    } finally {
      this.#running.delete(served)
    }
  }

  /**
   * Ends the sessions at the servers, and what is under way: of one caller, of one server, or all. The
   * exchanges of a caller are cut at once, also those that are still being decided on.
   */
  async stop(reason: McpError, scope: Scope): Promise<void> {
    if (scope.did === undefined) this.#repeated.forget(scope.server)
    else this.#cut(reason, scope)
    const sessions = this.#sessions.take(scope, reason.code)
    const ways = scope.did === undefined ? this.#takeWays(scope.server) : []
    for (const { withdrawn } of ways) withdrawn.abort(reason)
    const targets = new Map(ways.map((way) => [way.server, way.target]))
    const { records } = this.#components
    await Promise.all([
      records.within(records.reached()),
      ...sessions.map((session) => this.#endAtServer(session, targets.get(session.server))),
    ])
    for (const { target } of ways) target.close()
  }

  async #serve(
    served: ServedStream,
    header: ExchangeHeader,
    find: () => HttpServer,
  ): Promise<void> {
    const writer = new StreamWriter(served.stream)
    const passage = await this.#admission.admit(served, header)
    if (passage.passes) {
      const { message, call } = passage
      const asked = withoutIdle(header, passage)
      const exchange = this.#exchangeOf({ served, writer, header: asked, message }, call)
      await this.#passToItsEnd(exchange, find)
    } else {
      await writer.write(...encodeReply(passage.reply))
    }
    await writer.end()
  }

  /** Cutting the stream ends the request at the server too, and is the end of the call that the gate is told. */
  #cut(reason: McpError, scope: Scope): void {
    for (const [{ stream }, work] of this.#running) {
      if (isWithin(scope, work)) stream.abort(reason)
    }
  }

  /** Takes ways out, so that an exchange that begins now goes by the definition in force. */
  #takeWays(server: string | undefined): readonly Way[] {
    const taken = [...this.#ways.values()].filter((way) => (server ?? way.server) === way.server)
    for (const way of taken) this.#ways.delete(way.server)
    return taken
  }

  #exchangeOf(
    asked: Omit<PassingExchange, 'session' | 'ending'>,
    allowed: AllowedCall | undefined,
  ): PassingExchange {
    const { served, header, message } = asked
    const about = { did: served.caller.did, server: header.server }
    const call = message === undefined ? allowed : this.#repeated.learning(message, about, allowed)
    const session = new ExchangeSession(this.#sessions, about, header)
    const ending =
      message !== undefined && isRequest(message)
        ? new CallEnding(message, call, this.#components.records)
        : undefined
    return { ...asked, session, ending }
  }

  async #passToItsEnd(exchange: PassingExchange, find: () => HttpServer): Promise<void> {
    const { ending, session, served } = exchange
    const letGo = [ending?.endWith(served.stream.signal)]
    if (ending !== undefined) session.open?.add(ending)
    try {
      // What was cut while it was being decided on begins nothing at the server.
      served.stream.signal.throwIfAborted()
      const way = this.#way(find())
      letGo.push(ending?.endWith(way.withdrawn.signal))
      await this.#pass(exchange, way)
    } catch (error) {
      throw await toldOf(error, ending)
    } finally {
      for (const release of letGo) release?.()
      if (ending?.hasEnded === true) session.open?.delete(ending)
    }
  }

  async #pass(exchange: PassingExchange, way: Way): Promise<void> {
    const response = await this.#ask(exchange, way)
    try {
      await this.#bringBack(exchange, response)
    } catch (error) {
      throw reasonOf(error, way, 'the response was cut off')
    } finally {
      response.destroy()
    }
  }

  async #ask({ served, header, message }: PassingExchange, way: Way): Promise<IncomingMessage> {
    const fields = requestFields(header.headers)
    const content =
      message === undefined
        ? { headers: fields }
        : { headers: { ...fields, ...JSON_TYPE }, body: Buffer.from(JSON.stringify(message)) }
    try {
      const { method } = header
      const signal = AbortSignal.any([served.stream.signal, way.withdrawn.signal])
      return await way.target.call({ method, signal, ...content })
    } catch (error) {
      throw reasonOf(error, way, `the server "${way.server}" cannot be reached`)
    }
  }

  async #bringBack(exchange: PassingExchange, response: IncomingMessage): Promise<void> {
    const { session, served, ending } = exchange
    const { limits } = this.#components
    const { open } = session
    const guarded = new GuardedResponse({
      response,
      limits,
      account: served.answers,
      own: ending,
      open,
    })
    if (!guarded.isEventStream) return this.#bringWhole(exchange, response, guarded)
    await this.#stream(exchange, response, guarded.events())
    // A server may close the stream, and have its answer fetched by another one of the session.
    if (ending === undefined || (guarded.isResumable && open?.has(ending) === true)) return
    await ending.end(failedEnd('server-unreachable'))
  }

  async #bringWhole(
    { session, message, writer }: PassingExchange,
    response: IncomingMessage,
    guarded: GuardedResponse,
  ): Promise<void> {
    const { line, withheld } = await guarded.body()
    const { status, headers, unwanted } = session.headOf(response, withheld ? undefined : message)
    if (withheld && unwanted !== undefined) void this.#endAtServer(unwanted)
    const type = line === undefined ? {} : JSON_TYPE
    const body = {
      status: withheld && status < 300 ? 200 : status,
      headers: { ...headers, ...type },
    }
    const head = encodeControlLine({ type: 'ok', body })
    await writer.write(...(line === undefined ? [head] : [head, line]))
  }

  async #stream(
    { session, header, message, writer, served, ending }: PassingExchange,
    response: IncomingMessage,
    chunks: AsyncIterable<Uint8Array>,
  ): Promise<void> {
    try {
      const { status, headers } = session.headOf(response, message)
      await writer.write(encodeControlLine({ type: 'ok', body: { status, headers } }))
      const isEvents = mediaTypeOf(response) === 'text/event-stream'
      const { server } = header
      const forget = (): void => this.#repeated.forget(server)
      const given = isEvents ? watchingLists(chunks, forget) : chunks
      for await (const chunk of given) await writer.write(chunk)
    } catch (error) {
      const reason = asMcpError(error, 'server-unreachable', 'the response was cut off')
      // The head is on its way, so that only cutting the stream can say that the body is not whole.
      void ending?.end(failedEnd(reason.code))
      served.stream.abort(reason)
      throw error
    }
  }

  #way({ name, url, headers = {} }: HttpServer): Way {
    const known = this.#ways.get(name)
    if (known !== undefined) return known
    const target = new HttpTarget(url, headers)
    const way = { server: name, target, withdrawn: new AbortController() }
    this.#ways.set(name, way)
    return way
  }

  async #endAtServer(
    { server, id }: BoundSession,
    target: HttpTarget | undefined = this.#ways.get(server)?.target,
  ): Promise<void> {
    const { scheduler, limits } = this.#components
    const late = new AbortController()
    const inTime = scheduler.after(limits.termGraceMs, () => late.abort())
    try {
      const headers = { 'mcp-session-id': id }
      const response = await target?.call({ method: 'DELETE', headers, signal: late.signal })
      response?.resume()
    } catch {
      // A server that is gone, or slow to part, forgets the session by itself.
    }
    inTime()
  }
}

/** Why a server has not answered: its definition was withdrawn, or it cannot be reached. */
function reasonOf(error: unknown, { withdrawn }: Way, sentence: string): McpError {
  const { reason, aborted } = withdrawn.signal
  const cause: unknown = aborted && reason instanceof McpError ? reason : error
  return asMcpError(cause, 'server-unreachable', sentence)
}

/** What the caller is told of a failure, once the gate knows of it. */
async function toldOf(error: unknown, ending: CallEnding | undefined): Promise<unknown> {
  if (ending === undefined || ending.hasEnded) return error
  const { code } = asMcpError(error, 'stream-ended', 'the provider ended the stream')
  const verdict = await ending.end(failedEnd(code))
  if (verdict.allowed) return error
  return new McpError(isMcpErrorCode(verdict.code) ? verdict.code : 'refused', verdict.sentence)
}
