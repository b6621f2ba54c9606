import { once } from 'node:events'
import { createServer, type Server } from 'node:http'
import { join } from 'node:path'
import { Client, StreamableHTTPClientTransport } from '@modelcontextprotocol/client'
import { toNodeHandler } from '@modelcontextprotocol/node'
import { createMcpHandler } from '@modelcontextprotocol/server'
import { AggregateEndpoint, HttpEntry, peerEndpoint, type ServerDefinition } from '@warren/mcp'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { random, TestMesh } from '../support/test-mesh.ts'
import { demoServer } from './support/servers.ts'
import { sha256, silent, TestCatalog } from './support/stream-endpoint.ts'

const TOKEN = 'a-token-of-forty-three-characters-000000000'
const FIXTURE = join(import.meta.dirname, 'support/stdio-fixture.ts')

let http: Server
let mesh: TestMesh
let aggregate: AggregateEndpoint
let entry: HttpEntry

function program(name: string, era: 'both' | 'legacy'): ServerDefinition {
  return { transport: 'stdio', name, command: process.execPath, args: [FIXTURE, era, name] }
}

beforeEach(async () => {
  const handle = toNodeHandler(createMcpHandler(() => demoServer('web', { aborted: [] })))
  http = createServer((request, response) => void handle(request as never, response))
  http.listen(0, '127.0.0.1')
  await once(http, 'listening')
  const address = http.address()
  const port = typeof address === 'object' && address !== null ? address.port : 0
  const url = `http://127.0.0.1:${port}/mcp`
  mesh = new TestMesh({
    servers: [
      program('pump', 'both'),
      program('valve', 'legacy'),
      { transport: 'http', name: 'web', url },
    ],
  })
  const catalog = new TestCatalog()
  for (const [alias, transport] of [
    ['pump', 'stdio'],
    ['valve', 'stdio'],
    ['web', 'http'],
  ] as const) {
    const { components } = mesh
    catalog.add(alias, peerEndpoint({ peer: mesh.peer(alias), transport, random, components }), {
      transport,
    })
  }
  aggregate = new AggregateEndpoint(
    { serverInfo: { name: 'warren', version: '0' } },
    { catalog, sha256, logger: silent },
  )
  entry = new HttpEntry(
    { port: 0, tokens: [TOKEN] },
    {
      catalog,
      aggregate,
      sha256,
      random,
      logger: silent,
      readiness: () => ({ ready: true, reasons: [] }),
    },
  )
  await entry.start()
})

afterEach(async () => {
  await entry.stop()
  await aggregate.stop()
  await mesh.provider.stop()
  http.closeAllConnections()
  http.close()
})

type Mode = 'legacy' | 'auto' | { pin: string }

async function connected(path: string, mode: Mode): Promise<Client> {
  const capabilities = { elicitation: { form: {} } }
  const host = new Client(
    { name: 'host', version: '1' },
    { capabilities, versionNegotiation: { mode } },
  )
  host.setRequestHandler('elicitation/create', async () => ({
    action: 'accept',
    content: { confirm: true, reply: 'yes' },
  }))
  const headers = { authorization: `Bearer ${TOKEN}` }
  const url = new URL(`http://127.0.0.1:${entry.port}${path}`)
  await host.connect(new StreamableHTTPClientTransport(url, { requestInit: { headers } }))
  return host
}

async function call(host: Client, name: string, args: Record<string, unknown>): Promise<unknown> {
  const { content } = await host.callTool({ name, arguments: args })
  return content
}

/** Ends every stream between the two nodes at once. */
function pullCable(): void {
  for (const stream of mesh.opened.splice(0)) stream.abort(new Error('the cable was pulled'))
}

const text = (words: string): object[] => [{ type: 'text', text: words }]

describe.for<Mode>(['legacy', 'auto', { pin: '2026-07-28' }])(
  'through relay and provider, in mode %j',
  (mode) => {
    test.for(['pump', 'web'])(
      'the server "%s" at its own endpoint',
      { tags: ['MCP-38', 'MCP-43', 'MCP-44'] },
      async (alias) => {
        const host = await connected(`/mcp/s/${alias}`, mode)
        expect(host.getProtocolEra()).toBe(mode === 'legacy' ? 'legacy' : 'modern')
        expect((await host.listTools()).tools.map(({ name }) => name)).toEqual([
          'echo',
          'count',
          'deploy',
        ])
        expect(await call(host, 'echo', { text: 'hi' })).toEqual(text(`${alias}: hi`))
        const progress: number[] = []
        const onprogress = (note: { progress: number }): void => void progress.push(note.progress)
        await host.callTool({ name: 'count', arguments: { n: 4, pauseMs: 5 } }, { onprogress })
        expect(progress.length).toBeGreaterThan(0)
        // The SDK serves the legacy era over HTTP without a session, so that such a server cannot ask.
        if (alias === 'pump' || mode !== 'legacy') {
          expect(await call(host, 'deploy', { env: 'prod' })).toEqual(text('deployed prod'))
        }
        await host.close()
      },
    )

    test('all of them as one', { tags: ['MCP-46', 'MCP-51', 'MCP-54'] }, async () => {
      const host = await connected('/mcp', mode)
      const { tools } = await host.listTools()
      expect(tools.map(({ name }) => name)).toEqual([
        'pump__count',
        'pump__deploy',
        'pump__echo',
        'valve__ask',
        'valve__echo',
        'valve__whoami',
        'web__count',
        'web__deploy',
        'web__echo',
      ])
      for (const alias of ['pump', 'valve', 'web']) {
        expect(await call(host, `${alias}__echo`, { text: 'hi' })).toEqual(text(`${alias}: hi`))
      }
      expect(await call(host, 'pump__deploy', { env: 'prod' })).toEqual(text('deployed prod'))
      expect((await host.readResource({ uri: 'about://web' })).contents).toMatchObject([
        { text: 'about web' },
      ])
      await host.close()
    })
  },
)

test(
  'a peer that is gone in the middle of a call ends it with a sentence',
  { tags: ['MCP-50'] },
  async () => {
    const host = await connected('/mcp', 'legacy')
    await host.listTools()
    const params = { name: 'pump__count', arguments: { n: 10_000, pauseMs: 5 } }
    const calling = host.callTool(params, { onprogress: pullCable })
    expect(await calling).toMatchObject({ isError: true })
    expect(await call(host, 'pump__echo', { text: 'back' })).toEqual(text('pump: back'))
    await host.close()
  },
)
