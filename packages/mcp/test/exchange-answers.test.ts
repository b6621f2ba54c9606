// Which answers of an HTTP server reach a caller, on which stream, and as whose.

import type { JsonRpcMessage } from '@warren/mcp'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { begin, bodyOf, exchange, HeardBody, request } from './support/http-exchange.ts'
import { holding, RecordingGate } from './support/recording-gate.ts'
import { event, ScriptHttpServer } from './support/script-http-server.ts'
import { CALLER, eventually, TestMesh, type TestMeshInit } from './support/test-mesh.ts'

let server: ScriptHttpServer
let gate: RecordingGate
const meshes: TestMesh[] = []
beforeEach(async () => {
  server = await ScriptHttpServer.start()
  gate = new RecordingGate()
})
afterEach(async () => {
  await Promise.all(meshes.splice(0).map(({ provider }) => provider.stop()))
  server.stop()
})

function meshOf(init: Partial<TestMeshInit> = {}): TestMesh {
  const servers = [{ transport: 'http', name: 'web', url: server.url } as const]
  const mesh = new TestMesh({ servers, gate, ...init })
  meshes.push(mesh)
  return mesh
}

const UNNAMED = '{"jsonrpc":"2.0","error":{"code":-32000,"message":"no such session"}}'

test.for([
  { where: 'in a body', text: UNNAMED },
  { where: 'in an event', text: `data: ${UNNAMED}\n\n`, type: 'text/event-stream' },
])(
  'an error without an id answers the request that it came back for: $where',
  { tags: ['MCP-59', 'MCP-63'] },
  async (sent) => {
    const response = await exchange(meshOf(), {
      message: request('test/raw', { status: 400, ...sent }),
    })
    expect(response.status).toBe(400)
    expect(await bodyOf(response)).toContain(UNNAMED)
    expect(gate.of('test/raw')).toMatchObject([
      { outcome: 'error', answer: { message: JSON.parse(UNNAMED), bytes: UNNAMED.length } },
    ])
  },
)

test('and is what a server says to a note', { tags: ['MCP-63'] }, async () => {
  const params = { status: 400, text: UNNAMED }
  const message: JsonRpcMessage = { jsonrpc: '2.0', method: 'test/raw', params }
  const response = await exchange(meshOf(), { message })
  expect([response.status, (await bodyOf(response)).trimEnd()]).toEqual([400, UNNAMED])
})

function asked(method: string): number {
  return server.asked.filter(({ body }) => body['method'] === method).length
}

test(
  'an id that is open in a session is refused to another request, and is free when its call has ended',
  { tags: ['MCP-75', 'MCP-59'] },
  async () => {
    const mesh = meshOf()
    const headers = await begin(mesh)
    const hanging = await exchange(mesh, { headers, message: request('test/hang', {}, 1) })
    const again = { headers, message: request('test/echo', {}, 1) }
    await expect(exchange(mesh, again)).rejects.toMatchObject({ code: 'request-taken' })
    expect(asked('test/echo')).toBe(0)
    expect(gate.of('test/echo')).toEqual([{ outcome: 'refused', code: 'request-taken' }])
    const others = [
      { headers, message: request('test/echo', {}, '1') },
      { headers: await begin(mesh), message: request('test/echo', {}, 1) },
      { message: request('test/echo', {}, 1) },
    ]
    for (const other of others) {
      expect(await bodyOf(await exchange(mesh, other))).toContain('"result"')
    }
    server.finishHanging()
    expect(await bodyOf(hanging)).toContain('"id":1,"result":{}')
    expect(await bodyOf(await exchange(mesh, again))).toContain('"id":1,"result"')
  },
)

test(
  'one call more than a session may have open is refused, and takes no other the answer',
  { tags: ['MCP-75', 'MCP-20'] },
  async () => {
    const mesh = meshOf({ limits: { inFlightMax: 2 } })
    const headers = await begin(mesh)
    const open = [
      await exchange(mesh, { headers, message: request('test/hang', {}, 'a') }),
      await exchange(mesh, { headers, message: request('test/hang', {}, 'b') }),
    ]
    const third = { headers, message: request('test/echo', {}, 'c') }
    await expect(exchange(mesh, third)).rejects.toMatchObject({ code: 'requests-exhausted' })
    expect(asked('test/echo')).toBe(0)
    expect(gate.of('test/echo')).toEqual([{ outcome: 'refused', code: 'requests-exhausted' }])
    server.finishHanging()
    const [first, second] = await Promise.all(open.map(bodyOf))
    expect(first).toContain('"id":"a","result":{}')
    expect(second).toContain('"id":"b","result":{}')
    expect(await bodyOf(await exchange(mesh, third))).toContain('"id":"c","result"')
  },
)

