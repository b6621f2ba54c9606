import { repeatsName } from '../http/derived-fields.ts'
import { isParameterField } from '../http/header-fields.ts'
import type { JsonRpcMessage } from '../json-rpc.ts'
import type { ExchangeHeader } from '../stream-header.ts'

/** What goes on to a server over HTTP. */
export interface Repeated {
  readonly message: JsonRpcMessage | undefined
  /** Whether it has the arguments that the fields of the caller repeat. */
  readonly isRepeated?: boolean
}

/**
 * The header without fields that repeat nothing of the message: a server may act on one all the same,
 * and nobody has decided on what it says. One that needs it refuses the request.
 */
export function withoutIdle(
  header: ExchangeHeader,
  { message, isRepeated = false }: Repeated,
): ExchangeHeader {
  const isIdle = (name: string): boolean => {
    if (isParameterField(name)) return !isRepeated
    if (name === 'mcp-name') return message === undefined || !repeatsName(message)
    return name === 'mcp-method' && message === undefined
  }
  const headers = Object.entries(header.headers).filter(([name]) => !isIdle(name))
  return { ...header, headers: Object.fromEntries(headers) }
}
