import { ENVELOPE } from '../entry/era.ts'
import { type JsonRpcMessage, metaOf, objectAt, paramsOf } from '../json-rpc.ts'

/** What a host calls itself in this message: in its handshake, or in each request of the stateless era; undefined where it does not. */
export function clientNameIn(message: JsonRpcMessage): string | undefined {
  const info =
    message['method'] === 'initialize'
      ? objectAt(paramsOf(message), 'clientInfo')
      : objectAt(metaOf(message), ENVELOPE.clientInfo)
  const { name } = info
  return typeof name === 'string' && name !== '' ? name : undefined
}
