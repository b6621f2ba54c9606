import { answeredId, type JsonRpcResponse } from '../json-rpc.ts'
import { McpError, type McpErrorCode } from '../mcp-error.ts'
import { errorAnswer } from '../rpc-answer.ts'
import { speaksForNode } from '../word-of-node.ts'

/** What goes back for a response of a server. */
export interface OwnAnswer {
  readonly message: JsonRpcResponse
  /** Why it is not the server's. */
  readonly failure?: McpErrorCode
}

/** A response of a server, or an error in place of one that would pass for a word of this node. */
export function ownAnswer(message: JsonRpcResponse): OwnAnswer {
  if (!speaksForNode(message)) return { message }
  const sentence =
    'the server gave an answer in the form in which this node refuses calls, which is not for a server to write'
  const reason = new McpError('server-answer-unacceptable', sentence)
  return { message: errorAnswer(answeredId(message), reason), failure: reason.code }
}
