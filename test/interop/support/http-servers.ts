import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { createServer as createProbe } from 'node:http'
import type { AddressInfo } from 'node:net'
import { eventually } from '../../../packages/mcp/test/support/test-mesh.ts'
import { EVERYTHING, MODERN_HTTP } from './mcp-relay-transport.ts'

/** A server that listens on loopback; whoever starts it kills it. */
export interface HttpServer {
  readonly url: string
  readonly process: ChildProcess
}

/** The everything server over HTTP, stateful. */
export async function legacyHttpServer(): Promise<HttpServer> {
  const port = await freePort()
  const env = { ...process.env, PORT: String(port) }
  const child = spawn(process.execPath, [EVERYTHING, 'streamableHttp'], { env, stdio: 'ignore' })
  const url = `http://127.0.0.1:${port}/mcp`
  await eventually(() =>
    fetch(url).then(
      () => true,
      () => false,
    ),
  )
  return { url, process: child }
}

/** A server of the newer era over HTTP, stateless. */
export async function modernHttpServer(): Promise<HttpServer> {
  const child = spawn(process.execPath, [MODERN_HTTP], { stdio: ['ignore', 'pipe', 'ignore'] })
  const [port]: Buffer[] = await once(child.stdout, 'data')
  return { url: `http://127.0.0.1:${String(port).trim()}/mcp`, process: child }
}

async function freePort(): Promise<number> {
  const probe = createProbe().listen(0, '127.0.0.1')
  await once(probe, 'listening')
  const { port } = probe.address() as AddressInfo
  probe.close()
  await once(probe, 'close')
  return port
}
