// Hosts and servers of both SDKs whose streams are lost while a call is under way.

import { Client as ModernClient, StreamableHTTPClientTransport } from '@modelcontextprotocol/client'
import { Client } from '@modelcontextprotocol/sdk/client/index.js'
import { StreamableHTTPClientTransport as LegacyHttp } from '@modelcontextprotocol/sdk/client/streamableHttp.js'
import { afterEach, expect, test } from 'vitest'
import { RecordingGate } from '../../packages/mcp/test/support/recording-gate.ts'
import { TestMesh } from '../../packages/mcp/test/support/test-mesh.ts'
import { meshFetch } from './support/mesh-fetch.ts'
import {
  type ResumableServer,
  resumableLegacyServer,
  resumableModernServer,
} from './support/resumable-servers.ts'

const stops: (() => unknown)[] = []
afterEach(async () => {
  for (const stop of stops.splice(0).toReversed()) await stop()
})

type Fetch = { readonly fetch?: typeof fetch }
type CallTool = (name: string) => Promise<unknown>

const INFO = { name: 'host', version: '1' }

async function legacyHost(url: string, init: Fetch): Promise<CallTool> {
  const client = new Client(INFO)
  stops.push(() => client.close())
  await client.connect(new LegacyHttp(new URL(url), init))
  return (name) => client.callTool({ name, arguments: {} })
}

async function modernHost(url: string, init: Fetch): Promise<CallTool> {
  const client = new ModernClient(INFO)
  stops.push(() => client.close())
  await client.connect(new StreamableHTTPClientTransport(new URL(url), init))
  return (name) => client.callTool({ name, arguments: {} })
}

const hosts = [
  { host: 'v1', connect: legacyHost },
  { host: 'v2', connect: modernHost },
] as const
const servers = [
  { server: 'v1', start: resumableLegacyServer },
  { server: 'v2', start: resumableModernServer },
] as const
const losses = ['closed', 'broken'] as const

const cases = hosts.flatMap((host) =>
  servers.flatMap((server) => losses.map((loss) => ({ ...host, ...server, loss }))),
)

function resumptions({ asked }: ResumableServer): number {
  return asked.filter(([method, lastEventId]) => method === 'GET' && lastEventId).length
}

test.for(cases)(
  'a host of the SDK $host takes up a $loss stream of a server of the SDK $server, directly and through the mesh',
  { tags: ['MCP-76', 'MCP-63'] },
  async ({ connect, start, loss }) => {
    const done = { content: [{ type: 'text', text: 'done' }] }
    const direct = await start(loss)
    stops.push(() => direct.stop())
    expect(await (await connect(direct.url, {}))('lose-stream')).toMatchObject(done)
    expect(resumptions(direct)).toBe(1)

    const behind = await start(loss)
    stops.push(() => behind.stop())
    const gate = new RecordingGate()
    const url = behind.url
    const mesh = new TestMesh({ servers: [{ transport: 'http', name: 'web', url }], gate })
    stops.push(() => mesh.provider.stop())
    const call = await connect('http://warren.internal/', { fetch: meshFetch(mesh) })
    expect(await call('lose-stream')).toMatchObject(done)
    expect(resumptions(behind)).toBe(1)
    expect(gate.of('tools/call')).toMatchObject([
      { outcome: 'answered', answer: { message: { result: done } } },
    ])
  },
)
