/**
 * `pnpm bench:revocation`: how long after an administrator's command each node refuses a revoked member.
 *
 * All nodes share this one process and its one thread, so every node waits for the work of all others: what is
 * shown is an upper bound for nodes with a processor each. Beside it gossip alone, on the same connections.
 * Options: `--nodes 50 --nodes 100`, `--rounds 20`, `--witnesses 3`, `--topology ring|full`, `--rest 20` (seconds at rest that are measured).
 */
import { cpus } from 'node:os'
import { setTimeout as delay } from 'node:timers/promises'
import { parseArgs } from 'node:util'
import type { Did } from '@warren/identity'
import { BenchMesh, type Topology } from './revocation-mesh.ts'
import type { BenchNode } from './revocation-node.ts'

const { values } = parseArgs({
  options: {
    nodes: { type: 'string', multiple: true, default: ['50', '100'] },
    topology: { type: 'string', multiple: true, default: ['ring', 'full'] },
    rounds: { type: 'string', default: '20' },
    witnesses: { type: 'string', default: '3' },
    rest: { type: 'string', default: '20' },
  },
})
const ROUNDS = Number(values.rounds)
const REST_MS = Number(values.rest) * 1000
const WARM_UPS = 3
const CALLERS = 3
/** Between two calls of one node to another: more of them would keep the one thread of all nodes busy. */
const CALL_PAUSE_MS = 20
const HEARD_MS_MAX = 15_000
/**
 * What a round leaves behind is over by then: witnesses speak a second later, and what they say has to be taken up by all
 * nodes on the one thread that they share here, which takes seconds where there are a hundred.
 */
const PAUSE_MS = 8_000

const TOPOLOGIES: Readonly<Record<string, Topology>> = {
  ring: 'ring and random',
  full: 'full mesh',
}

console.log(
  `Node ${process.versions.node}, ${cpus().length} × ${cpus()[0]?.model ?? '?'}; all nodes in one process`,
)
for (const count of values.nodes.map(Number)) {
  for (const name of values.topology) await measure(count, TOPOLOGIES[name] ?? 'full mesh')
}

async function measure(nodes: number, topology: Topology): Promise<void> {
  const startedMs = performance.now()
  const mesh = await BenchMesh.start({
    nodes,
    topology,
    witnesses: Number(values.witnesses),
    canaries: 2 * (ROUNDS + WARM_UPS),
  })
  const links = mesh.nodes.reduce((sum, node) => sum + node.network.peers().length, 0)
  console.log(
    `\n${nodes} nodes, ${topology}: ${(links / nodes).toFixed(1)} neighbours each, connected after ${seconds(performance.now() - startedMs)} s`,
  )
  await untilFresh(mesh)
  await atRest(mesh)
  const canaries = [...mesh.canaries]
  console.log(
    'from the submission until each node refuses        p50 ms    p99 ms  worst ms    never',
  )
  await rounds(mesh, canaries.splice(0, WARM_UPS))
  show('Warren', await rounds(mesh, canaries.splice(0, ROUNDS)))
  mesh.exchange(false)
  await delay(PAUSE_MS)
  await rounds(mesh, canaries.splice(0, WARM_UPS))
  show('gossip alone, same connections', await rounds(mesh, canaries))
  mesh.exchange(true)
  await delay(PAUSE_MS)
  await callers(mesh)
  await mesh.stop()
}

interface Samples {
  /** From the moment at which the command began. */
  readonly begun: number[]
  /** From the moment at which the command was told that the record is durable and on its way. */
  readonly told: number[]
  /** The last node of each round, from the moment at which the command began. */
  readonly last: number[]
  never: number
  cpuMs: number
}

async function rounds(mesh: BenchMesh, dids: readonly Did[]): Promise<Samples> {
  const samples: Samples = { begun: [], told: [], last: [], never: 0, cpuMs: 0 }
  const before = process.cpuUsage()
  for (const [round, did] of dids.entries()) {
    const origin = mesh.nodes[(round * 37) % mesh.nodes.length]
    if (origin !== undefined) await oneRound(mesh, { origin, did, samples })
    await delay(PAUSE_MS)
  }
  const { user, system } = process.cpuUsage(before)
  samples.cpuMs = (user + system) / 1000 / mesh.nodes.length / dids.length
  return samples
}

