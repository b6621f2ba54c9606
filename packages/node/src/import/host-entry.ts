import { homedir } from 'node:os'
import { basename, dirname } from 'node:path'
import { isJsonObject, type JsonObject, type JsonValue } from '@warren/core'
import type { ServerConfig } from '../config/server-config.ts'

/** What became of one server of a host's file. */
export type HostEntry =
  | { readonly server: ServerConfig; readonly notes: readonly string[] }
  | { readonly skipped: string }

const LOOPBACK_HOSTS: ReadonlySet<string> = new Set(['127.0.0.1', '[::1]', 'localhost'])
const OLD_HTTP: ReadonlySet<string> = new Set(['sse', 'http+sse', 'http-sse'])
const SECRET_NAME = /(?:KEY|TOKEN|SECRET|PASSW|PASSPHRASE|CREDENTIAL|AUTHORIZATION|COOKIE|DSN)/i
const VARIABLE = /\$\{([^}]*)\}/g

/**
 * Reads one server entry of a host's file: those of Claude, Cursor, LM Studio, Copilot, VS Code and Zed.
 *
 * What Warren could not start as the host did is skipped with a reason, never half taken over.
 */
export function readHostEntry(entry: JsonValue, file: string): HostEntry {
  if (!isJsonObject(entry)) return skipped('it is not an object')
  if (entry['disabled'] === true || entry['enabled'] === false) return skipped('it is switched off')
  const flat = withoutNesting(entry)
  const problem = obstacle(flat)
  if (problem !== undefined) return skipped(problem)
  const missing = new Set<string>()
  const value = substitute(flat, { file, missing })
  if (missing.size > 0)
    return skipped(`it needs ${[...missing].join(', ')}, which only the host knows`)
  return 'url' in value || 'serverUrl' in value || 'httpUrl' in value
    ? readHttp(value)
    : readProcess(value)
}

/** Older Zed files nest: `"command": { "path": …, "args": …, "env": … }`. */
function withoutNesting(entry: JsonObject): JsonObject {
  const command = entry['command']
  if (!isJsonObject(command)) return entry
  const { path, ...rest } = command
  return path === undefined ? entry : { ...entry, ...rest, command: path }
}

function obstacle(entry: JsonObject): string | undefined {
  const type = entry['type'] ?? entry['transport']
  if (typeof type === 'string' && OLD_HTTP.has(type.toLowerCase())) {
    return 'it speaks the old HTTP+SSE transport, which is not carried'
  }
  if (entry['envFile'] !== undefined) return 'it reads an envFile; put its variables under env'
  return undefined
}

interface Substitution {
  readonly file: string
  /** Collects the variables that have no value here. */
  readonly missing: Set<string>
}

/** Fills in what the host would: folders are known, inputs and the host's environment are not. */
function substitute(entry: JsonObject, context: Substitution): JsonObject {
  const filled = Object.entries(entry).map(([key, value]) => [key, fill(value, context)] as const)
  return Object.fromEntries(filled)
}

function fill(value: JsonValue, context: Substitution): JsonValue {
  if (typeof value === 'string') {
    return value.replaceAll(VARIABLE, (whole, name: string) => {
      const known = folderOf(name, context.file) ?? fallbackOf(name)
      if (known === undefined) context.missing.add(whole)
      return known ?? whole
    })
  }
  if (isArray(value)) return value.map((item) => fill(item, context))
  return isJsonObject(value) ? substitute(value, context) : value
}

function folderOf(name: string, file: string): string | undefined {
  const folder = dirname(file)
  const workspace = /^\.(?:vscode|cursor|zed|github)$/.test(basename(folder))
    ? dirname(folder)
    : folder
  switch (name) {
    case 'workspaceFolder':
      return workspace
    case 'workspaceFolderBasename':
      return basename(workspace)
    case 'userHome':
      return homedir()
    case 'pathSeparator':
    case '/':
      return '/'
    default:
      return undefined
  }
}

/** `${NAME:-value}`, as Claude Code writes it. */
function fallbackOf(name: string): string | undefined {
  return /^[A-Za-z_][A-Za-z0-9_]*:-(.*)$/s.exec(name)?.[1]
}

function readProcess(entry: JsonObject): HostEntry {
  const { command, cwd } = entry
  const args = entry['args'] ?? []
  if (typeof command !== 'string' || command === '')
    return skipped('it has neither command nor url')
  if (!isTextList(args)) return skipped('its args are not a list of texts')
  if (isWarren(command, args)) return skipped('it is Warren itself')
  const env = texts(entry['env'])
  if (env === undefined) return skipped('its env is not a set of texts')
  const server = {
    command,
    args,
    env,
    ...(typeof cwd === 'string' ? { cwd } : {}),
    ...titleOf(entry),
  }
  return { server, notes: secretNotes('env', env) }
}

function readHttp(entry: JsonObject): HostEntry {
  const url = entry['url'] ?? entry['serverUrl'] ?? entry['httpUrl']
  const headers = texts(entry['headers'])
  if (typeof url !== 'string' || !URL.canParse(url)) return skipped('its url cannot be read')
  if (headers === undefined) return skipped('its headers are not a set of texts')
  const { hostname, protocol, username, password } = new URL(url)
  if (protocol !== 'http:' && protocol !== 'https:')
    return skipped('its url is not http: or https:')
  if (username !== '' || password !== '') return skipped('its url holds a credential; use headers')
  if (!LOOPBACK_HOSTS.has(hostname)) {
    return skipped(
      'it is on another machine; add it by hand with "remote: true" if it shall be reached from the mesh',
    )
  }
  return { server: { url, headers, ...titleOf(entry) }, notes: secretNotes('headers', headers) }
}

function titleOf(entry: JsonObject): { readonly title?: string } {
  const title = entry['title'] ?? entry['description']
  return typeof title === 'string' && title.length > 0 ? { title: title.slice(0, 128) } : {}
}

function secretNotes(where: string, values: Readonly<Record<string, string>>): readonly string[] {
  const names = Object.entries(values)
    .filter(([name, value]) => value !== '' && SECRET_NAME.test(name))
    .map(([name]) => name)
  return names.length === 0
    ? []
    : [
        `its ${where} holds what looks like a secret (${names.join(', ')}), which now stands in warren.yaml too`,
      ]
}

/** A set of texts; numbers and booleans are spelt out as a process would see them. */
function texts(value: JsonValue | undefined): Record<string, string> | undefined {
  if (value === undefined || value === null) return {}
  if (!isJsonObject(value)) return undefined
  const entries = Object.entries(value).map(([name, item]) => [name, spelt(item)] as const)
  const plain = entries.filter(
    (entry): entry is readonly [string, string] => entry[1] !== undefined,
  )
  return plain.length === entries.length ? Object.fromEntries(plain) : undefined
}

function spelt(value: JsonValue): string | undefined {
  return typeof value === 'object' ? undefined : String(value)
}

function isWarren(command: string, args: readonly string[]): boolean {
  const programs = [command, ...args].map((word) =>
    basename(word).replace(/\.(?:cmd|exe|js|ts)$/, ''),
  )
  return programs.includes('warren') && args.includes('connect')
}

function isArray(value: JsonValue): value is readonly JsonValue[] {
  return Array.isArray(value)
}

function isTextList(value: JsonValue): value is readonly string[] {
  return isArray(value) && value.every((item) => typeof item === 'string')
}

function skipped(reason: string): HostEntry {
  return { skipped: reason }
}
