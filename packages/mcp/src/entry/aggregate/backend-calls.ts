import type { JsonObject } from '@warren/core'
import { type JsonRpcMessage, type JsonRpcResponse, objectAt } from '../../json-rpc.ts'
import type { Scheduler } from '../../ports.ts'
import type { CatalogServer, UnsentRequest } from '../endpoint.ts'
import { eraOfRequest } from '../era.ts'
import type { AggregateLimits } from './aggregate-limits.ts'
import type { BackendPool } from './backend-pool.ts'
import { CallClock } from './call-clock.ts'
import { paramsForBackend, resultForHost } from './era-bridge.ts'
import type { HostCall } from './host-call.ts'
import type { HostProfile } from './host-profile.ts'
import type { HostRequests } from './host-requests.ts'
import { playRounds } from './input-rounds.ts'

export interface BackendCallsInit {
  readonly pool: BackendPool
  readonly hostRequests: HostRequests
  readonly scheduler: Scheduler
  readonly limits: AggregateLimits
  readonly profile: () => HostProfile
}

/** Carries calls of a host to backends and their answers back, across eras, within the named times. */
export class BackendCalls {
  readonly #init: BackendCallsInit
  readonly #clocks = new Map<string, Set<CallClock>>()
  /** The calls that have been given to a session, where their fate is known. */
  readonly #left = new WeakSet<HostCall>()
  /** For which server a call is, and what it gets. */
  readonly #meant = new WeakMap<HostCall, Meant>()

  constructor(init: BackendCallsInit) {
    this.#init = init
  }

  /**
   * Forwards a call with other parameters, the method as it is, to the server that owns its subject.
   *
   * @throws McpError `peer-unreachable`, `call-timeout`, and how the session ended; RpcRefusal `era-not-bridgeable`
   */
  async forward(
    call: HostCall,
    server: CatalogServer,
    params: JsonObject,
  ): Promise<JsonRpcResponse> {
    this.#meant.set(call, { alias: server.alias, params })
    const clock = new CallClock(this.#init.scheduler, this.#init.limits)
    const clocks = this.#clocksOf(server)
    clocks.add(clock)
    try {
      return await this.#forward({ call, server, params, clock })
    } finally {
      clock.stop()
      clocks.delete(clock)
    }
  }

  /** A call that has come to no session of a server, as it would have been sent; nothing for one that has. */
  unsent(call: HostCall): Omit<UnsentRequest, 'code'> | undefined {
    if (this.#left.has(call)) return undefined
    const { alias, params } = this.#meant.get(call) ?? {}
    const request = params === undefined ? call.request : { ...call.request, params }
    return { request, ...(alias === undefined ? {} : { alias }) }
  }

  /** Asks one thing on the aggregate's own account. */
  async ask(
    server: CatalogServer,
    request: { readonly method: string; readonly params: JsonObject; readonly standing?: boolean },
    signal: AbortSignal,
  ): Promise<JsonRpcResponse> {
    const backend = this.#init.pool.get(server)
    const { facts } = await backend.open(signal)
    const profile = this.#init.profile()
    const bridge = { hostEra: 'legacy', backendEra: facts.era, profile } as const
    return backend.ask({ ...request, params: paramsForBackend(request.params, bridge), signal })
  }

  /** The era that a server speaks. */
  async eraOf(server: CatalogServer, signal: AbortSignal): Promise<'legacy' | 'modern'> {
    const { facts } = await this.#init.pool.get(server).open(signal)
    return facts.era
  }

  /** Keeps the calls at a server from being silent for too long while the server waits for the host. */
  hold(server: CatalogServer): () => void {
    const releases = [...this.#clocksOf(server)].map((clock) => clock.hold())
    return () => {
      for (const release of releases) release()
    }
  }

  async #forward({ call, server, params, clock }: Forwarding): Promise<JsonRpcResponse> {
    const { pool, hostRequests, limits, profile } = this.#init
    const signal = AbortSignal.any([call.signal, clock.signal])
    const backend = pool.get(server)
    const { facts, link } = await backend.open(signal)
    const hostEra = eraOfRequest(call.request)
    const bridge = { hostEra, backendEra: facts.era, profile: profile() }
    const emit = (message: JsonRpcMessage): Promise<void> => {
      clock.alive()
      return call.emit(message)
    }
    const send = (more: JsonObject): Promise<JsonRpcResponse> => {
      const sent = { ...paramsForBackend(params, bridge), ...more }
      const { method } = call.request
      const leaves = (): void => void this.#left.add(call)
      return backend.ask({ method, params: sent, signal, emit, leaves })
    }
    const first = await send({})
    const last =
      hostEra === 'modern' || facts.era === 'legacy'
        ? first
        : await playRounds(first, {
            roundsMax: limits.roundsMax,
            askHost: (request) => heldBy(clock, () => hostRequests.ask(request, link, emit)),
            again: send,
            pause: () => this.#pause(signal),
          })
    const { id } = call.request
    if ('error' in last) return { ...last, id }
    return { ...last, id, result: resultForHost(objectAt(last, 'result'), bridge) }
  }

  async #pause(signal: AbortSignal): Promise<void> {
    const { promise, resolve, reject } = Promise.withResolvers<void>()
    const cancel = this.#init.scheduler.after(this.#init.limits.roundPauseMs, resolve)
    const onAbort = (): void => reject(signal.reason)
    signal.addEventListener('abort', onAbort, { once: true })
    try {
      await promise
    } finally {
      cancel()
      signal.removeEventListener('abort', onAbort)
    }
  }

  #clocksOf({ alias }: CatalogServer): Set<CallClock> {
    const clocks = this.#clocks.get(alias) ?? new Set()
    this.#clocks.set(alias, clocks)
    return clocks
  }
}

interface Meant {
  readonly alias: string
  readonly params: JsonObject
}

interface Forwarding {
  readonly call: HostCall
  readonly server: CatalogServer
  readonly params: JsonObject
  readonly clock: CallClock
}

async function heldBy<T>(clock: CallClock, work: () => Promise<T>): Promise<T> {
  const release = clock.hold()
  try {
    return await work()
  } finally {
    release()
  }
}
