import type { IncomingMessage } from 'node:http'
import { encodeControlLine } from '../control-line.ts'
import type { AllowedCall } from '../gate.ts'
import { endSession } from '../http/end-session.ts'
import { requestFields } from '../http/header-fields.ts'
import type { HttpTarget } from '../http/http-call.ts'
import { idAt, isRequest, type JsonRpcMessage } from '../json-rpc.ts'
import { asMcpError, isMcpErrorCode, McpError } from '../mcp-error.ts'
import type { HttpServer } from '../server-definition.ts'
import type { ExchangeHeader } from '../stream-header.ts'
import { errorAnswer } from '../rpc-answer.ts'
import { StreamWriter } from '../stream-writer.ts'
import { failedEnd } from './call-end.ts'
import { CallEnding } from './call-ending.ts'
import { ExchangeAdmission, type Objection } from './exchange-admission.ts'
import { encodeReply, messageReply } from './exchange-reply.ts'
import { type ExchangeHead, ExchangeSession } from './exchange-session.ts'
import { GuardedResponse } from './guarded-response.ts'
import { type BoundSession, HttpSessions } from './http-sessions.ts'
import { watchingLists } from './list-changes.ts'
import { missingAnswer } from './missing-answer.ts'
import type { ProviderComponents } from './provider-components.ts'
import { RepeatedArguments } from './repeated-arguments.ts'
import { NODE_FIELDS, withoutIdle } from './repeating-fields.ts'
import { isWithin, type Scope } from './scope.ts'
import type { ServedStream } from './served-stream.ts'
import { followedBy, readToEnd } from './session-begin.ts'
import { reasonOf, requireOffered, ServerWays, type Way } from './server-ways.ts'

const JSON_TYPE = { 'content-type': 'application/json' }

/** An exchange that was let pass. */
interface PassingExchange {
  readonly served: ServedStream
  readonly writer: StreamWriter
  /** To the server by whose definition it was let pass, and to no other. */
  readonly way: Way
  /** Aborted when the caller or that definition is gone. */
  readonly over: AbortSignal
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
  readonly #ways = new ServerWays()
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
   * `find` gives the definition in force. The exchange goes by the one at its beginning, or nowhere.
   *
   * @throws McpError when the server cannot be reached or is defined otherwise meanwhile; the stream is then still
   * without an answer
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
   * Ends the sessions at the servers, and what is under way: of one caller, of one server, or all; at once, and
   * also what is still being decided on. The exchanges of a caller are cut, those of a server are told why they end.
   */
  async stop(reason: McpError, scope: Scope): Promise<void> {
    if (scope.did === undefined) this.#repeated.forget(scope.server)
    else this.#cut(reason, scope)
    const sessions = this.#sessions.take(scope, reason.code)
    const ways = scope.did === undefined ? this.#ways.withdraw(scope.server, reason) : []
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
    const way = this.#ways.to(find())
    const over = AbortSignal.any([served.stream.signal, way.withdrawn])
    const passage = await this.#admission.admit(served, header, over)
    if (passage.passes) {
      const { message, call } = passage
      const asked = withoutIdle(header, passage)
      const exchange = this.#exchangeOf({ served, writer, way, over, header: asked, message }, call)
      await this.#passToItsEnd(exchange, find)
    } else {
      requireOffered(way, find)
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

  #exchangeOf(
    asked: Omit<PassingExchange, 'session' | 'ending'>,
    allowed: AllowedCall | undefined,
  ): PassingExchange {
    const { served, header, message, over } = asked
    const about = { did: served.caller.did, server: header.server }
    const call = message === undefined ? allowed : this.#repeated.learning(message, about, allowed)
    const session = new ExchangeSession(this.#sessions, about, { header, over })
    const ending =
      message !== undefined && isRequest(message)
        ? new CallEnding(message, call, this.#components.records)
        : undefined
    return { ...asked, session, ending }
  }

  /** Between what is required here and the request to the server nothing is waited for. */
  async #passToItsEnd(exchange: PassingExchange, find: () => HttpServer): Promise<void> {
    const { ending, session, served, way, header, message } = exchange
    const letGo = [ending?.endWith(served.stream.signal)]
    try {
      if (ending !== undefined) session.open?.add(ending)
      // What was cut while it was being decided on begins nothing at the server.
      served.stream.signal.throwIfAborted()
      requireOffered(way, find)
      letGo.push(ending?.endWith(way.withdrawn))
      const objection = this.#admission.objectionTo(served, header, message)
      await (objection === undefined ? this.#pass(exchange) : object(exchange, objection))
    } catch (error) {
      throw await toldOf(error, ending)
    } finally {
      for (const release of letGo) release?.()
      if (ending !== undefined) session.open?.leaveStream(ending)
    }
  }

  async #pass(exchange: PassingExchange): Promise<void> {
    const response = await this.#ask(exchange)
    try {
      await this.#bringBack(exchange, response)
    } catch (error) {
      throw reasonOf(error, exchange.way, 'the response was cut off')
    } finally {
      response.destroy()
    }
  }

  async #ask({ header, message, way, over }: PassingExchange): Promise<IncomingMessage> {
    const { method } = header
    const headers = { ...requestFields(header.headers), ...NODE_FIELDS[method] }
    const body = message === undefined ? {} : { body: Buffer.from(JSON.stringify(message)) }
    try {
      return await way.target.call({ method, signal: over, headers, ...body })
    } catch (error) {
      throw reasonOf(error, way, `the server "${way.server}" cannot be reached`)
    }
  }

  async #bringBack(exchange: PassingExchange, response: IncomingMessage): Promise<void> {
    const { session, served, ending } = exchange
    const { limits } = this.#components
    const guarded = new GuardedResponse({
      response,
      limits,
      account: served.answers,
      own: ending,
      session,
    })
    if (!guarded.isEventStream) return this.#bringWhole(exchange, response, guarded)
    await this.#stream(exchange, response, guarded.events())
    // A server may close the stream, and have its answer fetched by another one of the session.
    if (ending === undefined || ending.hasEnded || ending.isKept) return
    const missing = await missingAnswer(ending)
    session.open?.delete(ending)
    await exchange.writer.write(missing)
  }

