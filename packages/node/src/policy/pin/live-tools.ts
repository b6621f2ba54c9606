import { isJsonObject, type JsonObject, type JsonValue } from '@warren/core'
import type { MeshCatalog } from '../../mesh-catalog.ts'
import { noSuchServer } from '../../no-such-server.ts'
import { NodeError } from '../../node-error.ts'
import { listOf, ToolClient } from '../../tool-client.ts'

/** What one server of this node may say of its tools. */
const PAGES_MAX = 100
const TOOLS_MAX = 1000
/** A file with pins has no more. */
const BYTES_MAX = 1_000_000
const LIST_MS = 15_000

/** Which server is asked: one of this node, by its name in the configuration. */
export interface LiveToolsInit {
  readonly catalog: Pick<MeshCatalog, 'refresh' | 'servers' | 'through'>
  readonly self: string
  readonly server: string
}

/**
 * The tools of a server of this node as it lists them now, all pages, each whole.
 *
 * @throws NodeError `no-such-server`, `call-refused` where no rule lets this node see it, `call-failed`, `call-timeout`
 */
export async function liveTools(
  { catalog, self, server }: LiveToolsInit,
  signal: AbortSignal,
): Promise<readonly JsonObject[]> {
  // What was opened a moment ago should be there now, not after the next round.
  await catalog.refresh(self)
  const own = catalog.servers().find((each) => each.did === self && each.server === server)
  const seen = catalog.through('command')
  const endpoint = own === undefined ? undefined : seen.endpoint(own.alias)
  if (endpoint === undefined) throw noSuchServer(server)
  const limited = AbortSignal.any([signal, AbortSignal.timeout(LIST_MS)])
  const client = await ToolClient.open(endpoint, limited)
  try {
    return await allPages(client, limited)
  } finally {
    client.end()
  }
}

async function allPages(client: ToolClient, signal: AbortSignal): Promise<readonly JsonObject[]> {
  const tools: JsonObject[] = []
  let cursor: JsonValue | undefined
  for (let page = 0; page < PAGES_MAX; page += 1) {
    const params = cursor === undefined ? {} : { cursor }
    const result = await client.request('tools/list', params, signal)
    tools.push(...listOf(result['tools']).filter(isJsonObject))
    if (tools.length > TOOLS_MAX || Buffer.byteLength(JSON.stringify(tools)) > BYTES_MAX) {
      const message = `it lists more than ${TOOLS_MAX} tools or ${BYTES_MAX} bytes, which cannot be pinned`
      throw new NodeError('call-failed', message)
    }
    cursor = result['nextCursor']
    if (cursor === undefined || cursor === null) return tools
  }
  throw new NodeError('call-failed', `its list of tools has more than ${PAGES_MAX} pages`)
}
