import { formatReport, type ReportInput, ReportSummary, type Verification } from '@warren/audit'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { CALLER, decision, everyKind, head, NODE, request, response } from './builders.ts'

const VERIFIED: Verification = {
  size: 12,
  root: new Uint8Array(32),
  entries: 12,
  checkpoints: 3,
  signatures: 2,
  matched: 1,
  findings: [],
  more: 0,
}

function report(changes: Partial<ReportInput> = {}): string {
  return formatReport({
    summary: summaryOf(everyKind()),
    verification: VERIFIED,
    findings: [],
    madeAt: '2026-11-28T01:00:00Z',
    ...changes,
  })
}

function summaryOf(entries: readonly Parameters<ReportSummary['add']>[0][]): ReportSummary {
  const summary = new ReportSummary()
  for (const entry of entries) summary.add(entry)
  return summary
}

test(
  'what hosts of this node asked of others is counted for itself',
  { tags: ['AUN-16', 'AUD-27'] },
  () => {
    const { provider: _, ...nowhere } = request({ seq: 1, sent: false, code: 'no-such-server' })
    const summary = summaryOf([
      request(),
      nowhere,
      response({ seq: 2 }),
      response({ seq: 3, outcome: 'failed', code: 'stream-reset' }),
    ])
    expect(summary.sent.list()).toEqual([
      ['pump/read_pressure at a node that is not known', 1],
      [`pump/read_pressure at ${CALLER}`, 1],
    ])
    expect(summary.unsent.list()).toEqual([['no-such-server', 1]])
    expect(summary.sentOutcomes.list()).toEqual([
      ['answered', 1],
      ['failed · stream-reset', 1],
    ])
    for (const counts of [summary.targets, summary.callers, summary.outcomes, summary.refusals]) {
      expect(counts.list()).toEqual([])
    }
  },
)

test('a summary counts what was decided, and by which rule', { tags: ['AUD-27'] }, () => {
  const summary = summaryOf([
    decision(),
    decision({ seq: 1, allowed: false, code: 'policy-denied', rule: 'no-writes' }),
    decision({ seq: 2, allowed: false, code: 'policy-denied', rule: 'no-writes' }),
    decision({ seq: 3, allowed: false, code: 'caller-not-admitted', tool: 'write' }),
    ...everyKind(),
  ])
  expect(summary.refusals.list()).toEqual([
    ['policy-denied · no-writes', 2],
    ['caller-not-admitted · operators-read', 1],
  ])
  expect(summary.permits.of('operators-read')).toBe(1)
  expect(summary.targets.of('pump/write')).toBe(1)
  expect(summary.callers.list()).toEqual([[CALLER, 5]])
  expect(summary.outcomes.list()).toEqual([['answered', 1]])
  expect(summary.kinds.of('decision')).toBe(5)
  expect(summary.count).toBe(19)
  const listed = Object.entries(summary.lists).map(([name, { entries }]) => [
    name,
    entries.map(({ kind }) => kind),
  ])
  expect(Object.fromEntries(listed)).toEqual({
    membership: ['record', 'standing'],
    changes: ['policy', 'config'],
    runs: ['start', 'stop'],
    alerts: ['alert'],
    gaps: ['unfinished', 'retention', 'export'],
  })
})

test(
  'of names and entries a summary keeps a thousand each, and counts the rest',
  { tags: ['AUD-27'] },
  () => {
    const summary = new ReportSummary()
    for (let seq = 0; seq < 1000; seq += 1) {
      summary.add(decision({ seq, tool: `t${seq}` }))
      summary.add({ ...head({ seq }), kind: 'config', what: 'x' })
    }
    expect([summary.targets.others, summary.lists.changes.more]).toEqual([0, 0])
    summary.add(decision({ tool: 'one more' }))
    summary.add(decision({ tool: 't0' }))
    summary.add({ ...head(), kind: 'config', what: 'x' })
    expect([summary.targets.others, summary.lists.changes.more]).toEqual([1, 1])
    expect(summary.targets.list()).toHaveLength(1000)
    expect(summary.targets.of('pump/t0')).toBe(2)
    expect(summary.lists.changes.entries).toHaveLength(1000)
    expect(report({ summary })).toContain('And 1 more.')
  },
)

