import type { JsonObject } from '@warren/core'
import { type JsonRpcMessage, objectAt } from './json-rpc.ts'
import { CODE, isMcpErrorCode } from './mcp-error.ts'
import { RPC_CODE } from './rpc-answer.ts'

/** Marks a result that the provider wrote in place of the server, and says why. */
export const REFUSAL_META_KEY = 'internal.warren/refusal'

/** Errors that the provider answers with where it has no answer of the server. */
const RELAY_ERRORS: ReadonlySet<unknown> = new Set([
  RPC_CODE.ended,
  RPC_CODE.exhausted,
  RPC_CODE.unavailable,
])

/** What a provider says of a call in place of its server. */
export interface WordOfNode {
  /** Whether it would not; else it could not. */
  readonly isRefusal: boolean
  readonly code: string
}

/** Reads a response as the provider's own; nothing where it is one of a server. */
export function wordOfNode(message: JsonRpcMessage): WordOfNode | undefined {
  const { code: refusal } = objectAt(metaOfResult(message), REFUSAL_META_KEY)
  if (isCode(refusal)) return { isRefusal: true, code: refusal }
  const error = objectAt(message, 'error')
  const { code } = objectAt(error, 'data')
  if (!isCode(code)) return undefined
  if (error['code'] === RPC_CODE.refused) return { isRefusal: true, code }
  const isRelays = RELAY_ERRORS.has(error['code']) && isMcpErrorCode(code)
  return isRelays ? { isRefusal: false, code } : undefined
}

/** Whether a response of a server would pass for one that its provider has written in its place. */
export function speaksForNode(message: JsonRpcMessage): boolean {
  const isMarked = Object.hasOwn(metaOfResult(message), REFUSAL_META_KEY)
  return isMarked || wordOfNode(message) !== undefined
}

function metaOfResult(message: JsonRpcMessage): JsonObject {
  return objectAt(objectAt(message, 'result'), '_meta')
}

function isCode(value: unknown): value is string {
  return typeof value === 'string' && CODE.test(value)
}
