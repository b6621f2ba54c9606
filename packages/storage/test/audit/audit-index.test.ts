import {
  chmodSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs'
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

/** Whether a word can be read in any file of the index. */
function isReadable(directory: string, word: string): boolean {
  return readdirSync(directory)
    .filter((name) => name.startsWith('index.db'))
    .some((name) => readFileSync(join(directory, name)).includes(word))
}

const CALLER = `did:webvh:Qm${'e'.repeat(44)}:warren.internal`
const WORDS = ['erasedtool', CALLER]

/** Two segments that are closed, of which the first alone tells of a tool and a caller. */
async function withErasable(one: Case): Promise<void> {
  await one.audit.append(decision({ tool: 'erasedtool', caller: CALLER }))
  while (one.audit.segments.length < 3) await one.audit.append(alert('kept'))
}

test(
  'of entries that were erased nothing can be found, nor read in the files of the index',
  { tags: ['AFS-26', 'AUN-10'] },
  async () => {
    const one = await store()
    await withErasable(one)
    const { audit, index, directory } = one
    const second = audit.segments[1]!
    expect(await index.search({ tool: 'erasedtool' })).toEqual([0])
    expect(WORDS.map((word) => isReadable(directory, word))).toEqual([true, true])
    // Values are not in it.
    await audit.erase({ segment: 0, what: 'bodies' })
    expect(await index.search({ text: 'erasedtool' })).toEqual([0])

    await audit.erase({ segment: 0, what: 'entries' })
    expect(WORDS.map((word) => isReadable(directory, word))).toEqual([false, false])
    expect(await index.search({ tool: 'erasedtool' })).toEqual([])
    expect(await index.search({ text: 'erasedtool' })).toEqual([])
    const left = await index.search({})
    expect(left.at(-1)).toBe(second)
    expect(left).toHaveLength(audit.size - second)
    expect(WORDS.map((word) => isReadable(directory, word))).toEqual([false, false])
  },
)

test(
  'an index that nobody has open, or that is being opened or searched, forgets what was erased as well',
  { tags: ['AFS-26'] },
  async () => {
    const one = await store()
    await withErasable(one)
    const { audit, index, directory } = one
    await index.search({})
    await index.close()
    await audit.erase({ segment: 0, what: 'entries' })
    expect(readdirSync(directory).filter((name) => name.startsWith('index.db'))).toEqual([])

    const third = audit.segments[2]!
    const opening = audit.openIndex()
    const [again] = await Promise.all([
      opening,
      audit.erase({ segment: audit.segments[1]!, what: 'entries' }),
    ])
    const searches = [again.search({ kind: 'alert' }), again.search({}), again.forget()]
    const [alerts = [], all = []] = await Promise.all(searches)
    expect([...(alerts ?? []), ...(all ?? [])].filter((seq) => seq < third)).toEqual([])
    expect(all).toHaveLength(audit.size - third)
    await again.close()
  },
)

test(
  'a round that is under way when all is to be forgotten ends, and whoever waits for it is answered',
  { tags: ['AFS-26', 'AFS-18'] },
  async () => {
    const one = await store()
    await withErasable(one)
    const { audit, index, directory } = one
    await Promise.all(Array.from({ length: 600 }, async () => audit.append(decision())))
    // It has taken over the first entries when the erasure has come to them.
    const found = index.search({ text: 'erasedtool' })
    const erased = audit.erase({ segment: 0, what: 'entries' })
    await Promise.all([found, erased])
    expect(await index.search({ kind: 'decision' })).toHaveLength(600)
    expect(WORDS.map((word) => isReadable(directory, word))).toEqual([false, false])
  },
)

test(
  'what a crash has left in an index of entries that are erased goes at the next start, before anybody searches',
  { tags: ['AFS-26'] },
  async () => {
    const one = await store()
    await withErasable(one)
    const { audit, index, directory } = one
    await index.search({})
    await index.close()
    const names = ['index.db', 'index.db-wal', 'index.db-shm'].map((name) => join(directory, name))
    const kept = names.flatMap((path) =>
      existsSync(path) ? [{ path, bytes: readFileSync(path) }] : [],
    )
    await audit.erase({ segment: 0, what: 'entries' })
    await audit.stop()
    for (const { path, bytes } of kept) writeFileSync(path, bytes, { mode: 0o600 })
    expect(WORDS.map((word) => isReadable(directory, word))).toEqual([true, true])
    const limits = { segmentBytesMax: 20_000 }
    const again = await openAudit(directory, { limits })
    expect(WORDS.map((word) => isReadable(directory, word))).toEqual([false, false])

    // One that holds nothing of them is kept, and one of which nobody can tell is not.
    const fresh = await again.openIndex()
    await fresh.search({})
    const { size } = fresh
    await fresh.close()
    await again.stop()
    const third = await openAudit(directory, { limits })
    const same = await third.openIndex()
    expect(same.size).toBe(size)
    await same.close()
    await third.stop()
    writeFileSync(join(directory, 'index.db'), `no database ${WORDS.join(' ')}`)
    await (await openAudit(directory, { limits })).stop()
    expect(existsSync(join(directory, 'index.db'))).toBe(false)
  },
)

test(
  'an index that could not forget when entries were erased does when they are erased again',
  { tags: ['AFS-26'] },
  async () => {
    const one = await store()
    await withErasable(one)
    const { audit, index, directory } = one
    await index.search({})
    await index.close()
    const [path, aside] = [join(directory, 'index.db'), join(directory, 'aside')]
    renameSync(path, aside)
    mkdirSync(path)
    const erasure = { segment: 0, what: 'entries' } as const
    await expect(audit.erase(erasure)).rejects.toMatchObject({ code: 'ERR_FS_EISDIR' })
    rmSync(path, { recursive: true })
    renameSync(aside, path)
    expect(WORDS.map((word) => isReadable(directory, word))).toEqual([true, true])
    await expect(audit.erase(erasure)).rejects.toMatchObject({ code: 'audit-erased' })
    expect(WORDS.map((word) => isReadable(directory, word))).toEqual([false, false])
  },
)

/** Lines behind the end of a segment, in the places of the first entries of the next one, and in their name. */
function withForged(text: string): string {
  const entries = text.split('\n').filter((line) => line.startsWith('{'))
  const forged = entries.map((line) =>
    line
      .replace(/"seq":(\d+)/, (_all, seq) => `"seq":${Number(seq) + entries.length}`)
      .replace(/"sentence":"[^"]*"/, '"sentence":"forged"'),
  )
  return `${text}${forged.join('\n')}\n`
}

const DAMAGES: readonly (readonly [string, (text: string) => string | undefined])[] = [
  ['is gone', () => undefined],
  ['is empty', () => ''],
  ['says what no log writes', (text) => `${text}nobody wrote this\n`],
  ['says what no entry is', (text) => text.replace(/\{.*\n/, '{}\n')],
  ['says more than it has', withForged],
]

test.for(DAMAGES)(
  'where a segment %s, an index that is made anew has all of the others, and tells of it once',
  { tags: ['AFS-27', 'AFS-19'] },
  async ([, harm]) => {
    const one = await store()
    await withErasable(one)
    const { audit, index, directory } = one
    while (audit.segments.length < 5) await audit.append(alert('more'))
    const [, , damaged = 0, next = 0] = audit.segments
    const path = join(directory, 'segments', `${String(damaged).padStart(12, '0')}.log`)
    const whole = readFileSync(path, 'utf8')
    const changed = harm(whole)
    chmodSync(path, 0o600)
    if (changed === undefined) rmSync(path)
    else writeFileSync(path, changed)
    const told: string[] = []
    index.listen(({ code }) => told.push(code))

    await audit.erase({ segment: 0, what: 'entries' })
    const found = await index.search({})
    const behind = Array.from({ length: audit.size - next }, (_, at) => audit.size - 1 - at)
    expect(found.slice(0, behind.length)).toEqual(behind)
    expect(found).toContain(audit.segments[1]!)
    expect(found).not.toContain(0)
    expect(await index.search({ text: 'forged' })).toEqual([])
    expect(told).toHaveLength(1)
    expect(await index.search({ text: 'more', limit: 1 })).toEqual(found.slice(1, 2))

    await index.forget()
    await audit.append(alert('newest'))
    expect(await index.search({ text: 'newest' })).toEqual([audit.size - 1])
    expect(told).toHaveLength(1)
    await index.close()

    writeFileSync(path, whole)
    const again = await audit.openIndex()
    const all = await again.search({})
    expect(all).toHaveLength(audit.size - audit.segments[1]!)
    await again.close()
  },
)

test(
  'the segment that grows is never passed over, damaged as it may be',
  { tags: ['AFS-27'] },
  async () => {
    const one = await store()
    await withErasable(one)
    const { audit, index, directory } = one
    const path = join(
      directory,
      'segments',
      `${String(audit.segments.at(-1)).padStart(12, '0')}.log`,
    )
    await audit.append(alert('newest'))
    const text = readFileSync(path)
    writeFileSync(path, 'x', { flag: 'r+' })
    await expect(index.search({})).rejects.toMatchObject({ code: 'audit-damaged' })
    writeFileSync(path, text.subarray(0, 1), { flag: 'r+' })
    expect(await index.search({ text: 'newest' })).toEqual([audit.size - 1])
  },
)
