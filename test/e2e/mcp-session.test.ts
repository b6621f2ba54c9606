import { StdioClientTransport } from '@modelcontextprotocol/sdk/client/stdio.js'
import { StreamableHTTPClientTransport as LegacyHttp } from '@modelcontextprotocol/sdk/client/streamableHttp.js'
import { StreamableHTTPClientTransport } from '@modelcontextprotocol/client'
import type { JsonObject } from '@warren/core'
import type { Launch } from '@warren/demo/warren-process'
import { mkdtempSync, rmSync } from 'node:fs'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest'
import { conformance, type Outcome, withToken } from '../interop/support/conformance-suite.ts'
import { byKind, legacyHttpSession, modernHttpSession } from '../interop/support/http-hosts.ts'
import {
  everything,
  legacyHost,
  readFolder,
  rememberAndForget,
} from '../interop/support/legacy-host.ts'
import {
  type AnyTransport,
  ENVIRONMENT,
  EVERYTHING,
  FILESYSTEM,
  inLanes,
  MEMORY,
  MODERN_STDIO,
  settled,
} from '../interop/support/mcp-relay-transport.ts'
import {
  comparable,
  DirectStdio,
  fallBack,
  modernHost,
  modernSession,
} from '../interop/support/modern-host.ts'
import {
  connectCommand,
  legacyConnect,
  legacyHttp,
  modernConnect,
  modernHttp,
} from './support/mesh-hosts.ts'
import { RawHost } from './support/raw-host.ts'
import { SCRIPT_SERVER, type SessionMesh, sessionMesh } from './support/session-mesh.ts'

const SETUP_MS = 120_000

let mesh: SessionMesh

beforeAll(async () => {
  mesh = await sessionMesh()
}, SETUP_MS)

afterAll(async () => {
  await mesh?.close()
})

/** The same program, started by the host itself. */
function direct(program: readonly string[]): AnyTransport {
  const command = process.execPath
  const env = { ...ENVIRONMENT }
  return new StdioClientTransport({ command, args: [...program], env, stderr: 'ignore' })
}

function directModern(program: readonly string[]): DirectStdio {
  const command = process.execPath
  const env = { ...ENVIRONMENT }
  return new DirectStdio({ command, args: [...program], env, stderr: 'ignore' })
}

test(
  'a whole session of the SDK v1 is the same through two nodes, message for message',
  { tags: ['MCP-26'] },
  async () => {
    const [alone, across] = await Promise.all([
      legacyHost(direct([EVERYTHING, 'stdio']), everything),
      legacyHost(legacyConnect(mesh.desk, 'everything'), everything),
    ])
    expect(alone.received.length).toBeGreaterThan(40)
    expect(settled(across.sent)).toEqual(settled(alone.sent))
    expect(settled(across.received)).toEqual(settled(alone.received))
  },
)

test.for([
  {
    server: 'files',
    program: () => [FILESYSTEM, mesh.folder],
    script: () => readFolder(mesh.folder),
  },
  { server: 'memory', program: () => [MEMORY], script: () => rememberAndForget },
] as const)(
  'a session with the server "$server" is the same through two nodes',
  { tags: ['MCP-26'] },
  async ({ server, program, script }) => {
    const alone = await legacyHost(direct(program()), script())
    const across = await legacyHost(legacyConnect(mesh.desk, server), script())
    expect(alone.received.length).toBeGreaterThan(4)
    expect(inLanes(across.sent)).toEqual(inLanes(alone.sent))
    expect(inLanes(across.received)).toEqual(inLanes(alone.received))
  },
)

test.for([{ mode: 'legacy' }, { mode: 'auto' }, { mode: { pin: '2026-07-28' } }] as const)(
  'a session of the SDK v2 is the same through two nodes: $mode',
  { tags: ['MCP-26'] },
  async ({ mode }) => {
    const alone = await modernHost(directModern([MODERN_STDIO]), mode, modernSession)
    const across = await modernHost(modernConnect(mesh.desk, 'modern'), mode, modernSession)
    expect(alone.received.length).toBeGreaterThan(8)
    expect(comparable(across)).toEqual(comparable(alone))
  },
)

test(
  'a host that would speak the newer era falls back the same way through two nodes',
  { tags: ['MCP-26'] },
  async () => {
    const alone = await modernHost(directModern([EVERYTHING, 'stdio']), 'auto', fallBack)
    const across = await modernHost(modernConnect(mesh.desk, 'everything'), 'auto', fallBack)
    expect(comparable(across)).toEqual(comparable(alone))
  },
)

