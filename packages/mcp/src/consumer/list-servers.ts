import { isJsonObject, type JsonValue } from '@warren/core'
import { McpError } from '../mcp-error.ts'
import type { OpenStream } from '../mesh-stream.ts'
import { isServerName, type ServerSummary } from '../server-definition.ts'
import { openAnswered } from './open-stream.ts'
import type { ConsumerOptions } from './peer.ts'
import { RELAY_LIMITS } from './relay-limits.ts'

const TITLE_LENGTH_MAX = 200

/**
 * Asks a peer which of its servers this node may use.
 *
 * @throws McpError what the peer says, `peer-unreachable`, `peer-protocol`
 */
export async function listServers(
  open: OpenStream,
  options: ConsumerOptions,
): Promise<readonly ServerSummary[]> {
  const { openMs } = RELAY_LIMITS
  const asked = { open, header: { kind: 'servers' }, complete: true, openMs } as const
  const { stream, body } = await openAnswered(asked, options)
  stream.abort(new McpError('stream-ended', 'the answer has been read'))
  const { servers } = body
  if (!isArray(servers)) throw new McpError('peer-protocol', 'the peer sent no list of servers')
  return servers.map((entry) => parseSummary(entry))
}

function parseSummary(entry: JsonValue): ServerSummary {
  if (isJsonObject(entry)) {
    const { name, title, transport } = entry
    const titled = typeof title === 'string' && title.length <= TITLE_LENGTH_MAX
    if (isServerName(name) && titled && (transport === 'stdio' || transport === 'http')) {
      return { name, title, transport }
    }
  }
  throw new McpError('peer-protocol', 'the peer sent a list of servers that cannot be read')
}

function isArray(value: JsonValue | undefined): value is readonly JsonValue[] {
  return Array.isArray(value)
}
