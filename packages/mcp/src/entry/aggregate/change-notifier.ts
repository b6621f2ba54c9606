import type { Scheduler } from '../../ports.ts'
import type { ItemKind } from './item-kind.ts'

/** The three notifications that tell a host to list anew. */
export type ChangedList = 'tools' | 'prompts' | 'resources'

export function listOf(kind: ItemKind): ChangedList {
  return kind === 'templates' ? 'resources' : kind
}

/** Gathers changes for a while and then tells of each list once: peers come and go in flocks. */
export class ChangeNotifier {
  readonly #scheduler: Scheduler
  readonly #debounceMs: number
  readonly #tell: (list: ChangedList) => void
  readonly #changed = new Set<ChangedList>()
  #stopWaiting: (() => void) | undefined

  constructor(scheduler: Scheduler, debounceMs: number, tell: (list: ChangedList) => void) {
    this.#scheduler = scheduler
    this.#debounceMs = debounceMs
    this.#tell = tell
  }

  changed(...lists: readonly ChangedList[]): void {
    for (const list of lists) this.#changed.add(list)
    this.#stopWaiting ??= this.#scheduler.after(this.#debounceMs, () => this.#flush())
  }

  stop(): void {
    this.#stopWaiting?.()
    this.#changed.clear()
  }

  #flush(): void {
    this.#stopWaiting = undefined
    const lists = [...this.#changed]
    this.#changed.clear()
    for (const list of lists) this.#tell(list)
  }
}
