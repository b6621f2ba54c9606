import { Client } from '@modelcontextprotocol/sdk/client/index.js'
import { StdioClientTransport } from '@modelcontextprotocol/sdk/client/stdio.js'
import {
  CallToolResultSchema,
  CreateMessageRequestSchema,
  CreateTaskResultSchema,
  ElicitRequestSchema,
  ListRootsRequestSchema,
  ResourceUpdatedNotificationSchema,
} from '@modelcontextprotocol/sdk/types.js'
import { mkdtempSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, expect, test } from 'vitest'
import { z } from 'zod'
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

const EVERYTHING = packageFile('@modelcontextprotocol/server-everything', 'dist/index.js')
const FILESYSTEM = packageFile('@modelcontextprotocol/server-filesystem', 'dist/index.js')
const MEMORY = packageFile('@modelcontextprotocol/server-memory', 'dist/index.js')
const ANY = z.looseObject({})

const meshes: TestMesh[] = []
afterEach(() => Promise.all(meshes.splice(0).map(({ provider }) => provider.stop())))

type Script = (client: Client, recorded: Recorded) => Promise<void>

/** Runs a script on both ways and gives what passed on each. */
async function bothWays(
  file: string,
  args: readonly string[],
  script: Script,
): Promise<{ readonly direct: Recorded; readonly relayed: Recorded }> {
  const { execPath: command } = process
  const stdio = {
    command,
    args: [file, ...args],
    env: { ...ENVIRONMENT },
    stderr: 'ignore' as const,
  }
  const direct = await run(new StdioClientTransport(stdio), script)
  const mesh = new TestMesh({ servers: [nodeServer('server', file, ...args)] })
  meshes.push(mesh)
  const relayed = await run(new MeshTransport(mesh, 'server'), script)
  return { direct, relayed }
}

async function run(transport: AnyTransport, script: Script): Promise<Recorded> {
  const recorder = recording(transport)
  const client = new Client(
    { name: 'host', version: '1' },
    { capabilities: { sampling: {}, elicitation: { form: {} }, roots: { listChanged: true } } },
  )
  client.setRequestHandler(CreateMessageRequestSchema, ({ params }) => ({
    model: 'model',
    role: 'assistant',
    content: { type: 'text', text: `sampled ${params.maxTokens}` },
  }))
  client.setRequestHandler(ElicitRequestSchema, () => ({
    action: 'accept',
    content: { name: 'Ada', check: true, interpretation: 'technical' },
  }))
  client.setRequestHandler(ListRootsRequestSchema, () => ({
    roots: [{ uri: 'file:///tmp', name: 'tmp' }],
  }))
  client.setNotificationHandler(ResourceUpdatedNotificationSchema, () => {})
  await client.connect(recorder as never)
  await script(client, recorder.recorded)
  await client.close()
  return recorder.recorded
}

function call(
  client: Client,
  name: string,
  ...[args = {}, options = {}]: readonly [args?: object, options?: object]
): Promise<unknown> {
  const params = { name, arguments: { ...args } }
  return client.request({ method: 'tools/call', params }, CallToolResultSchema, options)
}

