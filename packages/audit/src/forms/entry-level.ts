import type { Entry } from '../entry.ts'

/** How much an entry matters to whoever watches, in four steps that every form has its own numbers for. */
export type EntryLevel = 'routine' | 'notable' | 'warning' | 'error'

const ALERT_LEVELS = { info: 'notable', warn: 'warning', error: 'error' } as const

/** The level of an entry. */
export function levelOf(entry: Entry): EntryLevel {
  if (entry.kind === 'alert') return ALERT_LEVELS[entry.severity]
  if (entry.kind === 'decision') return entry.allowed ? 'routine' : 'warning'
  if (entry.kind === 'request') return entry.sent ? 'routine' : 'notable'
  if (entry.kind === 'result' || entry.kind === 'response') {
    return entry.outcome === 'answered' ? 'routine' : 'notable'
  }
  if (entry.kind === 'unfinished') return namesNone(entry) ? 'routine' : 'warning'
  return entry.kind === 'export' ? 'warning' : 'notable'
}

function namesNone({ decisions, requests = [] }: Extract<Entry, { kind: 'unfinished' }>): boolean {
  return decisions.length === 0 && requests.length === 0
}
