import type { CatalogServer } from '../endpoint.ts'
import type { Directory } from './directory.ts'
import type { MergedItem } from './merge-lists.ts'
import { RpcRefusal } from './rpc-refusal.ts'
import { mayMatch } from './uri-template.ts'

/**
 * The server that owns a URI: it lists it, has a template for it, or has named it in a result.
 *
 * @throws RpcRefusal `params-invalid`, `resource-unknown`, `name-ambiguous` when several servers own it
 */
export async function ownerOfUri(directory: Directory, uri: unknown): Promise<CatalogServer> {
  if (typeof uri !== 'string') throw new RpcRefusal('params-invalid', 'uri must be a string')
  const listed = await directory.lookUp('resources', uri)
  if (listed.length > 0) return theOne(listed)
  const named = directory.named.ownerOf(uri)
  if (named !== undefined) return named
  const { items } = await directory.list('templates')
  const matching = items.filter(({ key }) => key === uri || mayMatch(key, uri))
  if (matching.length > 0) return theOne(matching)
  throw new RpcRefusal('resource-unknown', 'no server here has this resource, or its peer is away')
}

function theOne(items: readonly MergedItem[]): CatalogServer {
  const servers = new Map(items.map(({ server }) => [server.alias, server]))
  const [server] = servers.values()
  if (server !== undefined && servers.size === 1) return server
  const aliases = [...servers.keys()].join(', ')
  throw new RpcRefusal(
    'name-ambiguous',
    `several servers have this resource (${aliases}); read it at the endpoint of one of them`,
  )
}