/** Everything that server-everything has, one after the other. */
async function everything(client: Client, recorded: Recorded): Promise<void> {
  // The server asks for the roots a while after the handshake; waiting for that keeps the order of its own ids.
  await eventually(() => JSON.stringify(recorded.sent).includes('file:///tmp'))
  await client.ping()
  const { tools } = await client.listTools()
  expect(tools.length).toBeGreaterThanOrEqual(14)
  await call(client, 'echo', { message: 'a \u2028 b \u{1f600}' })
  await call(client, 'get-sum', { a: 1.5, b: -2 })
  await call(client, 'get-structured-content', { location: 'New York' })
  await call(client, 'get-annotated-message', { messageType: 'error', includeImage: true })
  await call(client, 'get-tiny-image')
  await call(client, 'get-env')
  await call(client, 'get-resource-links', { count: 3 })
  await call(client, 'get-resource-reference', { resourceType: 'Blob', resourceId: 2 })
  await call(client, 'trigger-sampling-request', { prompt: 'p', maxTokens: 7 })
  await call(client, 'trigger-elicitation-request')
  await call(client, 'get-roots-list')
  await call(client, 'toggle-subscriber-updates')
  await call(client, 'toggle-subscriber-updates')
  await expect(call(client, 'no-such-tool')).resolves.toMatchObject({ isError: true })
  await expect(call(client, 'echo', { message: 7 })).resolves.toMatchObject({ isError: true })
  await expect(client.request({ method: 'vendor/unknown' }, ANY)).rejects.toMatchObject({
    code: -32601,
  })
  await client.listResources()
  await client.listResourceTemplates()
  await client.readResource({ uri: 'demo://resource/dynamic/text/1' })
  await client.subscribeResource({ uri: 'demo://resource/dynamic/text/1' })
  await client.unsubscribeResource({ uri: 'demo://resource/dynamic/text/1' })
  await expect(client.readResource({ uri: 'demo://none' })).rejects.toThrow('not found')
  await client.listPrompts()
  await client.getPrompt({ name: 'args-prompt', arguments: { city: 'Paris', state: 'Texas' } })
  await client.complete({
    ref: { type: 'ref/prompt', name: 'completable-prompt' },
    argument: { name: 'department', value: 'S' },
  })
  await client.setLoggingLevel('debug')
  await client.sendRootsListChanged()
  await eventually(() => JSON.stringify(recorded.sent).split('file:///tmp').length > 2)
  await progressAndCancel(client)
  await task(client)
}

async function progressAndCancel(client: Client): Promise<void> {
  const onprogress = (): void => {}
  await call(client, 'trigger-long-running-operation', { duration: 0.1, steps: 4 }, { onprogress })
  const abort = new AbortController()
  const { signal } = abort
  const long = call(
    client,
    'trigger-long-running-operation',
    { duration: 0.4, steps: 2 },
    { signal },
  )
  setTimeout(() => abort.abort(), 100)
  await expect(long).rejects.toThrow(/abort/i)
}

async function task(client: Client): Promise<void> {
  const params = {
    name: 'simulate-research-query',
    arguments: { topic: 'relays', ambiguous: false },
    task: { ttl: 60_000 },
  }
  const { task: created } = await client.request(
    { method: 'tools/call', params },
    CreateTaskResultSchema,
  )
  const about = { taskId: created.taskId }
  await client.request({ method: 'tasks/get', params: about }, ANY)
  await client.request({ method: 'tasks/list', params: {} }, ANY)
  await client.request({ method: 'tasks/result', params: about }, ANY)
}

test(
  'a whole session of the SDK v1 is the same through the relay',
  { tags: ['MCP-26'], timeout: 60_000 },
  async () => {
    const { direct, relayed } = await bothWays(EVERYTHING, ['stdio'], everything)
    expect(direct.received.length).toBeGreaterThan(40)
    expect(settled(relayed.sent)).toEqual(settled(direct.sent))
    expect(settled(relayed.received)).toEqual(settled(direct.received))
  },
)

test(
  'a session with the file server is the same through the relay',
  { tags: ['MCP-26'] },
  async () => {
    const folder = mkdtempSync(join(tmpdir(), 'warren-files-'))
    writeFileSync(join(folder, 'one.txt'), 'first \u2029 line\r\nsecond')
    const { direct, relayed } = await bothWays(FILESYSTEM, [folder], async (client) => {
      await client.listTools()
      await call(client, 'list_directory', { path: folder })
      await call(client, 'read_text_file', { path: join(folder, 'one.txt') })
      await call(client, 'directory_tree', { path: folder })
      await expect(call(client, 'read_text_file', { path: '/etc/passwd' })).resolves.toMatchObject({
        isError: true,
      })
    })
    expect(settled(relayed.sent)).toEqual(settled(direct.sent))
    expect(settled(relayed.received)).toEqual(settled(direct.received))
  },
)

test(
  'a session with the memory server is the same through the relay',
  { tags: ['MCP-26'] },
  async () => {
    const { direct, relayed } = await bothWays(MEMORY, [], async (client) => {
      await client.listTools()
      const entities = [{ name: 'Ada', entityType: 'person', observations: ['counts'] }]
      await call(client, 'create_entities', { entities })
      await call(client, 'read_graph')
      await call(client, 'search_nodes', { query: 'Ada' })
      await call(client, 'delete_entities', { entityNames: ['Ada'] })
    })
    expect(settled(relayed.received)).toEqual(settled(direct.received))
  },
)
