import { Client } from '@modelcontextprotocol/client'
import { StdioClientTransport } from '@modelcontextprotocol/client/stdio'
import { type JsonRpcRequest, objectAt, requestOnce } from '@warren/mcp'
import { join } from 'node:path'
import { afterEach, expect, test } from 'vitest'
import { META } from '../../packages/mcp/test/support/messages.ts'
import { eventually, TestMesh } from '../../packages/mcp/test/support/test-mesh.ts'
import {
  type AnyTransport,
  ENVIRONMENT,
  MeshTransport,
  nodeServer,
  packageFile,
  type Recorded,
  recording,
  settled,
} from './support/mcp-relay-transport.ts'

const MODERN = join(import.meta.dirname, 'support/mcp-modern-server.ts')
const EVERYTHING = packageFile('@modelcontextprotocol/server-everything', 'dist/index.js')

const meshes: TestMesh[] = []
afterEach(() => Promise.all(meshes.splice(0).map(({ provider }) => provider.stop())))

/** Probes in place: the class of the SDK itself starts a second process for its probe. */
class Direct extends StdioClientTransport {}

type Mode = 'legacy' | 'auto' | { readonly pin: string }
type Script = (client: Client) => Promise<void>

function meshOf(file: string, ...args: readonly string[]): TestMesh {
  const mesh = new TestMesh({ servers: [nodeServer('server', file, ...args)] })
  meshes.push(mesh)
  return mesh
}

async function run(transport: AnyTransport, mode: Mode, script: Script): Promise<Recorded> {
  const recorder = recording(transport)
  const client = new Client(
    { name: 'host', version: '1' },
    { capabilities: { elicitation: { form: {} } }, versionNegotiation: { mode } },
  )
  client.setRequestHandler('elicitation/create', () => ({
    action: 'accept',
    content: { confirm: true },
  }))
  client.setNotificationHandler('notifications/tools/list_changed', () => {})
  await client.connect(recorder as never)
  await script(client)
  await client.close()
  return recorder.recorded
}

async function session(client: Client): Promise<void> {
  const modern = client.getProtocolEra() === 'modern'
  const subscription = modern ? await client.listen({ toolsListChanged: true }) : undefined
  await client.listTools()
  await client.callTool({ name: 'echo', arguments: { text: 'hello' } })
  await client.callTool({ name: 'deploy', arguments: { env: 'prod' } })
  const onprogress = (): void => {}
  await client.callTool({ name: 'count', arguments: { n: 3, pauseMs: 5 } }, { onprogress })
  await expect(client.callTool({ name: 'none', arguments: {} })).rejects.toThrow(
    'Tool none not found',
  )
  const abort = new AbortController()
  const { signal } = abort
  const long = client.callTool({ name: 'count', arguments: { n: 99, pauseMs: 20 } }, { signal })
  setTimeout(() => abort.abort(), 60)
  await expect(long).rejects.toThrow(/abort/i)
  await eventually(async () => {
    const { content } = await client.callTool({ name: 'aborted', arguments: {} })
    return JSON.stringify(content).includes('count 99')
  })
  await subscription?.close()
}

/** Polls and their ids differ from run to run; everything else must not. */
function comparable({ sent, received }: Recorded): unknown {
  const polled = new Set<unknown>()
  for (const message of sent as { id?: unknown; params?: { name?: string } }[]) {
    if (message.params?.name === 'aborted') polled.add(message.id)
  }
  const keep = (messages: readonly unknown[]): unknown =>
    settled(messages.filter((message) => !polled.has((message as { id?: unknown }).id)))
  return { sent: keep(sent), received: keep(received) }
}

test.for([{ mode: 'legacy' }, { mode: 'auto' }, { mode: { pin: '2026-07-28' } }] as const)(
  'a session of the SDK v2 is the same through the relay: $mode',
  { tags: ['MCP-26'] },
  async ({ mode }) => {
    const direct = await run(
      new Direct({ command: process.execPath, args: [MODERN], env: { ...ENVIRONMENT } }),
      mode,
      session,
    )
    const relayed = await run(new MeshTransport(meshOf(MODERN), 'server'), mode, session)
    expect(relayed.received.length).toBeGreaterThan(8)
    expect(comparable(relayed)).toEqual(comparable(direct))
  },
)

test(
  'a host that would speak the newer era falls back the same way',
  { tags: ['MCP-26'] },
  async () => {
    const script: Script = async (client) => {
      expect(client.getProtocolEra()).toBe('legacy')
      await client.listTools()
      await client.callTool({ name: 'echo', arguments: { message: 'hello' } })
    }
    const args = [EVERYTHING, 'stdio']
    const { execPath: command } = process
    const stdio = { command, args, env: { ...ENVIRONMENT }, stderr: 'ignore' } as const
    const direct = await run(new Direct(stdio), 'auto', script)
    const relayed = await run(
      new MeshTransport(meshOf(EVERYTHING, 'stdio'), 'server'),
      'auto',
      script,
    )
    expect(comparable(relayed)).toEqual(comparable(direct))
  },
)

test(
  'requests without a session share a real server of the newer era',
  { tags: ['MCP-19'] },
  async () => {
    const mesh = meshOf(MODERN)
    const ask = async (id: number, name: string, args: object = {}): Promise<string> => {
      const params = { name, arguments: args, _meta: META }
      const request = { jsonrpc: '2.0', id, method: 'tools/call', params } as JsonRpcRequest
      const options = { signal: new AbortController().signal, components: mesh.components }
      const messages = await Array.fromAsync(requestOnce(mesh.peer('server'), request, options))
      return JSON.stringify(objectAt(messages.at(-1)!, 'result'))
    }
    const answers = await Promise.all([
      ask(1, 'echo', { text: 'one' }),
      ask(1, 'echo', { text: 'two' }),
    ])
    expect(answers[0]).toContain('one')
    expect(answers[1]).toContain('two')
    expect(await ask(1, 'pid')).toBe(await ask(2, 'pid'))
  },
)
