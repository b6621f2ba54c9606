import type { CallEnd, EndVerdict, GateQuestion, JsonRpcMessage } from '@warren/mcp'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { begin, bodyOf, exchange, request } from './support/http-exchange.ts'
import { initialize } from './support/messages.ts'
import { holding, RecordingGate, wanting } from './support/recording-gate.ts'
import { event, ScriptHttpServer } from './support/script-http-server.ts'
import { CALLER, eventually, MemoryHost, TestMesh, type TestMeshInit } from './support/test-mesh.ts'

const REFUSED: EndVerdict = { allowed: false, code: 'result-secret', sentence: 'it holds a secret' }

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

function raw(text: string, more: object = {}): JsonRpcMessage {
  return request('test/raw', { text, ...more })
}

/** Sends one message outside any session; gives the status and the body. */
async function ask(mesh: TestMesh, message: JsonRpcMessage): Promise<[number, string]> {
  const response = await exchange(mesh, { message })
  return [response.status, (await bodyOf(response)).trimEnd()]
}

async function endOf(method: string): Promise<CallEnd> {
  await eventually(() => gate.of(method).length > 0)
  const [end, ...others] = gate.of(method)
  expect(others).toEqual([])
  return end!
}

test(
  'a body is told as it is sent, and leaves after that',
  { tags: ['MCP-60', 'MCP-63'] },
  async () => {
    const { go } = holding(gate, 'test/raw')
    let answered = false
    const answer = ask(
      meshOf(),
      raw('{ "jsonrpc": "2.0", "id": 1, "result": { "a": 1, "a": 2 } }\n'),
    )
    void answer.then(() => (answered = true))
    const message = { jsonrpc: '2.0', id: 1, result: { a: 2 } } as const
    const bytes = JSON.stringify(message).length
    expect(await endOf('test/raw')).toEqual({ outcome: 'answered', answer: { message, bytes } })
    expect(answered).toBe(false)
    go()
    expect(await answer).toEqual([200, JSON.stringify(message)])
  },
)

test(
  'where the gate does not ask, a body leaves as its message all the same',
  { tags: ['MCP-63'] },
  async () => {
    const mesh = meshOf({ gate: { decide: async () => ({ allowed: true, rule: 'test' }) } })
    const text = '{ "jsonrpc": "2.0", "id": 1, "result": { "a": 1, "a": 2 } }'
    expect(await ask(mesh, raw(text))).toEqual([200, '{"jsonrpc":"2.0","id":1,"result":{"a":2}}'])
  },
)

const UNKNOWN = { code: -32_600, message: 'no such session' }

test.for([
  { what: 'an empty body', status: 202, text: '', given: '' },
  { what: 'a body that is no message', status: 200, text: 'fine', given: '' },
  {
    what: 'a body that is no message, with a status that says no',
    status: 405,
    text: 'no',
    given: expect.stringContaining('HTTP status 405'),
  },
  {
    what: 'an error that is about no request',
    status: 400,
    text: JSON.stringify({ jsonrpc: '2.0', id: null, error: UNKNOWN }),
    given: JSON.stringify({ jsonrpc: '2.0', id: null, error: UNKNOWN }),
  },
  {
    what: 'the answer of a call that is not open',
    status: 200,
    text: JSON.stringify({ jsonrpc: '2.0', id: 9, result: { stray: true } }),
    given: '',
  },
  {
    what: 'an error about no request that passes for a word of this node',
    status: 400,
    text: JSON.stringify({
      jsonrpc: '2.0',
      id: null,
      error: { code: -32_003, message: 'no', data: { code: 'refused' } },
    }),
    given: expect.stringContaining('server-answer-unacceptable'),
  },
] as const)(
  'what a server says to a note: $what',
  { tags: ['MCP-63', 'MCP-70'] },
  async ({ status, text, given }) => {
    const message = { jsonrpc: '2.0', method: 'test/raw', params: { status, text } } as const
    expect(await ask(meshOf(), message)).toEqual([status, given])
  },
)

