import type { Gate, GateAnswer, GateQuestion, Refusal } from '../gate.ts'
import { isRequest, type JsonRpcMessage, type JsonRpcRequest, metaOf } from '../json-rpc.ts'
import { RPC_CODE } from '../rpc-answer.ts'
import { REFUSAL_META_KEY } from '../word-of-node.ts'

/** Its presence in a request's `_meta` means the stateless era (2026-07-28), in which every result has a type. */
export const PROTOCOL_VERSION_META_KEY = 'io.modelcontextprotocol/protocolVersion'

/** Asks the gate. A gate that fails has refused. */
export async function askGate(gate: Gate, question: GateQuestion): Promise<GateAnswer> {
  try {
    return await gate.decide(question)
  } catch {
    // Fail closed. What broke is the gate's own affair and in its own log; the caller learns no more than this.
    const sentence = 'the provider could not decide whether this is allowed, and so it is not'
    return { allowed: false, code: 'engine-failure', sentence }
  }
}

/**
 * What the host sees of a refusal: for a tool call a result with `isError`, which the model can
 * read, for every other request a JSON-RPC error.
 */
export function refusalAnswer(
  request: JsonRpcRequest,
  { code, sentence }: Refusal,
): JsonRpcMessage {
  const { id, method } = request
  if (method !== 'tools/call') {
    return {
      jsonrpc: '2.0',
      id,
      error: { code: RPC_CODE.refused, message: sentence, data: { code } },
    }
  }
  const result = {
    content: [{ type: 'text', text: sentence }],
    isError: true,
    _meta: { [REFUSAL_META_KEY]: { code } },
  }
  const modern = Object.hasOwn(metaOf(request), PROTOCOL_VERSION_META_KEY)
  return { jsonrpc: '2.0', id, result: modern ? { resultType: 'complete', ...result } : result }
}

/** What the server sees in place of a refused answer to a request of its own, so that it does not wait for ever. */
export function refusedResponse(
  response: JsonRpcMessage,
  { code }: Refusal,
): JsonRpcMessage | undefined {
  const { id } = response
  if (isRequest(response) || (typeof id !== 'string' && typeof id !== 'number')) return undefined
  const message = 'the answer was refused by policy'
  return { jsonrpc: '2.0', id, error: { code: RPC_CODE.refused, message, data: { code } } }
}
