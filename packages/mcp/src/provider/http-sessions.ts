import { McpError } from '../mcp-error.ts'
import { isWithin, type Scope } from './scope.ts'

/** A session at an HTTP server, and the caller that it belongs to. */
export interface BoundSession {
  readonly did: string
  readonly server: string
  readonly id: string
}

/**
 * Which caller opened which session at the HTTP servers: the session id of a server is worth nothing
 * in the hands of anybody else. Bounded per caller; the session that was used longest ago goes first.
 */
export class HttpSessions {
  readonly #perCallerMax: number
  readonly #end: (session: BoundSession) => void
  /** In the order of their last use. */
  readonly #sessions = new Map<string, BoundSession>()

  /** `end` tells a server that one of its sessions is over. */
  constructor(perCallerMax: number, end: (session: BoundSession) => void) {
    this.#perCallerMax = perCallerMax
    this.#end = end
  }

  get size(): number {
    return this.#sessions.size
  }

  /** @throws McpError `session-taken` when another caller owns it, which only a broken server can bring about */
  bind(session: BoundSession): void {
    const key = keyOf(session)
    const known = this.#sessions.get(key)
    if (known !== undefined && known.did !== session.did) {
      throw new McpError('session-taken', 'the server gave one session to two callers')
    }
    this.#sessions.delete(key)
    this.#sessions.set(key, session)
    const own = [...this.#sessions.values()].filter(({ did }) => did === session.did)
    const [oldest] = own
    if (own.length > this.#perCallerMax && oldest !== undefined) {
      this.release(oldest)
      this.#end(oldest)
    }
  }

  /** Says whether the session is the caller's, and notes its use. */
  owns(session: BoundSession): boolean {
    const key = keyOf(session)
    const known = this.#sessions.get(key)
    if (known?.did !== session.did) return false
    this.#sessions.delete(key)
    this.#sessions.set(key, known)
    return true
  }

  /** Forgets a session that its server has ended. */
  release(session: BoundSession): void {
    this.#sessions.delete(keyOf(session))
  }

  /** Takes out the sessions of one caller, of one server, or all, for whoever ends them. */
  take(scope: Scope): readonly BoundSession[] {
    const taken = [...this.#sessions.values()].filter((session) => isWithin(scope, session))
    for (const session of taken) this.release(session)
    return taken
  }
}

function keyOf({ server, id }: BoundSession): string {
  return `${server} ${id}`
}
