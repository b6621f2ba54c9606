import type { JsonObject } from '@warren/core'
import {
  isResponse,
  type JsonRpcMessage,
  type JsonRpcRequest,
  metaOf,
  objectAt,
  paramsOf,
} from '../json-rpc.ts'
import { SUBSCRIPTION_ID_META_KEY } from './router.ts'

/**
 * Gives a request another id, and another progress token where it has one, so that hosts that share
 * a server cannot meet in either. Everything else stays.
 */
export function renameRequest(request: JsonRpcRequest, id: number): JsonRpcRequest {
  const meta = metaOf(request)
  if (!Object.hasOwn(meta, 'progressToken')) return { ...request, id }
  const params = { ...paramsOf(request), _meta: { ...meta, progressToken: id } }
  return { ...request, id, params }
}

/** Gives a message of the server the ids of the request that it belongs to. */
export function restoreMessage(message: JsonRpcMessage, asked: JsonRpcRequest): JsonRpcMessage {
  if (isResponse(message)) {
    if (!('result' in message)) return { ...message, id: asked.id }
    const result = objectAt(message, 'result')
    return { ...message, id: asked.id, result: restoreMeta(result, asked) }
  }
  const params = paramsOf(message)
  const token = metaOf(asked)['progressToken']
  const restored = restoreMeta(params, asked)
  if (message['method'] === 'notifications/progress' && token !== undefined) {
    return { ...message, params: { ...restored, progressToken: token } }
  }
  return restored === params ? message : { ...message, params: restored }
}

/** The subscription id is the id of the listen request, wherever it stands. */
function restoreMeta(container: JsonObject, asked: JsonRpcRequest): JsonObject {
  const meta = objectAt(container, '_meta')
  if (!Object.hasOwn(meta, SUBSCRIPTION_ID_META_KEY)) return container
  return { ...container, _meta: { ...meta, [SUBSCRIPTION_ID_META_KEY]: asked.id } }
}
