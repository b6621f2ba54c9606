import { type Timeline } from './timeline.ts'

interface Job {
  readonly costMs: number
  readonly action: () => void
}

/** The one core of a node: a queue, in which everything waits for what came before it. */
export class Processor {
  readonly #timeline: Timeline
  #jobs: Job[] = []
  #busy = false
  #paused = false
  /** Counts resets: what was begun before one never ends. */
  #era = 0

  constructor(timeline: Timeline) {
    this.#timeline = timeline
  }

  /** Does something that costs so much time, after all that waits; at once where nothing does. */
  add(costMs: number, action: () => void): void {
    if (costMs === 0 && !this.#busy && !this.#paused && this.#jobs.length === 0) this.#run(action)
    else {
      this.#jobs.push({ costMs, action })
      this.#next()
    }
  }

  /** Does something before all that waits. */
  addFirst(costMs: number, action: () => void): void {
    this.#jobs.unshift({ costMs, action })
    this.#next()
  }

  /** Stands still: what comes in meanwhile waits. */
  pause(): void {
    this.#paused = true
  }

  resume(): void {
    this.#paused = false
    this.#next()
  }

  /** Forgets all that waits and what is under way. */
  reset(): void {
    this.#jobs = []
    this.#busy = false
    this.#paused = false
    this.#era += 1
  }

  #next(): void {
    if (this.#busy || this.#paused) return
    const job = this.#jobs.shift()
    if (job === undefined) return
    this.#busy = true
    const era = this.#era
    this.#timeline.at(this.#timeline.nowMs + job.costMs, () => {
      if (era === this.#era) this.#finish(job)
    })
  }

  #finish({ action }: Job): void {
    this.#busy = false
    if (this.#paused) this.#jobs.unshift({ costMs: 0, action })
    else this.#run(action)
  }

  /** Busy while it runs, so that what it brings about comes after it. */
  #run(action: () => void): void {
    const era = this.#era
    this.#busy = true
    action()
    if (era !== this.#era) return
    this.#busy = false
    this.#next()
  }
}
