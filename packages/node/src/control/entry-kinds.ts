import type { EntryKind } from '@warren/audit'

/** The kinds of audit entries that can be searched for: all there are. */
export const ENTRY_KINDS: readonly EntryKind[] = [
  'start',
  'stop',
  'decision',
  'result',
  'request',
  'response',
  'unfinished',
  'policy',
  'config',
  'record',
  'standing',
  'alert',
  'approval',
  'retention',
  'export',
]
