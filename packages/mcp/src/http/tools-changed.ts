import type { JsonRpcMessage } from '../json-rpc.ts'

/** Says whether a server says by a message that its tools have changed, so that what it listed before counts no more. */
export function saysToolsChanged(message: JsonRpcMessage): boolean {
  return message['method'] === 'notifications/tools/list_changed'
}