test(
  'a report says its period, what was verified, and what it does not say',
  { tags: ['AUD-26'] },
  () => {
    const page = report({ notChecked: ['Nobody asked the witnesses.'] })
    for (const part of [
      NODE,
      '2026-11-28T00:20:11.123456Z to 2026-11-28T00:20:11.123456Z',
      'AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=',
      'None: what is in the log is what was signed.',
      'Refusals by reason and rule',
      'Nobody asked the witnesses.',
      'not that it wrote the truth',
    ]) {
      expect(page).toContain(part)
    }
  },
)

test(
  'a report of a period without entries, or of one whose tree got lost, says so',
  { tags: ['AUD-26'] },
  () => {
    const page = report({
      summary: new ReportSummary(),
      verification: { ...VERIFIED, size: undefined, root: undefined },
    })
    expect(page).toContain('no entry in this period')
    expect(page).toContain('not known')
  },
)

test('findings and events stand in the report, with the proof', { tags: ['AUD-26'] }, () => {
  const page = report({
    verification: { ...VERIFIED, more: 7 },
    findings: [
      { code: 'entry-changed', severity: 'error', sentence: 'Entry 3 was changed.' },
      { code: 'cosigned-wrong', severity: 'error', sentence: 'A checkpoint beside it is wrong.' },
    ],
    events: [
      {
        entry: decision({ seq: 5 }),
        proof: 'c2sp.org/tlog-proof@v1\nindex 5\n',
        cosigners: ['w1', 'w2'],
      },
    ],
  })
  for (const part of [
    'entry-changed',
    'Entry 3 was changed.',
    'cosigned-wrong',
    'And 7 more.',
    'Event 5',
    'tlog-proof@v1\nindex 5\n',
    'w1, w2',
  ]) {
    expect(page).toContain(part)
  }
  expect(report({ events: [{ entry: decision(), proof: '', cosigners: [] }] })).toContain(
    'Cosigned by: nobody',
  )
})

test('nothing in a log adds markup to the report', { tags: ['AUD-26'] }, () => {
  const piece = fc.constantFrom(
    '<script>',
    '</pre>',
    '</style>',
    '<!--',
    '"',
    "'",
    '&lt;',
    '&',
    '\n',
    '\u0000',
    '\u202e',
    'x',
  )
  const text = fc.array(piece, { maxLength: 6 }).map((parts) => parts.join(''))
  const tags = (page: string): readonly string[] =>
    [...page.matchAll(/<[^>]*>/g)].map(([tag]) => tag)
  fc.assert(
    fc.property(text, text, (a, b) => {
      const pageOf = (one: string, two: string): string => {
        const entry = decision({ tool: one, server: two, rule: one, method: two, allowed: false })
        const alert = {
          ...head(),
          kind: 'alert',
          code: 'x',
          severity: 'warn',
          sentence: one,
        } as const
        return report({
          summary: summaryOf([entry, alert, { ...head(), kind: 'config', what: two }]),
          findings: [{ code: one, severity: 'error', sentence: one }],
          events: [{ entry, proof: 'p', cosigners: [two] }],
          madeAt: one,
          notChecked: [two],
        })
      }
      expect(tags(pageOf(a, b))).toEqual(tags(pageOf('plain', 'plain')))
      // oxlint-disable-next-line no-control-regex -- Control characters are what it looks for.
      expect(pageOf(a, b)).not.toMatch(/[\u0000-\u0009\u000b-\u001f\u202e]/)
    }),
  )
})

test('a report loads nothing and runs nothing', { tags: ['AUD-26'] }, () => {
  const page = report()
  expect(page).toContain(`content="default-src 'none'; style-src 'unsafe-inline'"`)
  expect(page).not.toMatch(/<script|<link|<img|<iframe| src=| href=|url\(|@import|\bon[a-z]+=/)
})
