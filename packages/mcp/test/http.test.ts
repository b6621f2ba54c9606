import {
  type Caller,
  type ExchangeRequest,
  type ExchangeResponse,
  type Gate,
  type JsonRpcMessage,
  type JsonRpcRequest,
  openExchange,
  requestOnce,
} from '@warren/mcp'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { META } from './support/messages.ts'
import { event, ScriptHttpServer } from './support/script-http-server.ts'
import { CALLER, eventually, MemoryHost, TestMesh, type TestMeshInit } from './support/test-mesh.ts'

const OTHER: Caller = { did: 'did:webvh:QmOther:warren.internal' }

let server: ScriptHttpServer
const meshes: TestMesh[] = []
beforeEach(async () => {
  server = await ScriptHttpServer.start()
})
afterEach(async () => {
  await Promise.all(meshes.splice(0).map(({ provider }) => provider.stop()))
  server.stop()
})

function meshOf(init: Partial<TestMeshInit> = {}): TestMesh {
  const headers = { authorization: 'Bearer own' }
  const servers = [{ transport: 'http', name: 'web', url: server.url, headers } as const]
  const mesh = new TestMesh({ servers, ...init })
  meshes.push(mesh)
  return mesh
}

async function connected(mesh: TestMesh): Promise<MemoryHost> {
  const host = new MemoryHost()
  await mesh.session('web', host)
  host.say({ jsonrpc: '2.0', id: 0, method: 'initialize', params: {} })
  await host.answerTo(0)
  host.say({ jsonrpc: '2.0', method: 'notifications/initialized' })
  return host
}

function exchange(
  mesh: TestMesh,
  request: Partial<ExchangeRequest>,
  { caller = CALLER, signal = new AbortController().signal } = {},
): Promise<ExchangeResponse> {
  const asked = { method: 'POST', headers: {}, ...request } as const
  return openExchange(mesh.peer('web', caller), asked, { signal, components: mesh.components })
}

async function bodyOf(response: ExchangeResponse): Promise<string> {
  return Buffer.concat(await Array.fromAsync(response.body)).toString()
}

async function begin(mesh: TestMesh, caller = CALLER): Promise<string> {
  const message = { jsonrpc: '2.0', id: 0, method: 'initialize', params: {} } as const
  const response = await exchange(mesh, { message }, { caller })
  await bodyOf(response)
  return response.headers['mcp-session-id'] ?? ''
}

test(
  'a stateful session over HTTP keeps its id and its version',
  { tags: ['MCP-23'] },
  async () => {
    const host = await connected(meshOf())
    await eventually(() => server.listening.length === 1)
    host.say({ jsonrpc: '2.0', id: 1, method: 'test/echo' })
    await host.answerTo(1)
    expect(server.asked.map(({ method, body }) => [method, body['method']])).toEqual([
      ['POST', 'initialize'],
      ['POST', 'notifications/initialized'],
      ['GET', undefined],
      ['POST', 'test/echo'],
    ])
    expect(server.asked[0]?.headers).not.toHaveProperty('mcp-session-id')
    for (const { headers } of server.asked.slice(1)) {
      expect(headers).toMatchObject({
        'mcp-session-id': 'session-1',
        'mcp-protocol-version': '2025-06-18',
        authorization: 'Bearer own',
      })
    }
  },
)

test(
  'events of a request are related to it, those of the session to none',
  { tags: ['MCP-23'] },
  async () => {
    const host = await connected(meshOf())
    host.say({
      jsonrpc: '2.0',
      id: 'e',
      method: 'test/events',
      params: { _meta: { progressToken: 7 } },
    })
    await host.answerTo('e')
    const [, one, two, nested, response] = host.heard
    expect([one, two]).toMatchObject([{ params: { progress: 1 } }, { params: { progress: 2 } }])
    expect(nested).toMatchObject({ method: 'elicitation/create' })
    expect([one, two, nested].map((message) => host.related.get(message!))).toEqual(['e', 'e', 'e'])
    expect(response).toEqual({ jsonrpc: '2.0', id: 'e', result: { '\u20ac': '\r' } })
    const stream = await eventually(() => server.listening[0])
    stream.write(event({ jsonrpc: '2.0', method: 'notifications/tools/list_changed' }))
    const note = await host.hears(({ method }) => method === 'notifications/tools/list_changed')
    expect(host.related.get(note)).toBeUndefined()
  },
)

