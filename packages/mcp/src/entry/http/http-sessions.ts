import type { RandomSource } from '@warren/core'
import { asMcpError, McpError } from '../../mcp-error.ts'
import type { Scheduler } from '../../ports.ts'
import type { Endpoint, EndpointSession } from '../endpoint.ts'
import { EntryError } from './entry-error.ts'
import type { HttpLimits } from './http-limits.ts'
import { HttpSession } from './http-session.ts'

const SESSION_ID_BYTES = 32
const SESSION_ID_LENGTH_MAX = 128

export interface HttpSessionsInit {
  readonly random: RandomSource
  readonly scheduler: Scheduler
  readonly limits: HttpLimits
}

/** To whom a session belongs: its id alone opens nothing. */
export interface SessionOwner {
  /** Which token the host has shown. */
  readonly holder: number
  /** The path under which it was opened. */
  readonly path: string
}

export interface OpenHttpSession {
  readonly id: string
  readonly channel: HttpSession
}

interface Entry extends OpenHttpSession {
  readonly owner: SessionOwner
  relay?: EndpointSession
  stopIdle: () => void
}

/** The legacy sessions of the HTTP entry: bounded in number, and each ends when it is left alone. */
export class HttpSessions {
  readonly #init: HttpSessionsInit
  /** In the order of their last use. */
  readonly #entries = new Map<string, Entry>()
  readonly #stopping = new AbortController()
  readonly #ending = new Set<Promise<unknown>>()

  constructor(init: HttpSessionsInit) {
    this.#init = init
  }

  get size(): number {
    return this.#entries.size
  }

  /**
   * Opens a session at an endpoint. When all are taken, the one that has been left alone longest makes room.
   *
   * @throws EntryError `busy`; McpError what the endpoint says
   */
  async open(endpoint: Endpoint, owner: SessionOwner): Promise<OpenHttpSession> {
    this.#makeRoom()
    const id = Buffer.from(this.#init.random.randomBytes(SESSION_ID_BYTES)).toString('base64url')
    const channel = new HttpSession(this.#init.limits, () => this.#touch(id))
    const entry: Entry = { id, channel, owner, stopIdle: () => {} }
    this.#entries.set(id, entry)
    try {
      const relay = await endpoint.openSession(channel, this.#stopping.signal)
      entry.relay = relay
      const ending = relay.ended
        .then(() => this.#forget(entry))
        .finally(() => this.#ending.delete(ending))
      this.#ending.add(ending)
    } catch (error) {
      this.#forget(entry)
      throw asMcpError(error, 'peer-unreachable', 'the server cannot be reached')
    }
    this.#touch(id)
    return entry
  }

  /**
   * The session with this id, if it is this owner's.
   *
   * @throws EntryError `session-missing`, `session-not-here`
   */
  find(id: string | undefined, owner: SessionOwner): OpenHttpSession {
    if (id === undefined || id === '') {
      throw new EntryError('session-missing', 'the header Mcp-Session-Id is required')
    }
    const entry = id.length > SESSION_ID_LENGTH_MAX ? undefined : this.#entries.get(id)
    // A foreign session is told from an unknown one by nobody.
    if (entry?.owner.holder !== owner.holder || entry.owner.path !== owner.path) {
      throw new EntryError('session-not-here', 'there is no such session; initialize a new one')
    }
    this.#touch(id)
    return entry
  }

  /** Ends a session as its host wishes. */
  end({ id, channel }: OpenHttpSession): void {
    const entry = this.#entries.get(id)
    if (entry !== undefined) this.#forget(entry)
    channel.messages.end()
  }

  /** Ends all sessions and waits until their relays are done. */
  async stop(): Promise<void> {
    const reason = new McpError('stopped', 'the node is stopping')
    this.#stopping.abort(reason)
    for (const { relay } of this.#entries.values()) relay?.close(reason)
    await Promise.allSettled(this.#ending)
  }

  #makeRoom(): void {
    if (this.#entries.size < this.#init.limits.sessionsMax) return
    const idle = [...this.#entries.values()].find(
      ({ channel, relay }) => relay !== undefined && !channel.busy,
    )
    if (idle === undefined) throw new EntryError('busy', 'all sessions are in use')
    this.#expire(idle)
  }

  #touch(id: string): void {
    const entry = this.#entries.get(id)
    if (entry === undefined) return
    this.#entries.delete(id)
    this.#entries.set(id, entry)
    entry.stopIdle()
    entry.stopIdle = this.#init.scheduler.after(this.#init.limits.sessionIdleMs, () => {
      if (entry.channel.busy) this.#touch(id)
      else this.#expire(entry)
    })
  }

  #expire(entry: Entry): void {
    this.#forget(entry)
    entry.relay?.close(new McpError('session-ended', 'the session was left alone for too long'))
  }

  #forget(entry: Entry): void {
    entry.stopIdle()
    this.#entries.delete(entry.id)
  }
}
