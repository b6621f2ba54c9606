import type { HostChannel } from '../../host-channel.ts'
import {
  answeredId,
  idAt,
  isRequest,
  isResponse,
  type JsonRpcMessage,
  type JsonRpcRequest,
  type JsonRpcResponse,
  paramsOf,
  type RequestId,
} from '../../json-rpc.ts'
import { McpError } from '../../mcp-error.ts'
import { errorAnswer } from '../../rpc-answer.ts'
import { MessageQueue } from '../message-queue.ts'
import { EntryError } from './entry-error.ts'
import type { EventStream } from './event-stream.ts'
import type { HttpLimits } from './http-limits.ts'
import type { PostReply } from './post-reply.ts'

/**
 * A legacy session (2025-11-25 and before) over Streamable HTTP, as a host connection.
 *
 * What belongs to a request goes on the response of its POST, everything else on the GET stream. A
 * host that leaves a POST has not cancelled it (MCP 2025-11-25, Streamable HTTP): its answer is dropped.
 */
export class HttpSession implements HostChannel {
  readonly messages: MessageQueue<JsonRpcMessage>
  readonly #limits: HttpLimits
  readonly #replies = new Map<RequestId, PostReply>()
  #stream: EventStream | undefined
  #waiting: JsonRpcMessage[] = []
  #closed = false
  readonly #onIdle: () => void

  /** `onIdle` is told whenever a response or the GET stream of the session is over. */
  constructor(limits: HttpLimits, onIdle: () => void) {
    this.#limits = limits
    this.#onIdle = onIdle
    this.messages = new MessageQueue(limits.queuedMax)
  }

  /** Whether the host waits on a response or reads the GET stream. */
  get busy(): boolean {
    return this.#stream?.open === true || [...this.#replies.values()].some(({ open }) => open)
  }

  /** Whether the host had a GET stream and has left it: most hosts never say goodbye in another way. */
  get left(): boolean {
    return this.#stream !== undefined && !this.busy
  }

  /** Takes a notification or an answer of the host. */
  async accept(message: JsonRpcMessage): Promise<void> {
    await this.messages.push(message)
    if (isResponse(message) || message['method'] !== 'notifications/cancelled') return
    const id = idAt(paramsOf(message), 'requestId')
    if (id === undefined) return
    this.#replies.get(id)?.abandon()
    this.#replies.delete(id)
  }

  /**
   * Takes a request of the host and the response on which it will be answered.
   *
   * @throws EntryError `request-taken`
   */
  async ask(request: JsonRpcRequest, reply: PostReply): Promise<void> {
    if (this.#replies.has(request.id)) {
      throw new EntryError('request-taken', 'a request with this id is already in flight')
    }
    this.#replies.set(request.id, reply)
    reply.gone.addEventListener('abort', this.#onIdle, { once: true })
    await this.messages.push(request)
  }

  /**
   * Takes the GET stream; what waited for it is sent first.
   *
   * @throws EntryError `stream-taken`
   */
  async attach(open: () => EventStream): Promise<void> {
    if (this.#stream?.open === true) {
      throw new EntryError('stream-taken', 'the session has an event stream already')
    }
    const stream = open()
    this.#stream = stream
    stream.onClose(this.#onIdle)
    // All at once, so that nothing newer comes in between.
    await Promise.all(this.#waiting.splice(0).map((message) => stream.send(message)))
  }

  async send(message: JsonRpcMessage, relatedTo?: RequestId): Promise<void> {
    if (this.#closed) throw new McpError('session-ended', 'the session is over')
    if (isResponse(message)) return this.#answer(message)
    for (const stream of this.#streamsFor(message, relatedTo)) {
      if (await sent(stream, message)) return undefined
    }
    return this.#keep(message)
  }

  close(_reason: Error): void {
    this.#closed = true
    this.messages.end()
    this.#stream?.end()
    for (const reply of this.#replies.values()) reply.cut()
    this.#replies.clear()
    this.#waiting = []
  }

  async #answer(message: JsonRpcResponse): Promise<void> {
    const id = answeredId(message)
    if (id === null) return
    const reply = this.#replies.get(id)
    this.#replies.delete(id)
    if (reply === undefined) return
    await sent({ send: (answer) => reply.finish(answer) }, message)
  }

  /** Where a message can go, the best place first. A nested request would rather go astray than hang. */
  #streamsFor(message: JsonRpcMessage, relatedTo: RequestId | undefined): readonly Sink[] {
    const sinks: Sink[] = []
    const related = relatedTo === undefined ? undefined : this.#replies.get(relatedTo)
    if (related?.open === true) sinks.push({ send: (note) => related.note(note) })
    if (this.#stream?.open === true) sinks.push(this.#stream)
    if (!isRequest(message)) return sinks
    const oldest = [...this.#replies.values()].find(({ open }) => open)
    if (oldest !== undefined) sinks.push({ send: (note) => oldest.note(note) })
    return sinks
  }

  async #keep(message: JsonRpcMessage): Promise<void> {
    this.#waiting.push(message)
    if (this.#waiting.length <= this.#limits.waitingMax) return
    const oldest = this.#waiting.shift()
    // A lost notification is nothing that a host could not have missed; a lost request would leave its asker waiting.
    if (oldest === undefined || !isRequest(oldest)) return
    const reason = new McpError(
      'host-gone',
      'the host has no stream open on which it could be asked',
    )
    await this.messages.push(errorAnswer(oldest.id, reason))
  }
}

interface Sink {
  send(message: JsonRpcMessage): Promise<void>
}

/** Whether the message went out. A stream that its host has left is passed over, not an end of the session. */
async function sent(sink: Sink, message: JsonRpcMessage): Promise<boolean> {
  try {
    await sink.send(message)
    return true
  } catch (error) {
    if (error instanceof McpError && error.code === 'host-gone') return false
    throw error
  }
}
