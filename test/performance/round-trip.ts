import { readFileSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { Client } from '@modelcontextprotocol/client'
import { StdioClientTransport } from '@modelcontextprotocol/client/stdio'
import { WARREN_ENTRY } from '@warren/demo/warren-process'
import { readyMesh } from '../e2e/support/ready-mesh.ts'
import { startDelayRelay } from './delay-relay.ts'
import { echoRoundTripMs } from './echo-round-trip.ts'
import { measure } from './measure.ts'
import { echoOnce } from './variants.ts'
import { offerTrivialServer, serverIsKnown } from './warren-variants.ts'

const DELAY_MS = 10
const DURATION_MS = 4000
const WARM_UP_MS = 1500
/** How long a host thinks between two calls; every process on the way has then gone to sleep. */
const THINKING_MS = 60

/** Latency of a call at an injected round trip. */
export interface RoundTrip {
  /** What was asked for. */
  readonly injectedMs: number
  /** What a byte took there and back, measured in the same run. */
  readonly roundTripMs: number
  /** One call after the other. */
  readonly p50Ms: number
  readonly p99Ms: number
  /** Calls after a pause. */
  readonly restedP50Ms: number
}

/**
 * Latency when the nodes reach each other only through a relay that holds every byte back.
 *
 * The node with the tool announces the relay's address alone, and LAN discovery is off, so that the
 * only connection is the one through the relay.
 */
export async function measureRoundTrip(): Promise<RoundTrip> {
  const port = await freePort()
  const relay = await startDelayRelay(port, DELAY_MS)
  const mesh = await readyMesh({
    names: ['tool', 'host'],
    listen: (name) => (name === 'tool' ? `/ip4/127.0.0.1/tcp/${port}` : '/ip4/127.0.0.1/tcp/0'),
    prepare: async ({ name, directory }) => {
      const file = join(directory, 'warren.yaml')
      const announced = name === 'tool' ? relay.port : 1
      const text = readFileSync(file, 'utf8').replace('lan: true', 'lan: false')
      writeFileSync(file, `${text}\nannounce: ['/ip4/127.0.0.1/tcp/${announced}']\n`)
      if (name === 'tool') await offerTrivialServer(directory)
    },
  })
  const { directory } = mesh.node('host')
  await serverIsKnown(directory)
  const client = new Client({ name: 'bench', version: '1.0.0' })
  await client.connect(
    new StdioClientTransport({
      command: process.execPath,
      args: [WARREN_ENTRY, '--dir', directory, 'connect', 'trivial'],
    }),
  )
  try {
    const calls = {
      name: 'round trip',
      pids: [],
      call: () => echoOnce(client),
      stop: () => Promise.resolve(),
    }
    await measure(calls, 1, WARM_UP_MS)
    const { p50Ms, p99Ms } = await measure(calls, 1, DURATION_MS)
    return {
      injectedMs: 2 * DELAY_MS,
      roundTripMs: await echoRoundTripMs(DELAY_MS),
      p50Ms,
      p99Ms,
      restedP50Ms: await rested(client),
    }
  } finally {
    await client.close()
    await mesh.close()
    relay.stop()
  }
}

/** The median of calls that come after a pause each. */
async function rested(client: Client): Promise<number> {
  const latencies: number[] = []
  const until = performance.now() + DURATION_MS
  while (performance.now() < until) {
    await new Promise((resolve) => setTimeout(resolve, THINKING_MS))
    const from = performance.now()
    await echoOnce(client)
    latencies.push(performance.now() - from)
  }
  return latencies.toSorted((a, b) => a - b)[latencies.length >> 1] ?? Number.NaN
}

function freePort(): Promise<number> {
  const { promise, resolve } = Promise.withResolvers<number>()
  const server = createServer().listen(0, '127.0.0.1', () => {
    const address = server.address()
    server.close(() => resolve(typeof address === 'object' && address !== null ? address.port : 0))
  })
  return promise
}
