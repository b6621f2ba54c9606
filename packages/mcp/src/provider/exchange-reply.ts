import { encodeControlLine } from '../control-line.ts'
import type { JsonRpcMessage } from '../json-rpc.ts'
import type { McpError } from '../mcp-error.ts'
import { errorAnswer } from '../rpc-answer.ts'

/** What goes back on an exchange stream: the head as a control line, then the body as it is. */
export interface ExchangeReply {
  readonly status: number
  readonly headers: Readonly<Record<string, string>>
  readonly body?: JsonRpcMessage
}

export function encodeReply({ status, headers, body }: ExchangeReply): readonly Uint8Array[] {
  const type = body === undefined ? {} : { 'content-type': 'application/json' }
  const head = encodeControlLine({
    type: 'ok',
    body: { status, headers: { ...headers, ...type } },
  })
  return body === undefined ? [head] : [head, Buffer.from(JSON.stringify(body))]
}

export function messageReply(status: number, body: JsonRpcMessage): ExchangeReply {
  return { status, headers: {}, body }
}

export function errorReply(status: number, error: McpError): ExchangeReply {
  return messageReply(status, errorAnswer(null, error))
}
