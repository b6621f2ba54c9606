import { expect, test } from 'vitest'
import { eventEntry } from '../../src/audit/event-entry.ts'
import type { NodeEvent } from '../../src/node-event.ts'
import { NODE } from './test-log.ts'

test.for<[NodeEvent, object | undefined]>([
  [
    { event: 'cut-off', level: 'warn', did: NODE, code: 'membership-revoked', afterMs: 3 },
    { kind: 'standing', did: NODE, status: 'cut-off', code: 'membership-revoked', records: ['zR'] },
  ],
  [
    { event: 'let-in', level: 'info', did: NODE },
    { kind: 'standing', did: NODE, status: 'let-in', records: ['zR'] },
  ],
  [
    { event: 'self-cut-off', level: 'error', did: NODE, code: 'membership-quarantined' },
    {
      kind: 'standing',
      did: NODE,
      status: 'cut-off',
      code: 'membership-quarantined',
      records: ['zR'],
    },
  ],
  [
    { event: 'freshness', level: 'warn', state: 'stop', why: 'age', ageSeconds: 1801 },
    {
      kind: 'alert',
      code: 'freshness-stop',
      severity: 'warn',
      sentence: 'What this node knows of its mesh is stop (age), 1801 s old.',
    },
  ],
  [
    { event: 'records', level: 'error', code: 'witness-forked', message: 'a witness lies' },
    { kind: 'alert', code: 'witness-forked', severity: 'error', sentence: 'a witness lies' },
  ],
  [{ event: 'records', level: 'warn', code: 'gossip-failed', message: 'nobody there' }, undefined],
  [{ event: 'admitted', level: 'info', did: NODE }, undefined],
])('%o', { tags: ['AUN-9'] }, ([event, entry]) => {
  expect(eventEntry(event, () => ['zR'])).toEqual(entry)
})
