import type { JsonObject } from '@warren/core'
import { asMcpError, McpError } from '../../mcp-error.ts'
import type { Scheduler } from '../../ports.ts'
import type { CatalogServer } from '../endpoint.ts'
import type { Sha256 } from '../http/token-check.ts'
import type { AggregateLimits } from './aggregate-limits.ts'
import { ITEM_KINDS, type ItemKind } from './item-kind.ts'
import { NamedUris } from './named-uris.ts'
import { mergeLists, type MergedItem, type MergedList, type Omission } from './merge-lists.ts'

export interface DirectoryInit {
  readonly sha256: Sha256
  readonly scheduler: Scheduler
  readonly limits: AggregateLimits
  /** The servers that are here now. */
  readonly servers: () => readonly CatalogServer[]
  readonly fetch: (
    server: CatalogServer,
    kind: ItemKind,
    signal: AbortSignal,
  ) => Promise<readonly JsonObject[]>
  /** Is told when a list that others did not wait for has come in. */
  readonly onLate: (kind: ItemKind) => void
}

/** What is known of one server's list of one kind. */
interface Known {
  readonly server: CatalogServer
  readonly kind: ItemKind
  /** The last list that came in. It stays when the server goes away, so that its names keep their meaning. */
  items: readonly JsonObject[] | undefined
  /** The fetching under way, or done and still valid. Never rejects; gives what went wrong. */
  fetching: Promise<McpError | undefined> | undefined
}

/** Names and URIs, and whose they are: the one table in which everything that a host names is looked up. */
export class Directory {
  /** What servers have named without listing it. */
  readonly named: NamedUris = new NamedUris()
  readonly #init: DirectoryInit
  readonly #known = new Map<string, Known>()
  /** What is known, by name or URI; made anew when a list has come in. */
  readonly #tables = new Map<ItemKind, ReadonlyMap<string, readonly MergedItem[]>>()
  readonly #stopping = new AbortController()

  constructor(init: DirectoryInit) {
    this.#init = init
  }

