import { isJsonObject, type JsonObject, type JsonValue } from '@warren/core'
import type { PolicyAction } from './policy-request.ts'

/** What a message asks for, in the terms of the policy. */
export interface MethodClass {
  readonly action: PolicyAction
  /** Present with `tools/call` alone: the tool's name as the message spells it. */
  readonly tool?: string
}

/**
 * - a class: ask the policy.
 * - `session`: part of a session that the policy has let begin already (an answer, a notification, a ping).
 * - `malformed`: a `tools/call` that names no tool, or a method that is no text. Refuse.
 */
export type MethodClassification = MethodClass | 'session' | 'malformed'

const LIST: MethodClass = { action: 'list' }
const READ: MethodClass = { action: 'read' }
/** Whatever is not known: only a permit on the server itself opens it. */
const CALL_SERVER: MethodClass = { action: 'call' }

const NOTIFICATION_PREFIX = 'notifications/'
const TASK_PREFIX = 'tasks/'

/** Requests of a client by method, both protocol eras (MCP 2024-11-05 to 2026-07-28). */
const CLASSES: ReadonlyMap<string, MethodClassification> = new Map<string, MethodClassification>([
  ['ping', 'session'],
  ['initialize', LIST],
  ['server/discover', LIST],
  ['tools/list', LIST],
  ['resources/list', LIST],
  ['resources/templates/list', LIST],
  ['prompts/list', LIST],
  ['resources/read', READ],
  ['resources/subscribe', READ],
  ['resources/unsubscribe', READ],
  ['prompts/get', READ],
  ['completion/complete', READ],
  ['subscriptions/listen', READ],
  ['logging/setLevel', READ],
  ['tasks/cancel', CALL_SERVER],
])

/** Says what one method asks for. */
export function classifyMethod(
  method: string,
  params: JsonValue | undefined,
): MethodClassification {
  if (method === 'tools/call') return classifyToolCall(params)
  const known = CLASSES.get(method)
  if (known !== undefined) return known
  if (method.startsWith(NOTIFICATION_PREFIX)) return 'session'
  return method.startsWith(TASK_PREFIX) ? READ : CALL_SERVER
}

/**
 * Says what one JSON-RPC message of a caller asks for.
 *
 * A message without a method is an answer to the server's own question. A request that calls
 * itself a notification is not one: it gets an answer, so it is judged as an unknown method.
 */
export function classifyMessage(message: JsonObject): MethodClassification {
  const { method, params } = message
  if (method === undefined) return 'session'
  if (typeof method !== 'string') return 'malformed'
  if (method.startsWith(NOTIFICATION_PREFIX) && message['id'] !== undefined) return CALL_SERVER
  return classifyMethod(method, params)
}

function classifyToolCall(params: JsonValue | undefined): MethodClassification {
  const name = isJsonObject(params) ? params['name'] : undefined
  return typeof name === 'string' ? { action: 'call', tool: name } : 'malformed'
}
