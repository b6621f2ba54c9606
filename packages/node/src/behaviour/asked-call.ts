import { canonicalJson, isJsonObject, JsonError, type JsonValue } from '@warren/core'
import { type GateQuestion, paramsOf } from '@warren/mcp'
import type { AskedCall, MethodClassification } from '@warren/policy'
import { textDigest } from '../text-digest.ts'
import { countedTool } from './counted-tool.ts'

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
    tool: tool === undefined ? '' : countedTool(tool),
    digest: textDigest(textOf(asked)),
    bytesIn: bytes,
  }
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
