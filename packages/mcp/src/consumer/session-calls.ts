import type { RequestId } from '../json-rpc.ts'
import { McpError } from '../mcp-error.ts'
import type { CallDeparture } from './call-departure.ts'

/** What is done with a call of which nothing is waited for any more: why, and by whom it is ended. */
type GiveUp = (reason: McpError) => void

interface WaitingCall {
  readonly calls: SessionCalls
  readonly giveUp: GiveUp
}

/** How many calls wait for another stream than their own. */
export interface WaitingLimits {
  /** In one session. */
  readonly waitingPerSessionMax: number
  /** In all sessions together. */
  readonly waitingMax: number
}

export const WAITING_LIMITS: WaitingLimits = { waitingPerSessionMax: 256, waitingMax: 4_096 }

const TOO_MANY = new McpError(
  'requests-exhausted',
  'more calls wait for their answers than are remembered',
)

/** The calls of all sessions that wait for another stream than their own. Bounded; the one that has waited longest is given up first. */
export class WaitingCalls {
  readonly #limits: WaitingLimits
  readonly #waiting = new Map<CallDeparture, WaitingCall>()

  constructor(limits: WaitingLimits = WAITING_LIMITS) {
    this.#limits = limits
  }

  get size(): number {
    return this.#waiting.size
  }

  add(departure: CallDeparture, waiting: WaitingCall): void {
    this.#waiting.set(departure, waiting)
    const own = this.#of(waiting.calls)
    if (own.length > this.#limits.waitingPerSessionMax) own[0]?.giveUp(TOO_MANY)
    else if (this.#waiting.size > this.#limits.waitingMax) this.#oldest()?.giveUp(TOO_MANY)
  }

  delete(departure: CallDeparture): void {
    this.#waiting.delete(departure)
  }

  /** Gives up those of one session. */
  giveUp(calls: SessionCalls, reason: McpError): void {
    for (const each of this.#of(calls)) each.giveUp(reason)
  }

  #of(calls: SessionCalls): readonly WaitingCall[] {
    return [...this.#waiting.values()].filter((each) => each.calls === calls)
  }

  #oldest(): WaitingCall | undefined {
    const [oldest] = this.#waiting.values()
    return oldest
  }
}

/**
 * The requests of one session at an HTTP server of a peer that have no end yet. Any stream of the session may bring a
 * response: a server may close the one that carried the request before.
 */
export class SessionCalls {
  readonly #waiting: WaitingCalls
  readonly #open = new Map<RequestId, CallDeparture>()
  #isOver = false

  constructor(waiting: WaitingCalls) {
    this.#waiting = waiting
  }

  /** Takes a request in that has left. Where its id is taken, its own stream alone can answer it. */
  add(departure: CallDeparture): void {
    const { id } = departure
    if (this.#isOver || !departure.isOpen || id === undefined || this.#open.has(id)) return
    this.#open.set(id, departure)
    departure.onEnd(() => {
      this.#open.delete(id)
      this.#waiting.delete(departure)
    })
  }

  find(id: RequestId): CallDeparture | undefined {
    return this.#open.get(id)
  }

  /** Whether a host may take an answer to this id for that of a request which is open: as a number, many a host reads "1" and "1_0" too. */
  mayAnswer(id: RequestId): boolean {
    // What is open in a session that is over, nobody knows any more.
    return (
      this.#isOver || this.#open.keys().some((open) => open === id || typeof open !== typeof id)
    )
  }

  /**
   * Keeps a request whose stream has ended without an answer, until another brings one or nobody waits for it any more:
   * `giveUp` then has to end it. Says whether it is kept.
   */
  keep(departure: CallDeparture, giveUp: GiveUp): boolean {
    if (this.#isOver || !this.#has(departure)) return false
    this.#waiting.add(departure, { calls: this, giveUp })
    return true
  }

  /** Gives up what waits for another stream; from now on no request is kept. */
  end(reason: McpError): void {
    this.#isOver = true
    this.#waiting.giveUp(this, reason)
    this.#open.clear()
  }

  #has(departure: CallDeparture): boolean {
    return departure.id !== undefined && this.#open.get(departure.id) === departure
  }
}
