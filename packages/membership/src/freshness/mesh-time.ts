import type { Did } from '@warren/identity'
import type { WitnessEntry } from './witness-entry.ts'
import type { WitnessPanel } from './witness-panel.ts'

/** What mesh time is read from. */
export interface TimeView {
  readonly panel: WitnessPanel
  readonly entries: ReadonlyMap<Did, WitnessEntry>
  readonly nowMs: number
}

/** Between which times the clocks lie by which a witness sets its own. */
export interface MeshTimeSpan {
  readonly earliestMs: number
  /** Mesh time: no later by more than the way of an answer. */
  readonly latestMs: number
}

/**
 * The time that a mesh agrees on: the kw-th largest of what its witnesses say, so that kw - 1 of them cannot push it ahead.
 *
 * An immutable value. Unknown until kw witnesses have answered nonces of this boot; from then on it never goes back,
 * and it runs on our monotonic clock when no witness is heard.
 */
export class MeshTime {
  static readonly unknown: MeshTime = new MeshTime(undefined)

  readonly #reached: { readonly timeMs: number; readonly atMs: number } | undefined

  private constructor(reached: { readonly timeMs: number; readonly atMs: number } | undefined) {
    this.#reached = reached
  }

  /** Whether there is a time to be read. */
  get isKnown(): boolean {
    return this.#reached !== undefined
  }

  read(view: TimeView): number | undefined {
    if (this.#reached === undefined) return undefined
    const { timeMs, atMs } = this.#reached
    return Math.max(timeMs, kthLargest(view, 'clock') ?? timeMs + view.nowMs - atMs)
  }

  /** Undefined where mesh time is, or where fewer than kw witnesses are heard. */
  span(view: TimeView): MeshTimeSpan | undefined {
    const latestMs = this.read(view)
    const earliestMs = kthLargest(view, 'earliest')
    return latestMs === undefined || earliestMs === undefined ? undefined : { earliestMs, latestMs }
  }

  /** To be called before what the time is read from changes, so that it does not go back then. */
  reached(view: TimeView): MeshTime {
    const timeMs = this.read(view)
    return timeMs === undefined ? this : new MeshTime({ timeMs, atMs: view.nowMs })
  }

  /** Known as soon as enough witnesses have answered. */
  anchored(view: TimeView): MeshTime {
    if (this.#reached !== undefined) return this
    const { kWitness } = view.panel
    const answered = soundEntries(view).filter(({ answeredMs }) => answeredMs !== undefined)
    const timeMs = kthLargest(view, 'clock')
    if (kWitness === 0 || answered.length < kWitness || timeMs === undefined) return this
    return new MeshTime({ timeMs, atMs: view.nowMs })
  }
}

function soundEntries({ panel, entries }: TimeView): readonly WitnessEntry[] {
  return [...entries].flatMap(([witness, entry]) => (panel.forked.has(witness) ? [] : [entry]))
}

function kthLargest(view: TimeView, which: 'clock' | 'earliest'): number | undefined {
  return soundEntries(view)
    .map((entry) => entry[which].read(view.nowMs))
    .toSorted((left, right) => right - left)[view.panel.kWitness - 1]
}
