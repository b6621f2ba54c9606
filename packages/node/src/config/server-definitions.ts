import type { ServerDefinition } from '@warren/mcp'
import type { ServerConfig } from './server-config.ts'

/** The servers of a configuration as the MCP provider takes them. */
export function serverDefinitions(
  servers: Readonly<Record<string, ServerConfig>>,
): readonly ServerDefinition[] {
  return Object.entries(servers).map(([name, server]) => definition(name, server))
}

function definition(name: string, server: ServerConfig): ServerDefinition {
  const title = server.title === undefined ? {} : { title: server.title }
  if ('url' in server) {
    const { url, headers = {}, remote = false } = server
    return { transport: 'http', name, url, headers, remote, ...title }
  }
  const { command, args = [], env = {}, cwd } = server
  return {
    transport: 'stdio',
    name,
    command,
    args,
    env,
    ...title,
    ...(cwd === undefined ? {} : { cwd }),
  }
}
