/**
 * `pnpm bench:audited-calls`: what it costs that every call is written down before it happens, and its end before the
 * answer leaves: two nodes with the same server, of which one writes nothing of calls, called in turns by hosts of two
 * nodes, of which one writes nothing of what its hosts ask. `bare` is recorded by nobody, `owner` by the node of the tool
 * alone, `audited` by both.
 *
 * Options: `--rounds N` (default 5), `--seconds N` (of each round, default 4), `--concurrency N` (that one alone).
 */
import { type ChildProcess, spawn } from 'node:child_process'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { type Client, StreamableHTTPClientTransport } from '@modelcontextprotocol/client'
import { askWarren } from '@warren/demo/warren-process'
import { readyMesh, type ReadyNode, textIn } from '../e2e/support/ready-mesh.ts'
import { measure, median, type Sample, type Variant } from './measure.ts'
import { echoOnce, modernClient } from './variants.ts'
import { offerTrivialServer, serverIsKnown, switchHttpOn } from './warren-variants.ts'

const CONCURRENCIES = [Number(option('--concurrency') ?? 0)].filter((only) => only > 0)
if (CONCURRENCIES.length === 0) CONCURRENCIES.push(1, 16, 128)
/** Who carries the calls of each kind, and who answers them. */
const PATHS = {
  bare: { host: 'silent', server: 'bare' },
  owner: { host: 'silent', server: 'audited' },
  audited: { host: 'host', server: 'audited' },
} as const
const KINDS = ['bare', 'owner', 'audited'] as const
const SERVERS = ['bare', 'audited'] as const
/** The nodes that write of calls. */
const LOGS = ['audited', 'host'] as const
const WARM_UP_MS = 2_000

type Kind = (typeof KINDS)[number]

const rounds = Number(option('--rounds') ?? 5)
const roundMs = Number(option('--seconds') ?? 4) * 1_000

const mesh = await readyMesh({
  names: ['host', 'silent', ...SERVERS],
  prepare: async ({ name, directory }) => {
    if (name === 'host' || name === 'silent') switchHttpOn(directory)
    else await offerTrivialServer(directory, name)
  },
})
const bare = await withoutAudit(mesh.node('bare'))
const silent = await withoutAudit(mesh.node('silent'))
try {
  for (const host of ['host', 'silent']) {
    await serverIsKnown(mesh.node(host).directory, SERVERS.length)
  }
  const pids = [
    bare.pid,
    silent.pid,
    mesh.node('host').daemon.process.pid,
    mesh.node('audited').daemon.process.pid,
  ]
  const variants = new Map<Kind, Variant>()
  for (const kind of KINDS)
    variants.set(
      kind,
      await variantOf(
        kind,
        pids.filter((pid) => pid !== undefined),
      ),
    )
  console.log('concurrency  node       calls/s   p50 ms   p99 ms   CPU ms/call')
  for (const concurrency of CONCURRENCIES) await compare(variants, concurrency)
  for (const variant of variants.values()) await variant.stop()
} finally {
  bare.kill('SIGTERM')
  silent.kill('SIGTERM')
  await mesh.close()
}

/** The node of a directory, started anew as one that writes nothing of calls. */
async function withoutAudit({ directory, daemon }: ReadyNode): Promise<ChildProcess> {
  await daemon.stop()
  const script = join(import.meta.dirname, 'unaudited-node.ts')
  const child = spawn(process.execPath, [script, directory], {
    stdio: ['ignore', 'ignore', 'pipe'],
  })
  for await (const line of createInterface({ input: child.stderr })) {
    if (line.includes('"event":"started"')) break
  }
  child.stderr.resume()
  return child
}

async function variantOf(kind: Kind, pids: readonly number[]): Promise<Variant> {
  const client = await connect(kind)
  return {
    name: kind,
    pids,
    call: async () => echoOnce(client),
    stop: async () => client.close(),
  }
}

async function connect(kind: Kind): Promise<Client> {
  const { host, server } = PATHS[kind]
  const { directory } = mesh.node(host)
  const status = await askWarren(['--dir', directory, 'status'])
  const token = readFileSync(join(directory, 'http-token'), 'utf8').trim()
  const client = modernClient()
  const url = new URL(`${textIn(status, 'http')}/mcp/s/${server}`)
  const headers = { authorization: `Bearer ${token}` }
  await client.connect(new StreamableHTTPClientTransport(url, { requestInit: { headers } }))
  return client
}

/** In turns, so that whatever else the machine does meets both. */
async function compare(variants: ReadonlyMap<Kind, Variant>, concurrency: number): Promise<void> {
  const samples = new Map<Kind, Sample[]>(KINDS.map((kind) => [kind, []]))
  for (const variant of variants.values()) await measure(variant, concurrency, WARM_UP_MS)
  const before = new Map(LOGS.map((name) => [name, linesOfLog(name)]))
  for (let round = 0; round < rounds; round += 1) {
    for (const [kind, variant] of variants) {
      samples.get(kind)?.push(await measure(variant, concurrency, roundMs))
    }
  }
  const medians = new Map(KINDS.map((kind) => [kind, median(samples.get(kind) ?? [])]))
  for (const [kind, sample] of medians) print(concurrency, kind, sample)
  compareTo('bare', 'audited', medians)
  compareTo('owner', 'audited', medians)
  const perBatch = LOGS.map((name) => `${entriesSince(name, before).toFixed(1)} (${name})`)
  console.log(`${' '.repeat(13)}entries under each checkpoint: ${perBatch.join(', ')}`)
}

/** What one kind has of another. */
function compareTo(first: Kind, second: Kind, medians: ReadonlyMap<Kind, Sample>): void {
  const [without, within] = [medians.get(first), medians.get(second)]
  if (without === undefined || within === undefined) return
  const share = (100 * within.callsPerSecond) / without.callsPerSecond
  const moreMs = within.p99Ms - without.p99Ms
  const moreCpuMs = within.cpuMsPerCall - without.cpuMsPerCall
  console.log(
    `${' '.repeat(13)}${second}: ${share.toFixed(1)} % of the calls of ${first}, p99 ${moreMs.toFixed(1)} ms and CPU ${moreCpuMs.toFixed(2)} ms a call more`,
  )
}

interface Lines {
  readonly entries: number
  readonly checkpoints: number
}

function entriesSince(name: string, before: ReadonlyMap<string, Lines>): number {
  const { entries, checkpoints } = linesOfLog(name)
  const then = before.get(name) ?? { entries: 0, checkpoints: 0 }
  return (entries - then.entries) / (checkpoints - then.checkpoints)
}

function linesOfLog(name: string): Lines {
  const directory = join(mesh.node(name).directory, 'audit', 'segments')
  const lines = readdirSync(directory).flatMap((file) =>
    readFileSync(join(directory, file), 'utf8').split('\n').slice(0, -1),
  )
  const checkpoints = lines.filter((line) => line.startsWith('#')).length
  return { entries: lines.length - checkpoints, checkpoints }
}

function print(concurrency: number, kind: Kind, sample: Sample): void {
  const { callsPerSecond, p50Ms, p99Ms, cpuMsPerCall } = sample
  console.log(
    [
      String(concurrency).padStart(11),
      kind.padEnd(8),
      callsPerSecond.toFixed(0).padStart(9),
      p50Ms.toFixed(2).padStart(8),
      p99Ms.toFixed(2).padStart(8),
      cpuMsPerCall.toFixed(2).padStart(13),
    ].join('  '),
  )
}

function option(name: string): string | undefined {
  const at = process.argv.indexOf(name)
  return at === -1 ? undefined : process.argv[at + 1]
}
