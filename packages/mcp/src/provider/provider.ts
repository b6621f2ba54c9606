import { isDeepStrictEqual } from 'node:util'
import type { Clock } from '@warren/core'
import type { Caller, Gate } from '../gate.ts'
import { LineReader } from '../line-reader.ts'
import { McpError } from '../mcp-error.ts'
import type { MeshStream } from '../mesh-stream.ts'
import { type Logger, type Scheduler, systemScheduler } from '../ports.ts'
import { ProcessGuard } from '../process/process-guard.ts'
import { indexServers, type ServerDefinition } from '../server-definition.ts'
import { CallRecords } from './call-records.ts'
import { CallerStreams } from './caller-streams.ts'
import { HeldBytes } from './held-bytes.ts'
import type { PresentPort, ProviderComponents } from './provider-components.ts'
import type { ProviderEvent } from './provider-event.ts'
import { PROVIDER_LIMITS, type ProviderLimits } from './provider-limits.ts'
import { readHeader } from './read-header.ts'
import { startServer } from './start-server.ts'
import { StreamServer } from './stream-server.ts'

export interface ProviderInit {
  readonly servers: readonly ServerDefinition[]
  readonly gate: Gate
  readonly clock: Clock
  readonly logger: Logger
  readonly scheduler?: Scheduler
  readonly limits?: Partial<ProviderLimits>
  /** Takes what callers show of themselves; absent, nothing is taken. */
  readonly present?: PresentPort
  /** Hears of names whose definition is not in force any more, before anything is decided by what is. */
  readonly withdrawn?: (servers: ReadonlySet<string>) => void
  /** Hears of every decision and every answer; nothing waits for it. */
  readonly report?: (event: ProviderEvent) => void
}

export interface ProviderStatus {
  readonly servers: number
  readonly sessions: number
  /** Servers of callers without a session. */
  readonly shared: number
  readonly streams: number
}

/**
 * The owner's side: serves mesh streams of admitted callers with the configured servers.
 *
 * Nothing of what a caller sends names a command, a path or a URL. Every message is decided on by
 * the gate before it goes anywhere.
 */
export class Provider {
  readonly #components: ProviderComponents
  readonly #guard = new ProcessGuard()
  readonly #streams: CallerStreams
  readonly #held: HeldBytes
  readonly #server: StreamServer
  readonly #servers = new Map<string, ServerDefinition>()
  readonly #withdrawn: (servers: ReadonlySet<string>) => void
  #stopped = false

  /** @throws McpError `server-definition-invalid` */
  constructor(init: ProviderInit) {
    const { gate, clock, logger, scheduler = systemScheduler, report = () => {} } = init
    const { present } = init
    const limits = { ...PROVIDER_LIMITS, ...init.limits }
    const processes = { guard: this.#guard, scheduler, clock, logger, limits }
    this.#define(indexServers(init.servers))
    this.#withdrawn = init.withdrawn ?? (() => {})
    this.#components = {
      gate,
      records: new CallRecords({ scheduler, logger, limits }),
      clock,
      scheduler,
      logger,
      limits,
      report,
      present,
      start: (definition) => startServer(definition, { processes, messages: limits }),
    }
    this.#streams = new CallerStreams(limits.streamsPerCallerMax)
    this.#held = new HeldBytes(limits)
    this.#server = new StreamServer(this.#servers, this.#components)
  }

  /**
   * Takes over another set of servers. What is not defined as it was is offered as before to nobody
   * any more, and its sessions, calls and processes end; the others go on. Resolves when they are gone.
   *
   * @throws McpError `server-definition-invalid`; the old set then stays
   */
  async configure(definitions: readonly ServerDefinition[]): Promise<void> {
    const servers = indexServers(definitions)
    const withdrawn = [...this.#servers]
      .filter(([name, definition]) => !isDeepStrictEqual(definition, servers.get(name)))
      .map(([name]) => name)
    this.#define(servers)
    this.#withdrawn(new Set(withdrawn))
    const reason = new McpError('server-withdrawn', 'the provider no longer offers this server')
    await Promise.all(withdrawn.map((server) => this.#server.stop(reason, { server })))
  }

  /** Serves one stream to its end. Never rejects: what goes wrong is told to the caller, or ends the stream. */
  async serve(stream: MeshStream, caller: Caller): Promise<void> {
    if (this.#stopped) {
      stream.abort(new McpError('stopped', 'the provider has stopped'))
      return
    }
    if (!this.#streams.hasRoom(caller.did)) {
      stream.abort(new McpError('requests-exhausted', 'the caller has too many streams open'))
      return
    }
    await this.#streams.keep(caller.did, stream, this.#serve(stream, caller))
  }

  /** Cuts every stream of a caller and ends its servers; resolves when they are gone, and as `stop` does. */
  async dropCaller(did: string, reason: string): Promise<void> {
    const error = new McpError('caller-dropped', reason)
    const { records } = this.#components
    const servers = this.#server.stop(error, { did })
    const cut = this.#streams.cut(error, did).then(() => records.reached())
    await Promise.all([servers, records.within(cut)])
  }

  /** Ends what a caller has running of all servers but some; resolves when it is gone. */
  async endCalls(
    did: string,
    { but, reason }: { readonly but: ReadonlySet<string>; readonly reason: string },
  ): Promise<void> {
    const error = new McpError('caller-dropped', reason)
    const ending = [...this.#servers.keys()].filter((server) => !but.has(server))
    await Promise.all(ending.map((server) => this.#server.stop(error, { did, server })))
  }

  /** Ends what a caller has running of one server; resolves when it is gone. */
  async endServer(
    scope: { readonly did: string; readonly server: string },
    reason: string,
  ): Promise<void> {
    await this.#server.stop(new McpError('caller-dropped', reason), scope)
  }

  /**
   * Cuts every stream and ends every server; resolves when they are gone and the gate knows how every
   * call has ended, for which it is given so long and no longer. Serves nothing afterwards.
   */
  async stop(): Promise<void> {
    this.#stopped = true
    const error = new McpError('stopped', 'the provider has stopped')
    const { records } = this.#components
    const servers = this.#server.stop(error)
    const cut = this.#streams.cut(error).then(() => records.settled())
    await Promise.all([servers, records.within(cut)])
    this.#guard.stop()
  }

  /** Whether it serves a server of this name now. */
  has(server: string): boolean {
    return this.#servers.has(server)
  }

  status(): ProviderStatus {
    return {
      servers: this.#servers.size,
      streams: this.#streams.size,
      ...this.#server.status(),
    }
  }

  #define(servers: ReadonlyMap<string, ServerDefinition>): void {
    this.#servers.clear()
    for (const [name, definition] of servers) this.#servers.set(name, definition)
  }

  async #serve(stream: MeshStream, caller: Caller): Promise<void> {
    const account = this.#held.open(caller.did)
    const answers = this.#held.open(caller.did)
    const lines = new LineReader(stream.bytes, account)
    try {
      const header = await readHeader(stream, lines, this.#components)
      await this.#server.serve({ stream, lines, caller, answers }, header)
    } catch (error) {
      await this.#server.refuse(stream, error)
    } finally {
      account.holds(0)
      answers.holds(0)
    }
    this.#cutLater(stream)
  }

  /** A caller that keeps its own side open after everything has been said does not keep the stream. */
  #cutLater(stream: MeshStream): void {
    if (stream.signal.aborted) return
    const { scheduler, limits } = this.#components
    const cut = scheduler.after(limits.lingerMs, () => {
      stream.abort(new McpError('stream-ended', 'the stream has served its purpose'))
    })
    stream.signal.addEventListener('abort', cut, { once: true })
  }
}
