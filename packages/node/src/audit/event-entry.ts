import type { AlertBody, EntryDraft, Severity, StandingBody } from '@warren/audit'
import { NAMES_MAX } from '@warren/audit'
import type { NodeEvent, Report } from '../node-event.ts'

/** What a tap on the log of the node needs. */
export interface EventEntriesInit {
  readonly report: Report
  readonly note: (draft: EntryDraft) => void
  /** The records on which the standing of somebody rests. */
  readonly recordsOf: (did: string) => readonly string[]
}

/** Hands events on to the log of the node, and writes those down of which an auditor wants to know. */
export function withEntries({ report, note, recordsOf }: EventEntriesInit): Report {
  return (event) => {
    report(event)
    const draft = eventEntry(event, recordsOf)
    if (draft !== undefined) note(draft)
  }
}

/** What the audit log says of an event: who was cut off or let in, how fresh knowledge is, what is wrong with records. */
export function eventEntry(
  event: NodeEvent,
  recordsOf: (did: string) => readonly string[],
): EntryDraft | undefined {
  switch (event.event) {
    case 'cut-off':
    case 'self-cut-off':
      return standing(event, 'cut-off', recordsOf)
    case 'let-in':
    case 'self-let-in':
      return standing(event, 'let-in', recordsOf)
    case 'freshness':
      return freshness(event)
    case 'tool-changed':
    case 'records':
      return event.level === 'error' ? alert(event, textOf(event, 'code')) : undefined
    default:
      return undefined
  }
}

function standing(
  event: NodeEvent,
  status: string,
  recordsOf: (did: string) => readonly string[],
): StandingBody {
  const did = textOf(event, 'did')
  const code = textOf(event, 'code')
  const records = recordsOf(did).slice(0, NAMES_MAX)
  return {
    kind: 'standing',
    did,
    status,
    ...(code === '' ? {} : { code }),
    ...(records.length === 0 ? {} : { records }),
  }
}

function freshness(event: NodeEvent): AlertBody {
  const { ageSeconds } = event
  const age = typeof ageSeconds === 'number' ? `, ${ageSeconds} s old` : ''
  const state = textOf(event, 'state')
  return {
    kind: 'alert',
    code: `freshness-${state}`,
    severity: severityOf(event),
    sentence: `What this node knows of its mesh is ${state} (${textOf(event, 'why')})${age}.`,
  }
}

function alert(event: NodeEvent, code: string): AlertBody {
  return { kind: 'alert', code, severity: severityOf(event), sentence: textOf(event, 'message') }
}

function severityOf({ level }: NodeEvent): Severity {
  return level === 'debug' ? 'info' : level
}

function textOf(event: NodeEvent, field: string): string {
  const value = event[field]
  return typeof value === 'string' ? value : ''
}
