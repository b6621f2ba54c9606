import type { Did } from '@warren/identity'
import type { Entry } from '../entry.ts'
import { CallCheck } from './call-check.ts'
import { ClockCheck } from './clock-check.ts'
import type { ReadLine } from './explain-damage.ts'
import type { FindingCode, FindingList, LinePlace } from './finding.ts'
import type { MissingRanges } from './missing-ranges.ts'

export interface EntryCheckInit {
  readonly node: Did
  readonly findings: FindingList
  readonly missing: MissingRanges
  readonly onEntry: ((entry: Entry) => void) | undefined
}

/** Whether entries that were signed say what an honest node would have written. */
export class EntryCheck {
  readonly #init: EntryCheckInit
  readonly #calls: CallCheck
  readonly #clock: ClockCheck
  #count = 0

  constructor(init: EntryCheckInit) {
    this.#init = init
    this.#calls = new CallCheck(init.findings, 0)
    this.#clock = new ClockCheck(init.findings)
  }

  get count(): number {
    return this.#count
  }

  /** Takes the entry that was signed for this place. */
  add({ entry, place }: ReadLine, seq: number): void {
    this.#count += 1
    if (entry === undefined) {
      this.#report('not-canonical', {
        seq,
        place,
        sentence: `What was signed as entry ${seq} is no entry.`,
      })
      return
    }
    if (entry.seq !== seq) {
      this.#report('seq-wrong', {
        seq,
        place,
        sentence: `Entry ${seq} says that it is entry ${entry.seq}.`,
      })
    }
    if (entry.node !== this.#init.node) {
      this.#report('entry-foreign', {
        seq,
        place,
        sentence: `Entry ${seq} says that it is of another node.`,
      })
    }
    this.#calls.add(entry, place)
    this.#clock.add(entry, place)
    this.#init.missing.add(entry)
    this.#init.onEntry?.(entry)
  }

  /** Entries up to this place are not there, or cannot be read. */
  skipTo(seq: number): void {
    this.#calls.skipTo(seq)
  }

  finish(): void {
    this.#calls.finish()
  }

  #report(
    code: FindingCode,
    what: { readonly seq: number; readonly place: LinePlace; readonly sentence: string },
  ): void {
    this.#init.findings.add({ code, severity: 'error', ...what })
  }
}
