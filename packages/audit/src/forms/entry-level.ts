import type { Entry } from '../entry.ts'

/** How much an entry matters to whoever watches, in four steps that every form has its own numbers for. */
export type EntryLevel = 'routine' | 'notable' | 'warning' | 'error'

const ALERT_LEVELS = { info: 'notable', warn: 'warning', error: 'error' } as const

/** The level of an entry. */
export function levelOf(entry: Entry): EntryLevel {
  if (entry.kind === 'alert') return ALERT_LEVELS[entry.severity]
  if (entry.kind === 'decision') return entry.allowed ? 'routine' : 'warning'
  if (entry.kind === 'result') return entry.outcome === 'answered' ? 'routine' : 'notable'
  if (entry.kind === 'unfinished') return entry.decisions.length === 0 ? 'routine' : 'warning'
  return entry.kind === 'export' ? 'warning' : 'notable'
}
