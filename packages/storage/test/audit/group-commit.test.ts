import { expect, test } from 'vitest'
import { GroupCommit, type GroupCommitLimits, type Outcome } from '../../src/audit/group-commit.ts'

interface Held {
  readonly items: readonly string[]
  readonly finish: () => void
  readonly fail: (error: Error) => void
}

function outcomeOf(item: string): Outcome<string> {
  return item === 'bad' ? { error: new Error('bad item') } : { receipt: `${item}!` }
}

/** A commit whose batches are ended by the test, one after the other. */
function group(limits: Partial<GroupCommitLimits> = {}): {
  log: GroupCommit<string, string>
  batches: Held[]
  pauses: number[]
  next: (count: number) => Promise<Held>
} {
  const batches: Held[] = []
  const pauses: number[] = []
  const log = new GroupCommit<string, string>({
    bytesOf: (item) => item.length,
    monotonicMs: () => 0,
    pause: async (ms) => void pauses.push(ms),
    limits,
    commit: async (items) =>
      new Promise((resolve, reject) => {
        batches.push({
          items,
          finish: () => resolve(items.map(outcomeOf)),
          fail: reject,
        })
      }),
  })
  const next = async (count: number): Promise<Held> => {
    while (batches.length < count) await new Promise((resolve) => setImmediate(resolve))
    return batches[count - 1]!
  }
  return { log, batches, pauses, next }
}

test(
  'all that come in one turn, or while a batch is under way, share the next one',
  { tags: ['AFS-6'] },
  async () => {
    const { log, next, batches } = group()
    const first = [log.submit('a'), log.submit('b')]
    const one = await next(1)
    const second = [log.submit('c'), log.submit('d'), log.submit('e')]
    expect(one.items).toEqual(['a', 'b'])
    one.finish()
    expect(await Promise.all(first)).toEqual(['a!', 'b!'])
    const two = await next(2)
    expect(two.items).toEqual(['c', 'd', 'e'])
    two.finish()
    expect(await Promise.all(second)).toEqual(['c!', 'd!', 'e!'])
    expect(batches.length).toBe(2)
  },
)

test('an item that is refused harms no other of its batch', { tags: ['AFS-6'] }, async () => {
  const { log, next } = group()
  const promises = Promise.allSettled(['a', 'bad', 'c'].map(async (item) => log.submit(item)))
  ;(await next(1)).finish()
  expect((await promises).map(({ status }) => status)).toEqual([
    'fulfilled',
    'rejected',
    'fulfilled',
  ])
})

test('a batch that fails refuses its own and no other', { tags: ['AFS-6'] }, async () => {
  const { log, next } = group({ batchMax: 2 })
  const promises = Promise.allSettled(['a', 'b', 'c'].map(async (item) => log.submit(item)))
  const error = new Error('no disk')
  ;(await next(1)).fail(error)
  ;(await next(2)).finish()
  expect(await promises).toEqual([
    { status: 'rejected', reason: error },
    { status: 'rejected', reason: error },
    { status: 'fulfilled', value: 'c!' },
  ])
})

test.for([
  { limits: { batchMax: 3 }, first: ['aa', 'bb', 'cc'] },
  { limits: { batchBytesMax: 4 }, first: ['aa', 'bb'] },
  { limits: { batchBytesMax: 5 }, first: ['aa', 'bb'] },
  { limits: { batchBytesMax: 1 }, first: ['aa'] },
])('a batch ends at $limits', { tags: ['AFS-6'] }, async ({ limits, first }) => {
  const { log, next } = group(limits)
  for (const item of ['aa', 'bb', 'cc', 'dd']) void log.submit(item)
  expect((await next(1)).items).toEqual(first)
})

test(
  'one more than the queue holds is refused, and the others are served',
  { tags: ['AFS-6'] },
  async () => {
    const { log, next } = group({ queueMax: 2 })
    const promises = [log.submit('a'), log.submit('b')]
    await expect(log.submit('c')).rejects.toMatchObject({ code: 'audit-queue-full' })
    ;(await next(1)).finish()
    expect(await Promise.all(promises)).toEqual(['a!', 'b!'])
    const later = log.submit('d')
    ;(await next(2)).finish()
    expect(await later).toBe('d!')
  },
)

test('stopping writes what waits and refuses what comes after', { tags: ['AFS-6'] }, async () => {
  const { log, next } = group({ batchMax: 1 })
  const promises = [log.submit('a'), log.submit('b')]
  let stopped = false
  const stop = log.stop().then(() => (stopped = true))
  await expect(log.submit('c')).rejects.toMatchObject({ code: 'audit-closed' })
  ;(await next(1)).finish()
  expect(await promises[0]).toBe('a!')
  expect(stopped).toBe(false)
  ;(await next(2)).finish()
  expect(await promises[1]).toBe('b!')
  await stop
})

