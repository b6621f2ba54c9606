import type { Clock } from '@warren/core'
import type { NodeEvent, Report } from './node-event.ts'

/** Events of one kind that are told in one minute; strangers and members cause most of them, as often as they like. */
export const EVENTS_PER_MINUTE_MAX = 120
const KINDS_MAX = 1_024
const MINUTE_MS = 60_000

interface Window {
  readonly event: string
  readonly startedMs: number
  told: number
}

/**
 * Tells so many events of a kind in a minute, and how many there were beyond that when the next one of the kind is
 * told. A kind is what happened, and to which member; what is known of strangers, they have chosen themselves.
 */
export function boundedReport(report: Report, clock: Clock): Report {
  const windows = new Map<string, Window>()

  return (event) => {
    const kind = kindOf(event)
    const nowMs = clock.monotonicMs()
    let window = windows.get(kind)
    if (window === undefined || nowMs - window.startedMs >= MINUTE_MS) {
      if (window !== undefined) tellDropped(report, window)
      window = { event: event.event, startedMs: nowMs, told: 0 }
      windows.delete(kind)
      windows.set(kind, window)
      forgetSurplus()
    }
    window.told += 1
    if (window.told <= EVENTS_PER_MINUTE_MAX) report(event)
  }

  function forgetSurplus(): void {
    for (const [kind, window] of windows) {
      if (windows.size <= KINDS_MAX) return
      windows.delete(kind)
      tellDropped(report, window)
    }
  }
}

function tellDropped(report: Report, { event, told }: Window): void {
  const count = told - EVENTS_PER_MINUTE_MAX
  if (count > 0) report({ event: 'events-dropped', level: 'warn', of: event, count })
}

function kindOf({ event, did, caller }: NodeEvent): string {
  return JSON.stringify([event, did ?? caller ?? null])
}
