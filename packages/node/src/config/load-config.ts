import { closeSync, constants, fstatSync, openSync, readFileSync, type Stats } from 'node:fs'
import { join, resolve } from 'node:path'
import { resolveTarget } from '../audit/export/resolve-target.ts'
import { foreignHands } from '../foreign-hands.ts'
import { ConfigDocument } from './config-document.ts'
import { ConfigError } from './config-error.ts'
import { configInvalid } from './config-issues.ts'
import { type ConfigFile, configSchema } from './config-schema.ts'

export const CONFIG_FILE_NAME = 'warren.yaml'

const BYTES_MAX = 1_048_576

/** The configuration of a node, complete, with absolute paths. */
export interface Config extends ConfigFile {
  /** The data directory. */
  readonly directory: string
}

/**
 * Reads `warren.yaml` of a data directory.
 *
 * A file that others may write, or that is another user's, is refused: it says what programs this node starts.
 *
 * @throws ConfigError
 */
export function loadConfig(directory: string): Config {
  const text = readConfigText(directory)
  return withAbsolutePaths(parseConfig(text), resolve(directory))
}

/**
 * Reads the text of a configuration and fills in what it leaves out.
 *
 * @throws ConfigError `config-syntax`, `config-invalid`, `config-too-large`
 */
export function parseConfig(text: string): ConfigFile {
  const document = new ConfigDocument(text)
  const { success, data, error } = configSchema.safeParse(document.value())
  if (success) return data
  throw configInvalid(document, error.issues)
}

/** The text of `warren.yaml`, checked for size and rights. */
export function readConfigText(directory: string): string {
  const path = join(directory, CONFIG_FILE_NAME)
  const fd = open(path)
  try {
    const stats = fstatSync(fd)
    if (!stats.isFile()) throw new ConfigError('config-unreadable', `"${path}" is not a file`)
    requireOwnHands(path, stats)
    if (stats.size > BYTES_MAX) {
      throw new ConfigError('config-too-large', `"${path}" has more than ${BYTES_MAX} bytes`)
    }
    return readFileSync(fd, 'utf8')
  } finally {
    closeSync(fd)
  }
}

function requireOwnHands(path: string, stats: Stats): void {
  const hands = foreignHands(stats)
  if (hands === undefined) return
  if (hands === 'rights') {
    throw new ConfigError('config-open', `others may write "${path}" (chmod 600)`)
  }
  const message = `"${path}" belongs to another user (uid ${stats.uid}), who could change it; it has to belong to the user that runs the node, or to root (chown)`
  throw new ConfigError('config-foreign', message)
}

function open(path: string): number {
  try {
    return openSync(path, constants.O_RDONLY | constants.O_NONBLOCK)
  } catch (cause) {
    if (cause instanceof Error && 'code' in cause && cause.code === 'ENOENT') {
      throw new ConfigError('config-missing', `there is no "${path}" (warren init, warren join)`, {
        cause,
      })
    }
    throw new ConfigError('config-unreadable', `"${path}" cannot be read`, { cause })
  }
}

function withAbsolutePaths(file: ConfigFile, directory: string): Config {
  const { keys, http, audit, policies, policy, servers } = file
  const { passphraseFile } = keys
  return {
    ...file,
    directory,
    keys:
      passphraseFile === undefined ? {} : { passphraseFile: resolve(directory, passphraseFile) },
    http: { ...http, tokenFile: resolve(directory, http.tokenFile) },
    audit: { ...audit, export: audit.export.map((target) => resolveTarget(target, directory)) },
    policies: resolve(directory, policies),
    ...(policy === undefined
      ? {}
      : { policy: { ...policy, signers: policy.signers.map((path) => resolve(directory, path)) } }),
    servers: Object.fromEntries(
      Object.entries(servers).map(([name, server]) => [
        name,
        'command' in server && server.cwd !== undefined
          ? { ...server, cwd: resolve(directory, server.cwd) }
          : server,
      ]),
    ),
  }
}
