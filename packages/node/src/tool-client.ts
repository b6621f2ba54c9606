import type { JsonObject, JsonValue } from '@warren/core'
import {
  type Endpoint,
  type EndpointSession,
  type HostChannel,
  isRequest,
  isResponse,
  type JsonRpcMessage,
  type JsonRpcResponse,
  McpError,
  objectAt,
  wordOfNode,
} from '@warren/mcp'
import { NodeError } from './node-error.ts'
import { VERSION } from './version.ts'

const PROTOCOL_VERSION = '2025-11-25'
/** What the node calls itself as a host. */
export const CLIENT_INFO: { readonly name: string; readonly version: string } = {
  name: 'warren',
  version: VERSION,
}
/** Messages that the relay has not taken yet: this client asks one thing at a time. */
const WAITING_MAX = 64
const METHOD_NOT_FOUND = -32_601

/** A small host of the node's own, for `warren tools` and `warren call`: one session, one request at a time. */
export class ToolClient implements HostChannel {
  readonly #waiting: JsonRpcMessage[] = []
  readonly #answers = new Map<number, PromiseWithResolvers<JsonRpcResponse>>()
  #wake: (() => void) | undefined
  #closed: Error | undefined
  #nextId = 1
  #session: EndpointSession | undefined

  /** Opens a session with a server and initialises it. */
  static async open(endpoint: Endpoint, signal: AbortSignal): Promise<ToolClient> {
    const client = new ToolClient()
    client.#session = await endpoint.openSession(client, signal)
    try {
      await client.request(
        'initialize',
        {
          protocolVersion: PROTOCOL_VERSION,
          capabilities: {},
          clientInfo: CLIENT_INFO,
        },
        signal,
      )
      client.#say({ jsonrpc: '2.0', method: 'notifications/initialized' })
      return client
    } catch (error) {
      client.end()
      throw error
    }
  }

  /** Asks one thing and returns its result; a JSON-RPC error is thrown with the server's words, as `call-refused` where policy said no, else as `call-failed`. */
  async request(method: string, params: JsonObject, signal: AbortSignal): Promise<JsonObject> {
    // A signal that is aborted already fires no event: whoever waited for one would wait for ever.
    if (signal.aborted) throw late()
    const id = this.#nextId
    this.#nextId += 1
    const answer = Promise.withResolvers<JsonRpcResponse>()
    this.#answers.set(id, answer)
    const onAbort = (): void => answer.reject(late())
    signal.addEventListener('abort', onAbort, { once: true })
    try {
      this.#say({ jsonrpc: '2.0', id, method, params })
      const response = await answer.promise
      if (!Object.hasOwn(response, 'error')) return objectAt(response, 'result')
      throw failureOf(objectAt(response, 'error'))
    } finally {
      signal.removeEventListener('abort', onAbort)
      this.#answers.delete(id)
    }
  }

  /** Ends the session. */
  end(): void {
    this.#session?.close(new McpError('host-gone', 'the command is done'))
    this.close(new McpError('host-gone', 'the command is done'))
  }

  get messages(): AsyncIterable<JsonRpcMessage> {
    return this.#read()
  }

  async send(message: JsonRpcMessage): Promise<void> {
    await Promise.resolve()
    if (isResponse(message)) {
      if (typeof message.id === 'number') this.#answers.get(message.id)?.resolve(message)
    } else if (isRequest(message)) {
      // This client declares no capability, so a server that asks it for something asks in vain.
      const error = { code: METHOD_NOT_FOUND, message: 'this client answers no requests' }
      this.#say({ jsonrpc: '2.0', id: message.id, error })
    }
  }

  close(reason: Error): void {
    this.#closed ??= reason
    for (const answer of this.#answers.values()) {
      answer.reject(new NodeError('call-failed', reason.message, { cause: reason }))
    }
    this.#wake?.()
  }

  #say(message: JsonRpcMessage): void {
    if (this.#closed !== undefined) throw new NodeError('call-failed', this.#closed.message)
    if (this.#waiting.length >= WAITING_MAX)
      throw new NodeError('call-failed', 'the session takes no more messages')
    this.#waiting.push(message)
    this.#wake?.()
  }

  async *#read(): AsyncGenerator<JsonRpcMessage> {
    while (this.#closed === undefined) {
      const next = this.#waiting.shift()
      if (next !== undefined) {
        yield next
        continue
      }
      const { promise, resolve } = Promise.withResolvers<void>()
      this.#wake = resolve
      await promise
    }
  }
}

function late(): NodeError {
  return new NodeError('call-timeout', 'the server gave no answer in time')
}

/** A policy can say no before there is a tool call to answer: when the session opens, or when tools are listed. */
function failureOf(error: JsonObject): NodeError {
  const { message } = error
  const word = wordOfNode({ jsonrpc: '2.0', id: 0, error })
  return new NodeError(
    word?.isRefusal === true ? 'call-refused' : 'call-failed',
    typeof message === 'string' ? message : 'the server answered an error',
  )
}

/** Reads a member of a result that must be a list. */
export function listOf(value: JsonValue | undefined): readonly JsonValue[] {
  return Array.isArray(value) ? value.map((item: JsonValue) => item) : []
}