test(
  'the notes of an event stream pass, its response leaves once it is told',
  { tags: ['MCP-60', 'MCP-63'] },
  async () => {
    const { go } = holding(gate, 'test/events')
    const message = request('test/events', { _meta: { progressToken: 7 } })
    const response = await exchange(meshOf(), { message })
    let text = ''
    const whole = (async () => {
      for await (const chunk of response.body) text += Buffer.from(chunk).toString()
    })()
    const result = { jsonrpc: '2.0', id: 1, result: { '\u20ac': '\r' } } as const
    const bytes = Buffer.byteLength(JSON.stringify(result))
    expect(await endOf('test/events')).toEqual({
      outcome: 'answered',
      answer: { message: result, bytes },
    })
    await eventually(() => text.includes('elicitation/create'))
    expect(text.match(/"progress":/g)).toHaveLength(2)
    expect(text).not.toContain('result')
    go()
    await whole
    expect(text.split('\n\n').at(-2)).toBe(`data: ${JSON.stringify(result)}`)
  },
)

test(
  'what is no message of an event stream passes: ids, delays, comments; of other events the id',
  { tags: ['MCP-63'] },
  async () => {
    const last = event({ jsonrpc: '2.0', id: 1, result: {} })
    const text = `: hello\n\nid: 7\nretry: 20\ndata:\n\nid: 8\n\nevent: x\nid: 9\ndata: a\ndata: b\n\nevent: x\ndata: c\n\n${last}`
    const [, body] = await ask(meshOf(), raw(text, { type: 'text/event-stream' }))
    expect(body).toBe(
      ':\n\nid: 7\nretry: 20\ndata: \n\nid: 8\n\nid: 9\ndata: \n\n:\n\ndata: {"jsonrpc":"2.0","id":1,"result":{}}',
    )
  },
)

test.for([
  { text: '{"jsonrpc":"2.0","id":1,"error":{"code":-1,"message":"m"}}', outcome: 'error' },
  { text: '{"jsonrpc":"2.0","id":null,"error":{"code":-1,"message":"m"}}', outcome: 'error' },
  { text: String.raw`{"jsonrpc":"2.0","id":1,"result":{"x":"\u2028"}}`, outcome: 'answered' },
])('a body $text is one: $outcome', { tags: ['MCP-59'] }, async ({ text, outcome }) => {
  for (const sent of [raw(text), raw(`data: ${text}\n\n`, { type: 'text/event-stream' })]) {
    gate.ends.length = 0
    expect((await ask(meshOf(), sent))[1]).toContain(text)
    expect(await endOf('test/raw')).toMatchObject({ outcome, answer: { bytes: text.length } })
  }
})

test.for([
  { text: 'hunter2', type: 'text/plain', status: 200, code: 'server-answer-unacceptable' },
  { text: 'hunter2', type: 'application/json', status: 200, code: 'server-answer-unacceptable' },
  { text: '[{"result":"hunter2"}]', status: 200, code: 'server-answer-unacceptable' },
  { text: 'hunter2', type: 'text/html', status: 404, code: 'server-unreachable' },
  {
    text: '{"jsonrpc":"2.0","method":"n","params":{"x":"hunter2"}}',
    status: 200,
    code: 'server-answer-unacceptable',
  },
  {
    text: 'data: {"jsonrpc":"2.0","id":1,"result":"hunter2"}\n\n',
    type: 'text/event-stream',
    status: 200,
    code: 'server-answer-unacceptable',
  },
])(
  'a body that is no message does not leave: $type $text',
  { tags: ['MCP-59', 'MCP-63'] },
  async ({ text, code, ...more }) => {
    const [status, body] = await ask(meshOf(), raw(text, more))
    expect(status).toBe(more.status)
    expect(body).toContain(`"data":{"code":"${code}"}`)
    expect(body).not.toContain('hunter2')
    expect(await endOf('test/raw')).toMatchObject({ outcome: 'failed', code, answer: {} })
  },
)

test(
  'noise on an event stream goes no further, and the call goes on',
  { tags: ['MCP-63'] },
  async () => {
    const last = '{"jsonrpc":"2.0","id":1,"result":{}}'
    const noise = ['hunter2', '[{"id":1,"result":"hunter2"}]', '{"result":"hunter2"}']
    const text = [...noise, last].map((data) => `id: 7\ndata: ${data}\n\n`).join('')
    const [, body] = await ask(meshOf(), raw(text, { type: 'text/event-stream' }))
    expect(body).toBe(`${'id: 7\ndata: \n\n'.repeat(3)}id: 7\ndata: ${last}`)
    expect(await endOf('test/raw')).toMatchObject({ outcome: 'answered' })
  },
)

