import { once } from 'node:events'
import {
  createServer,
  type IncomingHttpHeaders,
  type IncomingMessage,
  type Server,
  type ServerResponse,
} from 'node:http'
import { text } from 'node:stream/consumers'
import { isJsonObject, type JsonObject } from '@warren/core'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type HttpDoor, httpDoor, openHttpDoor, reaches, serveUrl } from './support/mesh-hosts.ts'
import { type ReadyMesh, readyMesh } from './support/ready-mesh.ts'

const VERSION = '2026-07-28'
const META = {
  'io.modelcontextprotocol/protocolVersion': VERSION,
  'io.modelcontextprotocol/clientCapabilities': {},
}
const REGION = { type: 'string', 'x-mcp-header': 'Region' }
const TOOL = { name: 'deploy', inputSchema: { type: 'object', properties: { region: REGION } } }

let web: Server
let mesh: ReadyMesh
let door: HttpDoor
/** What has reached the server of calls. */
const calls: IncomingHttpHeaders[] = []

/** A server that believes the field, and not the body. */
async function serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
  const { id, method }: JsonObject = JSON.parse(await text(request))
  if (method === 'tools/call') calls.push(request.headers)
  const content = [{ type: 'text', text: `to ${String(request.headers['mcp-param-region'])}` }]
  const result = method === 'tools/list' ? { tools: [TOOL] } : { content }
  const answer = { jsonrpc: '2.0', id, result: { resultType: 'complete', ...result } }
  response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(answer))
}

beforeAll(async () => {
  web = createServer((request, response) => void serve(request, response))
  web.listen(0, '127.0.0.1')
  await once(web, 'listening')
  const address = web.address()
  if (typeof address !== 'object' || address === null) throw new Error('it listens nowhere')
  mesh = await readyMesh({
    names: ['lab', 'desk'],
    prepare: async ({ name, directory }) => {
      if (name === 'lab') serveUrl(directory, 'web', `http://127.0.0.1:${address.port}/mcp`)
      else openHttpDoor(directory)
      await Promise.resolve()
    },
  })
  await reaches(mesh.node('desk'), ['web'])
  door = await httpDoor(mesh.node('desk'))
})

afterAll(async () => {
  await mesh?.close()
  web?.close()
})

async function post(
  method: string,
  params: JsonObject,
  fields: readonly (readonly [string, string])[] = [],
): Promise<{ readonly status: number; readonly body: JsonObject }> {
  const response = await fetch(door.url('web'), {
    method: 'POST',
    headers: new Headers([
      ['authorization', `Bearer ${door.token}`],
      ['accept', 'application/json, text/event-stream'],
      ['content-type', 'application/json'],
      ['mcp-protocol-version', VERSION],
      ['mcp-method', method],
      ...fields.map(([name, value]): [string, string] => [name, value]),
    ]),
    body: JSON.stringify({ jsonrpc: '2.0', id: 1, method, params: { ...params, _meta: META } }),
  })
  const body: unknown = await response.json()
  if (!isJsonObject(body)) throw new Error('the answer is no object')
  return { status: response.status, body }
}

async function deploy(region: string, ...more: readonly (readonly [string, string])[]) {
  return post('tools/call', { name: 'deploy', arguments: { region } }, [
    ['mcp-name', 'deploy'],
    ...more,
  ])
}

test(
  'a field that says another thing than the argument does not reach a server that believes it',
  { tags: ['MCP-67', 'THR-58'] },
  async () => {
    const mismatch = { error: { code: -32020, data: { code: 'header-mismatch' } } }
    expect(await deploy('eu', ['mcp-param-region', 'eu'])).toMatchObject({
      status: 400,
      body: mismatch,
    })
    expect((await post('tools/list', {})).body).toMatchObject({ result: { tools: [TOOL] } })
    for (const fields of [
      [['mcp-param-region', 'us']],
      [
        ['mcp-param-region', 'eu'],
        ['mcp-param-region', 'us'],
      ],
      [['mcp-param-region', '=?BASE64?dXM=?=']],
      [['mcp-param-zone', 'eu']],
    ] as const) {
      expect(await deploy('eu', ...fields)).toMatchObject({ status: 400, body: mismatch })
    }
    expect(calls).toEqual([])
    expect(await deploy('eu', ['mcp-param-region', 'eu'])).toMatchObject({
      status: 200,
      body: { result: { content: [{ text: 'to eu' }] } },
    })
    expect(await deploy('eu', ['mcp-param-region', '=?base64?ZXU=?='])).toMatchObject({
      status: 200,
    })
    expect(calls.map((headers) => headers['mcp-param-region'])).toEqual(['eu', '=?base64?ZXU=?='])
  },
)
