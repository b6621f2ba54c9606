import type { Entry } from '../entry.ts'
import type { FindingList } from './finding.ts'

interface Range {
  readonly from: number
  readonly to: number
}

const RANGES_MAX = 100_000

/** What is not there, and what entries say was erased. */
export class MissingRanges {
  readonly #findings: FindingList
  readonly #missing: Range[] = []
  readonly #erased: Range[] = []

  constructor(findings: FindingList) {
    this.#findings = findings
  }

  miss(from: number, to: number): void {
    if (this.#missing.length < RANGES_MAX) this.#missing.push({ from, to })
  }

  /** Takes an entry; of what stands behind it, it can tell nothing. */
  add(entry: Entry): void {
    if (entry.kind !== 'retention' || entry.what !== 'entries' || entry.to > entry.seq) return
    if (this.#erased.length < RANGES_MAX) this.#erased.push({ from: entry.from, to: entry.to })
  }

  finish(): void {
    const erased = this.#erased.toSorted((a, b) => a.from - b.from)
    for (const { from, to } of this.#missing) {
      const isErased = isCovered({ from, to }, erased)
      this.#findings.add({
        code: isErased ? 'segment-erased' : 'segment-missing',
        severity: isErased ? 'info' : 'error',
        seq: from,
        to,
        sentence: isErased
          ? `Entries ${from} to ${to - 1} were erased, as an entry of the log says.`
          : `Entries ${from} to ${to - 1} are not there, and no entry says that they were erased.`,
      })
    }
  }
}

/** Whether ranges, in the order of their starts, leave nothing of a range open. */
function isCovered({ from, to }: Range, ranges: readonly Range[]): boolean {
  let at = from
  for (const range of ranges) {
    if (range.from > at) break
    at = Math.max(at, range.to)
  }
  return at >= to
}
