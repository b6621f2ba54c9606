import {
  chmodSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import type { AuditStore } from '@warren/storage'
import { expect, test } from 'vitest'
import { AuditRetention, type RetentionRule } from '../../src/audit/audit-retention.ts'
import { meshNow } from '../../src/audit/mesh-moment.ts'
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

/**
 * A log of three closed segments and one that grows, all written at one time by the clock of the machine. In a mesh with
 * witnesses their entries say one mesh time after the other, where it was known.
 */
async function retained(meshMs: readonly (number | undefined)[] = []): Promise<Case> {
  const directory = auditDirectory()
  const isWitnessed = meshMs.length > 0
  let written = 0
  const store = await openTestLog(directory, 1, () => meshMs[written])
  for (; written < 4; written += 1) {
    const at = written
    await store.append({ kind: 'alert', code: 'x', severity: 'info', sentence: `${at}` })
  }
  const events: NodeEvent[] = []
  const round: Case['round'] = async (rule, timeMs) => {
    const retention = new AuditRetention({
      store,
      log: SIGNER,
      now: () => (timeMs === undefined ? undefined : { ms: timeMs, isWitnessed }),
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

test(
  'a segment that cannot be erased is told of, and keeps none that is behind it',
  { tags: ['AUN-10'] },
  async () => {
    const { directory, round, events } = await retained()
    const file = (name: string): string => join(directory, 'segments', name)
    const [first = '', second = '', third = ''] = readdirSync(join(directory, 'segments'))
    // In the place of what is to stand for it.
    mkdirSync(join(file(first.replace(/log$/u, 'erased')), 'in-the-way'), { recursive: true })
    await round({ entriesDays: 30 }, START_MS + 31 * DAY_MS)
    expect(events).toMatchObject([{ event: 'audit-retention', level: 'error' }])
    expect([first, second, third].map((name) => existsSync(file(name)))).toEqual([
      true,
      false,
      false,
    ])
  },
)

test(
  'a segment that could not be erased once goes later, though what was behind it is gone',
  { tags: ['AUN-10'] },
  async () => {
    const { directory, round, events } = await retained()
    const [first = ''] = readdirSync(join(directory, 'segments'))
    const inTheWay = join(directory, 'segments', first.replace(/log$/u, 'erased'))
    mkdirSync(join(inTheWay, 'in-the-way'), { recursive: true })
    expect(await round({ entriesDays: 30 }, START_MS + 31 * DAY_MS)).toEqual([false, true])
    expect(readdirSync(join(directory, 'segments'))).toContain('000000000001.erased')
    rmSync(inTheWay, { recursive: true })
    // Never sooner than the time says that dates it now.
    expect(await round({ entriesDays: 30 }, START_MS + 30 * DAY_MS)).toEqual([false, true])
    expect(await round({ entriesDays: 30 }, START_MS + 31 * DAY_MS)).toEqual([false, false])
    expect(events.filter(({ event }) => event === 'audit-retention')).toHaveLength(1)
  },
)

test(
  'entries that are not as they were signed stay, and are told of; what was kept beside them goes',
  { tags: ['AUN-10', 'AFS-25'] },
  async () => {
    const { directory, round, events, store } = await retained()
    const path = join(directory, 'segments', '000000000000.log')
    chmodSync(path, 0o600)
    writeFileSync(path, readFileSync(path, 'utf8').replace('"sentence":"0"', '"sentence":"1"'))
    expect(await round({ entriesDays: 30 }, START_MS + 31 * DAY_MS)).toEqual([false, true])
    expect(events).toMatchObject([{ event: 'audit-retention', level: 'error' }])
    const said = (await entriesOf(store)).flatMap((entry) =>
      entry.kind === 'retention' && entry.segment === 0 ? [entry.what] : [],
    )
    expect(said).toEqual(['bodies'])
  },
)

test.for([
  { days: 30, left: [true, false] },
  { days: 31, left: [false, false] },
])(
  'where somebody has taken the entries away, what was kept beside them is gone after $days days: $left',
  { tags: ['AUN-10'] },
  async ({ days, left }) => {
    const { directory, round, events } = await retained()
    rmSync(join(directory, 'segments', '000000000000.log'))
    expect(await round({ entriesDays: 30 }, START_MS + days * DAY_MS)).toEqual(left)
    expect(events).toEqual([])
  },
)

test('the file that grows is never erased', { tags: ['AUN-10'] }, async () => {
  const { round, store } = await retained()
  await round({ entriesDays: 1 }, START_MS + 9_999 * DAY_MS)
  expect((await store.last(1)).length).toBe(1)
})

const LATER_MS = START_MS + 400 * DAY_MS

test.for<[string, readonly (number | undefined)[], readonly boolean[]]>([
  ['as old as the signed time', [START_MS, START_MS, START_MS], [false, false]],
  ['a moment older than they may be', [LATER_MS - 30 * DAY_MS - 1_000, LATER_MS], [false, false]],
  ['as old as they may be', [LATER_MS - 30 * DAY_MS, LATER_MS], [true, true]],
  ['new, since the clock of the machine is late', [LATER_MS, LATER_MS], [true, true]],
  ['older than old ones behind them', [undefined, START_MS, LATER_MS], [false, false]],
  ['older than new ones behind them', [undefined, undefined, LATER_MS], [true, true]],
  ['of no time that anybody knows', [undefined, undefined, undefined], [true, true]],
])(
  'entries that are old by their signed time and, by mesh time, %s: %o leave key and entries %o',
  { tags: ['AUN-17'] },
  async ([, meshMs, left]) => {
    const { round } = await retained(meshMs)
    expect(await round({ entriesDays: 30 }, LATER_MS)).toEqual(left)
  },
)

const DAMAGES: readonly (readonly [string, (text: string) => string])[] = [
  ['that no entry is', () => '{"v":1}\n'],
  ['that are none of a log', () => 'nobody wrote this\n'],
  ['of which none is there', () => ''],
]
test.for(
  DAMAGES.flatMap(([what, harm]) => [
    { what, harm, meshMs: [START_MS, START_MS, START_MS], left: [false, true] },
    { what, harm, meshMs: [START_MS, LATER_MS, LATER_MS], left: [true, true] },
  ]),
)(
  'with lines $what a file is as old as a later entry says ($meshMs), and what was kept beside it is left: $left',
  { tags: ['AUN-10', 'AUN-17'] },
  async ({ harm, meshMs, left }) => {
    const { directory, round } = await retained(meshMs)
    const path = join(directory, 'segments', '000000000000.log')
    chmodSync(path, 0o600)
    writeFileSync(path, harm(readFileSync(path, 'utf8')))
    for (const rule of [{ valuesDays: 30 }, { entriesDays: 30 }]) {
      expect(await round(rule, LATER_MS)).toEqual(left)
    }
  },
)

test.for([
  { state: 'unwitnessed', meshTimeMs: undefined, now: { ms: 7, isWitnessed: false } },
  { state: 'stop', meshTimeMs: undefined, now: undefined },
  { state: 'fresh', meshTimeMs: 5, now: { ms: 5, isWitnessed: true } },
  { state: 'stop', meshTimeMs: 5, now: { ms: 5, isWitnessed: true } },
] as const)(
  'where knowledge is $state and mesh time $meshTimeMs, it is $now',
  { tags: ['AUN-17'] },
  ({ state, meshTimeMs, now }) => {
    const nothing = { ageMs: undefined, counted: [], missing: [], servers: [] }
    const judgement = { ...nothing, why: 'age', state, meshTimeMs } as const
    expect(meshNow({ judge: () => judgement, meshTimeMs: () => 7 })).toEqual(now)
  },
)
