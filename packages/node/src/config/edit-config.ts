import {
  chmodSync,
  closeSync,
  fsyncSync,
  openSync,
  readFileSync,
  realpathSync,
  renameSync,
  rmSync,
  statSync,
  writeSync,
} from 'node:fs'
import { dirname, join } from 'node:path'
import { isMap, YAMLMap } from 'yaml'
import { ConfigDocument } from './config-document.ts'
import { ConfigError } from './config-error.ts'
import { CONFIG_FILE_NAME, parseConfig, readConfigText } from './load-config.ts'
import type { ServerConfig } from './server-config.ts'

/**
 * Adds servers to the text of a configuration; comments, order and spelling of the rest stay.
 *
 * @throws ConfigError `config-server-exists`, `config-invalid`
 */
export function withServers(text: string, servers: Readonly<Record<string, ServerConfig>>): string {
  const document = new ConfigDocument(text)
  const existing = serversOf(document)
  for (const [name, server] of Object.entries(servers)) {
    if (existing.has(name)) {
      throw new ConfigError('config-server-exists', `there is a server "${name}" already`)
    }
    existing.set(document.yaml.createNode(name), document.yaml.createNode(compact(server)))
  }
  const edited = document.yaml.toString({ lineWidth: 0 })
  parseConfig(edited)
  return edited
}

/**
 * Adds servers to `warren.yaml` of a data directory: all of them, or none and the file as it was.
 *
 * @throws ConfigError
 */
export function addServers(
  directory: string,
  servers: Readonly<Record<string, ServerConfig>>,
): { readonly configFile: string } {
  const before = readConfigText(directory)
  const edited = withServers(before, servers)
  const configFile = join(directory, CONFIG_FILE_NAME)
  replaceFile(configFile, before, edited)
  return { configFile }
}

function serversOf(document: ConfigDocument): YAMLMap {
  const { yaml } = document
  const servers: unknown = yaml.get('servers', true)
  if (!isMap(servers) || servers.items.length === 0) {
    // An empty map is written as "{}"; what is added to it must not end up on one line.
    const fresh = new YAMLMap(yaml.schema)
    if (isMap(servers)) {
      fresh.comment = servers.comment ?? null
      fresh.commentBefore = servers.commentBefore ?? null
    }
    yaml.set('servers', fresh)
    return fresh
  }
  return servers
}

/** A server without the members that say nothing. */
function compact(server: ServerConfig): object {
  return Object.fromEntries(
    Object.entries(server).filter(([, value]) => value !== undefined && !isEmpty(value)),
  )
}

function isEmpty(value: unknown): boolean {
  return typeof value === 'object' && value !== null && Object.keys(value).length === 0
}

/** Puts the new text in the file's place in one step, keeping its rights; through a link, in its target's place. */
function replaceFile(path: string, before: string, after: string): void {
  const target = realpathSync(path)
  const temporary = join(dirname(target), `.${CONFIG_FILE_NAME}.${crypto.randomUUID()}.tmp`)
  try {
    const { mode } = statSync(target)
    const fd = openSync(temporary, 'wx', 0o600)
    try {
      writeSync(fd, after)
      fsyncSync(fd)
    } finally {
      closeSync(fd)
    }
    chmodSync(temporary, mode & 0o777)
    if (readFileSync(target, 'utf8') !== before) {
      throw new ConfigError('config-changed', `somebody else is editing "${path}"; try again`)
    }
    renameSync(temporary, target)
  } catch (cause) {
    if (cause instanceof ConfigError) throw cause
    throw new ConfigError('config-unwritable', `"${path}" cannot be written`, { cause })
  } finally {
    rmSync(temporary, { force: true })
  }
}
