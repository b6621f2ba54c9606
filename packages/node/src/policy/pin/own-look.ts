import { BoundedMap, CodedError, type Clock, type JsonValue } from '@warren/core'
import type { Scheduler } from '@warren/mcp'
import type { Report } from '../../node-event.ts'

/** All tools of a server of this node, as it lists them to the node itself. */
export type LookAtTools = (server: string, signal: AbortSignal) => Promise<readonly JsonValue[]>

/** By what the node looks at tools itself. */
export interface ToolLooks {
  readonly look: LookAtTools
  readonly scheduler: Scheduler
}

export interface OwnLookInit extends ToolLooks {
  readonly clock: Pick<Clock, 'monotonicMs'>
  readonly report: Report
  /** Takes what was seen. */
  readonly see: (server: string, tools: readonly JsonValue[]) => void
}

/** Callers can bring about as many looks as they like; more of them would show nothing new. */
const LOOK_PAUSE_MS = 60_000
/** A node has no more servers; what waits for one that it has no longer is over within a minute. */
const SERVERS_MAX = 256

/** Looks at the tools of servers with a handshake of the node's own, which no caller has a part in. */
export class OwnLook {
  readonly #init: OwnLookInit
  /** When each server was looked at last. */
  readonly #lastMs = new BoundedMap<string, number>(SERVERS_MAX)
  /** Looks at the end of a pause, and how each is cancelled. */
  readonly #postponed = new Map<string, () => void>()
  readonly #stopping = new AbortController()

  constructor(init: OwnLookInit) {
    this.#init = init
  }

  /** Ends the looks under way, and begins no other. */
  stop(): void {
    this.#stopping.abort()
    for (const cancel of this.#postponed.values()) cancel()
    this.#postponed.clear()
  }

  /** Looks, whenever it has looked last. Never rejects. */
  again(server: string): Promise<void> {
    this.#lastMs.delete(server)
    this.#postponed.get(server)?.()
    this.#postponed.delete(server)
    return this.at(server)
  }

  /** Looks now, or once at the end of a minute since it has looked last. Never rejects. */
  async at(server: string): Promise<void> {
    if (this.#stopping.signal.aborted || this.#postponed.has(server)) return
    const nowMs = this.#init.clock.monotonicMs()
    const lastMs = this.#lastMs.get(server)
    if (lastMs !== undefined && nowMs - lastMs < LOOK_PAUSE_MS) {
      this.#postpone(server, lastMs + LOOK_PAUSE_MS - nowMs)
      return
    }
    this.#lastMs.set(server, nowMs)
    await this.#look(server)
  }

  #postpone(server: string, waitMs: number): void {
    if (this.#postponed.size >= SERVERS_MAX) return
    const cancel = this.#init.scheduler.after(waitMs, () => {
      this.#postponed.delete(server)
      void this.at(server)
    })
    this.#postponed.set(server, cancel)
  }

  async #look(server: string): Promise<void> {
    const { report, look, see } = this.#init
    const { signal } = this.#stopping
    try {
      see(server, await look(server, signal))
    } catch (error) {
      if (signal.aborted) return
      // Whoever was shown another definition stays refused; only for the others nothing is known.
      const code = error instanceof CodedError ? String(error.code) : 'internal'
      const message = `The node could not look at the tools of the server "${server}" itself, after a caller was shown another definition than is pinned: allow the node to list it ("warren policy pin" needs that too).`
      report({ event: 'tools-unseen', level: 'warn', code, message })
    }
  }
}