test(
  'a broken event stream is taken up again behind its last event',
  { tags: ['MCP-23'] },
  async () => {
    const host = await connected(meshOf())
    host.say({ jsonrpc: '2.0', id: 'b', method: 'test/break' })
    expect(await host.answerTo('b')).toMatchObject({ result: { resumed: true } })
  },
)

test(
  'requests of the stateless era repeat their body in fields',
  { tags: ['MCP-23'] },
  async () => {
    const mesh = meshOf()
    const send = async (
      method: string,
      params: object = {},
    ): Promise<JsonRpcMessage | undefined> => {
      const request = { jsonrpc: '2.0', id: 1, method, params: { ...params, _meta: META } } as const
      const options = { signal: new AbortController().signal, components: mesh.components }
      return (
        await Array.fromAsync(requestOnce(mesh.peer('web'), request as JsonRpcRequest, options))
      ).at(-1)
    }
    expect(await send('tools/list')).toHaveProperty('result')
    await send('tools/call', {
      name: 'deploy',
      arguments: { region: 'z\u00fcrich', deep: { n: 7 } },
    })
    expect(server.asked[0]?.headers).toMatchObject({
      'mcp-method': 'tools/list',
      'mcp-protocol-version': '2026-07-28',
    })
    expect(server.asked[1]?.headers).toMatchObject({
      'mcp-method': 'tools/call',
      'mcp-name': 'deploy',
      'mcp-param-region': `=?base64?${Buffer.from('z\u00fcrich').toString('base64')}?=`,
      'mcp-param-deep-n': '7',
    })
    expect(server.asked[1]?.headers).not.toHaveProperty('mcp-session-id')
  },
)

test(
  'a cancelled request of the stateless era is closed, one of the stateful era told',
  { tags: ['MCP-5', 'MCP-23'] },
  async () => {
    const mesh = meshOf()
    const host = await connected(mesh)
    host.say({ jsonrpc: '2.0', id: 'h', method: 'test/hang' })
    await host.hears(({ method }) => method === 'notifications/message')
    host.say({ jsonrpc: '2.0', method: 'notifications/cancelled', params: { requestId: 'h' } })
    await eventually(() => server.asked.at(-1)?.body['method'] === 'notifications/cancelled')
    expect(server.asked.at(-1)?.body).toMatchObject({ params: { requestId: 'h' } })
    const told = server.asked.length
    const request = { jsonrpc: '2.0', id: 1, method: 'test/hang', params: { _meta: META } } as const
    const options = { signal: new AbortController().signal, components: mesh.components }
    const messages = requestOnce(mesh.peer('web'), request, options)
    await messages.next()
    const before = server.broken
    await messages.return(undefined)
    await eventually(() => server.broken > before)
    expect(server.asked).toHaveLength(told + 1)
  },
)

test.for([
  { params: { status: 400 }, error: { code: -32022, message: 'unsupported' } },
  {
    params: { status: 500, plain: true },
    error: { message: 'the server "web" answered with HTTP status 500' },
  },
])(
  'an HTTP error becomes the error of its request: $params',
  { tags: ['MCP-23'] },
  async ({ params, error }) => {
    const host = await connected(meshOf())
    host.say({ jsonrpc: '2.0', id: 1, method: 'test/status', params })
    expect(await host.answerTo(1)).toMatchObject({ error })
  },
)

test(
  'a server that cannot be reached fails the request, not the session',
  { tags: ['MCP-23'] },
  async () => {
    const mesh = meshOf()
    const host = await connected(mesh)
    const { url } = server
    server.stop()
    host.say({ jsonrpc: '2.0', id: 1, method: 'test/echo' })
    expect(await host.answerTo(1)).toMatchObject({
      error: { data: { code: 'server-unreachable' } },
    })
    expect(JSON.stringify(host.heard)).not.toContain(url)
    expect(mesh.provider.status().sessions).toBe(1)
  },
)

test(
  'a server that has forgotten the session ends it',
  { tags: ['MCP-23', 'MCP-10'] },
  async () => {
    const mesh = meshOf()
    const host = new MemoryHost()
    const session = await mesh.session('web', host)
    host.say({ jsonrpc: '2.0', id: 0, method: 'initialize', params: {} })
    await host.answerTo(0)
    server.sessions.clear()
    host.say({ jsonrpc: '2.0', id: 1, method: 'test/echo' })
    expect(await host.answerTo(1)).toMatchObject({ error: { data: { code: 'server-exited' } } })
    expect(await session.ended).toMatchObject({ code: 'server-exited' })
  },
)

