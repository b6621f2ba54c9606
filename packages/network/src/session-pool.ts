import type { Clock } from '@warren/core'
import type { Carrier, SessionStream } from './call-stream.ts'
import { IdleCarriers } from './idle-carriers.ts'
import { NetworkError } from './network-error.ts'
import type { NetworkLimits } from './network-limits.ts'

/** After a session could not be made, none is tried for this long. */
const FAILURE_PAUSE_MS = 1_000
/** Sessions are made up to that many together, so that they share frames and system calls. */
const BATCH_MAX = 8

interface Prepared extends SessionStream {
  readonly madeAtMs: number
  readonly forget: () => void
}

export interface SessionPoolComponents {
  readonly clock: Clock
  readonly limits: NetworkLimits
  /** Makes one session, on a stream that there is or on a new one; rejects when the connection ends. */
  make(carrier: Carrier | undefined): Promise<SessionStream>
}

/**
 * Call sessions agreed ahead of the calls they will serve, so that a call starts without a round trip.
 *
 * Each serves one call and lives `preparedTtlMs`. There are `preparedIdle` of them at rest; each
 * call that finds none doubles that, up to `preparedMax`, and each that expires unused halves it.
 * They are replaced once half of them, or a batch, is missing, on streams whose calls have ended.
 * A peer that is not called for `preparedQuietMs` gets no new ones.
 */
export class SessionPool {
  readonly #components: SessionPoolComponents
  readonly #ready: Prepared[] = []
  readonly #carriers: IdleCarriers
  #target: number
  #making = 0
  #usedAtMs: number
  #failedAtMs = -Infinity
  #timer: NodeJS.Timeout | undefined
  #closed = false

  constructor(components: SessionPoolComponents) {
    this.#components = components
    const { clock, limits } = components
    this.#carriers = new IdleCarriers({
      clock,
      countMax: limits.preparedMax,
      ageMaxMs: limits.preparedTtlMs,
    })
    this.#target = components.limits.preparedIdle
    this.#usedAtMs = components.clock.monotonicMs()
    this.#refillSoon()
  }

  /** How many sessions are ready. */
  get size(): number {
    return this.#ready.length
  }

  /** A session for one call, if there is one. It belongs to the caller. */
  take(): SessionStream | undefined {
    this.#usedAtMs = this.#components.clock.monotonicMs()
    this.#dropExpired()
    const { preparedMax } = this.#components.limits
    let prepared = this.#ready.shift()
    while (prepared !== undefined && prepared.stream.status !== 'open') {
      discard(prepared)
      prepared = this.#ready.shift()
    }
    if (prepared === undefined) this.#target = Math.min(preparedMax, this.#target * 2)
    else prepared.stream.removeEventListener('close', prepared.forget)
    this.#refillSoon()
    return prepared
  }

  /** A stream for a session that is agreed when the call is there already. */
  takeCarrier(): Carrier | undefined {
    return this.#carriers.take()
  }

  /** Takes a stream back whose call has come to its end on both sides. */
  giveBack(carrier: Carrier): void {
    this.#carriers.add(carrier)
  }

  close(): void {
    this.#closed = true
    this.#carriers.close()
    clearTimeout(this.#timer)
    for (const prepared of this.#ready.splice(0)) discard(prepared)
  }

  /** After what is waiting to run now: preparing must not stand in the way of the call that is being made. */
  #refillSoon(): void {
    setImmediate(() => this.#refill())
  }

  #refill(): void {
    const now = this.#components.clock.monotonicMs()
    if (this.#closed || now - this.#failedAtMs < FAILURE_PAUSE_MS) return
    if (now - this.#usedAtMs > this.#components.limits.preparedQuietMs) return
    const missing = this.#target - this.#ready.length - this.#making
    if (missing < Math.min(BATCH_MAX, this.#target >> 1)) return
    while (this.#ready.length + this.#making < this.#target) {
      this.#making += 1
      this.#prepare().catch(() => {
        // A connection that ends takes its sessions with it; any other cause shows at the next call.
        this.#failedAtMs = this.#components.clock.monotonicMs()
      })
    }
  }

  async #prepare(): Promise<void> {
    try {
      const session = await this.#components.make(this.#carriers.take())
      const madeAtMs = this.#components.clock.monotonicMs()
      const prepared = { ...session, madeAtMs, forget: () => this.#forget(prepared) }
      if (this.#closed) {
        discard(prepared)
        return
      }
      this.#ready.push(prepared)
      prepared.stream.addEventListener('close', prepared.forget)
      this.#schedule()
    } finally {
      this.#making -= 1
    }
  }

  #forget(prepared: Prepared): void {
    const index = this.#ready.indexOf(prepared)
    if (index === -1) return
    this.#ready.splice(index, 1)
    prepared.session.wipe()
  }

  #schedule(): void {
    const [oldest] = this.#ready
    if (this.#timer !== undefined || oldest === undefined) return
    const { clock, limits } = this.#components
    const expiresInMs = oldest.madeAtMs + limits.preparedTtlMs - clock.monotonicMs()
    this.#timer = setTimeout(
      () => {
        this.#timer = undefined
        this.#dropExpired()
        this.#refill()
        this.#schedule()
      },
      Math.max(0, expiresInMs),
    )
    this.#timer.unref()
  }

  #dropExpired(): void {
    const { clock, limits } = this.#components
    const bornAfterMs = clock.monotonicMs() - limits.preparedTtlMs
    while ((this.#ready[0]?.madeAtMs ?? Infinity) <= bornAfterMs) {
      const expired = this.#ready.shift()
      if (expired !== undefined) discard(expired)
      this.#target = Math.max(limits.preparedIdle, this.#target >> 1)
    }
  }
}

function discard({ stream, session, forget }: Prepared): void {
  stream.removeEventListener('close', forget)
  session.wipe()
  stream.abort(new NetworkError('stream-over', 'the prepared session was not used'))
}
