/**
 * `pnpm bench:audited-calls`: what it costs that every call is written down before it happens, and its end before the
 * answer leaves: two nodes with the same server, of which one writes nothing of calls, called in turns by the same host.
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
const KINDS = ['bare', 'audited'] as const
const WARM_UP_MS = 2_000

type Kind = (typeof KINDS)[number]

const rounds = Number(option('--rounds') ?? 5)
const roundMs = Number(option('--seconds') ?? 4) * 1_000

const mesh = await readyMesh({
  names: ['host', ...KINDS],
  prepare: async ({ name, directory }) => {
    if (name === 'host') switchHttpOn(directory)
    else await offerTrivialServer(directory, name)
  },
})
const bare = await withoutAudit(mesh.node('bare'))
try {
  await serverIsKnown(mesh.node('host').directory, KINDS.length)
  const pids = [
    bare.pid,
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

async function connect(server: string): Promise<Client> {
  const { directory } = mesh.node('host')
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
  const before = linesOfLog()
  for (let round = 0; round < rounds; round += 1) {
    for (const [kind, variant] of variants) {
      samples.get(kind)?.push(await measure(variant, concurrency, roundMs))
    }
  }
  const [without, within] = KINDS.map((kind) => median(samples.get(kind) ?? []))
  if (without === undefined || within === undefined) return
  print(concurrency, 'bare', without)
  print(concurrency, 'audited', within)
  const share = (100 * within.callsPerSecond) / without.callsPerSecond
  const moreMs = within.p99Ms - without.p99Ms
  console.log(
    `${' '.repeat(13)}audited: ${share.toFixed(1)} % of the calls, p99 ${moreMs.toFixed(1)} ms more; ${entriesSince(before).toFixed(1)} entries under each checkpoint`,
  )
}

interface Lines {
  readonly entries: number
  readonly checkpoints: number
}

function entriesSince(before: Lines): number {
  const { entries, checkpoints } = linesOfLog()
  return (entries - before.entries) / (checkpoints - before.checkpoints)
}

function linesOfLog(): Lines {
  const directory = join(mesh.node('audited').directory, 'audit', 'segments')
  const lines = readdirSync(directory).flatMap((name) =>
    readFileSync(join(directory, name), 'utf8').split('\n').slice(0, -1),
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
