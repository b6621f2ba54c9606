import { join } from 'node:path'
import type { JsonObject } from '@warren/core'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { entriesIn, verdictOn } from './support/audit-log.ts'
import { ClosingServer } from './support/closing-server.ts'
import { type HttpDoor, httpDoor, openHttpDoor, reaches, serveUrl } from './support/mesh-hosts.ts'
import { type ReadyMesh, readyMesh, type ReadyNode } from './support/ready-mesh.ts'

const PATIENCE = { timeout: 15_000, interval: 100 }
const TEST_MS = 90_000

let server: ClosingServer
let mesh: ReadyMesh
let desk: ReadyNode
let lab: ReadyNode
let door: HttpDoor

beforeAll(async () => {
  server = await ClosingServer.start()
  mesh = await readyMesh({
    names: ['desk', 'lab'],
    prepare: async ({ name, directory }) => {
      if (name === 'desk') openHttpDoor(directory)
      else serveUrl(directory, 'web', server.url)
    },
  })
  desk = mesh.node('desk')
  lab = mesh.node('lab')
  await reaches(desk, ['web'])
  door = await httpDoor(desk)
})

afterAll(async () => {
  await mesh?.close()
  server?.stop()
})

async function ask(
  method: string,
  headers: Readonly<Record<string, string>>,
  message?: object,
): Promise<Response> {
  return fetch(door.url('web'), {
    method,
    headers: {
      authorization: `Bearer ${door.token}`,
      accept: 'application/json, text/event-stream',
      ...(message === undefined ? {} : { 'content-type': 'application/json' }),
      ...headers,
    },
    ...(message === undefined ? {} : { body: JSON.stringify(message) }),
  })
}

async function begin(): Promise<Record<string, string>> {
  const params = {
    protocolVersion: '2025-11-25',
    capabilities: {},
    clientInfo: { name: 'an agent', version: '1' },
  }
  const message = { jsonrpc: '2.0', id: 'begin', method: 'initialize', params }
  const response = await ask('POST', {}, message)
  await response.text()
  return { 'mcp-session-id': response.headers.get('mcp-session-id') ?? '' }
}

async function call(headers: Readonly<Record<string, string>>, id: string): Promise<Response> {
  const params = { name: 'weigh', arguments: { id } }
  return ask('POST', headers, { jsonrpc: '2.0', id, method: 'tools/call', params })
}

/** The entries of one call, its request first. */
async function entriesOf({ directory }: ReadyNode, id: string): Promise<readonly JsonObject[]> {
  const entries = await entriesIn(directory)
  const begun = entries.find(({ rpcId }) => rpcId === id)
  return begun === undefined ? [] : entries.filter((entry) => entry['call'] === begun['call'])
}

async function ended(node: ReadyNode, id: string): Promise<readonly JsonObject[]> {
  await expect.poll(async () => (await entriesOf(node, id)).length, PATIENCE).toBe(2)
  return entriesOf(node, id)
}

test(
  'the logs of both nodes have the answer that a host fetches on another stream than its request',
  { tags: ['AUN-19'], timeout: TEST_MS },
  async () => {
    const headers = await begin()
    server.answers.set('first', { content: [{ type: 'text', text: '12 kg' }] })
    expect(await (await call(headers, 'first')).text()).toBe('id: "first"\ndata: \n\n')
    expect(await entriesOf(desk, 'first')).toMatchObject([{ kind: 'request', sent: true }])
    const fetched = await ask('GET', { ...headers, 'last-event-id': '"first"' })
    expect(await fetched.text()).toContain('12 kg')

    const [request, response] = await ended(desk, 'first')
    const [decision, result] = await ended(lab, 'first')
    expect(response).toMatchObject({ request: request?.['seq'], outcome: 'answered' })
    expect(result).toMatchObject({ outcome: 'answered', bytes: response?.['bytes'] })
    expect(request?.['session']).toBe(decision?.['session'])
  },
)

test(
  'a call that nothing has answered has failed when its session ends, on both sides',
  { tags: ['AUN-20'], timeout: TEST_MS },
  async () => {
    const headers = await begin()
    await (await call(headers, 'never')).text()
    expect((await ask('DELETE', headers)).status).toBe(200)
    const end = { outcome: 'failed', code: 'session-ended' }
    expect((await ended(desk, 'never'))[1]).toMatchObject(end)
    expect((await ended(lab, 'never'))[1]).toMatchObject(end)
  },
)

test(
  'a call in a session that nobody knows is in the log, by whoever does not know it',
  { tags: ['AUN-21'], timeout: TEST_MS },
  async () => {
    const unknown = await call({ 'mcp-session-id': 'never-given' }, 'unknown')
    expect(unknown.status).toBe(404)
    await expect
      .poll(async () => entriesOf(desk, 'unknown'), PATIENCE)
      .toMatchObject([
        {
          kind: 'request',
          provider: lab.did,
          server: 'web',
          sent: false,
          code: 'session-not-here',
        },
      ])

    const headers = await begin()
    await ask('DELETE', headers)
    expect((await call(headers, 'late')).status).toBe(404)
    expect(await ended(desk, 'late')).toMatchObject([
      { kind: 'request', sent: true },
      { kind: 'response', outcome: 'refused', code: 'session-unknown' },
    ])
  },
)

test(
  'what waits as a node stops has failed, and its log verifies',
  { tags: ['AUN-20'], timeout: TEST_MS },
  async () => {
    const headers = await begin()
    await (await call(headers, 'last')).text()
    await desk.daemon.stop()
    expect(await entriesOf(desk, 'last')).toMatchObject([
      { kind: 'request' },
      { kind: 'response', outcome: 'failed', code: 'stopped' },
    ])
    const { code, said } = await verdictOn(join(desk.directory, 'audit'))
    expect([code, said['findings']]).toEqual([0, []])
  },
)
