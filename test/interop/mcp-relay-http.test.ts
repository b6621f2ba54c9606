import { Client as ModernClient, StreamableHTTPClientTransport } from '@modelcontextprotocol/client'
import { Client } from '@modelcontextprotocol/sdk/client/index.js'
import { StreamableHTTPClientTransport as LegacyHttp } from '@modelcontextprotocol/sdk/client/streamableHttp.js'
import { CallToolResultSchema, ElicitRequestSchema } from '@modelcontextprotocol/sdk/types.js'
import { type JsonRpcMessage, MESSAGE_LIMITS, openExchange, parseMessage } from '@warren/mcp'
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { createServer as createProbe } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { afterEach, expect, test } from 'vitest'
import { CALLER, eventually, TestMesh } from '../../packages/mcp/test/support/test-mesh.ts'
import {
  type AnyTransport,
  MeshTransport,
  packageFile,
  type Recorded,
  recording,
  settled,
} from './support/mcp-relay-transport.ts'

const EVERYTHING = packageFile('@modelcontextprotocol/server-everything', 'dist/index.js')
const MODERN = join(import.meta.dirname, 'support/mcp-modern-http.ts')

const meshes: TestMesh[] = []
const children: ChildProcess[] = []
afterEach(async () => {
  await Promise.all(meshes.splice(0).map(({ provider }) => provider.stop()))
  for (const child of children.splice(0)) child.kill('SIGKILL')
})

async function freePort(): Promise<number> {
  const probe = createProbe().listen(0, '127.0.0.1')
  await once(probe, 'listening')
  const { port } = probe.address() as AddressInfo
  probe.close()
  await once(probe, 'close')
  return port
}

/** The everything server over HTTP, stateful. */
async function legacyServer(): Promise<string> {
  const port = await freePort()
  const env = { ...process.env, PORT: String(port) }
  const child = spawn(process.execPath, [EVERYTHING, 'streamableHttp'], { env, stdio: 'ignore' })
  children.push(child)
  const url = `http://127.0.0.1:${port}/mcp`
  await eventually(() =>
    fetch(url).then(
      () => true,
      () => false,
    ),
  )
  return url
}

/** A server of the newer era over HTTP, stateless. */
async function modernServer(): Promise<string> {
  const child = spawn(process.execPath, [MODERN], { stdio: ['ignore', 'pipe', 'ignore'] })
  children.push(child)
  const [port]: Buffer[] = await once(child.stdout, 'data')
  return `http://127.0.0.1:${String(port).trim()}/mcp`
}

function meshOf(url: string): TestMesh {
  const mesh = new TestMesh({ servers: [{ transport: 'http', name: 'web', url }] })
  meshes.push(mesh)
  return mesh
}

/** What `fetch` would do, through the mesh: for SDK hosts that speak HTTP themselves. */
function meshFetch(mesh: TestMesh): typeof fetch {
  return async (_url, init = {}) => {
    const { body, method = 'GET', signal } = init
    const message = typeof body === 'string' ? { message: parseMessage(body, MESSAGE_LIMITS) } : {}
    const exchanged = await openExchange(
      mesh.peer('web', CALLER),
      {
        method: method as 'GET' | 'POST' | 'DELETE',
        headers: Object.fromEntries(new Headers(init.headers)),
        ...message,
      },
      { signal: signal ?? new AbortController().signal, components: mesh.components },
    )
    const { status, headers } = exchanged
    const empty = status === 202 || status === 204 || status === 304
    const stream = empty ? null : ReadableStream.from(exchanged.body)
    return new Response(stream as never, { status, headers })
  }
}

async function legacySession(transport: AnyTransport): Promise<Recorded> {
  const recorder = recording(transport)
  const client = new Client(
    { name: 'host', version: '1' },
    { capabilities: { elicitation: { form: {} } } },
  )
  client.setRequestHandler(ElicitRequestSchema, () => ({
    action: 'accept',
    content: { name: 'Ada' },
  }))
  await client.connect(recorder as never)
  const call = (name: string, args: object = {}, options: object = {}): Promise<unknown> => {
    const params = { name, arguments: { ...args } }
    return client.request({ method: 'tools/call', params }, CallToolResultSchema, options)
  }
  await client.listTools()
  await call('echo', { message: 'hello' })
  await call('get-structured-content', { location: 'Chicago' })
  await call('trigger-elicitation-request')
  const onprogress = (): void => {}
  await call('trigger-long-running-operation', { duration: 0.1, steps: 3 }, { onprogress })
  await client.readResource({ uri: 'demo://resource/dynamic/text/1' })
  await expect(client.readResource({ uri: 'demo://none' })).rejects.toThrow('not found')
  await client.close()
  return recorder.recorded
}

async function modernSession(transport: AnyTransport): Promise<Recorded> {
  const recorder = recording(transport)
  const client = new ModernClient(
    { name: 'host', version: '1' },
    {
      capabilities: { elicitation: { form: {} } },
      versionNegotiation: { mode: { pin: '2026-07-28' } },
    },
  )
  client.setRequestHandler('elicitation/create', () => ({
    action: 'accept',
    content: { confirm: true },
  }))
  await client.connect(recorder as never)
  await client.listTools()
  await client.callTool({ name: 'echo', arguments: { text: 'gr\u00fc\u00dfe' } })
  await client.callTool({ name: 'deploy', arguments: { env: 'prod' } })
  const onprogress = (): void => {}
  await client.callTool({ name: 'count', arguments: { n: 3, pauseMs: 5 } }, { onprogress })
  await expect(client.callTool({ name: 'none', arguments: {} })).rejects.toThrow(
    'Tool none not found',
  )
  await client.close()
  return recorder.recorded
}

/** Notes of a request and messages of the session travel on streams of their own: only each kind's order is kept. */
function byKind({ sent, received }: Recorded): unknown {
  const methodOf = ({ method }: JsonRpcMessage): string =>
    typeof method === 'string' ? method : ''
  const keyed = (messages: readonly unknown[]): unknown =>
    (settled(messages) as JsonRpcMessage[]).toSorted((a, b) =>
      methodOf(a).localeCompare(methodOf(b)),
    )
  return { sent: keyed(sent), received: keyed(received) }
}

test(
  'a stateful session over HTTP is the same by exchanges and by messages',
  { tags: ['MCP-23', 'MCP-26'] },
  async () => {
    const url = await legacyServer()
    const direct = await legacySession(new LegacyHttp(new URL(url)))
    const exchanged = await legacySession(
      new LegacyHttp(new URL(url), { fetch: meshFetch(meshOf(url)) }),
    )
    const messages = await legacySession(new MeshTransport(meshOf(url), 'web'))
    expect(direct.received.length).toBeGreaterThan(9)
    expect(byKind(exchanged)).toEqual(byKind(direct))
    expect(byKind(messages)).toEqual(byKind(direct))
  },
)

test(
  'a stateless session over HTTP is the same by exchanges and by messages',
  { tags: ['MCP-23', 'MCP-26'] },
  async () => {
    const url = await modernServer()
    const direct = await modernSession(new StreamableHTTPClientTransport(new URL(url)))
    const fetched = { fetch: meshFetch(meshOf(url)) as never }
    const exchanged = await modernSession(new StreamableHTTPClientTransport(new URL(url), fetched))
    const messages = await modernSession(new MeshTransport(meshOf(url), 'web'))
    expect(direct.received.length).toBeGreaterThan(6)
    expect(byKind(exchanged)).toEqual(byKind(direct))
    expect(byKind(messages)).toEqual(byKind(direct))
  },
)
