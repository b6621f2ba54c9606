import { isJsonObject, JsonError, type JsonObject, parseJson } from '@warren/core'
import { type HostEntry, readHostEntry } from './host-entry.ts'
import { ImportError } from './import-error.ts'
import { plainJson } from './json-with-comments.ts'
import { readRegistryEntry } from './registry-entry.ts'

const TEXT_LENGTH_MAX = 2_097_152
const LIMITS = { lengthMax: TEXT_LENGTH_MAX, depthMax: 64, keysMax: 50_000 }
const ENTRIES_MAX = 256

/** Where hosts keep their servers: Claude, Cursor, LM Studio, Copilot · VS Code · Zed. */
const SERVER_KEYS = ['mcpServers', 'servers', 'context_servers'] as const

/** One server of a host's file, under the name that it has there. */
export interface NamedHostEntry {
  readonly name: string
  readonly entry: HostEntry
}

/**
 * Reads the MCP servers out of the file of an AI host, or out of a `server.json` of the MCP registry.
 *
 * @param file its absolute path: folders such as `${workspaceFolder}` follow from it
 * @throws ImportError `import-too-large`, `import-malformed`, `import-no-servers`
 */
export function readHostFile(text: string, file: string): readonly NamedHostEntry[] {
  const json = parse(text)
  const registryName = registryNameOf(json)
  if (registryName !== undefined) {
    // A reverse DNS name and the server's own: the latter says which one it is.
    return [{ name: registryName.split('/').at(-1) ?? '', entry: readRegistryEntry(json) }]
  }
  const servers = serversIn(json)
  if (servers === undefined) {
    throw new ImportError('import-no-servers', `the file has none of ${SERVER_KEYS.join(', ')}`)
  }
  const entries = Object.entries(servers)
  if (entries.length > ENTRIES_MAX) {
    throw new ImportError('import-too-large', `the file names more than ${ENTRIES_MAX} servers`)
  }
  return entries.map(([name, entry]) => ({ name, entry: readHostEntry(entry, file) }))
}

function parse(text: string): JsonObject {
  if (text.length > TEXT_LENGTH_MAX) {
    throw new ImportError(
      'import-too-large',
      `a host's file has at most ${TEXT_LENGTH_MAX} characters`,
    )
  }
  try {
    const json = parseJson(plainJson(text.replace(/^\uFEFF/, '')), LIMITS)
    if (isJsonObject(json)) return json
  } catch (cause) {
    if (!(cause instanceof JsonError)) throw cause
    throw new ImportError('import-malformed', `the file cannot be read: ${cause.message}`, {
      cause,
    })
  }
  throw new ImportError('import-malformed', 'the file does not hold an object')
}

function registryNameOf({ name, packages, remotes }: JsonObject): string | undefined {
  const isEntry = Array.isArray(packages) || Array.isArray(remotes)
  return isEntry && typeof name === 'string' ? name : undefined
}

function serversIn(json: JsonObject): JsonObject | undefined {
  // The settings of VS Code hold the same one level down.
  for (const holder of [json, json['mcp']]) {
    if (!isJsonObject(holder)) continue
    for (const key of SERVER_KEYS) {
      const servers = holder[key]
      if (isJsonObject(servers)) return servers
    }
  }
  return undefined
}