test(
  'an answer for which there was no room to wait is said to be lost',
  { tags: ['MCP-75', 'MCP-63'] },
  async () => {
    const mesh = meshOf({ limits: { inFlightMax: 1 } })
    const headers = await begin(mesh)
    await bodyOf(await exchange(mesh, { headers, message: request('test/break', {}, 'resumed') }))
    await bodyOf(await exchange(mesh, { headers, message: request('test/break', {}, 'second') }))
    expect(gate.of('test/break')).toEqual([{ outcome: 'refused', code: 'requests-exhausted' }])
    const resume = { ...headers, 'last-event-id': 'resume-me' }
    const heard = await bodyOf(await exchange(mesh, { method: 'GET', headers: resume }))
    expect(heard).toContain('"id":"resumed","error"')
  },
)

test.for([
  { what: 'an event stream', params: {}, status: 200 },
  { what: 'a body', params: { whole: true }, status: 202 },
  { what: 'an event that is no message', params: { broken: true }, status: 200 },
  { what: 'a body that is no message', params: { whole: true, broken: true }, status: 202 },
])(
  'a second copy of an answer that is being recorded displaces it nowhere: in $what',
  { tags: ['MCP-77', 'MCP-63'] },
  async ({ params, status }) => {
    const mesh = meshOf()
    const headers = await begin(mesh)
    const listening = new HeardBody(await exchange(mesh, { method: 'GET', headers }))
    const [stream] = await eventually(() => server.listening.length > 0 && server.listening)
    const asking = exchange(mesh, { headers, message: request('test/hang', params, 'c') })
    await eventually(() => asked('test/hang') === 1)
    const { go } = holding(gate, 'test/hang')
    stream?.write(event({ jsonrpc: '2.0', id: 'c', result: { real: true } }))
    await eventually(() => gate.of('test/hang').length === 1)
    server.finishHanging()
    const own = await asking
    expect(own.status).toBe(status)
    expect(await bodyOf(own)).not.toContain('"id"')
    expect(listening.text).not.toContain('real')
    go()
    await listening.hears('"id":"c","result":{"real":true}')
    // Nor where it comes once more, on a stream that was there before.
    stream?.end(event({ jsonrpc: '2.0', id: 'c', result: { late: true } }))
    await listening.whole
    expect(listening.text.match(/"id":"c"/g)).toHaveLength(1)
    expect(gate.of('test/hang')).toHaveLength(1)
  },
)

test(
  'the answer of a call that was never asked is said to be nothing',
  { tags: ['MCP-77', 'MCP-63'] },
  async () => {
    const mesh = meshOf()
    const stray = event({ jsonrpc: '2.0', id: 'a', result: { stray: true } })
    const own = event({ jsonrpc: '2.0', id: 1, result: {} })
    const params = { text: stray + own, type: 'text/event-stream' }
    for (const headers of [{}, await begin(mesh)]) {
      const response = await exchange(mesh, { headers, message: request('test/raw', params) })
      expect((await bodyOf(response)).trimEnd()).toBe(
        ':\n\ndata: {"jsonrpc":"2.0","id":1,"result":{}}',
      )
    }
  },
)

test.for(['the server breaks it', 'the caller loses it'])(
  'a call of a session whose stream can be taken up again stays open when it breaks: %s',
  { tags: ['MCP-76', 'MCP-63', 'MCP-25'] },
  async (how) => {
    const mesh = meshOf()
    const headers = await begin(mesh)
    const method = how === 'the server breaks it' ? 'test/cut' : 'test/hang'
    const message = request(method, { resumable: true }, 'resumed')
    const response = await exchange(mesh, { headers, message })
    const heard = new HeardBody(response)
    await heard.hears('id: resume-me\ndata: \n\n')
    if (method === 'test/hang') response.abort(new Error('the connection is lost'))
    await expect(heard.whole).rejects.toBeInstanceOf(Error)
    await eventually(() => server.broken === 1 && mesh.provider.status().streams === 0)
    expect(gate.of(method)).toEqual([])
    const resume = { ...headers, 'last-event-id': 'resume-me' }
    const fetched = await bodyOf(await exchange(mesh, { method: 'GET', headers: resume }))
    expect(fetched).toContain('"id":"resumed","result":{"resumed":true}')
    expect(gate.of(method)).toMatchObject([{ outcome: 'answered' }])
  },
)

