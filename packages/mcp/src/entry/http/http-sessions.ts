import type { RandomSource } from '@warren/core'
import { asMcpError, McpError } from '../../mcp-error.ts'
import type { Scheduler } from '../../ports.ts'
import type { Endpoint, EndpointSession } from '../endpoint.ts'
import { EntryError } from './entry-error.ts'
import type { HttpLimits } from './http-limits.ts'
import { HttpSession } from './http-session.ts'

const SESSION_ID_BYTES = 32
const SESSION_ID_LENGTH_MAX = 128
/** First and last of the pauses, each twice the one before, in which a peer may give a session free. */
const ROOM_PAUSE_MS = 25
const ROOM_PAUSE_MS_MAX = 1_600

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
      const relay = await this.#openRelay(endpoint, entry)
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

  /** Where the peer takes no more sessions, one at the same endpoint that was left alone makes room there. */
  async #openRelay(endpoint: Endpoint, { channel, owner }: Entry): Promise<EndpointSession> {
    let room = false
    for (let pauseMs = ROOM_PAUSE_MS; ; pauseMs *= 2) {
      try {
        return await endpoint.openSession(channel, this.#stopping.signal)
      } catch (error) {
        if (!isExhausted(error) || pauseMs > ROOM_PAUSE_MS_MAX) throw error
        room ||= await this.#makeRoomAt(owner.path)
        if (!room) throw error
      }
      // The peer counts a session until its server is gone, which takes a moment.
      await this.#pause(pauseMs)
    }
  }

  async #makeRoomAt(endpointPath: string): Promise<boolean> {
    const idle = this.#longestAlone(({ path }) => path === endpointPath)
    if (idle?.relay === undefined) return false
    this.#expire(idle)
    await idle.relay.ended
    return true
  }

  async #pause(pauseMs: number): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>()
    this.#init.scheduler.after(pauseMs, resolve)
    await promise
  }

  #longestAlone(fits: (owner: SessionOwner) => boolean): Entry | undefined {
    return [...this.#entries.values()].find(
      ({ channel, owner, relay }) => relay !== undefined && !channel.busy && fits(owner),
    )
  }

  #makeRoom(): void {
    if (this.#entries.size < this.#init.limits.sessionsMax) return
    const idle = this.#longestAlone(() => true)
    if (idle === undefined) throw new EntryError('busy', 'all sessions are in use')
    this.#expire(idle)
  }

  #touch(id: string): void {
    const entry = this.#entries.get(id)
    if (entry === undefined) return
    this.#entries.delete(id)
    this.#entries.set(id, entry)
    entry.stopIdle()
    const { sessionIdleMs, sessionLeftMs } = this.#init.limits
    const aloneMs = entry.channel.left ? Math.min(sessionLeftMs, sessionIdleMs) : sessionIdleMs
    entry.stopIdle = this.#init.scheduler.after(aloneMs, () => {
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

function isExhausted(error: unknown): boolean {
  return error instanceof McpError && error.code === 'sessions-exhausted'
}
