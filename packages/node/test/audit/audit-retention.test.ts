import { existsSync } from 'node:fs'
import { join } from 'node:path'
import type { AuditStore } from '@warren/storage'
import { expect, test } from 'vitest'
import { AuditRetention, type RetentionRule } from '../../src/audit/audit-retention.ts'
import type { NodeEvent } from '../../src/node-event.ts'
import { HandScheduler } from './hand-scheduler.ts'
import { auditDirectory, entriesOf, openTestLog, SIGNER, START_MS } from './test-log.ts'

const DAY_MS = 86_400_000

interface Case {
  readonly directory: string
  readonly store: AuditStore
  readonly events: readonly NodeEvent[]
  /** What is there of a segment after a round at this time. */
  readonly round: (rule: RetentionRule, timeMs: number | undefined) => Promise<readonly boolean[]>
}

/** A log of three closed segments and one that grows, all written at one time. */
async function retained(): Promise<Case> {
  const directory = auditDirectory()
  const store = await openTestLog(directory, 1)
  for (let at = 0; at < 4; at += 1) {
    await store.append({ kind: 'alert', code: 'x', severity: 'info', sentence: `${at}` })
  }
  const events: NodeEvent[] = []
  const round: Case['round'] = async (rule, timeMs) => {
    const retention = new AuditRetention({
      store,
      log: SIGNER,
      timeMs: () => timeMs,
      scheduler: new HandScheduler(),
      report: (event) => events.push(event),
    })
    retention.configure(rule)
    await retention.settled()
    await retention.stop()
    return [
      existsSync(join(directory, 'keys', '000000000000.key')),
      existsSync(join(directory, 'segments', '000000000000.log')),
    ]
  }
  return { directory, store, events, round }
}

test.for<[string, RetentionRule, number | undefined, readonly boolean[]]>([
  ['nothing is said', {}, START_MS + 9_999 * DAY_MS, [true, true]],
  ['nobody knows the time', { valuesDays: 1, entriesDays: 1 }, undefined, [true, true]],
  ['values are as old as they may be', { valuesDays: 30 }, START_MS + 30 * DAY_MS, [true, true]],
  ['values are older', { valuesDays: 30 }, START_MS + 30 * DAY_MS + 1_000, [false, true]],
  ['entries are older', { entriesDays: 30 }, START_MS + 31 * DAY_MS, [false, false]],
  ['a clock is early', { valuesDays: 1, entriesDays: 1 }, START_MS - DAY_MS, [true, true]],
])('%s: %o at %i leaves key and entries %o', { tags: ['AUN-10'] }, async ([, rule, at, left]) => {
  const { round, store, events } = await retained()
  expect(await round(rule, at)).toEqual(left)
  expect(events).toEqual([])
  const said = (await entriesOf(store)).filter(({ kind }) => kind === 'retention')
  expect(said.length > 0).toBe(left.includes(false))
})

test('what was erased is not erased again', { tags: ['AUN-10'] }, async () => {
  const { round, store } = await retained()
  const later = START_MS + 31 * DAY_MS
  await round({ valuesDays: 30 }, later)
  const { size } = store
  await round({ valuesDays: 30 }, later)
  // What the first round wrote has closed the segment that grew, and is as old.
  const twice = (await entriesOf(store))
    .slice(size)
    .flatMap((entry) => (entry.kind === 'retention' ? [entry.segment] : []))
  expect(twice).not.toContain(0)
})

test('the file that grows is never erased', { tags: ['AUN-10'] }, async () => {
  const { round, store } = await retained()
  await round({ entriesDays: 1 }, START_MS + 9_999 * DAY_MS)
  expect((await store.last(1)).length).toBe(1)
})
