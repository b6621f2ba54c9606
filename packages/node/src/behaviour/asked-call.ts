import { canonicalJson, isJsonObject, JsonError, type JsonValue } from '@warren/core'
import { type GateQuestion, paramsOf } from '@warren/mcp'
import type { AskedCall, MethodClassification } from '@warren/policy'
import { textDigest } from '../text-digest.ts'

const NAME_LENGTH_MAX = 256

/** What is counted of a message; undefined for what does nothing and gives nothing away. */
export function askedCall(
  { server, message, bytes }: GateQuestion,
  kind: MethodClassification,
): AskedCall | undefined {
  if (typeof kind !== 'object' || kind.action === 'list') return undefined
  const { tool } = kind
  const { _meta, ...params } = paramsOf(message)
  const asked: JsonValue =
    tool === undefined ? { method: message.method ?? null, params } : (params['arguments'] ?? {})
  return {
    server,
    tool: tool === undefined ? '' : nameOf(tool),
    digest: textDigest(textOf(asked)),
    bytesIn: bytes,
  }
}

/** A name that cannot be kept as it is stands for itself by its digest. */
function nameOf(tool: string): string {
  const isPlain =
    tool.length <= NAME_LENGTH_MAX && tool.isWellFormed() && !/\p{Cc}/u.test(tool) && tool !== ''
  return isPlain ? tool : `sha256:${textDigest(JSON.stringify(tool))}`
}

function textOf(value: JsonValue): string {
  try {
    return canonicalJson(value)
  } catch (error) {
    if (!(error instanceof JsonError)) throw error
    // Text that is not well-formed has no canonical form: its members are put in order here.
    return JSON.stringify(inOrder(value))
  }
}

function inOrder(value: JsonValue): JsonValue {
  if (isJsonObject(value)) {
    const members = Object.entries(value).toSorted(([one], [other]) => (one < other ? -1 : 1))
    return Object.fromEntries(members.map(([name, member]) => [name, inOrder(member)]))
  }
  return isList(value) ? value.map((item) => inOrder(item)) : value
}

function isList(value: JsonValue): value is readonly JsonValue[] {
  return Array.isArray(value)
}
