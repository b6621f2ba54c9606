import { McpError } from '../../mcp-error.ts'
import type { Scheduler } from '../../ports.ts'
import type { AggregateLimits } from './aggregate-limits.ts'

type Times = Pick<AggregateLimits, 'callSilenceMs' | 'callMs'>

/** Ends a call that has been silent, or has lasted, for too long; any sign of life begins the silence anew. */
export class CallClock {
  readonly #scheduler: Scheduler
  readonly #times: Times
  readonly #expired = new AbortController()
  readonly #stopTotal: () => void
  #stopSilence: () => void = () => {}
  #held = 0
  #over = false

  constructor(scheduler: Scheduler, times: Times) {
    this.#scheduler = scheduler
    this.#times = times
    this.#stopTotal = scheduler.after(times.callMs, () => {
      this.#expire(`the call has lasted for ${seconds(times.callMs)}`)
    })
    this.alive()
  }

  /** Aborted with the reason once the time is up. */
  get signal(): AbortSignal {
    return this.#expired.signal
  }

  alive(): void {
    this.#stopSilence()
    if (this.#held > 0 || this.#over) return
    this.#stopSilence = this.#scheduler.after(this.#times.callSilenceMs, () => {
      this.#expire(`the call has been silent for ${seconds(this.#times.callSilenceMs)}`)
    })
  }

  /** Stops the silence, not the whole, while somebody else has the word: a person who was asked. */
  hold(): () => void {
    this.#held += 1
    this.#stopSilence()
    return () => {
      this.#held -= 1
      this.alive()
    }
  }

  stop(): void {
    this.#over = true
    this.#stopTotal()
    this.#stopSilence()
  }

  #expire(message: string): void {
    this.stop()
    this.#expired.abort(new McpError('call-timeout', message))
  }
}

function seconds(ms: number): string {
  return `${Math.round(ms / 1_000)} s`
}
