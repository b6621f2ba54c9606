import { McpError, type McpErrorCode } from '../mcp-error.ts'
import { OpenCalls } from './open-calls.ts'
import type { ProviderLimits } from './provider-limits.ts'
import { isWithin, type Scope } from './scope.ts'

/** A session at an HTTP server, and the caller that it belongs to. */
export interface BoundSession {
  readonly did: string
  readonly server: string
  readonly id: string
}

interface Entry {
  readonly session: BoundSession
  readonly calls: OpenCalls
}

/**
 * Which caller opened which session at the HTTP servers: the session id of a server is worth nothing
 * in the hands of anybody else. Bounded per caller; the session that was used longest ago goes first.
 */
export class HttpSessions {
  readonly #limits: Pick<ProviderLimits, 'sessionsPerCallerMax' | 'inFlightMax'>
  readonly #end: (session: BoundSession) => void
  /** In the order of their last use. */
  readonly #sessions = new Map<string, Entry>()

  /** `end` tells a server that one of its sessions is over. */
  constructor(
    limits: Pick<ProviderLimits, 'sessionsPerCallerMax' | 'inFlightMax'>,
    end: (session: BoundSession) => void,
  ) {
    this.#limits = limits
    this.#end = end
  }

  get size(): number {
    return this.#sessions.size
  }

  /** @throws McpError `session-taken` when another caller owns it, which only a broken server can bring about */
  bind(session: BoundSession): void {
    const key = keyOf(session)
    const known = this.#sessions.get(key)
    if (known !== undefined && known.session.did !== session.did) {
      throw new McpError('session-taken', 'the server gave one session to two callers')
    }
    this.#sessions.delete(key)
    const calls = known?.calls ?? new OpenCalls(this.#limits.inFlightMax)
    this.#sessions.set(key, { session, calls })
    const own = [...this.#sessions.values()].filter((entry) => entry.session.did === session.did)
    const [oldest] = own
    if (own.length > this.#limits.sessionsPerCallerMax && oldest !== undefined) {
      this.release(oldest.session)
      this.#end(oldest.session)
    }
  }

  /** Says whether the session is the caller's, and notes its use. */
  owns(session: BoundSession): boolean {
    const key = keyOf(session)
    const known = this.#sessions.get(key)
    if (known?.session.did !== session.did) return false
    this.#sessions.delete(key)
    this.#sessions.set(key, known)
    return true
  }

  /** The calls of a session whose ends are to be known. */
  callsOf(session: BoundSession): OpenCalls | undefined {
    return this.#sessions.get(keyOf(session))?.calls
  }

  /** Forgets a session that its server has ended, and with it the calls that are open in it. */
  release(session: BoundSession, code: McpErrorCode = 'session-ended'): void {
    const key = keyOf(session)
    this.#sessions.get(key)?.calls.close(code)
    this.#sessions.delete(key)
  }

  /** Takes out the sessions of one caller, of one server, or all, for whoever ends them. */
  take(scope: Scope, code: McpErrorCode): readonly BoundSession[] {
    const all = [...this.#sessions.values()].map(({ session }) => session)
    const taken = all.filter((session) => isWithin(scope, session))
    for (const session of taken) this.release(session, code)
    return taken
  }
}

function keyOf({ server, id }: BoundSession): string {
  return `${server} ${id}`
}
