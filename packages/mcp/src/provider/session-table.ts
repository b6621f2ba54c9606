import type { Caller } from '../gate.ts'
import { McpError } from '../mcp-error.ts'
import type { CallerSession } from './caller-session.ts'
import type { ProviderLimits } from './provider-limits.ts'
import { isWithin, type Scope } from './scope.ts'

/** How a session is named: by whoever opened it and by nobody else. */
export interface SessionName {
  readonly caller: Caller
  readonly server: string
  readonly session: string
}

/** The open sessions. The caller's DID is part of the key, so that an id is worth nothing to anybody else. */
export class SessionTable {
  readonly #limits: ProviderLimits
  readonly #sessions = new Map<
    string,
    { readonly work: Required<Scope>; readonly session: CallerSession }
  >()

  constructor(limits: ProviderLimits) {
    this.#limits = limits
  }

  get size(): number {
    return this.#sessions.size
  }

  /** @throws McpError `session-taken`, `sessions-exhausted` */
  add(name: SessionName, open: () => CallerSession): CallerSession {
    const { sessionsMax, sessionsPerCallerMax } = this.#limits
    const { did } = name.caller
    if (this.#sessions.has(keyOf(name))) {
      throw new McpError('session-taken', 'the session is open already')
    }
    const own = this.within({ did }).length
    if (own >= sessionsPerCallerMax || this.#sessions.size >= sessionsMax) {
      throw new McpError('sessions-exhausted', 'the provider takes no more sessions now')
    }
    const session = open()
    this.#sessions.set(keyOf(name), { work: { did, server: name.server }, session })
    return session
  }

  /** @throws McpError `session-unknown`, also when the session is another caller's */
  get(name: SessionName): CallerSession {
    const entry = this.#sessions.get(keyOf(name))
    if (entry === undefined) throw new McpError('session-unknown', 'there is no such session')
    return entry.session
  }

  delete(name: SessionName): void {
    this.#sessions.delete(keyOf(name))
  }

  /** The sessions of one caller, of one server, or all. */
  within(scope: Scope): readonly CallerSession[] {
    return [...this.#sessions.values()]
      .filter(({ work }) => isWithin(scope, work))
      .map(({ session }) => session)
  }
}

function keyOf({ caller, server, session }: SessionName): string {
  return `${caller.did} ${server} ${session}`
}
