import { BoundedMap } from '@warren/core'
import type { Entry } from '../entry.ts'
import type { FindingList, LinePlace } from './finding.ts'

/** Calls that may be open at one time in one log; a node allows far fewer. */
const OPEN_MAX = 100_000
const NAMED_MAX = 20

/** Pairs results with their decisions. */
export class CallCheck {
  readonly #findings: FindingList
  /** The decisions without a result, by their place. */
  readonly #open = new BoundedMap<number, string>(OPEN_MAX)
  /** Nothing before this place was seen, or is remembered. */
  #knownFrom: number
  #lastStart = 0

  constructor(findings: FindingList, knownFrom: number) {
    this.#findings = findings
    this.#knownFrom = knownFrom
  }

  /** Entries up to this place are not there; decisions among them are not known. */
  skipTo(seq: number): void {
    this.#knownFrom = seq
  }

  add(entry: Entry, place: LinePlace): void {
    if (entry.kind === 'start') this.#lastStart = entry.seq
    if (entry.kind === 'decision' && entry.allowed && entry.rpcId !== undefined) {
      this.#remember(entry.seq, entry.call)
    }
    if (entry.kind === 'unfinished') for (const seq of entry.decisions) this.#open.delete(seq)
    if (entry.kind === 'result') this.#close(entry, place)
  }

  /** Says of which calls of earlier boots nothing is known. */
  finish(): void {
    const lost = [...this.#open.entries()]
      .map(([seq]) => seq)
      .filter((seq) => seq < this.#lastStart)
    for (const seq of lost.slice(0, NAMED_MAX)) {
      this.#findings.add({
        code: 'unfinished',
        severity: 'warn',
        seq,
        sentence: `No entry says how the call of decision ${seq} ended, though the node has started anew since.`,
      })
    }
    if (lost.length <= NAMED_MAX) return
    const more = lost.length - NAMED_MAX
    this.#findings.add({
      code: 'unfinished',
      severity: 'warn',
      sentence: `Nor do entries say how ${more} more calls ended.`,
    })
  }

  #remember(seq: number, call: string): void {
    this.#open.set(seq, call)
    if (this.#open.size < OPEN_MAX) return
    const [oldest] = this.#open.entries()
    this.#knownFrom = Math.max(this.#knownFrom, (oldest?.[0] ?? 0) + 1)
  }

  #close({ seq, call, decision }: Extract<Entry, { kind: 'result' }>, place: LinePlace): void {
    if (this.#open.get(decision) === call) {
      this.#open.delete(decision)
      return
    }
    if (decision < this.#knownFrom) return
    this.#findings.add({
      code: 'result-without-decision',
      severity: 'error',
      seq,
      place,
      sentence: `Entry ${seq} is the result of a call, but entry ${decision} is not a decision that let it go on and waits for a result.`,
    })
  }
}
