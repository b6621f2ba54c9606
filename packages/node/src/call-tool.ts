import { CodedError, type JsonObject } from '@warren/core'
import type { Catalog } from '@warren/mcp'
import type { CallRequest } from './control/control-protocol.ts'
import { noSuchServer } from './no-such-server.ts'
import { NodeError } from './node-error.ts'
import { CLIENT_INFO, ToolClient } from './tool-client.ts'

/** Calls one tool and returns its result as the server gave it. */
export async function callTool(
  catalog: Pick<Catalog, 'endpoint' | 'unsent'>,
  request: CallRequest,
  signal: AbortSignal,
): Promise<JsonObject> {
  const limited = AbortSignal.any([signal, AbortSignal.timeout(request.timeoutMs)])
  const client = await openClient(catalog, request.server, limited).catch(async (error) => {
    await sayUnsent(catalog, request, error)
    throw error
  })
  try {
    return await client.request('tools/call', paramsOf(request), limited)
  } finally {
    client.end()
  }
}

async function openClient(
  catalog: Pick<Catalog, 'endpoint'>,
  server: string,
  signal: AbortSignal,
): Promise<ToolClient> {
  const endpoint = catalog.endpoint(server)
  if (endpoint === undefined) throw noSuchServer(server)
  return ToolClient.open(endpoint, signal).catch(withOwnReason)
}

/** A call that came to no session has not left this node, whatever kept it. */
async function sayUnsent(
  { unsent }: Pick<Catalog, 'unsent'>,
  call: CallRequest,
  error: unknown,
): Promise<void> {
  const request = { jsonrpc: '2.0', id: 0, method: 'tools/call', params: paramsOf(call) } as const
  const code = error instanceof CodedError ? error.code : 'call-failed'
  await unsent?.({ request, alias: call.server, client: CLIENT_INFO.name, code })
}

function paramsOf({ tool, arguments: args }: CallRequest): {
  readonly name: string
  readonly arguments: JsonObject
} {
  return { name: tool, arguments: args }
}

/** That this node calls nobody is its own reason, and says more than that the peer was not reached. */
function withOwnReason(error: unknown): never {
  throw error instanceof Error && error.cause instanceof NodeError ? error.cause : error
}
