import { SessionCalls, WaitingCalls } from '../../consumer/session-calls.ts'
import { McpError } from '../../mcp-error.ts'
import type { Scheduler } from '../../ports.ts'
import { EntryError } from './entry-error.ts'
import type { HttpLimits } from './http-limits.ts'
import type { SessionOwner } from './http-sessions.ts'

/** Sessions of HTTP servers that are remembered; the one left alone longest is forgotten, and then refused. */
const SESSIONS_MAX = 1_024
/** Those of one server and one token, so that what one server gives displaces its own first. */
const SESSIONS_PER_OWNER_MAX = 128

export interface GivenSessionsInit {
  readonly scheduler: Scheduler
  readonly limits: Pick<HttpLimits, 'sessionIdleMs'>
}

/** An exchange in a session, from its request to the end of its response. */
export interface SessionVisit {
  readonly calls: SessionCalls
  /** Called once. */
  leave(): void
}

interface Given {
  readonly owner: SessionOwner
  calls: SessionCalls
  /** Exchanges under way. */
  visits: number
  stopIdle: () => void
}

const OVER = new McpError('session-ended', 'the session is over')
const STOPPED = new McpError('stopped', 'the node is stopping')
const LEFT = new McpError('host-gone', 'the host has left the session alone')

/** Which hosts servers that speak HTTP gave which session ids; we keep to whom, since two servers may give one id. And what was asked there and has no answer. */
export class GivenSessions {
  readonly #init: GivenSessionsInit
  readonly #waiting = new WaitingCalls()
  /** Those used last come last. */
  readonly #given = new Map<string, Given>()

  constructor(init: GivenSessionsInit) {
    this.#init = init
  }

  /** Requests that wait for another stream of their session. */
  get waiting(): number {
    return this.#waiting.size
  }

  /**
   * Begins an exchange in a session.
   *
   * @throws EntryError `session-not-here`
   */
  visit(id: string, owner: SessionOwner): SessionVisit {
    const key = keyOf(id, owner)
    const given = this.#given.get(key)
    if (given === undefined) {
      throw new EntryError('session-not-here', 'there is no such session; initialize a new one')
    }
    this.#putLast(key, given)
    given.stopIdle()
    given.visits += 1
    return { calls: given.calls, leave: () => this.#leave(given) }
  }

  /** Notes that a server has given a session to a host. */
  remember(id: string, owner: SessionOwner): void {
    const key = keyOf(id, owner)
    const known = this.#given.get(key)
    this.#putLast(key, known ?? { owner, calls: this.#newCalls(), visits: 0, stopIdle: () => {} })
    const own = [...this.#given].filter(([, given]) => isSame(given.owner, owner))
    if (own.length > SESSIONS_PER_OWNER_MAX) this.#forget(own[0])
    else if (this.#given.size > SESSIONS_MAX) this.#forget([...this.#given][0])
  }

  /** Nothing more will come in a session; who uses it yet is told so by its server. */
  end(id: string, owner: SessionOwner): void {
    const given = this.#given.get(keyOf(id, owner))
    if (given !== undefined) this.#renew(given, OVER)
  }

  /** Nothing is waited for any more. */
  stop(): void {
    for (const given of this.#given.values()) end(given, STOPPED)
    this.#given.clear()
  }

  #putLast(key: string, given: Given): void {
    this.#given.delete(key)
    this.#given.set(key, given)
  }

  #forget(oldest: readonly [string, Given] | undefined): void {
    if (oldest === undefined) return
    this.#given.delete(oldest[0])
    end(oldest[1], OVER)
  }

  #leave(given: Given): void {
    given.visits -= 1
    if (given.visits > 0) return
    const { scheduler, limits } = this.#init
    given.stopIdle()
    given.stopIdle = scheduler.after(limits.sessionIdleMs, () => this.#renew(given, LEFT))
  }

  #renew(given: Given, reason: McpError): void {
    given.calls.end(reason)
    given.calls = this.#newCalls()
  }

  #newCalls(): SessionCalls {
    return new SessionCalls(this.#waiting)
  }
}

function end({ calls, stopIdle }: Given, reason: McpError): void {
  stopIdle()
  calls.end(reason)
}

function isSame(one: SessionOwner, other: SessionOwner): boolean {
  return one.holder === other.holder && one.path === other.path
}

function keyOf(id: string, { holder, path }: SessionOwner): string {
  return JSON.stringify([holder, path, id])
}
