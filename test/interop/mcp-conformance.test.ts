import { createHash, randomBytes } from 'node:crypto'
import { mkdtempSync, rmSync } from 'node:fs'
import type { Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import {
  AggregateEndpoint,
  type Catalog,
  type Endpoint,
  HttpEntry,
  peerEndpoint,
} from '@warren/mcp'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { TestMesh } from '../../packages/mcp/test/support/test-mesh.ts'
import {
  CONFORMANCE_SERVER,
  conformance,
  conformanceHttpServer,
  type Outcome,
  withToken,
} from './support/conformance-suite.ts'

const TOKEN = randomBytes(32).toString('base64url')
const TIMEOUT_MS = 120_000

const random = { randomBytes: (length: number) => new Uint8Array(randomBytes(length)) }
const sha256 = (bytes: Uint8Array): Uint8Array =>
  new Uint8Array(createHash('sha256').update(bytes).digest())
const logger = { log: () => {} }

let direct: Awaited<ReturnType<typeof conformanceHttpServer>>
let mesh: TestMesh
let entry: HttpEntry
let tokens: Server
let directory: string

beforeAll(async () => {
  directory = mkdtempSync(join(tmpdir(), 'warren-conformance-'))
  direct = await conformanceHttpServer()
  mesh = new TestMesh({
    servers: [
      {
        transport: 'stdio',
        name: 'stdio',
        command: process.execPath,
        args: [CONFORMANCE_SERVER, 'stdio'],
      },
      { transport: 'http', name: 'http', url: direct.url },
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
  tokens = await withToken(entry.port, TOKEN)
}, TIMEOUT_MS)

afterAll(async () => {
  tokens.closeAllConnections()
  tokens.close()
  await entry.stop()
  await mesh.provider.stop()
  direct.process.kill()
  rmSync(directory, { recursive: true })
})

const throughMesh = (alias: string): Promise<Outcome> =>
  conformance(
    `http://localhost:${(tokens.address() as AddressInfo).port}/mcp/s/${alias}`,
    directory,
  )

test(
  'the official suite says the same of a server directly and through the mesh, for HTTP and for stdio',
  { tags: ['MCP-38', 'MCP-40', 'MCP-44'], timeout: TIMEOUT_MS },
  async () => {
    const directly = await conformance(direct.url, directory)
    expect(directly.passed.length).toBeGreaterThan(25)
    // A server without Host and Origin checks gets them by being in the mesh.
    expect(directly.failed).toEqual(['dns-rebinding-protection'])
    const everything = [...directly.passed, 'dns-rebinding-protection'].toSorted()
    expect(await throughMesh('http')).toEqual({ passed: everything, failed: [] })
    expect(await throughMesh('stdio')).toEqual({ passed: everything, failed: [] })
  },
)
