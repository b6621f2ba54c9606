import type { JsonObject } from '@warren/core'
import type { Catalog } from '@warren/mcp'
import type { CallRequest } from './control/control-protocol.ts'
import { noSuchServer } from './no-such-server.ts'
import { NodeError } from './node-error.ts'
import { ToolClient } from './tool-client.ts'

/** Calls one tool and returns its result as the server gave it. */
export async function callTool(
  catalog: Pick<Catalog, 'endpoint'>,
  request: CallRequest,
  signal: AbortSignal,
): Promise<JsonObject> {
  const endpoint = catalog.endpoint(request.server)
  if (endpoint === undefined) throw noSuchServer(request.server)
  const limited = AbortSignal.any([signal, AbortSignal.timeout(request.timeoutMs)])
  const client = await ToolClient.open(endpoint, limited).catch(withOwnReason)
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

/** That this node calls nobody is its own reason, and says more than that the peer was not reached. */
function withOwnReason(error: unknown): never {
  throw error instanceof Error && error.cause instanceof NodeError ? error.cause : error
}
