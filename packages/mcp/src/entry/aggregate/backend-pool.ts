import type { JsonRpcNotification } from '../../json-rpc.ts'
import type { McpError } from '../../mcp-error.ts'
import type { Scheduler } from '../../ports.ts'
import type { Catalog, CatalogServer } from '../endpoint.ts'
import type { AggregateLimits } from './aggregate-limits.ts'
import { Backend, type Conversation } from './backend.ts'
import type { BackendListener } from './backend-link.ts'
import { envelopeOf } from './handshake.ts'
import type { HostProfile } from './host-profile.ts'

export interface BackendPoolInit {
  readonly catalog: Catalog
  readonly limits: AggregateLimits
  readonly scheduler: Scheduler
  readonly endsWhenIdle: boolean
  readonly profile: () => HostProfile
  readonly listener: (server: CatalogServer) => BackendListener
  /** Is told when the session with a server is over. */
  readonly onLost: (server: CatalogServer) => void
}

/** The backends of one host, each opened when it is first used. */
export class BackendPool {
  readonly #init: BackendPoolInit
  readonly #backends = new Map<string, Backend>()

  constructor(init: BackendPoolInit) {
    this.#init = init
  }

  get(server: CatalogServer): Backend {
    const known = this.#backends.get(server.alias)
    if (known !== undefined) return known
    const { catalog, limits, scheduler, endsWhenIdle, profile, listener } = this.#init
    const backend = new Backend({
      server,
      endpoint: () => catalog.endpoint(server.alias),
      profile,
      limits,
      scheduler,
      listener: listener(server),
      onOpen: (conversation) => this.#settle(server, conversation),
      endsWhenIdle,
    })
    this.#backends.set(server.alias, backend)
    return backend
  }

  /** Tells every backend that is there. */
  async tellAll(notification: JsonRpcNotification): Promise<void> {
    await Promise.all([...this.#backends.values()].map((backend) => backend.tell(notification)))
  }

  /** Sets the level of log messages at every backend that is there. */
  async setLogLevel(level: string): Promise<void> {
    await Promise.all([...this.#backends.values()].map((backend) => backend.setLogLevel(level)))
  }

  /** Ends what is no longer in the catalogue. */
  prune(reason: McpError): void {
    const here = new Set(this.#init.catalog.servers().map(({ alias }) => alias))
    for (const [alias, backend] of this.#backends) {
      if (here.has(alias)) continue
      this.#backends.delete(alias)
      backend.end(reason)
    }
  }

  endAll(reason: McpError): void {
    for (const backend of this.#backends.values()) backend.end(reason)
    this.#backends.clear()
  }

  /** What a legacy server says unasked, one of the stateless era says to a standing subscription alone. */
  #settle(server: CatalogServer, { link, facts }: Conversation): void {
    link.over.addEventListener('abort', () => this.#init.onLost(server), { once: true })
    const { logLevel } = this.#init.profile()
    if (facts.era === 'legacy') {
      if (logLevel !== undefined && 'logging' in facts.capabilities) {
        void quietly(
          link.ask({ method: 'logging/setLevel', params: { level: logLevel }, signal: link.over }),
        )
      }
      return
    }
    const params = {
      notifications: {
        toolsListChanged: true,
        promptsListChanged: true,
        resourcesListChanged: true,
      },
      _meta: envelopeOf(this.#init.profile()),
    }
    const request = { method: 'subscriptions/listen', params, signal: link.over, standing: true }
    void quietly(link.ask(request))
  }
}

/** For what is asked on the side: a server that refuses it or ends serves all the same. */
async function quietly(work: Promise<unknown>): Promise<void> {
  try {
    await work
  } catch {
    // Told to whoever makes a call; nobody waits for this one.
  }
}
