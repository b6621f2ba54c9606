import { type ServerEvent, ServerEventReader } from '../http/server-events.ts'
import type { CallAnswer } from '../gate.ts'
import { answeredId, isResponse, type JsonRpcMessage } from '../json-rpc.ts'
import { McpError } from '../mcp-error.ts'
import { MessageError, parseMessage } from '../message-door.ts'
import type { MessageLimits } from '../message-limits.ts'
import { wordOfNode } from '../word-of-node.ts'
import type { CallDeparture } from './call-departure.ts'
import type { SessionCalls } from './session-calls.ts'

/** What an HTTP response may hold answers to. */
export interface AnswerReaderInit {
  /** The request that it is the response to, where that is told to somebody. */
  readonly own: CallDeparture | undefined
  /** Those of its session. */
  readonly calls: SessionCalls | undefined
  readonly limits: MessageLimits
}

/** Reads an HTTP response for answers, and tells their calls. */
export interface AnswerReader {
  /**
   * Takes the next bytes; the host may have them when it resolves.
   *
   * @throws McpError `peer-protocol`: the host must not have them; `audit-unavailable`
   */
  take(bytes: Uint8Array): Promise<void>
  /** No more bytes come. */
  end(): void
  /** Whether the server has said from where the response may be taken up again. */
  readonly isResumable: boolean
}

/** Reads a response that is one message, the answer to its own request. */
export class BodyReader implements AnswerReader {
  readonly isResumable = false
  readonly #init: AnswerReaderInit
  #chunks: Uint8Array[] = []
  #length = 0

  constructor(init: AnswerReaderInit) {
    this.#init = init
  }

  async take(bytes: Uint8Array): Promise<void> {
    this.#length += bytes.length
    if (this.#length <= this.#init.limits.messageBytesMax) this.#chunks.push(bytes)
    else this.#chunks = []
  }

  /** What cannot be read is the host's to judge: it has got the same bytes. */
  end(): void {
    const { own, limits } = this.#init
    if (this.#chunks.length === 0) return
    const text = Buffer.concat(this.#chunks)
    const message = messageIn(text, limits)
    if (message === undefined || !isResponse(message)) return
    const id = answeredId(message)
    if (id !== null && id !== own?.id) return
    own?.answered({ message, bytes: text.length })
  }
}

/**
 * Reads an event stream. In a session it may bring the answer of any request of that session, each of which is told before
 * the host has it; so what it brings in no form that this node can read, or for no request that is open, goes no further.
 */
export class EventReader implements AnswerReader {
  readonly #init: AnswerReaderInit
  readonly #events: ServerEventReader
  #lastEventId = ''
  #isBlind = false
  #unnamed: CallAnswer | undefined

  constructor(init: AnswerReaderInit) {
    this.#init = init
    this.#events = new ServerEventReader(init.limits.messageBytesMax)
  }

  get isResumable(): boolean {
    return this.#lastEventId !== ''
  }

  async take(bytes: Uint8Array): Promise<void> {
    try {
      if (!this.#isBlind) for (const event of this.#events.take(bytes)) await this.#takeEvent(event)
    } catch (error) {
      if (!(error instanceof McpError) || error.code !== 'message-too-long') throw error
      // Where the next event begins is not known any more.
      this.#isBlind = true
    }
    if (this.#isBlind) this.#letUnreadPass()
  }

  /** An error that names no request answers its own only if nothing else does. */
  end(): void {
    if (this.#unnamed !== undefined) this.#init.own?.answered(this.#unnamed)
  }

  async #takeEvent({ id, type, data }: ServerEvent): Promise<void> {
    if (id !== undefined) this.#lastEventId = id
    if (data === '') return
    // Many a host takes an event of any type for a message.
    const message = type === 'message' ? messageIn(data, this.#init.limits) : undefined
    if (message === undefined) this.#letUnreadPass()
    else if (isResponse(message)) {
      await this.#answered({ message, bytes: Buffer.byteLength(data) })
    }
  }

  async #answered(answer: CallAnswer): Promise<void> {
    const { own, calls } = this.#init
    const { message } = answer
    const id = isResponse(message) ? answeredId(message) : null
    if (id === null) {
      this.#unnamed ??= answer
    } else if (own !== undefined && id === own.id) {
      own.answered(answer)
    } else if (calls !== undefined) {
      const call = calls.find(id)
      await call?.recorded()
      // It may have ended meanwhile, and then this is not what it ended with.
      if (call?.isOpen === true) call.answered(answer)
      else if (wordOfNode(message) === undefined) throw unexpected()
    } else {
      // Many a host takes "1" for 1.
      own?.passesUnread()
    }
  }

  /** Hosts leave out an event that they cannot read; it may be an answer to them all the same, and can be told of its own request alone. */
  #letUnreadPass(): void {
    const { own, calls } = this.#init
    if (calls !== undefined && (own === undefined || calls.hasOthers(own))) throw unreadable()
    own?.passesUnread()
  }
}

function messageIn(text: Uint8Array | string, limits: MessageLimits): JsonRpcMessage | undefined {
  try {
    return parseMessage(text, limits)
  } catch (error) {
    if (error instanceof MessageError) return undefined
    throw error
  }
}

function unexpected(): McpError {
  return new McpError('peer-protocol', 'the peer gave an answer for which nobody waits any more')
}

function unreadable(): McpError {
  const sentence = 'the peer sent an event that this node cannot read, and which may be an answer'
  return new McpError('peer-protocol', sentence)
}
