import { isJsonObject, type JsonObject, type JsonValue } from '@warren/core'
import type { HostEntry } from './host-entry.ts'

/** How each kind of package is started (MCP registry, server.json, registryType and runtimeHint). */
const RUNTIMES: Readonly<Record<string, Runtime>> = {
  npm: { command: 'npx', first: ['-y'], joint: '@' },
  pypi: { command: 'uvx', first: [], joint: '@' },
  oci: { command: 'docker', first: ['run', '-i', '--rm'], joint: ':' },
  nuget: { command: 'dnx', first: ['--yes'], joint: '@' },
}

interface Runtime {
  readonly command: string
  readonly first: readonly string[]
  /** What stands between a package and its version. */
  readonly joint: string
}

interface Arguments {
  readonly words: readonly string[]
  /** Names of what somebody has to fill in. */
  readonly open: readonly string[]
}

/**
 * Reads a `server.json` of the MCP registry: the first package that can be started here on stdio.
 *
 * Nothing is asked and nothing is guessed: a package that needs a value is skipped.
 */
export function readRegistryEntry(json: JsonObject): HostEntry {
  const packages = objects(json['packages'])
  const usable = packages.find(
    (entry) => transportOf(entry) === 'stdio' && runtimeOf(entry) !== undefined,
  )
  const runtime = usable === undefined ? undefined : runtimeOf(usable)
  if (usable === undefined || runtime === undefined) {
    return {
      skipped: 'it names no package that can be started here; remote servers are added by hand',
    }
  }
  const before = argumentsOf(usable['runtimeArguments'])
  const after = argumentsOf(usable['packageArguments'])
  const env = environmentOf(usable['environmentVariables'])
  const open = [...before.open, ...after.open, ...env.open]
  if (open.length > 0) return { skipped: `it needs values for ${open.join(', ')}` }
  const args = [...runtime.first, ...before.words, referenceOf(usable, runtime), ...after.words]
  const title = textAt(json, 'title') ?? textAt(json, 'description')
  return {
    server: {
      command: runtime.command,
      args,
      env: env.values,
      ...(title === undefined ? {} : { title: title.slice(0, 128) }),
    },
    notes: [],
  }
}

function transportOf(entry: JsonObject): string | undefined {
  const transport = entry['transport']
  return isJsonObject(transport) ? textAt(transport, 'type') : undefined
}

function runtimeOf(entry: JsonObject): Runtime | undefined {
  const runtime = RUNTIMES[textAt(entry, 'registryType') ?? '']
  const identifier = textAt(entry, 'identifier')
  if (runtime === undefined || identifier === undefined || identifier.startsWith('-'))
    return undefined
  return runtime
}

function referenceOf(entry: JsonObject, { joint }: Runtime): string {
  const identifier = textAt(entry, 'identifier') ?? ''
  const version = textAt(entry, 'version')
  // An OCI identifier already ends with its tag or digest.
  const complete = version === undefined || (joint === ':' && /[:@][^/]*$/.test(identifier))
  return complete ? identifier : `${identifier}${joint}${version}`
}

function argumentsOf(list: JsonValue | undefined): Arguments {
  const parts = objects(list).map((entry) => {
    const name = textAt(entry, 'name')
    const value = textAt(entry, 'value') ?? textAt(entry, 'default')
    const named = entry['type'] === 'named' && name !== undefined
    if (value === undefined || /\{[^}]+\}/.test(value)) {
      const open = entry['isRequired'] === true || value !== undefined
      return { words: [], open: open ? [name ?? textAt(entry, 'valueHint') ?? 'an argument'] : [] }
    }
    return { words: named ? [name, value] : [value], open: [] }
  })
  return { words: parts.flatMap(({ words }) => words), open: parts.flatMap(({ open }) => open) }
}

function environmentOf(list: JsonValue | undefined): {
  readonly values: Readonly<Record<string, string>>
  readonly open: readonly string[]
} {
  const named = objects(list).flatMap((entry) => {
    const name = textAt(entry, 'name')
    return name === undefined
      ? []
      : [{ name, entry, value: textAt(entry, 'value') ?? textAt(entry, 'default') }]
  })
  const values = named.flatMap(({ name, value }) =>
    value === undefined ? [] : [[name, value] as const],
  )
  const open = named.filter(
    ({ entry, value }) => value === undefined && entry['isRequired'] === true,
  )
  return { values: Object.fromEntries(values), open: open.map(({ name }) => name) }
}

function objects(value: JsonValue | undefined): readonly JsonObject[] {
  return Array.isArray(value) ? value.filter(isJsonObject) : []
}

function textAt(object: JsonObject, key: string): string | undefined {
  const value = object[key]
  return typeof value === 'string' && value !== '' ? value : undefined
}
