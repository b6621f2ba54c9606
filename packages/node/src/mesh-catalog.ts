import type { Door } from '@warren/audit'
import type { RandomSource } from '@warren/core'
import {
  type Catalog,
  type CatalogServer,
  type Endpoint,
  listServers,
  type Logger,
  type MessageLimits,
  peerEndpoint,
  systemScheduler,
  type UnsentRequest,
} from '@warren/mcp'
import { NetworkError } from '@warren/network'
import type { Aliases } from '@warren/storage'
import type { OutgoingCalls } from './audit/outgoing-recorder.ts'
import type { MeshStreams } from './mesh-streams.ts'
import type { Report } from './node-event.ts'

export interface MeshCatalogInit {
  readonly streams: Pick<MeshStreams, 'to'>
  readonly random: RandomSource
  readonly logger: Logger
  readonly report: Report
  readonly aliases: Aliases
  readonly messageLimits: MessageLimits
  /** Where it is written down what hosts ask of other nodes; absent in a benchmark alone. */
  readonly outgoing?: OutgoingCalls
}

const LIST_TIMEOUT_MS = 10_000
const SERVERS_PER_MEMBER_MAX = 256
/** Refusals, by this side or the other, that say no more than that there is much to do. */
const BUSY_CODES: ReadonlySet<string | undefined> = new Set([
  'calls-exhausted',
  'requests-exhausted',
  'bytes-exhausted',
])

/**
 * Which servers there are for hosts of this node: asked from each member when it is admitted, asked
 * again from time to time, and forgotten when the member is lost.
 */
export class MeshCatalog {
  readonly #init: MeshCatalogInit
  readonly #byMember = new Map<string, readonly CatalogServer[]>()
  readonly #listeners = new Set<() => void>()
  readonly #asking = new Map<string, Promise<void>>()
  readonly #stopping = new AbortController()

  constructor(init: MeshCatalogInit) {
    this.#init = init
  }

  servers(): readonly CatalogServer[] {
    return [...this.#byMember.values()].flat().toSorted((a, b) => (a.alias < b.alias ? -1 : 1))
  }

  /** The server of that alias, if its owner is here. */
  find(alias: string): CatalogServer | undefined {
    return this.servers().find((server) => server.alias === alias)
  }

  /** What hosts see that come in through a door: whatever they ask of other nodes is written down. */
  through(door: Door): Catalog {
    return {
      servers: () => this.servers(),
      endpoint: (alias) => this.#endpoint(alias, door),
      onChange: (listener) => this.onChange(listener),
      unsent: async (unsent) => this.#unsent(unsent, door),
    }
  }

  #endpoint(alias: string, door: Door): Endpoint | undefined {
    const found = this.find(alias)
    if (found === undefined) return undefined
    const { streams, random, logger, messageLimits, outgoing } = this.#init
    const { did: provider, server } = found
    const journal = outgoing?.journal({ door, provider, server })
    return peerEndpoint({
      peer: {
        open: streams.to(provider, server),
        server,
        limits: messageLimits,
        ...(journal === undefined ? {} : { journal }),
      },
      transport: found.transport,
      random,
      components: { logger, scheduler: systemScheduler },
    })
  }

  /** An alias stays that of its server when the owner is away. */
  async #unsent({ alias, ...unsent }: UnsentRequest, door: Door): Promise<void> {
    const { outgoing, aliases } = this.#init
    const known = alias === undefined ? undefined : aliases.resolve(alias)
    const place =
      known === undefined
        ? { door, ...(alias === undefined ? {} : { server: alias }) }
        : { door, provider: known.did, server: known.server }
    await outgoing?.unsent(place, unsent)
  }

  onChange(listener: () => void): () => void {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  /** Asks a member which servers this node may see; one question at a time for each member. */
  refresh(did: string): Promise<void> {
    const running = this.#asking.get(did)
    if (running !== undefined) return running
    const asking = this.#ask(did).finally(() => this.#asking.delete(did))
    this.#asking.set(did, asking)
    return asking
  }

  /** Forgets the servers of a member that is gone. */
  forget(did: string): void {
    if (this.#byMember.delete(did)) this.#changed()
  }

  async stop(): Promise<void> {
    this.#stopping.abort()
    await Promise.allSettled(this.#asking.values())
  }

  async #ask(did: string): Promise<void> {
    const { streams, aliases, logger, report } = this.#init
    const signal = AbortSignal.any([this.#stopping.signal, AbortSignal.timeout(LIST_TIMEOUT_MS)])
    try {
      const components = { logger, scheduler: systemScheduler }
      const offered = await listServers(streams.to(did), { signal, components })
      const servers = offered
        .slice(0, SERVERS_PER_MEMBER_MAX)
        .map(({ name, title, transport }) => ({
          alias: aliases.aliasFor(did, name),
          did,
          server: name,
          title,
          transport,
        }))
      this.#remember(did, servers)
    } catch (error) {
      if (this.#stopping.signal.aborted) return
      // A member that does not answer offers nothing; it is asked again in the next round. One that has,
      // or to which there are, as many calls as may be, is there, and so is what it offered before.
      const message = error instanceof Error ? error.message : 'no answer'
      report({ event: 'catalog-unanswered', level: 'warn', did, message })
      if (!isBusy(error)) this.forget(did)
    }
  }

  #remember(did: string, servers: readonly CatalogServer[]): void {
    const before = JSON.stringify(this.#byMember.get(did) ?? [])
    this.#byMember.set(did, servers)
    if (JSON.stringify(servers) !== before) this.#changed()
  }

  #changed(): void {
    for (const listener of this.#listeners) {
      try {
        listener()
      } catch (error) {
        // Whoever listens badly must not keep the rest from hearing of it, nor a member from being cut off.
        this.#init.report({ event: 'defect', level: 'error', message: String(error) })
      }
    }
  }
}

function isBusy(error: unknown): boolean {
  const cause = error instanceof Error ? error.cause : undefined
  return (
    cause instanceof NetworkError &&
    [cause.code, cause.peerCode].some((code) => BUSY_CODES.has(code))
  )
}