test(
  'one alone never waits; after many the next batch keeps its distance',
  { tags: ['AFS-6'] },
  async () => {
    const { log, next, pauses } = group({ underLoadMs: 3 })
    const alone = log.submit('a')
    ;(await next(1)).finish()
    await alone
    await log.stop()
    expect(pauses).toEqual([])

    const busy = group({ underLoadMs: 3 })
    const both = [busy.log.submit('a'), busy.log.submit('b')]
    ;(await busy.next(1)).finish()
    await Promise.all(both)
    await busy.log.stop()
    expect(busy.pauses).toEqual([3])
  },
)

/** A commit that ends at once, and a clock that the test moves: a wait ends when its time has come. */
function patientGroup(limits: Partial<GroupCommitLimits> = {}): {
  log: GroupCommit<string, string>
  batches: (readonly string[])[]
  passes: (ms: number) => Promise<void>
} {
  const batches: (readonly string[])[] = []
  const waits: { readonly atMs: number; readonly end: () => void }[] = []
  let nowMs = 0
  const turns = async (): Promise<void> => {
    for (let turn = 0; turn < 5; turn += 1) await new Promise((resolve) => setImmediate(resolve))
  }
  const log = new GroupCommit<string, string>({
    bytesOf: (item) => item.length,
    monotonicMs: () => nowMs,
    pause: async (ms) => new Promise((end) => waits.push({ atMs: nowMs + ms, end })),
    limits: { patienceMs: 500, ...limits },
    commit: async (items) => {
      batches.push(items)
      return items.map(outcomeOf)
    },
  })
  const passes = async (ms: number): Promise<void> => {
    nowMs += ms
    for (const wait of waits) if (wait.atMs <= nowMs) wait.end()
    await turns()
  }
  return { log, batches, passes }
}

test(
  'what can wait begins no batch of its own until its time has come',
  { tags: ['AFS-6', 'AUN-12'] },
  async () => {
    const { log, batches, passes } = patientGroup()
    const first = log.submitLater('a')
    await passes(499)
    const second = log.submitLater('b')
    expect(batches).toEqual([])
    await passes(1)
    expect(await first).toBe('a!')
    // One that is not due goes along: the batch is written anyway.
    expect(await second).toBe('b!')
    expect(batches).toEqual([['a', 'b']])
  },
)

test(
  'what can wait goes with what cannot, behind it, and as far as there is room',
  { tags: ['AFS-6', 'AUN-12'] },
  async () => {
    const { log, batches, passes } = patientGroup({ batchMax: 3, underLoadMs: 0 })
    const waiting = ['a', 'b'].map(async (item) => log.submitLater(item))
    await passes(10)
    await Promise.all([log.submit('d'), log.submit('e')])
    expect(batches).toEqual([['d', 'e', 'a']])
    await passes(490)
    await Promise.all(waiting)
    expect(batches.slice(1)).toEqual([['b']])
  },
)

test('as many as fill a batch wait no longer', { tags: ['AFS-6', 'AUN-12'] }, async () => {
  const { log, batches, passes } = patientGroup({ batchMax: 2, underLoadMs: 0 })
  const first = log.submitLater('a')
  await passes(1)
  expect(batches).toEqual([])
  await Promise.all([first, log.submitLater('b')])
  expect(batches).toEqual([['a', 'b']])
})

test(
  'no number of others keeps what is due from being written',
  { tags: ['AFS-6', 'AUN-12'] },
  async () => {
    const { log, batches, passes } = patientGroup({ batchMax: 2, underLoadMs: 0 })
    const due = log.submitLater('a')
    await passes(499)
    // Two that ask again as soon as they are answered fill every batch.
    const asking = ['c', 'd'].map(async (item) => {
      for (let round = 0; round < 10; round += 1) await log.submit(item)
    })
    await passes(1)
    await Promise.all([...asking, due])
    expect(batches.findIndex((batch) => batch.includes('a'))).toBeLessThan(3)
    expect(batches.flat()).toHaveLength(21)
  },
)

test(
  'what can wait counts in the queue, and stopping writes it at once',
  { tags: ['AFS-6', 'AUN-12'] },
  async () => {
    const { log, batches } = patientGroup({ queueMax: 2, underLoadMs: 0 })
    const waiting = [log.submitLater('a'), log.submitLater('b')]
    await expect(log.submit('c')).rejects.toMatchObject({ code: 'audit-queue-full' })
    await expect(log.submitLater('c')).rejects.toMatchObject({ code: 'audit-queue-full' })
    await log.stop()
    expect(await Promise.all(waiting)).toEqual(['a!', 'b!'])
    expect(batches).toEqual([['a', 'b']])
    await expect(log.submitLater('d')).rejects.toMatchObject({ code: 'audit-closed' })
  },
)
