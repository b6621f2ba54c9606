import { isJsonObject, type JsonObject, type JsonValue } from '@warren/core'
import { objectAt } from '../../json-rpc.ts'
import type { CatalogServer } from '../endpoint.ts'

const URIS_MAX = 4_096
const URI_LENGTH_MAX = 2_048

/**
 * Whose URIs were named in results: a server may link to resources that it does not list. Bounded;
 * the oldest is forgotten, and two servers that name one URI have both named nothing.
 */
export class NamedUris {
  readonly #owners = new Map<string, CatalogServer | undefined>()

  learn(result: JsonObject, server: CatalogServer): void {
    for (const uri of urisOf(result)) {
      const known = this.#owners.get(uri)
      const taken = this.#owners.has(uri) && known?.alias !== server.alias
      this.#owners.delete(uri)
      this.#owners.set(uri, taken ? undefined : server)
    }
    for (const oldest of this.#owners.keys()) {
      if (this.#owners.size <= URIS_MAX) break
      this.#owners.delete(oldest)
    }
  }

  ownerOf(uri: string): CatalogServer | undefined {
    return this.#owners.get(uri)
  }
}

/** The URIs in resource links, embedded resources, and the user interface of a tool. */
function urisOf(result: JsonObject): readonly string[] {
  const blocks = arrayAt(result, 'content')
  const candidates = [
    ...blocks.filter(({ type }) => type === 'resource_link').map(({ uri }) => uri),
    ...blocks.map((block) => objectAt(block, 'resource')['uri']),
    ...arrayAt(result, 'contents').map(({ uri }) => uri),
    objectAt(objectAt(result, '_meta'), 'ui')['resourceUri'],
    objectAt(result, '_meta')['ui/resourceUri'],
  ]
  return candidates.filter(
    (uri): uri is string => typeof uri === 'string' && uri.length <= URI_LENGTH_MAX,
  )
}

function arrayAt(container: JsonObject, key: string): readonly JsonObject[] {
  const value: JsonValue | undefined = container[key]
  return isArray(value) ? value.filter(isJsonObject) : []
}

function isArray(value: unknown): value is readonly unknown[] {
  return Array.isArray(value)
}