test.for([{ where: 'in no session' }, { where: 'in a session' }])(
  'it ends with its stream $where where nothing takes it up again',
  { tags: ['MCP-76', 'MCP-59'] },
  async ({ where }) => {
    const mesh = meshOf()
    const isOfSession = where === 'in a session'
    const headers = isOfSession ? await begin(mesh) : {}
    const params = isOfSession ? {} : { resumable: true }
    const response = await exchange(mesh, { headers, message: request('test/cut', params) })
    await expect(bodyOf(response)).rejects.toBeInstanceOf(Error)
    await eventually(() => gate.of('test/cut').length === 1)
    expect(gate.of('test/cut')).toEqual([{ outcome: 'failed', code: 'server-unreachable' }])
  },
)

test(
  'and when its caller is dropped, whatever the server promises',
  { tags: ['MCP-76', 'MCP-62'] },
  async () => {
    const mesh = meshOf()
    const headers = await begin(mesh)
    const message = request('test/hang', { resumable: true }, 'resumed')
    const heard = new HeardBody(await exchange(mesh, { headers, message }))
    await heard.hears('resume-me')
    await mesh.provider.dropCaller(CALLER.did, 'revoked')
    expect(gate.of('test/hang')).toEqual([{ outcome: 'failed', code: 'caller-dropped' }])
  },
)

const NOTE = event({ jsonrpc: '2.0', method: 'notifications/message', params: {} })

test(
  'a session that begins on an event stream is nobody\u2019s before its begin is recorded',
  { tags: ['MCP-60', 'MCP-24'] },
  async () => {
    const mesh = meshOf()
    const { go } = holding(gate, 'initialize')
    const message = request('initialize', { before: `id: 1\ndata: \n\n${NOTE}` })
    const beginning = exchange(mesh, { message })
    let isThere = false
    void beginning.then(() => (isThere = true))
    await eventually(() => gate.of('initialize').length === 1)
    const early = { headers: { 'mcp-session-id': 'session-1' }, message: request('test/echo') }
    expect((await exchange(mesh, early)).status).toBe(404)
    expect(isThere).toBe(false)
    go()
    const response = await beginning
    expect(response.headers).toMatchObject({ 'mcp-session-id': 'session-1' })
    expect(await bodyOf(response)).toMatch(
      /^id: 1\ndata: \n\ndata: .*message.*\n\ndata: .*"result"/,
    )
    expect(await bodyOf(await exchange(mesh, early))).toContain('"result"')
  },
)

test(
  'and where it is not, the session is ended, and nobody gets its id',
  { tags: ['MCP-60', 'MCP-24'] },
  async () => {
    gate.taking = () => Promise.reject(new Error('disk full'))
    const mesh = meshOf()
    const response = await exchange(mesh, { message: request('initialize', { before: NOTE }) })
    expect(response.headers).not.toHaveProperty('mcp-session-id')
    expect(await bodyOf(response)).toContain('audit-unavailable')
    expect(await eventually(() => server.ended[0])).toBe('session-1')
    const late = { headers: { 'mcp-session-id': 'session-1' }, message: request('test/echo') }
    expect((await exchange(mesh, late)).status).toBe(404)
  },
)

test.for([
  { bytes: 65_536, begins: true },
  { bytes: 65_537, begins: false },
])(
  'what a server says before a session begins is bounded: $bytes bytes',
  { tags: ['MCP-60', 'MCP-58'] },
  async ({ bytes, begins }) => {
    const mesh = meshOf()
    const head = 'data: {"jsonrpc":"2.0","method":"n","params":{"x":"'
    const tail = '"}}\n\n'
    const before = head + 'x'.repeat(bytes - head.length - tail.length) + tail
    const beginning = exchange(mesh, { message: request('initialize', { before }) })
    if (begins) expect((await beginning).headers).toHaveProperty('mcp-session-id')
    else await expect(beginning).rejects.toMatchObject({ code: 'message-too-long' })
    expect(mesh.provider.status().sessions).toBe(begins ? 1 : 0)
    expect(gate.of('initialize')).toMatchObject(
      begins ? [{ outcome: 'answered' }] : [{ outcome: 'failed', code: 'message-too-long' }],
    )
  },
)