test('no body is a failure, with the status of the server', { tags: ['MCP-59'] }, async () => {
  expect(await ask(meshOf(), raw('', { status: 401 }))).toEqual([401, ''])
  expect(await endOf('test/raw')).toEqual({ outcome: 'failed', code: 'server-unreachable' })
})

test.for<[string, EndVerdict | Error, string]>([
  ['fails', new Error('disk full'), 'audit-unavailable'],
  ['refuses', REFUSED, 'result-secret'],
])(
  'where the gate %s, nothing of a body leaves',
  { tags: ['MCP-60'] },
  async ([, verdict, code]) => {
    gate.taking = () =>
      verdict instanceof Error ? Promise.reject(verdict) : Promise.resolve(verdict)
    const mesh = meshOf()
    const secret = '{"jsonrpc":"2.0","id":1,"result":{"x":"hunter2"}}'
    const bodies = [
      await ask(mesh, raw(secret)),
      await ask(mesh, raw(`data: ${secret}\n\n`, { type: 'text/event-stream' })),
      await ask(mesh, raw('hunter2', { type: 'text/plain' })),
      await ask(mesh, raw('', { status: 202 })),
    ]
    for (const [status, body] of bodies) {
      expect(status).toBe(200)
      expect(body).toContain(`"data":{"code":"${code}"}`)
    }
    expect(JSON.stringify(bodies)).not.toContain('hunter2')
    expect(gate.ends).toHaveLength(4)
  },
)

test(
  'a session whose begin is not recorded is ended, and nobody gets its id',
  { tags: ['MCP-60'] },
  async () => {
    gate.taking = () => Promise.reject(new Error('disk full'))
    const response = await exchange(meshOf(), { message: request('initialize') })
    expect(await bodyOf(response)).toContain('audit-unavailable')
    expect(response.headers).not.toHaveProperty('mcp-session-id')
    expect(await eventually(() => server.ended[0])).toBe('session-1')
  },
)

test('a response that is closed is cancelled', { tags: ['MCP-59'] }, async () => {
  const response = await exchange(meshOf(), { message: request('test/hang') })
  response.abort(new Error('the host has closed its connection'))
  expect(await endOf('test/hang')).toEqual({ outcome: 'cancelled' })
})

test('a response that is cut off has failed', { tags: ['MCP-59'] }, async () => {
  const response = await exchange(meshOf(), { message: request('test/cut') })
  await expect(bodyOf(response)).rejects.toBeInstanceOf(Error)
  expect(await endOf('test/cut')).toEqual({ outcome: 'failed', code: 'server-unreachable' })
})

test.for<[EndVerdict | Error, string]>([
  [{ allowed: true }, 'server-unreachable'],
  [new Error('disk full'), 'audit-unavailable'],
])(
  'a server that is away has failed; the caller hears %o',
  { tags: ['MCP-59', 'MCP-60'] },
  async ([verdict, code]) => {
    gate.taking = () =>
      verdict instanceof Error ? Promise.reject(verdict) : Promise.resolve(verdict)
    const mesh = meshOf()
    server.stop()
    await expect(ask(mesh, request('test/echo'))).rejects.toMatchObject({ code })
    expect(await endOf('test/echo')).toEqual({ outcome: 'failed', code: 'server-unreachable' })
  },
)

test.for<[string, (mesh: TestMesh) => Promise<void>]>([
  ['caller-dropped', ({ provider }) => provider.dropCaller(CALLER.did, 'revoked')],
  ['server-withdrawn', ({ provider }) => provider.configure([])],
  ['stopped', ({ provider }) => provider.stop()],
])(
  'an exchange that ends as %s has failed',
  { tags: ['MCP-59', 'MCP-62'] },
  async ([code, end]) => {
    const mesh = meshOf()
    // Beside a session, whose end the server is told of, a call of none.
    await begin(mesh)
    const response = await exchange(mesh, { message: request('test/hang') })
    const cut = bodyOf(response).catch(() => 'cut')
    const order: string[] = []
    gate.taking = async () => {
      await Promise.all([cut, eventually(() => server.ended.length > 0)])
      for (let turn = 0; turn < 100; turn += 1) await new Promise((done) => setImmediate(done))
      order.push('taken')
      return { allowed: true }
    }
    await end(mesh)
    order.push('over')
    expect(order).toEqual(['taken', 'over'])
    expect(gate.of('test/hang')).toEqual([{ outcome: 'failed', code }])
    expect(await cut).toBe('cut')
  },
)

