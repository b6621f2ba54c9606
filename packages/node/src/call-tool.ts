import { isJsonObject, type JsonObject, type JsonValue } from '@warren/core'
import type { CatalogServer } from '@warren/mcp'
import type { CallRequest } from './control/control-protocol.ts'
import type { MeshCatalog } from './mesh-catalog.ts'
import { NodeError } from './node-error.ts'
import { noSuchServer } from './no-such-server.ts'
import { listOf, ToolClient } from './tool-client.ts'

const LIST_TIMEOUT_MS = 15_000
const PAGES_MAX = 100

/** What one server offers, or why that could not be learnt. */
export interface ToolListing {
  readonly tools: readonly JsonObject[]
  readonly problem?: JsonObject
}

/** Calls one tool and returns its result as the server gave it. */
export async function callTool(
  catalog: MeshCatalog,
  request: CallRequest,
  signal: AbortSignal,
): Promise<JsonObject> {
  const endpoint = catalog.endpoint(request.server)
  if (endpoint === undefined) throw noSuchServer(request.server)
  const limited = AbortSignal.any([signal, AbortSignal.timeout(request.timeoutMs)])
  const client = await ToolClient.open(endpoint, limited)
  try {
    return await client.request(
      'tools/call',
      { name: request.tool, arguments: request.arguments },
      limited,
    )
  } finally {
    client.end()
  }
}

/** Lists the tools of one server, all pages; a server that fails is a problem to be shown, not an error. */
export async function listTools(
  catalog: MeshCatalog,
  server: CatalogServer,
  signal: AbortSignal,
): Promise<ToolListing> {
  const limited = AbortSignal.any([signal, AbortSignal.timeout(LIST_TIMEOUT_MS)])
  try {
    return { tools: await allPages(catalog, server, limited) }
  } catch (error) {
    const message = error instanceof Error ? error.message : 'no answer'
    return { tools: [], problem: { server: server.alias, node: server.did, message } }
  }
}

async function allPages(
  catalog: MeshCatalog,
  server: CatalogServer,
  signal: AbortSignal,
): Promise<readonly JsonObject[]> {
  const endpoint = catalog.endpoint(server.alias)
  if (endpoint === undefined) throw noSuchServer(server.alias)
  const client = await ToolClient.open(endpoint, signal)
  try {
    const tools: JsonObject[] = []
    let cursor: JsonValue | undefined
    for (let page = 0; page < PAGES_MAX; page += 1) {
      const params = cursor === undefined ? {} : { cursor }
      const result = await client.request('tools/list', params, signal)
      tools.push(
        ...listOf(result['tools'])
          .filter(isJsonObject)
          .map((tool) => row(server, tool)),
      )
      cursor = result['nextCursor']
      if (cursor === undefined || cursor === null) return tools
    }
    throw new NodeError(
      'call-failed',
      `the server's list of tools has more than ${PAGES_MAX} pages`,
    )
  } finally {
    client.end()
  }
}

function row(server: CatalogServer, tool: JsonObject): JsonObject {
  return {
    server: server.alias,
    name: tool['name'] ?? '',
    description: tool['description'] ?? '',
    node: server.did,
  }
}
