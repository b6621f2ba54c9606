import { BoundedMap } from '@warren/core'
import { type CallBeginning, isCallBeginning } from '../call-beginning.ts'
import type { Entry } from '../entry.ts'
import type { FindingList, LinePlace } from './finding.ts'

/** Calls that may be open at one time in one log; a node allows far fewer. */
const OPEN_MAX = 100_000
const NAMED_MAX = 20

interface OpenCall {
  readonly beginning: CallBeginning['kind']
  readonly call: string
}

/** An entry that tells the end of a call, and the place of the beginning that it names. */
interface CallEnd extends OpenCall {
  readonly seq: number
  readonly place: LinePlace
  readonly at: number
}

const UNPAIRED = {
  decision: { code: 'result-without-decision', end: 'result' },
  request: { code: 'response-without-request', end: 'response' },
} as const

/** Pairs results with their decisions, and responses with their requests. */
export class CallCheck {
  readonly #findings: FindingList
  /** The decisions without a result and the requests without a response, by their place. */
  readonly #open = new BoundedMap<number, OpenCall>(OPEN_MAX)
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
    if (isCallBeginning(entry))
      this.#remember(entry.seq, { beginning: entry.kind, call: entry.call })
    if (entry.kind === 'unfinished') {
      for (const seq of [...entry.decisions, ...(entry.requests ?? [])]) this.#open.delete(seq)
    }
    const { seq } = entry
    if (entry.kind === 'result') {
      this.#close({ seq, place, beginning: 'decision', call: entry.call, at: entry.decision })
    }
    if (entry.kind === 'response') {
      this.#close({ seq, place, beginning: 'request', call: entry.call, at: entry.request })
    }
  }

  /** Says of which calls of earlier boots nothing is known. */
  finish(): void {
    const lost = [...this.#open.entries()].filter(([seq]) => seq < this.#lastStart)
    for (const [seq, { beginning }] of lost.slice(0, NAMED_MAX)) {
      this.#findings.add({
        code: 'unfinished',
        severity: 'warn',
        seq,
        sentence: `No entry says how the call of ${beginning} ${seq} ended, though the node has started anew since.`,
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

  #remember(seq: number, call: OpenCall): void {
    this.#open.set(seq, call)
    if (this.#open.size < OPEN_MAX) return
    const [oldest] = this.#open.entries()
    this.#knownFrom = Math.max(this.#knownFrom, (oldest?.[0] ?? 0) + 1)
  }

  #close({ seq, place, beginning, call, at }: CallEnd): void {
    const open = this.#open.get(at)
    if (open?.call === call && open.beginning === beginning) {
      this.#open.delete(at)
      return
    }
    if (at < this.#knownFrom) return
    const { code, end } = UNPAIRED[beginning]
    this.#findings.add({
      code,
      severity: 'error',
      seq,
      place,
      sentence: `Entry ${seq} is the ${end} of a call, but entry ${at} is not a ${beginning} that let it go on and waits for a ${end}.`,
    })
  }
}