test(
  'a server that was withdrawn while the gate was asked is refused',
  { tags: ['MCP-59'] },
  async () => {
    const mesh: TestMesh = meshOf({
      gate: {
        decide: async (question) => {
          await mesh.provider.configure([])
          return gate.decide(question)
        },
      },
    })
    await expect(ask(mesh, request('test/echo'))).rejects.toMatchObject({ code: 'server-unknown' })
    expect(await endOf('test/echo')).toEqual({ outcome: 'refused', code: 'server-unknown' })
  },
)

test.for([
  { type: 'application/json', bytes: 65_536, outcome: 'answered' },
  { type: 'application/json', bytes: 65_537, outcome: 'refused' },
  { type: 'text/event-stream', bytes: 65_536, outcome: 'answered' },
  { type: 'text/event-stream', bytes: 65_537, outcome: 'refused' },
])(
  'an answer of $bytes bytes that is held where nothing is left for large ones: $outcome',
  { tags: ['MCP-58', 'MCP-59'] },
  async ({ type, bytes, outcome }) => {
    const mesh = meshOf({ limits: { heldBytesMax: 0 } })
    const [head, tail] = type === 'text/event-stream' ? ['data: ', '\n\n'] : ['', '']
    const start = `${head}{"jsonrpc":"2.0","id":1,"result":{"x":"`
    const end = `"}}${tail}`
    // The server makes the body, so that the request stays small.
    server.body = start + 'x'.repeat(bytes - start.length - end.length) + end
    const answer = ask(mesh, request('test/raw', { type })).then(
      () => 'whole',
      () => 'not whole',
    )
    expect(await answer).toBe(outcome === 'answered' ? 'whole' : 'not whole')
    const code = outcome === 'refused' ? { code: 'bytes-exhausted' } : {}
    expect(await endOf('test/raw')).toMatchObject({ outcome, ...code })
  },
)

test(
  'an answer that another stream of the session brings is told once, and leaves once',
  { tags: ['MCP-59', 'MCP-63'] },
  async () => {
    const mesh = meshOf()
    const headers = await begin(mesh)
    await bodyOf(await exchange(mesh, { headers, message: request('test/break', {}, 'resumed') }))
    expect(gate.of('test/break')).toEqual([])
    const resume = { ...headers, 'last-event-id': 'resume-me' }
    const { go } = holding(gate, 'test/break')
    const fetched = exchange(mesh, { method: 'GET', headers: resume }).then(bodyOf)
    expect(await endOf('test/break')).toMatchObject({ outcome: 'answered' })
    go()
    expect(await fetched).toContain('"result":{"resumed":true}')
    const again = await bodyOf(await exchange(mesh, { method: 'GET', headers: resume }))
    expect(again).toContain('"id":"resumed","error"')
    expect(again).not.toContain('"resumed":true')
    await endOf('test/break')
  },
)

test(
  'nor does a stream bring one unrecorded that was there before the first call of its session',
  { tags: ['MCP-63', 'AUN-2'] },
  async () => {
    const mesh = meshOf({ gate: wanting(gate, 'test/break') })
    const headers = await begin(mesh)
    const listening = await exchange(mesh, { method: 'GET', headers })
    const [stream] = await eventually(() => server.listening.length > 0 && server.listening)
    await bodyOf(await exchange(mesh, { headers, message: request('test/break', {}, 'later') }))
    const { go } = holding(gate, 'test/break')
    stream?.end(event({ jsonrpc: '2.0', id: 'later', result: { early: true } }))
    const heard = bodyOf(listening)
    let isThere = false
    void heard.then(() => (isThere = true))
    expect(await endOf('test/break')).toMatchObject({ outcome: 'answered' })
    expect(isThere).toBe(false)
    go()
    expect(await heard).toContain('"early":true')
  },
)