  /**
   * The merged list of all servers that are here. A server that takes too long is left out and named;
   * its list is waited for further, and the host told when it comes.
   */
  async list(kind: ItemKind): Promise<MergedList> {
    const here = this.#init.servers()
    const shown = here.slice(0, this.#init.limits.serversMax)
    const failures = await Promise.all(shown.map((server) => this.#await(server, kind)))
    const lists = shown.flatMap((server) => {
      const items = this.#find(server, kind)?.items
      return items === undefined ? [] : [{ server, items }]
    })
    const { items, omitted } = mergeLists(kind, lists, this.#init.sha256)
    const surplus = here.slice(shown.length).map(({ alias }) => {
      return { alias, reason: `only ${shown.length} servers are shown at once` }
    })
    return {
      items,
      omitted: [...failures.flatMap((failure) => failure ?? []), ...omitted, ...surplus],
    }
  }

  /**
   * The items that have this name or URI: none, one, or several where it is ambiguous.
   *
   * Servers whose alias begins the key are asked first, which is a guess about speed alone; what the
   * key means is what the table says.
   */
  async lookUp(kind: ItemKind, key: string): Promise<readonly MergedItem[]> {
    const known = this.#inTable(kind, key)
    if (known.length > 0) return known
    const here = this.#init.servers().slice(0, this.#init.limits.serversMax)
    const likely = here.filter(({ alias }) => key.startsWith(alias))
    for (const servers of [likely, here]) {
      await Promise.all(servers.map((server) => this.#await(server, kind)))
      const found = this.#inTable(kind, key)
      if (found.length > 0) return found
    }
    return []
  }

  /** Every item of a kind that is known, whether its server is here or not. */
  known(kind: ItemKind): readonly MergedItem[] {
    return [...this.#table(kind).values()].flat()
  }

  /** Fetches a server's lists anew when they are next asked for. */
  expire(server: CatalogServer, kinds: readonly ItemKind[] = ITEM_KINDS): void {
    for (const kind of kinds) {
      const known = this.#find(server, kind)
      if (known !== undefined) known.fetching = undefined
    }
  }

  /** Fetches anew, when they are back, the lists of servers that are not here. */
  expireAbsent(): void {
    const here = new Set(this.#init.servers().map(({ alias }) => alias))
    for (const known of this.#known.values()) {
      if (!here.has(known.server.alias)) known.fetching = undefined
    }
  }

  stop(): void {
    this.#stopping.abort(new McpError('session-ended', 'the session is over'))
  }

  #inTable(kind: ItemKind, key: string): readonly MergedItem[] {
    return this.#table(kind).get(key) ?? []
  }

  #table(kind: ItemKind): ReadonlyMap<string, readonly MergedItem[]> {
    const made = this.#tables.get(kind)
    if (made !== undefined) return made
    const lists = [...this.#known.values()].flatMap(({ server, items, kind: other }) =>
      items === undefined || other !== kind ? [] : [{ server, items }],
    )
    const table = Map.groupBy(mergeLists(kind, lists, this.#init.sha256).items, ({ key }) => key)
    this.#tables.set(kind, table)
    return table
  }

  async #await(server: CatalogServer, kind: ItemKind): Promise<Omission | undefined> {
    const { scheduler, limits, onLate } = this.#init
    const known = this.#entry(server, kind)
    const fetching = (known.fetching ??= this.#start(known))
    const { promise, resolve } = Promise.withResolvers<'late'>()
    const cancel = scheduler.after(limits.listWaitMs, () => resolve('late'))
    const outcome = await Promise.race([fetching, promise])
    cancel()
    if (outcome === undefined) return undefined
    if (outcome !== 'late') return { alias: server.alias, reason: outcome.message }
    void fetching.then((error) => {
      if (error === undefined) onLate(kind)
      return undefined
    })
    // A list from before is better than none while a new one is on its way.
    return known.items === undefined
      ? { alias: server.alias, reason: 'it has not answered yet' }
      : undefined
  }

  #start(known: Known): Promise<McpError | undefined> {
    const fetching = this.#fetch(known)
    void fetching.then((error) => {
      // A failure is not kept: whoever asks next tries again.
      if (error !== undefined && known.fetching === fetching) known.fetching = undefined
      return undefined
    })
    return fetching
  }

  async #fetch(known: Known): Promise<McpError | undefined> {
    const { server, kind } = known
    const late = new AbortController()
    const cancel = this.#init.scheduler.after(this.#init.limits.listMs, () => {
      late.abort(new McpError('list-timeout', 'it did not answer in time'))
    })
    try {
      const signal = AbortSignal.any([late.signal, this.#stopping.signal])
      known.items = await this.#init.fetch(server, kind, signal)
      this.#tables.delete(kind)
      return undefined
    } catch (error) {
      return asMcpError(error, 'server-answer-unacceptable', 'it cannot be listed')
    } finally {
      cancel()
    }
  }

  #entry(server: CatalogServer, kind: ItemKind): Known {
    const found = this.#find(server, kind)
    if (found !== undefined) return found
    const known: Known = { server, kind, items: undefined, fetching: undefined }
    this.#known.set(placeOf(server, kind), known)
    this.#forgetSurplus()
    return known
  }

  #find(server: CatalogServer, kind: ItemKind): Known | undefined {
    return this.#known.get(placeOf(server, kind))
  }

  /** Servers that went away longest ago are forgotten first. */
  #forgetSurplus(): void {
    const here = new Set(this.#init.servers().map(({ alias }) => alias))
    for (const [place, { server }] of this.#known) {
      if (this.#known.size <= this.#init.limits.serversMax * 8) return
      if (here.has(server.alias)) continue
      this.#known.delete(place)
      this.#tables.clear()
    }
  }
}

function placeOf({ alias, did, server }: CatalogServer, kind: ItemKind): string {
  return JSON.stringify([kind, alias, did, server])
}
