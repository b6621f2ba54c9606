import { BoundedMap, CodedError, type Clock, type JsonValue } from '@warren/core'
import type { Report } from '../../node-event.ts'

/** All tools of a server of this node, as it lists them to the node itself. */
export type LookAtTools = (server: string, signal: AbortSignal) => Promise<readonly JsonValue[]>

export interface OwnLookInit {
  readonly clock: Pick<Clock, 'monotonicMs'>
  readonly report: Report
  readonly look: LookAtTools
  /** Takes what was seen. */
  readonly see: (server: string, tools: readonly JsonValue[]) => void
}

/** Callers can bring about as many looks as they like; more of them would show nothing new. */
const LOOK_PAUSE_MS = 60_000
const SERVERS_MAX = 256

/** Looks at the tools of servers with a handshake of the node's own, which no caller has a part in. */
export class OwnLook {
  readonly #init: OwnLookInit
  /** When each server was looked at last. */
  readonly #lastMs = new BoundedMap<string, number>(SERVERS_MAX)
  readonly #stopping = new AbortController()

  constructor(init: OwnLookInit) {
    this.#init = init
  }

  /** Ends the looks under way, and begins no other. */
  stop(): void {
    this.#stopping.abort()
  }

  /** Looks, whenever it has looked last. Never rejects. */
  again(server: string): Promise<void> {
    this.#lastMs.delete(server)
    return this.at(server)
  }

  /** Looks, unless it has looked within a minute. Never rejects. */
  async at(server: string): Promise<void> {
    const { clock, report, look, see } = this.#init
    const { signal } = this.#stopping
    const nowMs = clock.monotonicMs()
    const lastMs = this.#lastMs.get(server)
    if (signal.aborted || (lastMs !== undefined && nowMs - lastMs < LOOK_PAUSE_MS)) return
    this.#lastMs.set(server, nowMs)
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
