import { isJsonObject, type JsonObject } from '@warren/core'
import { objectAt } from '../../json-rpc.ts'
import type { CatalogServer } from '../endpoint.ts'
import type { Sha256 } from '../http/token-check.ts'
import { aggregateName } from './aggregate-name.ts'
import { type ItemKind, KINDS } from './item-kind.ts'

/** Where an item comes from, in its `_meta`. */
const ORIGIN_KEY = 'warren.internal/origin'
/** The other owners of the same URI, in an item's `_meta`. */
const COLLISION_KEY = 'warren.internal/collision'
/** What a list goes without and why, in a list result's `_meta`. */
export const OMITTED_KEY = 'warren.internal/omitted'

const KEY_LENGTH_MAX = 2_048
const CONTROL_CHARACTER = /\p{Cc}/u

/** What one server lists. */
export interface ServerList {
  readonly server: CatalogServer
  readonly items: readonly JsonObject[]
}

/** One item as a host sees it, and where its calls go. */
export interface MergedItem {
  /** The name or URI that a host uses. */
  readonly key: string
  /** The name or URI at its owner. */
  readonly original: string
  readonly server: CatalogServer
  readonly shown: JsonObject
}

/** Something that a list goes without, with a sentence that says why. */
export interface Omission extends JsonObject {
  readonly alias: string
  readonly reason: string
}

export interface MergedList {
  /** In the order of their keys; two items have one key only where URIs collide. */
  readonly items: readonly MergedItem[]
  readonly omitted: readonly Omission[]
}

/**
 * Merges what many servers list into one list, the same for the same input in any order.
 *
 * Every member of an item is kept; its name becomes unique, its title and `_meta` say where it is
 * from. A URI that two servers have is shown twice and marked, never collapsed into one.
 */
export function mergeLists(
  kind: ItemKind,
  lists: readonly ServerList[],
  sha256: Sha256,
): MergedList {
  const omitted: Omission[] = []
  const merged: MergedItem[] = []
  for (const { server, items } of lists) {
    const seen = new Set<string>()
    for (const item of items) {
      const original = keyOf(kind, item)
      if (original === undefined || seen.has(original)) {
        const reason =
          original === undefined ? 'it has no usable name' : 'its server lists it twice'
        omitted.push({ alias: server.alias, name: original ?? '', reason })
        continue
      }
      seen.add(original)
      merged.push(showItem({ kind, server, item, original }, sha256))
    }
  }
  merged.sort(byKeyThenAlias)
  return KINDS[kind].renamed ? dropAmbiguous(merged, omitted) : markCollisions(merged, omitted)
}

interface Listed {
  readonly kind: ItemKind
  readonly server: CatalogServer
  readonly item: JsonObject
  readonly original: string
}

function showItem({ kind, server, item, original }: Listed, sha256: Sha256): MergedItem {
  const { key: keyMember, renamed } = KINDS[kind]
  const { alias, did } = server
  const key = renamed
    ? aggregateName({ alias, did, server: server.server, name: original }, sha256)
    : original
  const noun = { tools: 'tool', prompts: 'prompt', resources: 'uri', templates: 'uriTemplate' }[
    kind
  ]
  const origin = { did, server: server.server, [noun]: original }
  const shown = {
    ...item,
    [keyMember]: key,
    title: `${titleOf(item, original)} (${alias})`,
    _meta: { ...objectAt(item, '_meta'), [ORIGIN_KEY]: origin },
  }
  return { key, original, server, shown }
}

function titleOf(item: JsonObject, original: string): string {
  const candidates = [item['title'], objectAt(item, 'annotations')['title'], item['name'], original]
  const title = candidates.find((text) => typeof text === 'string' && text !== '')
  return typeof title === 'string' ? title : original
}

function keyOf(kind: ItemKind, item: JsonObject): string | undefined {
  const key = item[KINDS[kind].key]
  if (typeof key !== 'string' || key === '' || key.length > KEY_LENGTH_MAX) return undefined
  return CONTROL_CHARACTER.test(key) ? undefined : key
}

/** Two names can only be one by a server's own doing, with a name made to look like a cut one: neither is shown. */
function dropAmbiguous(merged: readonly MergedItem[], omitted: readonly Omission[]): MergedList {
  const groups = Map.groupBy(merged, ({ key }) => key)
  const dropped = [...groups.values()].filter(({ length }) => length > 1).flat()
  const reason = 'its name cannot be told from another one'
  return {
    items: merged.filter(({ key }) => groups.get(key)?.length === 1),
    omitted: [
      ...omitted,
      ...dropped.map(({ server, original }) => ({ alias: server.alias, name: original, reason })),
    ],
  }
}

function markCollisions(merged: readonly MergedItem[], omitted: readonly Omission[]): MergedList {
  const groups = Map.groupBy(merged, ({ key }) => key)
  const items = merged.map((item) => {
    const group = groups.get(item.key) ?? []
    if (group.length < 2) return item
    const aliases = group.map(({ server }) => server.alias)
    const meta = { ...objectAt(item.shown, '_meta'), [COLLISION_KEY]: aliases }
    return { ...item, shown: { ...item.shown, _meta: meta } }
  })
  return { items, omitted }
}

function byKeyThenAlias(a: MergedItem, b: MergedItem): number {
  if (a.key !== b.key) return a.key < b.key ? -1 : 1
  if (a.server.alias === b.server.alias) return 0
  return a.server.alias < b.server.alias ? -1 : 1
}

/** The items of a list result; what is not an object cannot be shown. */
export function itemsOf(kind: ItemKind, result: JsonObject): readonly JsonObject[] {
  const items = result[KINDS[kind].member]
  return isArray(items) ? items.filter(isJsonObject) : []
}

function isArray(value: unknown): value is readonly unknown[] {
  return Array.isArray(value)
}