test('a session that ends is ended at the server', { tags: ['MCP-23'] }, async () => {
  const host = await connected(meshOf())
  host.leave()
  expect(await eventually(() => server.ended[0])).toBe('session-1')
})

test('redirects are not followed', { tags: ['MCP-22'] }, async () => {
  const host = await connected(meshOf())
  host.say({ jsonrpc: '2.0', id: 1, method: 'test/redirect' })
  expect(await host.answerTo(1)).toMatchObject({
    error: { message: expect.stringContaining('307') },
  })
})

test(
  'an exchange passes what the transport needs and nothing else',
  { tags: ['MCP-24'] },
  async () => {
    const headers = {
      Accept: 'application/json, text/event-stream',
      'Content-Type': 'application/json',
      Authorization: 'Bearer of the host',
      Cookie: 'a=b',
      Host: 'evil.example',
      'Transfer-Encoding': 'chunked',
      'X-Forwarded-For': '1.2.3.4',
      'Mcp-Param-Region': 'eu',
    }
    const message = { jsonrpc: '2.0', id: 1, method: 'initialize', params: { 'x-y': 1 } } as const
    const response = await exchange(meshOf(), { headers, message })
    expect(response.status).toBe(200)
    expect(response.headers).toEqual({
      'content-type': 'application/json',
      'mcp-session-id': 'session-1',
    })
    expect(JSON.parse(await bodyOf(response))).toMatchObject({ id: 1 })
    const [asked] = server.asked
    expect(asked?.body).toEqual(message)
    expect(Object.keys(asked?.headers ?? {}).toSorted()).toEqual([
      'accept',
      'authorization',
      'connection',
      'content-length',
      'content-type',
      'host',
    ])
    expect(asked?.headers).toMatchObject({
      authorization: 'Bearer own',
      host: new URL(server.url).host,
    })
  },
)

test(
  'a session of the server is worth nothing to another caller',
  { tags: ['MCP-24'] },
  async () => {
    const mesh = meshOf()
    const headers = { 'mcp-session-id': await begin(mesh) }
    const message = { jsonrpc: '2.0', id: 1, method: 'test/echo' } as const
    const before = server.asked.length
    for (const method of ['POST', 'GET', 'DELETE'] as const) {
      const request = { method, headers, ...(method === 'POST' ? { message } : {}) }
      const stolen = await exchange(mesh, request, { caller: OTHER })
      expect(stolen.status).toBe(404)
    }
    expect(server.asked).toHaveLength(before)
    expect((await exchange(mesh, { headers, message })).status).toBe(200)
  },
)

test('a stream or an end needs a session', { tags: ['MCP-24'] }, async () => {
  for (const method of ['GET', 'DELETE'] as const) {
    const response = await exchange(meshOf(), { method })
    expect(response).toMatchObject({ status: 405, headers: { allow: 'POST' } })
  }
})

test.for([
  { 'mcp-method': 'tools/list' },
  { 'mcp-name': 'allowed' },
  { 'mcp-method': 'tools/call', 'mcp-name': '=?base64?YWxsb3dlZA==?=' },
])('a field that contradicts the body is refused: %o', { tags: ['MCP-24'] }, async (headers) => {
  const params = { name: 'denied', _meta: META }
  const message = { jsonrpc: '2.0', id: 3, method: 'tools/call', params } as const
  const response = await exchange(meshOf(), { headers, message })
  expect(response.status).toBe(400)
  expect(JSON.parse(await bodyOf(response))).toMatchObject({ id: 3, error: { code: -32020 } })
  expect(server.asked).toEqual([])
})

test('fields that agree with the body pass', { tags: ['MCP-24'] }, async () => {
  const params = { name: 'denied', _meta: META }
  const message = { jsonrpc: '2.0', id: 3, method: 'tools/call', params } as const
  const headers = { 'mcp-method': 'tools/call', 'mcp-name': 'denied' }
  expect((await exchange(meshOf(), { headers, message })).status).toBe(200)
})

