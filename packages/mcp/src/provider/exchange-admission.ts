import type { AllowedCall, GateQuestion, Waiting } from '../gate.ts'
import { checkFields } from '../http/derived-fields.ts'
import { isRequest, isRequestId, type JsonRpcMessage } from '../json-rpc.ts'
import { McpError } from '../mcp-error.ts'
import { MessageError, parseMessage } from '../message-door.ts'
import { errorAnswer } from '../rpc-answer.ts'
import type { ExchangeHeader } from '../stream-header.ts'
import { decide, forwarded } from './decide.ts'
import { errorReply, type ExchangeReply, messageReply } from './exchange-reply.ts'
import { refusalAnswer, refusedResponse } from './gatekeeper.ts'
import type { HttpSessions } from './http-sessions.ts'
import type { ProviderComponents } from './provider-components.ts'
import type { RepeatedArguments } from './repeated-arguments.ts'
import type { ServedStream } from './served-stream.ts'

/** What goes on to the server, or what the provider answers in its place. */
export type Passage =
  | {
      readonly passes: true
      readonly message: JsonRpcMessage | undefined
      readonly call?: AllowedCall
      /** The fields of the caller repeat the arguments of the message. */
      readonly isRepeated?: boolean
    }
  | { readonly passes: false; readonly reply: ExchangeReply }

/** Why an exchange may not go to its server, and the status that says so. */
export interface Objection {
  readonly status: number
  readonly error: McpError
}

/**
 * Decides whether an HTTP exchange may pass: the session is the caller's, the body goes through the
 * door, no field contradicts it, and the gate allows it. A stream or an end (GET, DELETE) carries no
 * message; it needs a session, which the gate has let begin.
 */
export class ExchangeAdmission {
  readonly #components: ProviderComponents
  readonly #sessions: HttpSessions
  readonly #repeated: RepeatedArguments

  constructor(components: ProviderComponents, sessions: HttpSessions, repeated: RepeatedArguments) {
    this.#components = components
    this.#sessions = sessions
    this.#repeated = repeated
  }

  /** Nobody waits for an answer any more when `over` is aborted; what is over before it is decided on throws its reason. */
  async admit(served: ServedStream, header: ExchangeHeader, over: AbortSignal): Promise<Passage> {
    const { method, headers } = header
    const foreign = this.#foreign(served, header)
    if (foreign !== undefined) return stop(errorReply(foreign.status, foreign.error))
    if (method === 'POST') return this.#admitBody(served, header, over)
    if (headers['mcp-session-id'] !== undefined) return { passes: true, message: undefined }
    return stop({ status: 405, headers: { allow: 'POST' } })
  }

  /** What stands against an exchange that was let in, at the moment at which it would go: it may have waited for long. */
  objectionTo(
    served: ServedStream,
    header: ExchangeHeader,
    message: JsonRpcMessage | undefined,
  ): Objection | undefined {
    const foreign = this.#foreign(served, header)
    if (foreign !== undefined || message === undefined) return foreign
    const { server, headers } = header
    try {
      this.#repeated.check(message, headers, { did: served.caller.did, server })
    } catch (error) {
      if (error instanceof McpError) return { status: 400, error }
      throw error
    }
    return undefined
  }

  /** The session that it names is not its caller's. */
  #foreign(served: ServedStream, { server, headers }: ExchangeHeader): Objection | undefined {
    const id = headers['mcp-session-id']
    const { did } = served.caller
    if (id === undefined || this.#sessions.owns({ did, server, id })) return undefined
    return { status: 404, error: new McpError('session-unknown', 'there is no such session') }
  }

  async #admitBody(
    served: ServedStream,
    { server, headers }: ExchangeHeader,
    over: AbortSignal,
  ): Promise<Passage> {
    const { limits } = this.#components
    const session = headers['mcp-session-id']
    let message: JsonRpcMessage | undefined
    let bytes = 0
    try {
      const line = await served.lines.next(limits.messageBytesMax)
      if (line === undefined) throw new MessageError('message-not-json', 'there is no body')
      bytes = line.length
      message = parseMessage(line, limits)
      checkFields(message, headers)
      this.#repeated.check(message, headers, { did: served.caller.did, server })
    } catch (error) {
      if (!(error instanceof McpError)) throw error
      return stop(messageReply(400, errorAnswer(idFor(message, error), error)))
    }
    // The body may have come long after the header.
    over.throwIfAborted()
    const asked = { caller: served.caller, server, message, bytes }
    const question = session === undefined ? asked : { ...asked, session }
    return this.#admitMessage(question, over)
  }

  async #admitMessage(question: GateQuestion, signal: AbortSignal): Promise<Passage> {
    const { message } = question
    // Before the response has begun there is no way to tell the caller of progress.
    const waiting = (): Waiting => ({ signal, progress: () => {} })
    const verdict = await (isRequest(message)
      ? decide(this.#components, question, waiting)
      : decide(this.#components, question))
    if (verdict.allowed) {
      const { call, arguments: given } = verdict
      return {
        passes: true,
        message: forwarded(message, verdict),
        ...(call === undefined ? {} : { call }),
        // Other arguments, which the gate gave it, are not those that the fields repeat.
        isRepeated: message['method'] === 'tools/call' && given === undefined,
      }
    }
    if (isRequest(message)) return stop(messageReply(200, refusalAnswer(message, verdict)))
    const instead = refusedResponse(message, verdict)
    if (instead !== undefined) return { passes: true, message: instead }
    return stop(errorReply(403, new McpError('refused', verdict.sentence)))
  }
}

function idFor(message: JsonRpcMessage | undefined, error: McpError): string | number | null {
  if (error instanceof MessageError) return error.id
  const id = message?.['id']
  return isRequestId(id) ? id : null
}

function stop(reply: ExchangeReply): Passage {
  return { passes: false, reply }
}
