import type { Caller } from '../gate.ts'
import { isRequest, type JsonRpcMessage, metaOf } from '../json-rpc.ts'
import { McpError } from '../mcp-error.ts'
import type { MeshStream } from '../mesh-stream.ts'
import { RPC_CODE } from '../rpc-answer.ts'
import type { ServerDefinition } from '../server-definition.ts'
import type { Backend } from './backend.ts'
import type { ReceivedRequest } from './caller-session.ts'
import { PatientRoute } from './patient-route.ts'
import type { ProviderComponents } from './provider-components.ts'
import { renameRequest } from './renamed-call.ts'
import { isWithin, type Scope } from './scope.ts'
import { ServerSession } from './server-session.ts'
import { StreamRoute } from './stream-route.ts'

const LOG_LEVEL_META_KEY = 'io.modelcontextprotocol/logLevel'

interface Shared {
  readonly session: ServerSession
  /** Ways back of the requests that want log messages, which name no request. */
  readonly logs: Set<PatientRoute>
  idle: () => void
}

/**
 * The servers for requests without a session: one per caller and server, shared by all hosts of that
 * caller, and gone when it has had nothing to do for a while. Ids are renamed on the way.
 */
export class SharedServers {
  readonly #components: ProviderComponents
  readonly #shared = new Map<string, Shared>()
  readonly #running = new Map<ServerSession, Required<Scope>>()
  #lastId = 0

  constructor(components: ProviderComponents) {
    this.#components = components
  }

  get size(): number {
    return this.#running.size
  }

  /** Serves one request stream without a session. */
  async serveRequest(
    stream: MeshStream,
    { request, ...origin }: ReceivedRequest,
    definition: ServerDefinition,
  ): Promise<void> {
    const shared = this.#for(origin.caller, definition)
    shared.idle()
    this.#lastId += 1
    const back = new StreamRoute(stream, () => 0)
    const route = new PatientRoute({ route: back, asked: request, stream }, this.#components)
    if (Object.hasOwn(metaOf(request), LOG_LEVEL_META_KEY)) shared.logs.add(route)
    const sent = renameRequest(request, this.#lastId)
    try {
      const { signal } = stream
      await shared.session.request({ ...origin, asked: request, sent, route, signal })
      await back.finished
    } finally {
      shared.logs.delete(route)
      this.#watchIdle(shared)
    }
  }

  /** Ends the servers of one caller, those of one definition, or all of them. */
  async stop(reason: McpError, scope: Scope): Promise<void> {
    const ending = [...this.#running]
      .filter(([, work]) => isWithin(scope, work))
      .map(([session]) => session.stop(reason))
    await Promise.all(ending)
  }

  #for(caller: Caller, definition: ServerDefinition): Shared {
    const key = `${caller.did} ${definition.name}`
    const known = this.#shared.get(key)
    if (known !== undefined && !known.session.over) return known
    const { sessionsMax } = this.#components.limits
    if (this.#running.size >= sessionsMax) {
      throw new McpError('sessions-exhausted', `at most ${sessionsMax} servers may run`)
    }
    const logs = new Set<PatientRoute>()
    const session = new ServerSession({
      definition,
      components: this.#components,
      rest: (message, { backend }) => takeRest(message, { backend, logs }),
    })
    const shared: Shared = { session, logs, idle: () => {} }
    this.#shared.set(key, shared)
    this.#running.set(session, { did: caller.did, server: definition.name })
    session.onEnded(() => {
      this.#running.delete(session)
      if (this.#shared.get(key) === shared) this.#shared.delete(key)
    })
    return shared
  }

  #watchIdle(shared: Shared): void {
    if (shared.session.inFlight > 0) return
    const { scheduler, limits } = this.#components
    shared.idle()
    shared.idle = scheduler.after(limits.idleMs, () => {
      void shared.session.stop(new McpError('server-idle', 'the server had nothing to do'))
    })
  }
}

/** A server of the stateless era asks nothing by itself; what it tells without naming a request can only be a log message. */
async function takeRest(
  message: JsonRpcMessage,
  { backend, logs }: { readonly backend: Backend; readonly logs: ReadonlySet<PatientRoute> },
): Promise<void> {
  if (isRequest(message)) {
    const error = { code: RPC_CODE.methodNotFound, message: 'there is no session to ask' }
    await backend.send({ jsonrpc: '2.0', id: message.id, error })
  } else if (message['method'] === 'notifications/message') {
    for (const route of logs) await route.deliver(message)
  }
}