test.for(['of the session', 'of no session'])(
  'nor does the stream of a request of which the gate does not ask: $0',
  { tags: ['MCP-63', 'AUN-2'] },
  async (where) => {
    const mesh = meshOf({ gate: wanting(gate, 'test/break') })
    const headers = await begin(mesh)
    const own = where === 'of the session' ? headers : {}
    const hanging = await exchange(mesh, { headers: own, message: request('test/hang', {}, 'a') })
    await bodyOf(await exchange(mesh, { headers, message: request('test/break', {}, 'b') }))
    server.finishHanging({ jsonrpc: '2.0', id: 'b', result: { stray: true } })
    const heard = await bodyOf(hanging)
    expect(heard).toContain('"id":"a","result":{}')
    const ends = gate.of('test/break').map(({ outcome }) => outcome)
    // In its session the answer is taken for one, and told; elsewhere it answers nothing.
    expect(ends).toEqual(where === 'of the session' ? ['answered'] : [])
    expect(heard.includes('"stray":true')).toBe(where === 'of the session')
  },
)

test(
  'a request that was under way before the first of which the gate asks gets its answer',
  { tags: ['MCP-63'] },
  async () => {
    const mesh = meshOf({ gate: wanting(gate, 'test/echo') })
    const headers = await begin(mesh)
    const message = request('test/hang', { late: true }, 'before')
    const hanging = exchange(mesh, { headers, message }).then(bodyOf)
    await eventually(() => server.asked.some(({ body }) => body['method'] === 'test/hang'))
    const listening = await exchange(mesh, { method: 'GET', headers })
    await bodyOf(await exchange(mesh, { headers, message: request('test/echo', {}, 'asked') }))
    server.finishHanging()
    expect(await hanging).toContain('"id":"before","result":{}')
    listening.abort(new Error('enough'))
  },
)

test('and gets it on another stream of its session too', { tags: ['MCP-63'] }, async () => {
  const mesh = meshOf({ gate: wanting(gate) })
  const headers = await begin(mesh)
  await bodyOf(await exchange(mesh, { headers, message: request('test/break', {}, 'resumed') }))
  const resume = { ...headers, 'last-event-id': 'resume-me' }
  const fetched = await bodyOf(await exchange(mesh, { method: 'GET', headers: resume }))
  expect(fetched).toContain('"result":{"resumed":true}')
})

test(
  'a call that waits for another stream ends with its session',
  { tags: ['MCP-59'] },
  async () => {
    const mesh = meshOf()
    const headers = await begin(mesh)
    await bodyOf(await exchange(mesh, { headers, message: request('test/break', {}, 'resumed') }))
    await exchange(mesh, { method: 'DELETE', headers })
    expect(await endOf('test/break')).toEqual({ outcome: 'failed', code: 'session-ended' })
  },
)

test('so many calls wait for another stream; the oldest goes', { tags: ['MCP-59'] }, async () => {
  const mesh = meshOf({ limits: { inFlightMax: 1 } })
  const headers = await begin(mesh)
  await bodyOf(await exchange(mesh, { headers, message: request('test/break', {}, 'first') }))
  expect(gate.ends).toHaveLength(1)
  await bodyOf(await exchange(mesh, { headers, message: request('test/break', {}, 'second') }))
  expect(gate.of('test/break')).toEqual([{ outcome: 'refused', code: 'requests-exhausted' }])
})

test.for([
  { what: 'half as much as may', length: 2_000_000, gone: 0 },
  { what: 'more than may', length: 2_200_000, gone: 1 },
])(
  'two calls wait for another stream that hold each $what: $gone goes',
  { tags: ['MCP-59', 'MCP-75'] },
  async ({ length, gone }) => {
    const mesh = meshOf()
    const headers = await begin(mesh)
    for (const id of ['first', 'second']) {
      const message = request('test/break', { x: 'x'.repeat(length) }, id)
      await bodyOf(await exchange(mesh, { headers, message }))
    }
    const end = { outcome: 'refused', code: 'bytes-exhausted' }
    expect(gate.of('test/break')).toEqual(Array.from({ length: gone }, () => end))
  },
)

