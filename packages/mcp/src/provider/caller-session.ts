import { encodeControlLine } from '../control-line.ts'
import { DeferredCount } from '../deferred-count.ts'
import type { Caller } from '../gate.ts'
import { isRequest, type JsonRpcMessage, type JsonRpcRequest } from '../json-rpc.ts'
import type { LineReader } from '../line-reader.ts'
import { McpError } from '../mcp-error.ts'
import type { MeshStream } from '../mesh-stream.ts'
import { encodeMessage, MessageError, parseMessage } from '../message-door.ts'
import { errorAnswer } from '../rpc-answer.ts'
import type { ServerDefinition } from '../server-definition.ts'
import { StreamWriter } from '../stream-writer.ts'
import type { ProviderComponents } from './provider-components.ts'
import { type Origin, ServerSession } from './server-session.ts'
import { StreamRoute } from './stream-route.ts'
import type { Unsent } from './unsent.ts'

/** The one message of a request stream. */
export interface ReceivedRequest extends Origin {
  readonly request: JsonRpcRequest
}

export interface CallerSessionInit {
  readonly caller: Caller
  /** As the consumer named it. */
  readonly session: string
  readonly definition: ServerDefinition
  readonly stream: MeshStream
  readonly components: ProviderComponents
}

/**
 * The session of one host with one server: a server of its own, and the stream that carries what
 * belongs to no request. The stream's end is the session's end, and the other way round.
 */
export class CallerSession {
  readonly #init: CallerSessionInit
  readonly #writer: StreamWriter
  readonly #server: ServerSession
  /** Messages of the session stream that have gone to the server, or been refused. */
  readonly #taken = new DeferredCount()
  #said = 0

  constructor(init: CallerSessionInit) {
    this.#init = init
    this.#writer = new StreamWriter(init.stream)
    const { session, definition, components } = init
    this.#server = new ServerSession({
      session,
      definition,
      components,
      rest: (message, { unsent }) => this.#sayBehind(message, unsent),
    })
  }

  /** Serves the session stream until the session is over and its server gone. */
  async serve(lines: LineReader): Promise<void> {
    const { signal } = this.#init.stream
    const onAbort = (): void => {
      void this.stop(new McpError('session-ended', 'the session was closed by the caller'))
    }
    signal.addEventListener('abort', onAbort, { once: true })
    if (signal.aborted) onAbort()
    const saidGoodbye = this.#server.ended.then((reason) => this.#sayGoodbye(reason))
    try {
      await this.#writer.write(encodeControlLine({ type: 'ok', body: {} }))
      await this.#listen(lines)
    } finally {
      await this.stop(new McpError('session-ended', 'the session was closed by the caller'))
      await saidGoodbye
      signal.removeEventListener('abort', onAbort)
    }
  }

  /** Serves one request stream of this session, behind the messages that the consumer sent before it. */
  async serveRequest(
    stream: MeshStream,
    { request, ...origin }: ReceivedRequest,
    after: number,
  ): Promise<void> {
    const route = new StreamRoute(stream, () => this.#said)
    const { signal } = stream
    try {
      await this.#taken.reaches(after, signal)
    } catch {
      // Nobody is left to be told, or the session is over, which the next step answers.
      if (signal.aborted) return
    }
    await this.#server.request({ ...origin, asked: request, sent: request, route, signal })
    await route.finished
  }

  stop(reason: McpError): Promise<void> {
    return this.#server.stop(reason)
  }

  async #listen(lines: LineReader): Promise<void> {
    const { messageBytesMax } = this.#init.components.limits
    for (;;) {
      const line = await lines.next(messageBytesMax)
      if (line === undefined) return
      await this.#take(line)
      this.#taken.increment()
    }
  }

  async #take(line: Uint8Array): Promise<void> {
    let message: JsonRpcMessage
    try {
      message = parseMessage(line, this.#init.components.limits)
    } catch (error) {
      if (!(error instanceof MessageError)) throw error
      return this.#say(errorAnswer(error.id, error))
    }
    if (isRequest(message)) {
      const error = new McpError('message-invalid', 'a request travels on a stream of its own')
      return this.#say(errorAnswer(message.id, error))
    }
    return this.#server.tell(message, { caller: this.#init.caller, bytes: line.length })
  }

  #say(message: JsonRpcMessage): Promise<void> {
    this.#said += 1
    return this.#writer.write(encodeMessage(message))
  }

  /** What the server has said after an answer does not overtake it. */
  async #sayBehind(message: JsonRpcMessage, unsent: Unsent): Promise<void> {
    const { ahead } = unsent
    if (ahead === undefined) return this.#say(message)
    this.#said += 1
    this.#writer.hold(ahead)
    const line = encodeMessage(message)
    await unsent.add(line.length, this.#writer.write(line))
  }

  async #sayGoodbye(reason: McpError): Promise<void> {
    const { stream, components } = this.#init
    this.#taken.close(reason)
    const cut = components.scheduler.after(components.limits.lingerMs, () => stream.abort(reason))
    stream.signal.addEventListener('abort', cut, { once: true })
    try {
      await this.#writer.end(encodeControlLine({ type: 'end', error: reason }))
    } catch {
      // The caller closed the stream first, which is how most sessions end.
    }
  }
}
