import { signalGroup } from './process-group.ts'

/** Looks at every process of the machine; gives the groups in which one runs, or nothing where that cannot be seen. */
export type LookAtProcesses = () => ReadonlySet<number> | undefined

/** A look costs milliseconds of this process's one thread, so that all who wait share one. */
const LOOK_PAUSE_MS = 50

/** Which process groups still run, for any number of groups that are being ended at once. */
export class RunningGroups {
  readonly #look: LookAtProcesses
  #seenMs = -Infinity
  #seen: ReadonlySet<number> | undefined

  constructor(look: LookAtProcesses) {
    this.#look = look
  }

  /**
   * Whether a group runs, by a look that is no older than the question: `sinceMs` is when it began to be asked.
   *
   * A process that has ended and waits for its parent to notice still counts for the kernel; where
   * nobody notices, as in a container without an init process, it would count for ever.
   */
  has(
    group: number,
    { sinceMs, nowMs }: { readonly sinceMs: number; readonly nowMs: number },
  ): boolean {
    if (!signalGroup(group, 0)) return false
    const ageMs = nowMs - this.#seenMs
    if (this.#seenMs < sinceMs || ageMs < 0 || ageMs >= LOOK_PAUSE_MS) {
      this.#seenMs = nowMs
      this.#seen = this.#look()
    }
    return this.#seen === undefined || this.#seen.has(group)
  }
}
