import { StreamableHTTPClientTransport } from '@modelcontextprotocol/client'
import { StreamableHTTPClientTransport as LegacyHttp } from '@modelcontextprotocol/sdk/client/streamableHttp.js'
import { MESSAGE_LIMITS, openExchange, parseMessage } from '@warren/mcp'
import type { ChildProcess } from 'node:child_process'
import { afterEach, expect, test } from 'vitest'
import { CALLER, TestMesh } from '../../packages/mcp/test/support/test-mesh.ts'
import { byKind, legacyHttpSession, modernHttpSession } from './support/http-hosts.ts'
import { type HttpServer, legacyHttpServer, modernHttpServer } from './support/http-servers.ts'
import { MeshTransport } from './support/mcp-relay-transport.ts'

const meshes: TestMesh[] = []
const children: ChildProcess[] = []
afterEach(async () => {
  await Promise.all(meshes.splice(0).map(({ provider }) => provider.stop()))
  for (const child of children.splice(0)) child.kill('SIGKILL')
})

function started({ url, process }: HttpServer): string {
  children.push(process)
  return url
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

test(
  'a stateful session over HTTP is the same by exchanges and by messages',
  { tags: ['MCP-23', 'MCP-26'] },
  async () => {
    const url = started(await legacyHttpServer())
    const direct = await legacyHttpSession(new LegacyHttp(new URL(url)))
    const exchanged = await legacyHttpSession(
      new LegacyHttp(new URL(url), { fetch: meshFetch(meshOf(url)) }),
    )
    const messages = await legacyHttpSession(new MeshTransport(meshOf(url), 'web'))
    expect(direct.received.length).toBeGreaterThan(9)
    expect(byKind(exchanged)).toEqual(byKind(direct))
    expect(byKind(messages)).toEqual(byKind(direct))
  },
)

test(
  'a stateless session over HTTP is the same by exchanges and by messages',
  { tags: ['MCP-23', 'MCP-26'] },
  async () => {
    const url = started(await modernHttpServer())
    const direct = await modernHttpSession(new StreamableHTTPClientTransport(new URL(url)))
    const fetched = { fetch: meshFetch(meshOf(url)) }
    const exchanged = await modernHttpSession(
      new StreamableHTTPClientTransport(new URL(url), fetched),
    )
    const messages = await modernHttpSession(new MeshTransport(meshOf(url), 'web'))
    expect(direct.received.length).toBeGreaterThan(6)
    expect(byKind(exchanged)).toEqual(byKind(direct))
    expect(byKind(messages)).toEqual(byKind(direct))
  },
)