test.for([256, 257])(
  'of an ended call with an id of %i characters, what comes late',
  { tags: ['MCP-63'] },
  async (length) => {
    const mesh = meshOf()
    const headers = await begin(mesh)
    const listening = await exchange(mesh, { method: 'GET', headers })
    const [stream] = await eventually(() => server.listening.length > 0 && server.listening)
    const id = 'i'.repeat(length)
    // It ends without an answer.
    const cut = await exchange(mesh, { headers, message: request('test/cut', {}, id) })
    await expect(bodyOf(cut)).rejects.toMatchObject({ code: 'server-unreachable' })
    await endOf('test/cut')
    stream?.end(event({ jsonrpc: '2.0', id, result: { late: true } }))
    const heard = await bodyOf(listening)
    expect(heard).not.toContain('late')
    expect(heard.includes('has ended before')).toBe(length === 256)
  },
)

test.for(['7\u2028data: {"id":9}\u2028', '7\u0085', '\u00e9', '7\u000b'])(
  'an event of which the id is %j goes on without it',
  { tags: ['MCP-63', 'THR-61'] },
  async (id) => {
    const answer = { jsonrpc: '2.0', id: 1, result: {} }
    const text = `id: ${id}\ndata: ${JSON.stringify(answer)}\n\n`
    const [, heard] = await ask(meshOf(), raw(text, { type: 'text/event-stream' }))
    expect(heard).toBe(`data: ${JSON.stringify(answer)}`)
  },
)

test(
  'a call outside any session ends with its stream, whatever the server promises',
  { tags: ['MCP-59'] },
  async () => {
    await ask(meshOf(), request('test/break'))
    const data = { code: 'server-unreachable' }
    const sentence = 'the server ended the stream without an answer'
    const error = { code: -32005, message: sentence, data }
    const message = { jsonrpc: '2.0', id: 1, error }
    const answer = { message, bytes: JSON.stringify(message).length }
    expect(await endOf('test/break')).toEqual({ outcome: 'failed', ...data, answer })
  },
)

test('a question about an exchange says its session', { tags: ['MCP-64'] }, async () => {
  const mesh = meshOf()
  const headers = await begin(mesh)
  const message = request('test/echo')
  await bodyOf(await exchange(mesh, { headers, message }))
  const bytes = JSON.stringify(message).length
  const asked = { caller: CALLER, server: 'web', message, bytes }
  expect(gate.asked.at(-1)).toEqual({ ...asked, session: headers['mcp-session-id'] })
  expect(gate.asked[0]).not.toHaveProperty('session')
})

test.for([
  { params: { status: 400 }, end: { outcome: 'error' } },
  { params: { status: 500, plain: true }, end: { outcome: 'failed', code: 'server-unreachable' } },
])(
  'to a host that does not speak HTTP, $params ends as $end',
  { tags: ['MCP-59'] },
  async ({ params, end }) => {
    const host = new MemoryHost()
    await meshOf().session('web', host)
    await initialize(host)
    host.say({ jsonrpc: '2.0', id: 1, method: 'test/status', params })
    const message = await host.answerTo(1)
    const answer = { message, bytes: JSON.stringify(message).length }
    expect(await endOf('test/status')).toEqual({ ...end, answer })
  },
)

test.for<[string, object | undefined, object, string | undefined]>([
  ['as they were asked', undefined, { region: 'link' }, 'link'],
  ['as the gate gives them', { region: '/real' }, { region: '/real' }, undefined],
])(
  'arguments pass %s, and no field says another thing',
  { tags: ['MCP-65'] },
  async ([, given, expected, field]) => {
    const answer = { allowed: true, rule: 'test' } as const
    const decide = async ({ message: { method } }: GateQuestion) => ({
      ...answer,
      ...(given && method === 'tools/call' && { arguments: { ...given } }),
    })
    const mesh = meshOf({ gate: { decide } })
    await ask(mesh, request('tools/list'))
    const message = request('tools/call', { name: 'deploy', arguments: { region: 'link' } })
    const headers = { 'Mcp-Param-Region': 'link', 'mcp-name': 'deploy' }
    await bodyOf(await exchange(mesh, { message, headers }))
    const asked = server.asked.at(-1)
    expect(asked?.body).toEqual({ ...message, params: { name: 'deploy', arguments: expected } })
    expect(asked?.headers['mcp-param-region']).toBe(field)
    expect(asked?.headers['mcp-name']).toBe('deploy')
  },
)
