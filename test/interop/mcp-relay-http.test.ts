import { StreamableHTTPClientTransport } from '@modelcontextprotocol/client'
import { StreamableHTTPClientTransport as LegacyHttp } from '@modelcontextprotocol/sdk/client/streamableHttp.js'
import type { ChildProcess } from 'node:child_process'
import { afterEach, expect, test } from 'vitest'
import { TestMesh } from '../../packages/mcp/test/support/test-mesh.ts'
import { byKind, legacyHttpSession, modernHttpSession } from './support/http-hosts.ts'
import { type HttpServer, legacyHttpServer, modernHttpServer } from './support/http-servers.ts'
import { MeshTransport } from './support/mcp-relay-transport.ts'
import { meshFetch } from './support/mesh-fetch.ts'

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
