import { type ChildProcess, execFile, spawn } from 'node:child_process'
import { createHash, randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { createServer, request as httpRequest, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import {
  AggregateEndpoint,
  type Catalog,
  type Endpoint,
  HttpEntry,
  peerEndpoint,
} from '@warren/mcp'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { TestMesh } from '../../packages/mcp/test/support/test-mesh.ts'
import { packageFile } from './support/mcp-relay-transport.ts'

const SUITE = packageFile('@modelcontextprotocol/conformance', 'dist/index.js')
const SERVER = join(import.meta.dirname, 'support/conformance-server.ts')
const TOKEN = randomBytes(32).toString('base64url')
const TIMEOUT_MS = 120_000

const run = promisify(execFile)
const random = { randomBytes: (length: number) => new Uint8Array(randomBytes(length)) }
const sha256 = (bytes: Uint8Array): Uint8Array =>
  new Uint8Array(createHash('sha256').update(bytes).digest())
const logger = { log: () => {} }

let direct: ChildProcess
let directPort: number
let mesh: TestMesh
let entry: HttpEntry
let tokens: Server
let directory: string

beforeAll(async () => {
  directory = mkdtempSync(join(tmpdir(), 'warren-conformance-'))
  direct = spawn(process.execPath, [SERVER, 'http', '0'], { stdio: ['ignore', 'pipe', 'inherit'] })
  const [line] = direct.stdout === null ? [] : await once(direct.stdout, 'data')
  directPort = Number(String(line))
  mesh = new TestMesh({
    servers: [
      { transport: 'stdio', name: 'stdio', command: process.execPath, args: [SERVER, 'stdio'] },
      { transport: 'http', name: 'http', url: `http://127.0.0.1:${directPort}/mcp` },
    ],
  })
  const endpoints = new Map<string, Endpoint>(
    (['stdio', 'http'] as const).map((transport) => {
      const { components } = mesh
      return [
        transport,
        peerEndpoint({ peer: mesh.peer(transport), transport, random, components }),
      ]
    }),
  )
  const catalog: Catalog = {
    servers: () => [],
    endpoint: (alias) => endpoints.get(alias),
    onChange: () => () => {},
  }
  const aggregate = new AggregateEndpoint(
    { serverInfo: { name: 'warren', version: '0' } },
    { catalog, sha256, logger },
  )
  entry = new HttpEntry(
    { port: 0, tokens: [TOKEN] },
    { catalog, aggregate, random, sha256, logger, readiness: () => ({ ready: true, reasons: [] }) },
  )
  await entry.start()
  tokens = await withToken(entry.port)
}, TIMEOUT_MS)

afterAll(async () => {
  tokens.closeAllConnections()
  tokens.close()
  await entry.stop()
  await mesh.provider.stop()
  direct.kill()
  rmSync(directory, { recursive: true })
})

/** The suite cannot send a token, so this adds it; nothing else of a request is changed but the port of its host. */
async function withToken(port: number): Promise<Server> {
  const server = createServer((request, response) => {
    const own = String((server.address() as AddressInfo).port)
    const headers = { ...request.headers, authorization: `Bearer ${TOKEN}` }
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

interface Outcome {
  readonly passed: readonly string[]
  readonly failed: readonly string[]
}

/** Runs the official suite against a server and gives the names of its scenarios. */
async function conformance(url: string): Promise<Outcome> {
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

const throughMesh = (alias: string): Promise<Outcome> =>
  conformance(`http://localhost:${(tokens.address() as AddressInfo).port}/mcp/s/${alias}`)

test(
  'the official suite says the same of a server directly and through the mesh, for HTTP and for stdio',
  { tags: ['MCP-38', 'MCP-40', 'MCP-44'], timeout: TIMEOUT_MS },
  async () => {
    const directly = await conformance(`http://localhost:${directPort}/mcp`)
    expect(directly.passed.length).toBeGreaterThan(25)
    // A server without Host and Origin checks gets them by being in the mesh.
    expect(directly.failed).toEqual(['dns-rebinding-protection'])
    const everything = [...directly.passed, 'dns-rebinding-protection'].toSorted()
    expect(await throughMesh('http')).toEqual({ passed: everything, failed: [] })
    expect(await throughMesh('stdio')).toEqual({ passed: everything, failed: [] })
  },
)
