import { mkdtempSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { CallerBehaviour, CALLS_MAX } from '@warren/policy'
import { openStore, type Store, type StoredCall } from '@warren/storage'
import { limitsLike } from './limit-rules.ts'

const CALLER = `did:webvh:Qm${'a'.repeat(44)}:warren.internal`
const AT_ONCE = 16
const DELETED = 2_048
const STEPS = [16_384, CALLS_MAX]

/** Measures what is written for a call with few and with many in the store, a start with a full one, and how it empties. */
export function measureStore(): void {
  const directory = mkdtempSync(join(tmpdir(), 'warren-limits-bench-'))
  const path = join(directory, 'warren.db')
  try {
    let store = openStore(path)
    console.log(
      `\n| calls in the store | µs to write one of ${AT_ONCE} | µs to write its end | file MB |`,
    )
    console.log('| -----------------: | --------------------: | ------------------: | ------: |')
    let count = 0
    for (const step of STEPS) {
      for (; count < step; count += 4096) store.callerCalls.write(calls(count, 4096), [])
      measureWrites(store, count, path)
    }
    store.close()
    store = measureStart(path)
    measureDeleting(store)
    store.close()
  } finally {
    rmSync(directory, { recursive: true })
  }
}

function measureWrites(store: Store, count: number, path: string): void {
  const rounds = 100
  const first = count + 1_000_000
  const added = timeMs(() => {
    for (let round = 0; round < rounds; round += 1)
      store.callerCalls.write(calls(first + round * AT_ONCE, AT_ONCE), [])
  })
  const ended = timeMs(() => {
    for (let round = 0; round < rounds; round += 1) {
      const ends = calls(first + round * AT_ONCE, AT_ONCE)
      store.callerCalls.write(
        [],
        ends.map(({ id }) => ({ id, state: 'error', bytesOut: 9 })),
      )
    }
  })
  const each = (ms: number): string => ((ms * 1000) / rounds / AT_ONCE).toFixed(1)
  const megabytes = (statSync(path).size / 1e6).toFixed(0)
  console.log(`| ${[count, each(added), each(ended), megabytes].join(' | ')} |`)
}

function measureStart(path: string): Store {
  let store: Store | undefined
  const openMs = timeMs(() => (store = openStore(path)))
  if (store === undefined) throw new Error('not open')
  const { callerCalls } = store
  const behaviour = new CallerBehaviour(limitsLike(4, 4))
  const before = process.memoryUsage().rss
  const readMs = timeMs(() => {
    callerCalls.newest(CALLS_MAX, (call) => {
      behaviour.restore(`${call.caller}${call.id % 4}`, { ...call, state: 'answered' })
    })
  })
  const megabytes = (process.memoryUsage().rss - before) / 1e6
  console.log(
    `\nstart with ${behaviour.size} calls: opened in ${openMs.toFixed(0)} ms, read in ${readMs.toFixed(0)} ms, ${megabytes.toFixed(0)} MB more`,
  )
  return store
}

function measureDeleting({ callerCalls }: Store): void {
  const timesMs: number[] = []
  for (;;) {
    const from = performance.now()
    const deleted = callerCalls.forgetBefore(Number.MAX_SAFE_INTEGER, DELETED)
    timesMs.push(performance.now() - from)
    if (deleted < DELETED) break
  }
  const sumMs = timesMs.reduce((sum, ms) => sum + ms, 0)
  console.log(
    `deleted in ${timesMs.length} steps of ${DELETED}: ${(sumMs / timesMs.length).toFixed(1)} ms each, at most ${Math.max(...timesMs).toFixed(1)}`,
  )
}

function calls(from: number, count: number): readonly StoredCall[] {
  return Array.from({ length: count }, (_, index) => ({
    id: from + index + 1,
    caller: CALLER,
    server: 'files',
    tool: `read_${(from + index) % 40}`,
    digest: `${(from + index) * 7919}`.padStart(43, 'A'),
    bytesIn: 300,
    atMs: 1_795_000_000_000 + from + index,
    state: 'asked',
    bytesOut: 0,
  }))
}

function timeMs(work: () => void): number {
  const from = performance.now()
  work()
  return performance.now() - from
}