test(
  'a stateful session over HTTP is the same through two nodes, with a server on HTTP or on standard streams',
  { tags: ['MCP-26', 'MCP-44'] },
  async () => {
    const alone = await legacyHttpSession(new LegacyHttp(new URL(mesh.urls['old-web'])))
    expect(alone.received.length).toBeGreaterThan(9)
    for (const transport of [
      legacyHttp(mesh.door, 'old-web'),
      legacyConnect(mesh.desk, 'old-web'),
    ]) {
      expect(byKind(await legacyHttpSession(transport))).toEqual(byKind(alone))
    }
    const program = await legacyHttpSession(direct([EVERYTHING, 'stdio']))
    expect(byKind(await legacyHttpSession(legacyHttp(mesh.door, 'everything')))).toEqual(
      byKind(program),
    )
  },
)

test(
  'a stateless session over HTTP is the same through two nodes, with a server on HTTP or on standard streams',
  { tags: ['MCP-26', 'MCP-44'] },
  async () => {
    const alone = await modernHttpSession(
      new StreamableHTTPClientTransport(new URL(mesh.urls['new-web'])),
    )
    expect(alone.received.length).toBeGreaterThan(6)
    for (const transport of [
      modernHttp(mesh.door, 'new-web'),
      modernConnect(mesh.desk, 'new-web'),
    ]) {
      expect(byKind(await modernHttpSession(transport))).toEqual(byKind(alone))
    }
    const program = await modernHttpSession(directModern([MODERN_STDIO]))
    expect(byKind(await modernHttpSession(modernHttp(mesh.door, 'modern')))).toEqual(
      byKind(program),
    )
  },
)

/** A session that no SDK would make: unknown methods and unknown members at every level, in both directions. */
async function strangeSession(command: Launch): Promise<readonly JsonObject[]> {
  const host = RawHost.start(command)
  await host.initialize()
  host.say({ jsonrpc: '2.0', method: 'notifications/x-vendor', params: { kept: [{}] }, 'x-top': 1 })
  const params = {
    'x-1': { deep: [1.5, { 'x-2': '\u00fc \u{1f600}' }, null, true] },
    _meta: { a: 1 },
  }
  host.say({ jsonrpc: '2.0', id: 'text-id', method: 'test/echo', params, 'x-top': { a: [] } })
  await host.hears(({ id }) => id === 'text-id')
  await host.ask(2, 'x-vendor/unknown', { a: 1 })
  await host.ask(3, 'test/progress', { count: 3, _meta: { progressToken: 'token' } })
  await host.ask(4, 'test/log', { count: 3 })
  host.say({ jsonrpc: '2.0', id: 5, method: 'test/ask', params: { method: 'x-vendor/ask' } })
  const { id = null } = await host.hears(({ method }) => method === 'x-vendor/ask')
  const error = { code: -1, message: 'no', data: { 'x-3': 3 }, 'x-4': 4 }
  host.say({ jsonrpc: '2.0', id, error, 'x-top': 'answer' })
  await host.hears((message) => message['id'] === 5 && message['method'] === undefined)
  await host.ask(6, 'test/seen')
  await host.leave()
  return host.heard
}

test(
  'what nobody knows passes two nodes as it is, in both directions',
  { tags: ['MCP-1', 'MCP-26'] },
  async () => {
    const alone = await strangeSession([process.execPath, SCRIPT_SERVER])
    const across = await strangeSession(connectCommand(mesh.desk, 'script'))
    expect(alone.length).toBeGreaterThan(12)
    expect(across).toEqual(alone)
  },
)

test(
  'the official suite says the same of a server directly and through two nodes',
  { tags: ['MCP-38', 'MCP-40', 'MCP-44'], timeout: SETUP_MS },
  async () => {
    const { door, urls } = mesh
    const tokens = await withToken(door.port, door.token)
    onTestFinished(() => {
      tokens.closeAllConnections()
      tokens.close()
    })
    const { port } = tokens.address() as AddressInfo
    const across = `http://localhost:${port}/mcp/s`
    const [directly, ...relayed] = await Promise.all(
      [urls['conformance-web'], `${across}/conformance-web`, `${across}/conformance`].map(
        suiteSays,
      ),
    )
    expect(directly?.passed.length).toBeGreaterThan(25)
    // A server without Host and Origin checks gets them by being in the mesh.
    expect(directly?.failed).toEqual(['dns-rebinding-protection'])
    const everyName = [...(directly?.passed ?? []), 'dns-rebinding-protection'].toSorted()
    expect(relayed).toEqual([
      { passed: everyName, failed: [] },
      { passed: everyName, failed: [] },
    ])
  },
)

/** Runs the suite in a directory of its own, since it writes its results where it stands. */
async function suiteSays(url: string): Promise<Outcome> {
  const directory = mkdtempSync(join(tmpdir(), 'warren-conformance-'))
  try {
    return await conformance(url, directory)
  } finally {
    rmSync(directory, { recursive: true })
  }
}