async function oneRound(
  mesh: BenchMesh,
  { origin, did, samples }: { origin: BenchNode; did: Did; samples: Samples },
): Promise<void> {
  const text = mesh.revocationOf(did)
  if (mesh.nodes.some((node) => !node.isMember(did))) throw new Error('it was no member before')
  const begunMs = performance.now()
  await origin.submit(text)
  const toldMs = performance.now()
  const others = mesh.nodes.filter((node) => node !== origin)
  while (
    others.some((node) => !node.refusedMs.has(did)) &&
    performance.now() < toldMs + HEARD_MS_MAX
  ) {
    await delay(5)
  }
  samples.last.push(Math.max(...others.map(({ refusedMs }) => refusedMs.get(did) ?? 0)) - begunMs)
  for (const { refusedMs } of others) {
    const atMs = refusedMs.get(did)
    if (atMs === undefined) samples.never += 1
    else {
      samples.begun.push(atMs - begunMs)
      samples.told.push(Math.max(0, atMs - toldMs))
    }
  }
}

/** Revokes nodes of the mesh, one after the other, and has each try to call the others again and again. */
async function callers(mesh: BenchMesh): Promise<void> {
  const last: number[] = []
  for (let at = 0; at < CALLERS; at += 1) {
    const [origin, revoked] = [mesh.nodes[at], mesh.nodes.at(-1 - at)]
    if (origin === undefined || revoked === undefined) continue
    const callees = revoked.network.peers().map(({ did }) => did)
    await origin.submit(mesh.revocationOf(revoked.did))
    const toldMs = performance.now()
    const ends = await Promise.all(callees.map((did) => lastCall(revoked, did, toldMs)))
    last.push(...ends)
    await delay(PAUSE_MS)
  }
  const worst = Math.max(...last)
  console.log(
    `${CALLERS} nodes revoked, each calling all its neighbours again and again: the last call that opened, ${worst.toFixed(0)} ms after the submission`,
  )
}

/** When the last call to a member could be opened. */
async function lastCall({ network }: BenchNode, did: string, toldMs: number): Promise<number> {
  let openedMs = 0
  for (;;) {
    try {
      await delay(CALL_PAUSE_MS)
      const call = await network.openCall(did, AbortSignal.timeout(1_000))
      openedMs = performance.now() - toldMs
      call.abort(new Error('that it opened is all that is asked'))
    } catch {
      // Refused, or cut in the middle of it.
      return openedMs
    }
  }
}

async function untilFresh(mesh: BenchMesh): Promise<void> {
  const fromMs = performance.now()
  while (mesh.nodes.some((node) => !node.isFresh())) {
    if (performance.now() > fromMs + 120_000) {
      const stale = mesh.nodes.filter((node) => !node.isFresh()).length
      console.log(`${stale} nodes are not fresh after two minutes`)
      return
    }
    await delay(100)
  }
  console.log(`all fresh ${seconds(performance.now() - fromMs)} s later`)
}

async function atRest({ nodes }: BenchMesh): Promise<void> {
  if (REST_MS === 0) return
  await delay(PAUSE_MS)
  const before = process.cpuUsage()
  const fromMs = performance.now()
  await delay(REST_MS)
  const { user, system } = process.cpuUsage(before)
  const share = (user + system) / 1000 / (performance.now() - fromMs) / nodes.length
  const bytes = process.memoryUsage().rss / nodes.length
  console.log(
    `at rest: ${(100 * share).toFixed(3)} % of one processor and ${(bytes / 1_048_576).toFixed(1)} MiB for each node`,
  )
}

function show(name: string, { begun, told, last, never, cpuMs }: Samples): void {
  const row = (label: string, column: readonly number[]): void => {
    const sorted = column.toSorted((a, b) => a - b)
    const cells = [quantile(sorted, 0.5), quantile(sorted, 0.99), sorted.at(-1) ?? Number.NaN]
    console.log(
      label.padEnd(46) +
        cells.map((ms) => ms.toFixed(1).padStart(10)).join('') +
        String(never).padStart(9),
    )
  }
  row(`${name}, after the command was told`, told)
  row(`${name}, after it began`, begun)
  console.log(`  last node of each round after ${last.map((ms) => ms.toFixed(0)).join(', ')} ms`)
  console.log(
    `  ${cpuMs.toFixed(1)} ms of a processor for each node and round, ${PAUSE_MS} ms of rest with it`,
  )
}

function quantile(sorted: readonly number[], fraction: number): number {
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * fraction))] ?? Number.NaN
}

function seconds(ms: number): string {
  return (ms / 1000).toFixed(1)
}
