import type { ConfigBody } from '@warren/audit'

/** What the log says of a configuration that was read anew. */
export function configEntry(servers: readonly string[], restart: readonly string[]): ConfigBody {
  const offered = servers.length === 0 ? 'none' : servers.join(', ')
  const waiting = restart.length === 0 ? '' : `; changed at the next start: ${restart.join(', ')}`
  return { kind: 'config', what: `read anew; servers: ${offered}${waiting}` }
}
