import { Client } from '@modelcontextprotocol/sdk/client/index.js'
import { StreamableHTTPClientTransport } from '@modelcontextprotocol/sdk/client/streamableHttp.js'
import { afterAll, beforeAll, expect, test } from 'vitest'
import {
  type ResumableServer,
  resumableLegacyServer,
  resumableModernServer,
} from '../interop/support/resumable-servers.ts'
import { entriesIn } from './support/audit-log.ts'
import { type HttpDoor, httpDoor, openHttpDoor, reaches, serveUrl } from './support/mesh-hosts.ts'
import { type ReadyMesh, readyMesh, type ReadyNode } from './support/ready-mesh.ts'

const PATIENCE = { timeout: 15_000, interval: 100 }
const TEST_MS = 90_000

let servers: { readonly closing: ResumableServer; readonly breaking: ResumableServer }
let mesh: ReadyMesh
let desk: ReadyNode
let lab: ReadyNode
let door: HttpDoor

beforeAll(async () => {
  servers = {
    closing: await resumableModernServer('closed'),
    breaking: await resumableLegacyServer('broken'),
  }
  mesh = await readyMesh({
    names: ['desk', 'lab'],
    prepare: async ({ name, directory }) => {
      if (name === 'desk') openHttpDoor(directory)
      else for (const [alias, { url }] of Object.entries(servers)) serveUrl(directory, alias, url)
    },
  })
  desk = mesh.node('desk')
  lab = mesh.node('lab')
  await reaches(desk, ['closing', 'breaking'])
  door = await httpDoor(desk)
})

afterAll(async () => {
  await mesh?.close()
  for (const server of Object.values(servers ?? {})) server.stop()
})

async function endsOf({ directory }: ReadyNode, server: string): Promise<readonly unknown[]> {
  const entries = await entriesIn(directory)
  const asked = entries.filter(
    (entry) => entry['server'] === server && entry['tool'] === 'lose-stream',
  )
  const calls = new Set(asked.map(({ call }) => call))
  return entries
    .filter(({ kind, call }) => (kind === 'result' || kind === 'response') && calls.has(call))
    .map(({ outcome }) => outcome)
}

test.for(['closing', 'breaking'] as const)(
  'a host of the official SDK gets the answer of a call whose stream was lost, and both logs have it: %s',
  { tags: ['MCP-76', 'AUN-19'], timeout: TEST_MS },
  async (name) => {
    const client = new Client({ name: 'an agent', version: '1' })
    const requestInit = { headers: { authorization: `Bearer ${door.token}` } }
    await client.connect(new StreamableHTTPClientTransport(door.url(name), { requestInit }))
    const called = await client.callTool({ name: 'lose-stream', arguments: {} })
    expect(called).toMatchObject({ content: [{ type: 'text', text: 'done' }] })
    const { asked } = servers[name]
    expect(asked.filter(([method, place]) => method === 'GET' && place !== undefined)).toHaveLength(
      1,
    )
    await client.close()
    for (const node of [desk, lab]) {
      await expect.poll(async () => endsOf(node, name), PATIENCE).toEqual(['answered'])
    }
  },
)
