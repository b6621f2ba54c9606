import { Client } from '@modelcontextprotocol/sdk/client/index.js'
import {
  CallToolResultSchema,
  CreateMessageRequestSchema,
  CreateTaskResultSchema,
  ElicitRequestSchema,
  ListRootsRequestSchema,
  ResourceUpdatedNotificationSchema,
} from '@modelcontextprotocol/sdk/types.js'
import { join } from 'node:path'
import { expect } from 'vitest'
import { z } from 'zod'
import { eventually } from '../../../packages/mcp/test/support/test-mesh.ts'
import { type AnyTransport, type Recorded, recording } from './mcp-relay-transport.ts'

const ANY = z.looseObject({})

/** What a host of the SDK v1 does in a session. */
export type LegacyScript = (client: Client, recorded: Recorded) => Promise<void>

/** Runs a script as a host of the SDK v1 that can do everything a server may ask of it; gives what passed. */
export async function legacyHost(transport: AnyTransport, script: LegacyScript): Promise<Recorded> {
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

/** Calls one tool. */
export function callTool(
  client: Client,
  name: string,
  ...[args = {}, options = {}]: readonly [args?: object, options?: object]
): Promise<unknown> {
  const params = { name, arguments: { ...args } }
  return client.request({ method: 'tools/call', params }, CallToolResultSchema, options)
}

/** Everything that server-everything has, one after the other. */
export async function everything(client: Client, recorded: Recorded): Promise<void> {
  // The server asks for the roots a while after the handshake; waiting for that keeps the order of its own ids.
  await eventually(() => JSON.stringify(recorded.sent).includes('file:///tmp'))
  await client.ping()
  const { tools } = await client.listTools()
  expect(tools.length).toBeGreaterThanOrEqual(14)
  await callTool(client, 'echo', { message: 'a \u2028 b \u{1f600}' })
  await callTool(client, 'get-sum', { a: 1.5, b: -2 })
  await callTool(client, 'get-structured-content', { location: 'New York' })
  await callTool(client, 'get-annotated-message', { messageType: 'error', includeImage: true })
  await callTool(client, 'get-tiny-image')
  await callTool(client, 'get-env')
  await callTool(client, 'get-resource-links', { count: 3 })
  await callTool(client, 'get-resource-reference', { resourceType: 'Blob', resourceId: 2 })
  await callTool(client, 'trigger-sampling-request', { prompt: 'p', maxTokens: 7 })
  await callTool(client, 'trigger-elicitation-request')
  await callTool(client, 'get-roots-list')
  await callTool(client, 'toggle-subscriber-updates')
  await callTool(client, 'toggle-subscriber-updates')
  await expect(callTool(client, 'no-such-tool')).resolves.toMatchObject({ isError: true })
  await expect(callTool(client, 'echo', { message: 7 })).resolves.toMatchObject({ isError: true })
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
  await callTool(
    client,
    'trigger-long-running-operation',
    { duration: 0.1, steps: 4 },
    { onprogress },
  )
  const abort = new AbortController()
  const { signal } = abort
  const long = callTool(
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

/** Reads a folder with the file server, and tries to read outside of it. */
export function readFolder(folder: string): LegacyScript {
  return async (client) => {
    await client.listTools()
    await callTool(client, 'list_directory', { path: folder })
    await callTool(client, 'read_text_file', { path: join(folder, 'one.txt') })
    await callTool(client, 'directory_tree', { path: folder })
    await expect(
      callTool(client, 'read_text_file', { path: '/etc/passwd' }),
    ).resolves.toMatchObject({ isError: true })
  }
}

/** Writes into the memory server, reads it back and leaves nothing. */
export async function rememberAndForget(client: Client): Promise<void> {
  await client.listTools()
  const entities = [{ name: 'Ada', entityType: 'person', observations: ['counts'] }]
  await callTool(client, 'create_entities', { entities })
  await callTool(client, 'read_graph')
  await callTool(client, 'search_nodes', { query: 'Ada' })
  await callTool(client, 'delete_entities', { entityNames: ['Ada'] })
}