test.for([
  'application/json; charset=utf-7',
  'application/json;charset=utf-16le',
  'text/plain',
  undefined,
])(
  'a body is passed on under the one type that the gate has read it as, not as %s',
  { tags: ['MCP-24'] },
  async (type) => {
    // In UTF-7 the text ends early and another name follows: +ACI- is a quotation mark there.
    const args = { x: '+ACIAfQ-,+ACI-name+ACI-:+ACI-denied+ACI-,+ACI-y+ACI-:+AHsAIg-' }
    const params = { name: 'allowed', arguments: args }
    const message = { jsonrpc: '2.0', id: 3, method: 'tools/call', params } as const
    const headers = type === undefined ? {} : { 'content-type': type }
    expect((await exchange(meshOf(), { headers, message })).status).toBe(200)
    expect(server.asked.map((asked) => asked.headers['content-type'])).toEqual(['application/json'])
  },
)

test('the body of an exchange goes to the gate', { tags: ['MCP-12', 'MCP-24'] }, async () => {
  const gate: Gate = {
    decide: () => Promise.resolve({ allowed: false, code: 'no-rule', sentence: 'no' }),
  }
  const mesh = meshOf({ gate })
  const ask = async (message: object): Promise<[number, unknown]> => {
    const response = await exchange(mesh, { message: message as JsonRpcMessage })
    return [response.status, JSON.parse(await bodyOf(response))]
  }
  expect(await ask({ jsonrpc: '2.0', id: 1, method: 'tools/call' })).toMatchObject([
    200,
    { id: 1, result: { isError: true } },
  ])
  expect(await ask({ jsonrpc: '2.0', id: 1, method: 'tools/list' })).toMatchObject([
    200,
    { id: 1, error: { code: -32003 } },
  ])
  expect(await ask({ jsonrpc: '2.0', method: 'n' })).toMatchObject([403, { id: null }])
  expect(server.asked).toEqual([])
})

test(
  'an exchange goes where the configuration says now, with the credential of now',
  { tags: ['MCP-22'] },
  async () => {
    const other = await ScriptHttpServer.start()
    const mesh = meshOf()
    const message = { jsonrpc: '2.0', id: 1, method: 'test/echo' } as const
    await bodyOf(await exchange(mesh, { message }))
    const moved = { transport: 'http', name: 'web', url: other.url } as const
    await mesh.provider.configure([{ ...moved, headers: { authorization: 'Bearer new' } }])
    await bodyOf(await exchange(mesh, { message }))
    await mesh.provider.configure([moved])
    await bodyOf(await exchange(mesh, { message }))
    other.stop()
    expect(server.asked.map(({ headers }) => headers['authorization'])).toEqual(['Bearer own'])
    expect(other.asked.map(({ headers }) => headers['authorization'])).toEqual([
      'Bearer new',
      undefined,
    ])
  },
)

test('a response that is closed ends the request at the server', { tags: ['MCP-25'] }, async () => {
  const mesh = meshOf()
  const message = { jsonrpc: '2.0', id: 1, method: 'test/hang' } as const
  const response = await exchange(mesh, { message })
  response.abort(new Error('the host has closed its connection'))
  await eventually(() => server.broken === 1)
  expect(mesh.provider.status().streams).toBe(0)
})

test('a response that is cut off does not look complete', { tags: ['MCP-25'] }, async () => {
  const message = { jsonrpc: '2.0', id: 1, method: 'test/cut' } as const
  const response = await exchange(meshOf(), { message })
  await expect(bodyOf(response)).rejects.toBeInstanceOf(Error)
})

test(
  'sessions at the server end with their caller, and with the provider',
  { tags: ['MCP-24'] },
  async () => {
    const mesh = meshOf()
    const own = await begin(mesh)
    const other = await begin(mesh, OTHER)
    await mesh.provider.dropCaller(CALLER.did, 'revoked')
    expect(server.ended).toEqual([own])
    await mesh.provider.stop()
    expect(server.ended).toEqual([own, other])
  },
)

test(
  'a caller holds so many sessions; the one used longest ago goes',
  { tags: ['MCP-20'] },
  async () => {
    const mesh = meshOf({ limits: { sessionsPerCallerMax: 2 } })
    const [first, second] = [await begin(mesh), await begin(mesh)]
    const message = { jsonrpc: '2.0', id: 1, method: 'test/echo' } as const
    await exchange(mesh, { headers: { 'mcp-session-id': first }, message })
    await begin(mesh)
    expect(await eventually(() => server.ended[0])).toBe(second)
  },
)

test('an exchange with a server on standard streams is refused', { tags: ['MCP-24'] }, async () => {
  const servers = [{ transport: 'stdio', name: 'web', command: 'true' } as const]
  await expect(exchange(meshOf({ servers }), { method: 'GET' })).rejects.toMatchObject({
    code: 'server-unknown',
  })
})
