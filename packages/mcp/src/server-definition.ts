import { McpError } from './mcp-error.ts'

/** An MCP server that this node starts as a child process. Comes from local configuration alone, never from a peer. */
export interface ProcessServer {
  readonly transport: 'stdio'
  /** How peers name it. */
  readonly name: string
  /** What people read. */
  readonly title?: string
  readonly command: string
  readonly args?: readonly string[]
  /** Added to the short list of variables that every server gets. */
  readonly env?: Readonly<Record<string, string>>
  readonly cwd?: string
}

/** An MCP server that is reached over Streamable HTTP. */
export interface HttpServer {
  readonly transport: 'http'
  readonly name: string
  readonly title?: string
  /** `http:` on a loopback address, unless `remote` allows another. */
  readonly url: string
  /** Sent with every request: the owner's own credentials for this server, never a host's. */
  readonly headers?: Readonly<Record<string, string>>
  /** Lets `url` point elsewhere than to this machine. */
  readonly remote?: boolean
}

export type ServerDefinition = ProcessServer | HttpServer

/** What a caller learns of a server that it may see. */
export interface ServerSummary {
  readonly name: string
  readonly title: string
  readonly transport: ServerDefinition['transport']
}

const NAME_PATTERN = /^[A-Za-z0-9][A-Za-z0-9_.-]{0,63}$/
const LOOPBACK_HOSTS: ReadonlySet<string> = new Set(['127.0.0.1', '[::1]', 'localhost'])
const SERVERS_MAX = 256

export function isServerName(value: unknown): value is string {
  return typeof value === 'string' && NAME_PATTERN.test(value)
}

/** The rule that the URL of a server breaks; nothing if it may be reached. */
export function serverUrlProblem(url: string, remote: boolean): string | undefined {
  if (!URL.canParse(url)) return 'cannot be read'
  const { protocol, hostname, username, password } = new URL(url)
  if (protocol !== 'http:' && protocol !== 'https:') return 'must begin with http: or https:'
  if (username !== '' || password !== '') return 'must not hold a credential; use headers'
  if (remote || LOOPBACK_HOSTS.has(hostname)) return undefined
  return 'must be on this machine, unless remote is set'
}

/**
 * Checks the servers of a configuration and indexes them by name.
 *
 * @throws McpError `server-definition-invalid`
 */
export function indexServers(
  definitions: readonly ServerDefinition[],
): ReadonlyMap<string, ServerDefinition> {
  if (definitions.length > SERVERS_MAX) throw invalid(`a node has at most ${SERVERS_MAX} servers`)
  const servers = new Map<string, ServerDefinition>()
  for (const definition of definitions) {
    if (!isServerName(definition.name)) {
      throw invalid(
        'a server name has 1 to 64 of A-Z a-z 0-9 _ . - and starts with a letter or digit',
      )
    }
    if (servers.has(definition.name)) throw invalid(`the server "${definition.name}" stands twice`)
    if (definition.transport === 'http') checkUrl(definition)
    else checkCommand(definition)
    servers.set(definition.name, definition)
  }
  return servers
}

function checkCommand({ name, command, args = [], env = {} }: ProcessServer): void {
  const texts = [command, ...args, ...Object.keys(env), ...Object.values(env)]
  if (command === '' || texts.some((text) => text.includes('\0'))) {
    throw invalid(`the command of the server "${name}" is empty or holds a NUL`)
  }
}

function checkUrl({ name, url, remote = false }: HttpServer): void {
  const problem = serverUrlProblem(url, remote)
  if (problem !== undefined) throw invalid(`the URL of the server "${name}" ${problem}`)
}

function invalid(message: string): McpError {
  return new McpError('server-definition-invalid', message)
}
