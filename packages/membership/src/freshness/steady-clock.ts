/**
 * Somebody else's clock, kept on our monotonic one: an immutable value.
 *
 * It never reads less than it has read. Put right, it stands still until the right time has come.
 */
export class SteadyClock {
  readonly #floorMs: number
  readonly #timeMs: number
  readonly #atMs: number

  private constructor(floorMs: number, timeMs: number, atMs: number) {
    this.#floorMs = floorMs
    this.#timeMs = timeMs
    this.#atMs = atMs
  }

  /** A clock that read `timeMs` when ours read `atMs`. */
  static at(timeMs: number, atMs: number): SteadyClock {
    return new SteadyClock(timeMs, timeMs, atMs)
  }

  read(nowMs: number): number {
    return Math.max(this.#floorMs, this.#timeMs + nowMs - this.#atMs)
  }

  /** The clock after it was put right. */
  set({
    timeMs,
    atMs,
    nowMs,
  }: {
    readonly timeMs: number
    readonly atMs: number
    readonly nowMs: number
  }): SteadyClock {
    return new SteadyClock(this.read(nowMs), timeMs, atMs)
  }

  /** The clock once it is known that the time is at least `timeMs`. */
  advance(timeMs: number, nowMs: number): SteadyClock {
    return timeMs > this.read(nowMs) ? SteadyClock.at(timeMs, nowMs) : this
  }
}
