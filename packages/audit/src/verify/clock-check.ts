import { CLOCK_SKEW_US } from '../audit-log.ts'
import { parseMicros } from '../entry-time.ts'
import type { Entry } from '../entry.ts'
import type { FindingList, LinePlace } from './finding.ts'

/** Whether the clocks of a node run forward along its log. */
export class ClockCheck {
  readonly #findings: FindingList
  #last: Entry | undefined

  constructor(findings: FindingList) {
    this.#findings = findings
  }

  add(entry: Entry, place: LinePlace): void {
    const last = this.#last
    this.#last = entry
    if (last === undefined) return
    // The order of the texts is that of the times, so that clocks that run forward cost nothing.
    if (entry.at < last.at) this.#checkWall(last, entry, place)
    if (entry.boot === last.boot && entry.monoUs < last.monoUs) {
      this.#findings.add({
        code: 'clock-set-back',
        severity: 'error',
        seq: entry.seq,
        place,
        sentence: `The monotonic clock of entry ${entry.seq} stands before that of the entry before it, in one boot.`,
      })
    }
  }

  #checkWall(last: Entry, entry: Entry, place: LinePlace): void {
    const backUs = parseMicros(last.at) - parseMicros(entry.at)
    if (backUs <= CLOCK_SKEW_US) return
    const isSaid = entry.kind === 'alert' && entry.code === 'clock-set-back'
    this.#findings.add({
      code: 'clock-set-back',
      severity: isSaid ? 'warn' : 'error',
      seq: entry.seq,
      place,
      sentence: `The wall clock was set back before entry ${entry.seq}: from ${last.at} to ${entry.at}${isSaid ? ', as the node says itself' : ''}.`,
    })
  }
}
