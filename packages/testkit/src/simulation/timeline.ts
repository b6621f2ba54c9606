import { EventQueue } from './event-queue.ts'

/** Virtual time: it stands still while something happens, then jumps to what happens next. */
export class Timeline {
  readonly #queue = new EventQueue<() => void>()
  #nowMs = 0
  #steps = 0

  /** The true time, in milliseconds since the run began; the clocks of nodes differ from it. */
  get nowMs(): number {
    return this.#nowMs
  }

  /** How many things have happened. */
  get steps(): number {
    return this.#steps
  }

  /** Time of the next thing; infinity where nothing more will happen. */
  get nextMs(): number {
    return this.#queue.nextMs
  }

  /** Lets something happen then; what is already over happens now, after all that waits for now. */
  at(atMs: number, action: () => void): void {
    this.#queue.push(Math.max(atMs, this.#nowMs), action)
  }

  /** Lets the next thing happen. */
  step(): void {
    this.#nowMs = Math.max(this.#nowMs, Math.min(this.#queue.nextMs, Number.MAX_VALUE))
    this.#steps += 1
    this.#queue.pop()?.()
  }

  /** Waits without anything happening; never past the next thing. */
  rest(untilMs: number): void {
    this.#nowMs = Math.max(this.#nowMs, Math.min(untilMs, this.#queue.nextMs))
  }
}
