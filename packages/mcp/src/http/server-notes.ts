import { McpError } from '../mcp-error.ts'
import type { Scheduler } from '../ports.ts'
import { discard } from './discard.ts'
import { type HttpTarget, isOk } from './http-call.ts'

export interface ServerNotesInit {
  readonly target: HttpTarget
  readonly scheduler: Scheduler
  /** Aborted when the session is over. */
  readonly over: AbortSignal
}

/** What is told to a server, as it goes. */
export interface ServerNote {
  readonly headers: Readonly<Record<string, string>>
  readonly body: Uint8Array
}

/** Each takes a connection: callers can bring about as many as they like, and a busy server answers none of them. */
const NOTES_MAX = 64
const NOTE_MS = 30_000

/**
 * Notifications and responses on their way to one server, for whose status is waited so long and no longer. Bounded;
 * the one that has been on its way longest is given up first.
 */
export class ServerNotes {
  readonly #init: ServerNotesInit
  readonly #underWay = new Set<AbortController>()

  constructor(init: ServerNotesInit) {
    this.#init = init
  }

  /**
   * Tells the server something; resolves when it has taken it. The request is made before this returns.
   *
   * @throws McpError `server-unreachable`, and whatever the connection throws
   */
  async send(note: ServerNote): Promise<void> {
    const { target, scheduler, over } = this.#init
    this.#makeRoom()
    const end = new AbortController()
    const late = (): void => end.abort(unanswered('a note in time'))
    const inTime = scheduler.after(NOTE_MS, late)
    this.#underWay.add(end)
    const release = (): void => {
      inTime()
      this.#underWay.delete(end)
    }
    try {
      const signal = AbortSignal.any([end.signal, over])
      const response = await target.call({ method: 'POST', signal, ...note })
      // Its status is all that is waited for; the rest keeps its place until it is gone.
      discard(response).then(release, release)
      if (!isOk(response)) throw unanswered(`a note but with HTTP status ${response.statusCode}`)
    } catch (error) {
      release()
      throw error
    }
  }

  #makeRoom(): void {
    const [oldest] = this.#underWay
    if (oldest === undefined || this.#underWay.size < NOTES_MAX) return
    this.#underWay.delete(oldest)
    oldest.abort(unanswered('a note before many others'))
  }
}

function unanswered(what: string): McpError {
  return new McpError('server-unreachable', `the server has not answered ${what}`)
}
