import { type ChildProcess, execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { createServer, request as httpRequest, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { packageFile } from './mcp-relay-transport.ts'

const SUITE = packageFile('@modelcontextprotocol/conformance', 'dist/index.js')
const run = promisify(execFile)

/** The server that the suite expects to test. */
export const CONFORMANCE_SERVER: string = join(import.meta.dirname, 'conformance-server.ts')

/** Starts that server behind HTTP. */
export async function conformanceHttpServer(): Promise<{
  readonly process: ChildProcess
  readonly url: string
}> {
  const args = [CONFORMANCE_SERVER, 'http', '0']
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] })
  const [port]: Buffer[] = await once(child.stdout, 'data')
  return { process: child, url: `http://localhost:${String(port).trim()}/mcp` }
}

/** The suite cannot send a token, so this adds it; nothing else of a request is changed but the port of its host. */
export async function withToken(port: number, token: string): Promise<Server> {
  const server = createServer((request, response) => {
    const own = String((server.address() as AddressInfo).port)
    const headers = { ...request.headers, authorization: `Bearer ${token}` }
    if (headers.host !== undefined) headers.host = headers.host.replace(own, String(port))
    const onward = httpRequest(
      { host: '127.0.0.1', port, path: request.url, method: request.method, headers },
      (answer) => {
        response.writeHead(answer.statusCode ?? 502, answer.headers)
        response.flushHeaders()
        answer.pipe(response)
        response.on('close', () => answer.destroy())
      },
    )
    onward.on('error', () => response.destroy())
    request.pipe(onward)
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return server
}

/** Names of scenarios. */
export interface Outcome {
  readonly passed: readonly string[]
  readonly failed: readonly string[]
}

/** Runs the official suite against a server; it writes its results into the directory. */
export async function conformance(url: string, directory: string): Promise<Outcome> {
  const ran = run(process.execPath, [SUITE, 'server', '--url', url], {
    cwd: directory,
    maxBuffer: 64 * 1024 * 1024,
  })
  // The suite exits with 1 when a scenario fails; what it printed is the answer all the same.
  const { stdout } = await ran.catch((error: unknown) => error as { stdout: string })
  const named = (mark: string): string[] =>
    [...stdout.matchAll(new RegExp(`^${mark} ([a-z0-9-]+):`, 'gm'))]
      .map(([, name = '']) => name)
      .toSorted()
  return { passed: named('✓'), failed: named('✗') }
}
