import { isRequestId, type RequestId } from './json-rpc.ts'
import type { LongLine } from './line-reader.ts'

const ID = String.raw`"id"\s*:\s*("(?:[^"\\]|\\.)*"|-?\d+)`
const ID_BEFORE_METHOD = new RegExp(
  String.raw`^\s*\{\s*"jsonrpc"\s*:\s*"2\.0"\s*,\s*${ID}\s*,\s*"method"\s*:`,
)
const METHOD_FIRST = /^\s*\{\s*"method"\s*:/
const ID_LAST = new RegExp(String.raw`,\s*${ID}\s*\}\s*$`)

/**
 * The id of a request whose line was too long to be read, so that its host need not wait for an
 * answer in vain; null where the two ends of the line do not tell.
 *
 * JSON-RPC libraries write a request with the id right before the method, or with the method first
 * and the id last. In both places nothing but a member of the outermost object can stand. The id of
 * a response is never taken: it is one of the server's, and answering it would end another request.
 */
export function idOfLongRequest({ head, tail }: LongLine): RequestId | null {
  const [first, last] = [textOf(head), textOf(tail)]
  const [, id] =
    ID_BEFORE_METHOD.exec(first) ?? (METHOD_FIRST.test(first) ? ID_LAST.exec(last) : null) ?? []
  return id === undefined ? null : parseId(id)
}

function textOf(bytes: Uint8Array): string {
  return new TextDecoder().decode(bytes)
}

function parseId(text: string): RequestId | null {
  try {
    const id: unknown = JSON.parse(text)
    return isRequestId(id) ? id : null
  } catch {
    // A text that only looked like one, such as an escape that JSON does not have.
    return null
  }
}
