/**
 * `pnpm bench:audit`: what the audit log costs on this machine's disk.
 *
 * Options: `--entries N` (how long a log to build for the figures of a long one, default 200,000), `--directory DIR`.
 */
import { AuditLog, type EntryDraft, type Stamp } from '@warren/audit'
import { nodeSuite as suite } from '@warren/crypto'
import { parseDid } from '@warren/identity'
import { AuditStore, type AuditStoreInit } from '@warren/storage'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

const CONCURRENCIES = [1, 16, 128]
const ROUND_MS = 3_000
const FILLING = 1_024
const NODE = parseDid(`did:webvh:Qm${'a'.repeat(44)}:warren.internal`)
const CALLER = parseDid(`did:webvh:Qm${'b'.repeat(44)}:warren.internal`)
const SIGNERS = { ed25519: suite.ed25519.signer(), mlDsa44: suite.mlDsa44.signer() }
const BOOT = '0123456789abcdef'.repeat(2)

const parent = option('--directory') ?? tmpdir()
const entriesMax = Number(option('--entries') ?? 200_000)
const directory = join(mkdtempSync(join(parent, 'warren-audit-bench-')), 'audit')
try {
  await measureAppends()
  await measureLongLog()
} finally {
  rmSync(join(directory, '..'), { recursive: true, force: true })
}

async function measureAppends(): Promise<void> {
  const store = await open(join(directory, '..', 'short'))
  await load(store, 16, 500)
  console.log('concurrency   entries/s    p50 ms    p99 ms   CPU µs/entry')
  for (const concurrency of CONCURRENCIES)
    print(concurrency, await load(store, concurrency, ROUND_MS))
  await store.stop()
}

async function measureLongLog(): Promise<void> {
  let store = await open(directory)
  const steps = [entriesMax / 10, entriesMax / 2, entriesMax]
  for (const step of steps) {
    const from = store.size
    const begunMs = performance.now()
    while (store.size < step)
      await Promise.all(Array.from({ length: FILLING }, async () => store.append(decision())))
    const rate = (store.size - from) / ((performance.now() - begunMs) / 1_000)
    console.log(`\nlog of ${store.size} entries, filled at ${rate.toFixed(0)} entries/s`)
    for (const concurrency of CONCURRENCIES)
      print(concurrency, await load(store, concurrency, ROUND_MS))
    await store.stop()
    const openedMs = performance.now()
    store = await open(directory)
    console.log(`opened in ${(performance.now() - openedMs).toFixed(0)} ms`)
  }
  await measureReading(store)
  await store.stop()
}

async function measureReading(store: AuditStore): Promise<void> {
  const begunMs = performance.now()
  let read = 0
  for await (const { entries } of store.slices(0)) read += entries.length
  console.log(
    `read ${read} entries at ${(read / ((performance.now() - begunMs) / 1_000)).toFixed(0)}/s`,
  )
  const proofMs = performance.now()
  for (let at = 0; at < 100; at += 1)
    await store.inclusionProof(Math.floor((store.size / 100) * at))
  console.log(`inclusion proof: ${((performance.now() - proofMs) / 100).toFixed(2)} ms`)
}

interface Sample {
  readonly perSecond: number
  readonly p50Ms: number
  readonly p99Ms: number
  readonly cpuUs: number
}

/** Appends with so many callers at a time, each of which waits for its receipt before the next. */
async function load(store: AuditStore, concurrency: number, forMs: number): Promise<Sample> {
  const times: number[] = []
  const cpu = process.cpuUsage()
  const begunMs = performance.now()
  const endMs = begunMs + forMs
  await Promise.all(
    Array.from({ length: concurrency }, async () => {
      for (let nowMs = performance.now(); nowMs < endMs;) {
        await store.append(decision())
        const doneMs = performance.now()
        times.push(doneMs - nowMs)
        nowMs = doneMs
      }
    }),
  )
  const seconds = (performance.now() - begunMs) / 1_000
  const { user, system } = process.cpuUsage(cpu)
  times.sort((one, other) => one - other)
  const at = (share: number): number => times[Math.floor(times.length * share)] ?? Number.NaN
  return {
    perSecond: times.length / seconds,
    p50Ms: at(0.5),
    p99Ms: at(0.99),
    cpuUs: (user + system) / times.length,
  }
}

function print(concurrency: number, { perSecond, p50Ms, p99Ms, cpuUs }: Sample): void {
  console.log(
    `${concurrency}`.padStart(11) +
      perSecond.toFixed(0).padStart(12) +
      p50Ms.toFixed(2).padStart(10) +
      p99Ms.toFixed(2).padStart(10) +
      cpuUs.toFixed(0).padStart(15),
  )
}

function decision(): EntryDraft {
  return {
    kind: 'decision',
    call: crypto.randomUUID().replaceAll('-', ''),
    caller: CALLER,
    roles: ['operator'],
    enclave: 'plant-a',
    server: 'pump',
    tool: 'read_pressure',
    method: 'tools/call',
    rpcId: 7,
    allowed: true,
    rule: 'operators-read',
    policy: 'A'.repeat(43),
    args: { keep: 'hash', value: { valve: 'north', bar: 3 } },
    bytes: 321,
  }
}

async function open(path: string): Promise<AuditStore> {
  const secrets = { findSecrets: () => [], isSecretName: () => false }
  const log = { suite, node: NODE, signers: SIGNERS, secrets }
  const keys = [{ ed25519: SIGNERS.ed25519.publicKey, mlDsa44: SIGNERS.mlDsa44.publicKey }]
  const init: AuditStoreInit = {
    directory: path,
    suite,
    secret: new Uint8Array(32).fill(1),
    clock: { wallMs: () => Date.now(), monotonicMs: () => performance.now() },
    stamp: (): Stamp => ({
      boot: BOOT,
      wallUs: Date.now() * 1_000,
      monoUs: Math.floor(performance.now() * 1_000),
    }),
    openLog: ({ frontier, end }) =>
      end === undefined ? AuditLog.empty(log) : AuditLog.resume(log, { frontier, ...end, keys }),
  }
  return AuditStore.open(init)
}

function option(name: string): string | undefined {
  const at = process.argv.indexOf(name)
  return at === -1 ? undefined : process.argv[at + 1]
}
