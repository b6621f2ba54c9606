import type { JsonRpcMessage, RequestId } from '../json-rpc.ts'
import type { McpError, McpErrorCode } from '../mcp-error.ts'

/** A message of a server, and the request it belongs to where its transport says so. */
export interface ServerMessage {
  readonly message: JsonRpcMessage
  readonly relatedTo?: RequestId
  /** On a response that the server has not given, for that reason. */
  readonly failure?: McpErrorCode
}

/** A running server, as messages: a child process or a Streamable HTTP session. */
export interface Backend {
  /** What the server says. One consumer; not reading it is back-pressure. Ends or throws when the server is gone. */
  readonly messages: AsyncIterable<ServerMessage>
  /** Why the server is gone. Resolves once, after that nothing can be sent. */
  readonly gone: Promise<McpError>
  /** Resolves when more may be sent; rejects when the server is gone. */
  send(message: JsonRpcMessage): Promise<void>
  /** Tells the server that nobody waits for this request any more. */
  cancel(id: RequestId): Promise<void>
  /** Ends the server and waits until it is gone. */
  stop(): Promise<void>
}
