import { canonicalJson, type JsonObject, type JsonValue } from '@warren/core'
import { textDigest } from '../../text-digest.ts'

/** By `<server>/<tool>`, what is pinned of it. */
export type PinnedDigests = ReadonlyMap<string, string>

/** What of a tool's definition a model is led by, and a caller relies on. */
const PINNED_MEMBERS = ['name', 'description', 'inputSchema', 'annotations'] as const

/**
 * Names what is pinned of a tool: the SHA-256 of its name, description, input schema and annotations as canonical JSON.
 *
 * @throws JsonError when it has no canonical form
 */
export function toolDigest(tool: JsonObject): string {
  const members: (readonly [string, JsonValue])[] = []
  for (const name of PINNED_MEMBERS) {
    const value = Object.hasOwn(tool, name) ? tool[name] : undefined
    if (value !== undefined) members.push([name, value])
  }
  const text = canonicalJson(Object.fromEntries(members))
  return textDigest(text)
}
