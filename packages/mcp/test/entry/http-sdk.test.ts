import { Client, StreamableHTTPClientTransport } from '@modelcontextprotocol/client'
import { Client as LegacyClient } from '@modelcontextprotocol/sdk/client/index.js'
import { StreamableHTTPClientTransport as LegacyHttpTransport } from '@modelcontextprotocol/sdk/client/streamableHttp.js'
import { ElicitRequestSchema } from '@modelcontextprotocol/sdk/types.js'
import { AggregateEndpoint, HttpEntry } from '@warren/mcp'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { bothEras, legacyOnly, type Witness } from './support/servers.ts'
import { random, sha256, silent, StreamEndpoint, TestCatalog } from './support/stream-endpoint.ts'

const TOKEN = 'a-token-of-forty-three-characters-or-more-00'
const headers = { authorization: `Bearer ${TOKEN}` }

let entry: HttpEntry
let aggregate: AggregateEndpoint
let witness: Witness
let pump: StreamEndpoint

beforeEach(async () => {
  witness = { aborted: [] }
  pump = new StreamEndpoint(bothEras('pump', witness))
  const catalog = new TestCatalog()
    .add('pump', pump)
    .add('valve', new StreamEndpoint(legacyOnly('valve')))
  const components = { catalog, sha256, logger: silent }
  aggregate = new AggregateEndpoint({ serverInfo: { name: 'warren', version: '0' } }, components)
  entry = new HttpEntry(
    { port: 0, tokens: [TOKEN] },
    { ...components, aggregate, random, readiness: () => ({ ready: true, reasons: [] }) },
  )
  await entry.start()
})

afterEach(async () => {
  await entry.stop()
  await aggregate.stop()
})

function url(path: string): URL {
  return new URL(`http://127.0.0.1:${entry.port}${path}`)
}

async function legacyClient(path: string): Promise<LegacyClient> {
  const host = new LegacyClient(
    { name: 'host', version: '1' },
    { capabilities: { elicitation: {} } },
  )
  host.setRequestHandler(ElicitRequestSchema, async () => ({
    action: 'accept',
    content: { confirm: true, reply: 'yes' },
  }))
  await host.connect(new LegacyHttpTransport(url(path), { requestInit: { headers } }))
  return host
}

type Mode = 'legacy' | 'auto' | { pin: string }

async function connected(path: string, mode: Mode): Promise<Client> {
  const made = new Client(
    { name: 'host', version: '1' },
    { capabilities: { elicitation: { form: {} } }, versionNegotiation: { mode } },
  )
  made.setRequestHandler('elicitation/create', async () => ({
    action: 'accept',
    content: { confirm: true, reply: 'yes' },
  }))
  await made.connect(new StreamableHTTPClientTransport(url(path), { requestInit: { headers } }))
  return made
}

function textOf(result: unknown): string {
  return (result as { content: { text: string }[] }).content[0]?.text ?? ''
}

describe('SDK v1', () => {
  test(
    'works with one server: calls, progress, a question, prompts and resources',
    { tags: ['MCP-38', 'MCP-40'] },
    async () => {
      const host = await legacyClient('/mcp/s/pump')
      const { tools } = await host.listTools()
      expect(tools.map(({ name }) => name)).toEqual(['echo', 'count', 'deploy'])
      const progress: number[] = []
      const counted = await host.callTool({ name: 'count', arguments: { n: 5 } }, undefined, {
        onprogress: (note) => progress.push(note.progress),
      })
      expect(textOf(counted)).toBe('pump counted to 5')
      expect(progress.length).toBeGreaterThan(0)
      expect(textOf(await host.callTool({ name: 'deploy', arguments: { env: 'prod' } }))).toBe(
        'deployed prod',
      )
      expect((await host.readResource({ uri: 'about://pump' })).contents[0]).toMatchObject({
        text: 'about pump',
      })
      await host.close()
    },
  )

  test('works with the aggregate', { tags: ['MCP-46', 'MCP-51'] }, async () => {
    const host = await legacyClient('/mcp')
    const { tools } = await host.listTools()
    expect(tools.map(({ name }) => name)).toEqual([
      'pump__count',
      'pump__deploy',
      'pump__echo',
      'valve__ask',
      'valve__echo',
      'valve__whoami',
    ])
    expect(textOf(await host.callTool({ name: 'pump__echo', arguments: { text: 'hi' } }))).toBe(
      'pump: hi',
    )
    expect(textOf(await host.callTool({ name: 'pump__deploy', arguments: { env: 'x' } }))).toBe(
      'deployed x',
    )
    expect(
      textOf(await host.callTool({ name: 'valve__ask', arguments: { question: '?' } })),
    ).toContain('yes')
    await host.close()
  })
})

describe.for<Mode>(['legacy', 'auto', { pin: '2026-07-28' }])('SDK v2 in mode %j', (mode) => {
  const modern = mode !== 'legacy'

  test('works with one server', { tags: ['MCP-42', 'MCP-43'] }, async () => {
    const host = await connected('/mcp/s/pump', mode)
    expect(host.getProtocolEra()).toBe(modern ? 'modern' : 'legacy')
    expect((await host.listTools()).tools).toHaveLength(3)
    expect(textOf(await host.callTool({ name: 'echo', arguments: { text: 'hi' } }))).toBe(
      'pump: hi',
    )
    expect(textOf(await host.callTool({ name: 'deploy', arguments: { env: 'prod' } }))).toBe(
      'deployed prod',
    )
    await host.close()
  })

  test('works with the aggregate', { tags: ['MCP-54'] }, async () => {
    const host = await connected('/mcp', mode)
    expect(host.getProtocolEra()).toBe(modern ? 'modern' : 'legacy')
    expect((await host.listTools()).tools).toHaveLength(6)
    expect(textOf(await host.callTool({ name: 'pump__echo', arguments: { text: 'hi' } }))).toBe(
      'pump: hi',
    )
    expect(textOf(await host.callTool({ name: 'pump__deploy', arguments: { env: 'x' } }))).toBe(
      'deployed x',
    )
    expect(textOf(await host.callTool({ name: 'valve__echo', arguments: { text: 'hi' } }))).toBe(
      'valve: hi',
    )
    const prompt = await host.getPrompt({ name: 'pump__greet', arguments: { who: 'you' } })
    expect(JSON.stringify(prompt.messages)).toContain('pump greets you')
    expect((await host.readResource({ uri: 'about://pump' })).contents[0]).toMatchObject({
      text: 'about pump',
    })
    expect((await host.readResource({ uri: 'log://pump/1' })).contents[0]).toMatchObject({
      text: 'pump log',
    })
    await host.close()
  })

  test.for(['/mcp/s/pump', '/mcp'])(
    'a cancelled call at %s is cancelled at the server',
    { tags: ['MCP-52', 'MCP-43'] },
    async (path) => {
      const host = await connected(path, mode)
      const abort = new AbortController()
      const name = path === '/mcp' ? 'pump__count' : 'count'
      const call = host.callTool(
        { name, arguments: { n: 1_000, pauseMs: 5 } },
        { signal: abort.signal, onprogress: () => abort.abort(new Error('enough')) },
      )
      await expect(call).rejects.toThrow('enough')
      await expect
        .poll(() => (path === '/mcp' || !modern ? witness.aborted.length : pump.closed))
        .toBeGreaterThan(0)
      await host.close()
    },
  )
})
