import { copyFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { AuditIndex, AuditStore } from '@warren/storage'
import { expect, onTestFinished, test } from 'vitest'
import { temporaryDirectory } from '../temporary-directory.ts'
import { alert, decision, type NodeClock, openAudit, request } from './audit-node.ts'

interface Case {
  readonly audit: AuditStore
  readonly index: AuditIndex
  readonly directory: string
  readonly at: NodeClock
}

async function store(directory?: string): Promise<Case> {
  const path = directory ?? join(await temporaryDirectory(), 'audit')
  const at = { us: 0 }
  const audit = await openAudit(path, { at, limits: { segmentBytesMax: 20_000 } })
  const index = await audit.openIndex()
  onTestFinished(async () => {
    await index.close()
    await audit.stop()
  })
  return { audit, index, directory: path, at }
}

async function fill({ audit, at }: Case): Promise<void> {
  await audit.append(alert('The pump at north-7 is silent.'))
  at.us = 1_000_000
  await audit.append(decision())
  at.us = 2_000_000
  await audit.append(
    decision({ allowed: false, code: 'no-rule', tool: 'open_valve', rule: 'guests' }),
  )
  at.us = 3_000_000
  await audit.append(
    decision({
      server: 'valve',
      call: '1f'.repeat(16),
      caller: `did:webvh:Qm${'c'.repeat(44)}:warren.internal`,
    }),
  )
  await audit.append({
    kind: 'standing',
    did: `did:webvh:Qm${'d'.repeat(44)}:warren.internal`,
    status: 'revoked',
  })
}

test('calls are found by their direction', { tags: ['AFS-18', 'AUN-16'] }, async () => {
  const { audit, index } = await store()
  await audit.append(decision())
  await audit.append(request())
  await audit.append(request({ sent: false, code: 'no-such-server' }))
  await audit.append(alert('neither'))
  expect(await index.search({ direction: 'in' })).toEqual([0])
  expect(await index.search({ direction: 'out' })).toEqual([2, 1])
  expect(await index.search({ direction: 'out', decision: 'refused' })).toEqual([2])
  expect(await index.search({ direction: 'out', text: 'no-such-server' })).toEqual([2])
  expect(await index.search({ direction: 'out', kind: 'decision' })).toEqual([])
})

const QUERIES = [
  { query: {}, found: [4, 3, 2, 1, 0] },
  { query: { kind: 'decision' }, found: [3, 2, 1] },
  { query: { kind: 'stop' }, found: [] },
  { query: { decision: 'refused' }, found: [2] },
  { query: { decision: 'allowed', server: 'pump' }, found: [1] },
  { query: { server: 'pump', tool: 'open_valve' }, found: [2] },
  { query: { caller: `did:webvh:Qm${'c'.repeat(44)}:warren.internal` }, found: [3] },
  { query: { call: '1f'.repeat(16) }, found: [3] },
  { query: { rule: 'guests' }, found: [2] },
  { query: { code: 'no-rule' }, found: [2] },
  { query: { since: '2026-11-28T00:20:13.123456Z' }, found: [4, 3, 2] },
  {
    query: { since: '2026-11-28T00:20:12.123456Z', until: '2026-11-28T00:20:13.123456Z' },
    found: [1],
  },
  { query: { text: 'PUMP silent' }, found: [0] },
  { query: { text: 'revoked' }, found: [4] },
  { query: { text: 'pump" OR "valve' }, found: [] },
  { query: { text: '"*' }, found: [] },
  { query: { before: 3, limit: 2 }, found: [2, 1] },
  { query: { limit: 0 }, found: [] },
] as const

test(
  'an entry is found by each thing that it says, the newest first',
  { tags: ['AFS-18'] },
  async () => {
    const one = await store()
    await fill(one)
    for (const { query, found } of QUERIES) {
      expect(await one.index.search(query), JSON.stringify(query)).toEqual(found)
    }
  },
)

test('a search answers for all that was acknowledged before it', { tags: ['AFS-18'] }, async () => {
  const { audit, index } = await store()
  for (let number = 0; number < 5; number += 1) {
    await Promise.all(Array.from({ length: 100 }, async () => audit.append(decision())))
    expect((await index.search({ kind: 'decision' })).length).toBe((number + 1) * 100)
  }
  const searches = [
    index.search({}),
    audit.append(alert('more')).then(async () => index.search({ limit: 1 })),
  ]
  expect((await Promise.all(searches)).map(([newest]) => newest)).toEqual([499, 500])
})

test.for([
  { what: 'gone', harm: (path: string) => rmSync(path) },
  { what: 'no database', harm: (path: string) => writeFileSync(path, 'no database'.repeat(1_000)) },
  {
    what: 'damaged',
    harm: (path: string) =>
      writeFileSync(path, Buffer.alloc(statSync(path).size - 4_096, 7), { flag: 'r+' }),
  },
])(
  'an index that is $what is made anew, and says the same',
  { tags: ['AFS-19'] },
  async ({ harm }) => {
    const one = await store()
    await fill(one)
    await one.index.search({})
    await one.index.close()
    const path = join(one.directory, 'index.db')
    expect(statSync(path).mode & 0o777).toBe(0o600)
    harm(path)
    const index = await one.audit.openIndex()
    expect(await index.search({ decision: 'refused' })).toEqual([2])
    expect((await index.search({})).length).toBe(5)
    await index.close()
  },
)

test(
  'the index of another log is not believed, be it longer or shorter',
  { tags: ['AFS-19'] },
  async () => {
    const one = await store()
    await fill(one)
    await one.index.search({})
    await one.index.close()
    for (const count of [1, 7]) {
      const other = await store()
      for (let number = 0; number < count; number += 1)
        await other.audit.append(alert('another log'))
      await other.index.close()
      copyFileSync(join(one.directory, 'index.db'), join(other.directory, 'index.db'))
      for (const end of ['-wal', '-shm'])
        rmSync(join(other.directory, `index.db${end}`), { force: true })
      const index = await other.audit.openIndex()
      expect(index.size).toBe(0)
      expect((await index.search({ text: 'another' })).length).toBe(count)
      await index.close()
    }
  },
)

test(
  'an index goes on where it stood, and catches up on what came while it was closed',
  { tags: ['AFS-18'] },
  async () => {
    const one = await store()
    await fill(one)
    await one.index.catchUp()
    expect(one.index.size).toBe(5)
    await one.index.close()
    await Promise.all(Array.from({ length: 300 }, async () => one.audit.append(decision())))
    await one.audit.stop()
    const two = await store(one.directory)
    expect(two.index.size).toBe(5)
    expect((await two.index.search({ kind: 'decision' })).length).toBe(303)
  },
)
