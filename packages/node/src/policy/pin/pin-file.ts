import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { canonicalJson, isJsonObject, type JsonObject, type JsonValue } from '@warren/core'
import { writePrivateFile } from '@warren/storage'
import { readGuardedFile } from '../read-guarded-file.ts'
import { PINNED_DIRECTORY, parsePinFile, readPinnedTools } from '../read-pinned-tools.ts'

/** What pinning would change, by the names of tools. */
export interface PinDifference {
  readonly file: string
  /** Whether tools of this server are pinned already. */
  readonly isPinned: boolean
  readonly added: readonly string[]
  readonly removed: readonly string[]
  /** Tools with another definition, and which members of it differ. */
  readonly changed: readonly { readonly name: string; readonly members: readonly string[] }[]
}

/**
 * Compares what a server lists with what is pinned of it in a directory of policies.
 *
 * @throws PolicyError `policy-malformed`, NodeError `policies-open`, `policies-foreign`, `policies-unreadable`
 */
export function comparePins(
  policies: string,
  server: string,
  tools: readonly JsonObject[],
): PinDifference {
  const name = `${PINNED_DIRECTORY}/${server}.json`
  const file = join(policies, name)
  const isPinned = existsSync(file)
  const text = isPinned ? readGuardedFile(file, 'refused') : EMPTY
  const before = byName(parsePinFile({ name, text }))
  const now = byName(tools)
  return {
    file,
    isPinned,
    added: [...now.keys()].filter((tool) => !before.has(tool)),
    removed: [...before.keys()].filter((tool) => !now.has(tool)),
    changed: [...now].flatMap(([tool, definition]) => {
      const members = membersThatDiffer(before.get(tool) ?? definition, definition)
      return members.length === 0 ? [] : [{ name: tool, members }]
    }),
  }
}

/**
 * Pins the tools of a server as it lists them, whole and in its order, in place of what was pinned.
 *
 * @throws PolicyError `policy-malformed`, StorageError
 */
export async function writePins(
  { file }: Pick<PinDifference, 'file'>,
  server: string,
  tools: readonly JsonObject[],
): Promise<void> {
  const text = `${JSON.stringify({ tools }, undefined, 2)}\n`
  // What could not be loaded is not written.
  readPinnedTools({ name: `${PINNED_DIRECTORY}/${server}.json`, text })
  await writePrivateFile({ path: file, bytes: Buffer.from(text), replace: true })
}

const EMPTY = '{"tools":[]}'

function byName(tools: readonly JsonValue[]): ReadonlyMap<string, JsonObject> {
  return new Map(
    tools.filter(isJsonObject).flatMap((tool) => {
      const { name } = tool
      return typeof name === 'string' ? [[name, tool] as const] : []
    }),
  )
}

function membersThatDiffer(one: JsonObject, other: JsonObject): readonly string[] {
  const names = new Set([...Object.keys(one), ...Object.keys(other)])
  return [...names].filter(
    (name) => canonicalJson(one[name] ?? null) !== canonicalJson(other[name] ?? null),
  )
}