  async #bringWhole(
    exchange: PassingExchange,
    response: IncomingMessage,
    guarded: GuardedResponse,
  ): Promise<void> {
    const { writer, ending } = exchange
    const { line, withheld } = await guarded.body()
    const { status, headers } = await this.#headOf(exchange, response, withheld)
    const type = line === undefined ? {} : JSON_TYPE
    const body = {
      status: withheld ? statusInstead(status, line, ending) : status,
      headers: { ...headers, ...type },
    }
    const head = encodeControlLine({ type: 'ok', body })
    await writer.write(...(line === undefined ? [head] : [head, line]))
  }

  async #stream(
    exchange: PassingExchange,
    response: IncomingMessage,
    events: AsyncGenerator<Uint8Array>,
  ): Promise<void> {
    const { header, message, writer, served, ending } = exchange
    // A session is nobody's before its begin is recorded.
    const beginning = message?.['method'] === 'initialize' ? ending : undefined
    const begun = beginning === undefined ? [] : await readToEnd(events, beginning)
    const { status, headers } = await this.#headOf(
      exchange,
      response,
      beginning?.isGranted === false,
    )
    try {
      await writer.write(encodeControlLine({ type: 'ok', body: { status, headers } }))
      const { server } = header
      const forget = (): void => this.#repeated.forget(server)
      const given = watchingLists(followedBy(begun, events), forget)
      for await (const chunk of given) await writer.write(chunk)
    } catch (error) {
      const reason = asMcpError(error, 'server-unreachable', 'the response was cut off')
      // The head is on its way, so that only cutting the stream can say that the body is not whole.
      ending?.lose(reason, failedEnd(reason.code))
      served.stream.abort(reason)
      throw error
    }
  }

  /** The head as it goes to the caller, who gets no session where the server's answer is withheld. */
  async #headOf(
    exchange: PassingExchange,
    response: IncomingMessage,
    isWithheld: boolean,
  ): Promise<Omit<ExchangeHead, 'unwanted'>> {
    const { session, message, way } = exchange
    const { unwanted, ...head } = session.headOf(response, isWithheld ? undefined : message)
    if (isWithheld && unwanted !== undefined) void this.#endAtServer(unwanted, way.target)
    await this.#requireLasting(exchange, unwanted)
    return head
  }

  /** A session that has begun for an exchange that is over is ended where it began. */
  async #requireLasting(
    { over, way }: PassingExchange,
    unwanted: BoundSession | undefined,
  ): Promise<void> {
    if (unwanted === undefined || !over.aborted) return
    await this.#endAtServer(unwanted, way.target)
    throw over.reason
  }

  async #endAtServer(
    { server, id }: BoundSession,
    target: HttpTarget | undefined = this.#ways.targetOf(server),
  ): Promise<void> {
    const { scheduler, limits } = this.#components
    const headers = { 'mcp-session-id': id }
    if (target === undefined) return
    await endSession(target, { headers, scheduler, graceMs: limits.termGraceMs })
  }
}

/** Says in the place of the server why an exchange that was let in does not go to it any more. */
async function object(
  { ending, message, writer }: PassingExchange,
  { status, error }: Objection,
): Promise<void> {
  const told = await toldOf(error, ending)
  if (told !== error) throw told
  const id = message === undefined ? undefined : idAt(message, 'id')
  await writer.write(...encodeReply(messageReply(status, errorAnswer(id ?? null, error))))
}

/** What is not the server's own goes out as a success of HTTP; as one without a body where the answer is on another stream. */
function statusInstead(
  status: number,
  line: Uint8Array | undefined,
  ending: CallEnding | undefined,
): number {
  if (line === undefined && ending !== undefined) return 202
  return status < 300 ? 200 : status
}

/** What the caller is told of a failure, once the gate knows of it. */
async function toldOf(error: unknown, ending: CallEnding | undefined): Promise<unknown> {
  if (ending === undefined || ending.hasEnded || ending.isKept) return error
  const { code } = asMcpError(error, 'stream-ended', 'the provider ended the stream')
  const verdict = await ending.end(failedEnd(code))
  if (verdict.allowed) return error
  return new McpError(isMcpErrorCode(verdict.code) ? verdict.code : 'refused', verdict.sentence)
}
