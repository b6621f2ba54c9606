import { type JsonRpcRequest, objectAt, requestOnce } from '@warren/mcp'
import { afterEach, expect, test } from 'vitest'
import { META } from '../../packages/mcp/test/support/messages.ts'
import { TestMesh } from '../../packages/mcp/test/support/test-mesh.ts'
import {
  ENVIRONMENT,
  EVERYTHING,
  MeshTransport,
  MODERN_STDIO,
  nodeServer,
} from './support/mcp-relay-transport.ts'
import {
  comparable,
  DirectStdio,
  fallBack,
  modernHost,
  modernSession,
} from './support/modern-host.ts'

const meshes: TestMesh[] = []
afterEach(() => Promise.all(meshes.splice(0).map(({ provider }) => provider.stop())))

function meshOf(file: string, ...args: readonly string[]): TestMesh {
  const mesh = new TestMesh({ servers: [nodeServer('server', file, ...args)] })
  meshes.push(mesh)
  return mesh
}

test.for([{ mode: 'legacy' }, { mode: 'auto' }, { mode: { pin: '2026-07-28' } }] as const)(
  'a session of the SDK v2 is the same through the relay: $mode',
  { tags: ['MCP-26'] },
  async ({ mode }) => {
    const direct = await modernHost(
      new DirectStdio({ command: process.execPath, args: [MODERN_STDIO], env: { ...ENVIRONMENT } }),
      mode,
      modernSession,
    )
    const relayed = await modernHost(
      new MeshTransport(meshOf(MODERN_STDIO), 'server'),
      mode,
      modernSession,
    )
    expect(relayed.received.length).toBeGreaterThan(8)
    expect(comparable(relayed)).toEqual(comparable(direct))
  },
)

test(
  'a host that would speak the newer era falls back the same way',
  { tags: ['MCP-26'] },
  async () => {
    const args = [EVERYTHING, 'stdio']
    const { execPath: command } = process
    const stdio = { command, args, env: { ...ENVIRONMENT }, stderr: 'ignore' } as const
    const direct = await modernHost(new DirectStdio(stdio), 'auto', fallBack)
    const relayed = await modernHost(
      new MeshTransport(meshOf(EVERYTHING, 'stdio'), 'server'),
      'auto',
      fallBack,
    )
    expect(comparable(relayed)).toEqual(comparable(direct))
  },
)

test(
  'requests without a session share a real server of the newer era',
  { tags: ['MCP-19'] },
  async () => {
    const mesh = meshOf(MODERN_STDIO)
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
