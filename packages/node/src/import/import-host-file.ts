import { readFileSync, statSync } from 'node:fs'
import { isDeepStrictEqual } from 'node:util'
import { resolve } from 'node:path'
import { addServers } from '../config/edit-config.ts'
import { parseConfig, readConfigText } from '../config/load-config.ts'
import { SERVER_NAME_PATTERN, type ServerConfig } from '../config/server-config.ts'
import { ImportError } from './import-error.ts'
import { type NamedHostEntry, readHostFile } from './read-host-file.ts'

const FILE_BYTES_MAX = 4_194_304
const NAME_LENGTH_MAX = 32
const NAME_TRIES_MAX = 1_000

export interface HostFileImport {
  /** The data directory, whose `warren.yaml` gets the servers. */
  readonly directory: string
  /** The host's file. */
  readonly file: string
}

export interface ImportResult {
  /** The names under which servers were added. */
  readonly added: readonly string[]
  /** What was not taken over and why, and what to look at. Without values. */
  readonly warnings: readonly string[]
}

/**
 * Takes the MCP servers of an AI host's file over into `warren.yaml`.
 *
 * Nobody may use them before a rule says so. Importing the same file again changes nothing.
 *
 * @throws ImportError, ConfigError
 */
export function importHostFile({ directory, file }: HostFileImport): ImportResult {
  const path = resolve(file)
  const entries = readHostFile(readText(path), path)
  const plan = planImport(entries, parseConfig(readConfigText(directory)).servers)
  if (Object.keys(plan.servers).length > 0) addServers(directory, plan.servers)
  return { added: Object.keys(plan.servers), warnings: plan.warnings }
}

export interface ImportPlan {
  readonly servers: Readonly<Record<string, ServerConfig>>
  readonly warnings: readonly string[]
}

/** Decides what of a host's file is added to a configuration, and under which names. */
export function planImport(
  entries: readonly NamedHostEntry[],
  existing: Readonly<Record<string, ServerConfig>>,
): ImportPlan {
  const servers = new Map<string, ServerConfig>()
  const warnings: string[] = []
  for (const { name, entry } of entries) {
    if ('skipped' in entry) {
      warnings.push(`"${shown(name)}" was skipped: ${entry.skipped}`)
      continue
    }
    const same = Object.entries(existing).find(([, server]) => isSame(server, entry.server))
    if (same !== undefined) {
      warnings.push(`"${shown(name)}" was skipped: it is there already, as "${same[0]}"`)
      continue
    }
    const chosen = freeName(name, (taken) => taken in existing || servers.has(taken))
    servers.set(chosen, entry.server)
    if (chosen !== name) warnings.push(`"${shown(name)}" is called "${chosen}" here`)
    warnings.push(...entry.notes.map((note) => `"${chosen}": ${note}`))
  }
  return { servers: Object.fromEntries(servers), warnings }
}

/** A name as the configuration wants it, made from any text. */
export function sanitiseServerName(text: string): string {
  const name = text
    .toLowerCase()
    .replaceAll(/[^a-z0-9]+/g, '-')
    .replace(/^[^a-z]+/, '')
    .slice(0, NAME_LENGTH_MAX)
    .replace(/-+$/, '')
  return SERVER_NAME_PATTERN.test(name) ? name : 'server'
}

function freeName(text: string, isTaken: (name: string) => boolean): string {
  const base = sanitiseServerName(text)
  if (!isTaken(base)) return base
  for (let number = 2; number <= NAME_TRIES_MAX; number += 1) {
    const suffix = `-${number}`
    const name = `${base.slice(0, NAME_LENGTH_MAX - suffix.length)}${suffix}`
    if (!isTaken(name)) return name
  }
  throw new ImportError('import-too-large', 'there is no free name for a server')
}

function isSame(one: ServerConfig, other: ServerConfig): boolean {
  return isDeepStrictEqual(comparable(one), comparable(other))
}

function comparable(server: ServerConfig): object {
  return 'url' in server
    ? { url: server.url, headers: server.headers ?? {} }
    : { command: server.command, args: server.args ?? [], env: server.env ?? {}, cwd: server.cwd }
}

/** A name out of a foreign file, fit for one line of a terminal. */
function shown(name: string): string {
  return name.replaceAll(/[^\x20-\x7E]/g, '?').slice(0, NAME_LENGTH_MAX * 2)
}

function readText(path: string): string {
  try {
    const { size } = statSync(path)
    if (size > FILE_BYTES_MAX) {
      throw new ImportError('import-too-large', `"${path}" has more than ${FILE_BYTES_MAX} bytes`)
    }
    return readFileSync(path, 'utf8')
  } catch (cause) {
    if (cause instanceof ImportError) throw cause
    throw new ImportError('import-unreadable', `"${path}" cannot be read`, { cause })
  }
}
