import { isRequest, type JsonRpcMessage, objectAt } from '../json-rpc.ts'
import { derivedFields } from './derived-fields.ts'
import { ParameterFields } from './parameter-fields.ts'
import { saysToolsChanged } from './tools-changed.ts'

/** Takes a response with its header fields. */
type Learn = (response: JsonRpcMessage, fields: Readonly<Record<string, string>>) => void

/** What a session over HTTP carries from one request to the next, and repeats in header fields. */
export class HttpSession {
  #parameters = new ParameterFields()
  #id: string | undefined
  #protocolVersion: string | undefined

  /** The server's session id, in the stateful era. */
  get id(): string | undefined {
    return this.#id
  }

  /** The fields for a message on its way to the server. */
  fieldsFor(message: JsonRpcMessage): Readonly<Record<string, string>> {
    const derived = derivedFields(message)
    const mirrored =
      isRequest(message) && message.method === 'tools/call' && 'mcp-method' in derived
        ? this.#parameters.fieldsOf(objectAt(message, 'params'))
        : {}
    return {
      accept: 'application/json, text/event-stream',
      'content-type': 'application/json',
      ...this.fields(),
      ...derived,
      ...mirrored,
    }
  }

  /** The fields for a request without a message. */
  fields(): Readonly<Record<string, string>> {
    return {
      ...(this.#id === undefined ? {} : { 'mcp-session-id': this.#id }),
      ...(this.#protocolVersion === undefined
        ? {}
        : { 'mcp-protocol-version': this.#protocolVersion }),
    }
  }

  /**
   * Learns from the response to a request that is asked now. A list that is asked for before the tools change, and comes
   * after that, is the old one.
   */
  learning(method: string): Learn {
    const parameters = this.#parameters
    return (response, fields) => {
      const result = objectAt(response, 'result')
      if (method === 'tools/list') parameters.learn(result)
      if (method !== 'initialize') return
      this.#id = fields['mcp-session-id']
      const { protocolVersion } = result
      if (typeof protocolVersion === 'string') this.#protocolVersion = protocolVersion
    }
  }

  /** Forgets what was listed where the server says that its tools have changed. */
  hear(message: JsonRpcMessage): void {
    if (saysToolsChanged(message)) this.#parameters = new ParameterFields()
  }
}
