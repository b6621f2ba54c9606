import {
  type Caller,
  encodeMessage,
  type Gate,
  type GateQuestion,
  type JsonRpcMessage,
  LineReader,
  listServers,
  type MeshStream,
  objectAt,
  Provider,
  type ProviderLimits,
  REFUSAL_META_KEY,
} from '@warren/mcp'
import { memoryStreamPair } from '@warren/testkit'
import { afterEach, expect, test } from 'vitest'
import { initialize, META } from './support/messages.ts'
import {
  allowAll,
  CALLER,
  clock,
  eventually,
  memoryLogger,
  MemoryHost,
  scriptServer,
  TestMesh,
  type TestMeshInit,
} from './support/test-mesh.ts'

const OTHER: Caller = { did: 'did:webvh:QmOther:warren.internal' }
const SESSION = 'a'.repeat(22)

const meshes: TestMesh[] = []
afterEach(() => Promise.all(meshes.splice(0).map(({ provider }) => provider.stop())))

function meshOf(init: Partial<TestMeshInit> = {}): TestMesh {
  const mesh = new TestMesh({ servers: [scriptServer()], ...init })
  meshes.push(mesh)
  return mesh
}

/** A gate that refuses some methods and remembers what it was asked. */
function gateOf(...refused: readonly string[]): Gate & { readonly asked: GateQuestion[] } {
  const asked: GateQuestion[] = []
  return {
    asked,
    decide: (question) => {
      asked.push(question)
      const { method } = question.message
      return Promise.resolve(
        refused.includes(typeof method === 'string' ? method : 'answer')
          ? { allowed: false, code: 'no-rule', sentence: 'no rule allows this' }
          : { allowed: true, rule: 'test' },
      )
    },
  }
}

/** A stream on which the test itself is the consumer. */
async function raw(
  mesh: TestMesh,
  first: string,
  caller: Caller = CALLER,
): Promise<{
  readonly stream: MeshStream
  readonly next: () => Promise<unknown>
}> {
  const stream = await mesh.as(caller)()
  const lines = new LineReader(stream.bytes)
  await stream.write(new TextEncoder().encode(first))
  const next = async (): Promise<unknown> => {
    const line = await lines.next(100_000)
    return line === undefined ? undefined : JSON.parse(new TextDecoder().decode(line))
  }
  return { stream, next }
}

function opening(n: number): string {
  return header({ kind: 'session', server: 'script', session: `${SESSION}${n}` })
}

function header(members: object): string {
  return `${JSON.stringify({ v: 1, ...members })}\n`
}

test.for([
  { name: 'no JSON', text: 'GET / HTTP/1.1\n' },
  { name: 'an array', text: '[]\n' },
  { name: 'no version', text: '{"kind":"servers"}\n' },
  { name: 'another version', text: '{"v":2,"kind":"servers"}\n' },
  { name: 'an unknown kind', text: header({ kind: 'shell' }) },
  { name: 'an unknown member', text: header({ kind: 'servers', command: '/bin/sh' }) },
  {
    name: 'a command',
    text: header({ kind: 'session', server: 's', session: SESSION, command: 'x' }),
  },
  {
    name: 'a path as a server',
    text: header({ kind: 'session', server: '../sh', session: SESSION }),
  },
  {
    name: 'a short session',
    text: header({ kind: 'session', server: 's', session: 'a'.repeat(21) }),
  },
  { name: 'a negative count', text: header({ kind: 'request', server: 's', after: -1 }) },
  {
    name: 'another method',
    text: header({ kind: 'exchange', server: 's', method: 'PUT', headers: {} }),
  },
  {
    name: 'a line break in a field',
    text: header({ kind: 'exchange', server: 's', method: 'GET', headers: { a: 'b\r\nc: d' } }),
  },
  { name: 'too many bytes', text: header({ kind: 'servers', x: 'x'.repeat(16 * 1024) }) },
])('a header with $name is refused', { tags: ['MCP-3'] }, async ({ text }) => {
  const { stream, next } = await raw(meshOf(), text)
  expect(await next()).toMatchObject([
    'failed',
    { code: expect.stringMatching(/^header-malformed|message-too-long$/) },
  ])
  expect(await next()).toBeUndefined()
  await stream.end()
})

test('a header that does not come in time ends the stream', { tags: ['MCP-3'] }, async () => {
  const { stream } = await raw(meshOf({ limits: { headerMs: 30 } }), '{"v":1,')
  await eventually(() => stream.signal.aborted)
  expect(stream.signal.reason).toMatchObject({ code: 'header-late' })
})

test(
  'another caller cannot use a session, even if it knows its id',
  { tags: ['MCP-11'] },
  async () => {
    const mesh = meshOf()
    const host = new MemoryHost()
    const session = await mesh.session('script', host)
    await initialize(host)
    const stolen = header({ kind: 'request', server: 'script', session: session.id, after: 0 })
    const request = '{"jsonrpc":"2.0","id":1,"method":"test/seen"}\n'
    const thief = await raw(mesh, stolen + request, OTHER)
    expect(await thief.next()).toMatchObject({
      id: 1,
      error: { data: { code: 'session-unknown' } },
    })
    const owner = await raw(mesh, stolen + request)
    expect(await owner.next()).toMatchObject({ id: 1, result: {} })
  },
)

test('two callers may choose one session id without meeting', { tags: ['MCP-11'] }, async () => {
  const mesh = meshOf()
  const first = header({ kind: 'session', server: 'script', session: SESSION })
  expect(await (await raw(mesh, first)).next()).toEqual(['ok', {}])
  expect(await (await raw(mesh, first, OTHER)).next()).toEqual(['ok', {}])
  expect(await (await raw(mesh, first)).next()).toMatchObject(['failed', { code: 'session-taken' }])
  expect(mesh.provider.status().sessions).toBe(2)
})

test(
  'the gate hears of every message from a host, and of nothing else',
  { tags: ['MCP-12'] },
  async () => {
    const gate = gateOf()
    const host = new MemoryHost()
    await meshOf({ gate }).session('script', host)
    await initialize(host)
    host.say({ jsonrpc: '2.0', id: 1, method: 'test/ask', params: { method: 'roots/list' } })
    const asked = await host.hears(({ method }) => method === 'roots/list')
    host.say({ jsonrpc: '2.0', id: asked['id'], result: { roots: [] } })
    await host.answerTo(1)
    expect(gate.asked.map(({ message }) => message['method'])).toEqual([
      'initialize',
      'notifications/initialized',
      'test/ask',
      undefined,
    ])
    expect(gate.asked.every(({ caller, server }) => caller === CALLER && server === 'script')).toBe(
      true,
    )
  },
)

test('a refused tool call is a result that the model can read', { tags: ['MCP-12'] }, async () => {
  const gate = gateOf('tools/call')
  const host = new MemoryHost()
  await meshOf({ gate }).session('script', host)
  await initialize(host)
  host.say({ jsonrpc: '2.0', id: 1, method: 'tools/call', params: { name: 'x' } })
  const refused = {
    content: [{ type: 'text', text: 'no rule allows this' }],
    isError: true,
    _meta: { [REFUSAL_META_KEY]: { code: 'no-rule' } },
  }
  expect(await host.answerTo(1)).toEqual({ jsonrpc: '2.0', id: 1, result: refused })
  host.say({ jsonrpc: '2.0', id: 2, method: 'tools/call', params: { name: 'x', _meta: META } })
  const modern = { resultType: 'complete', ...refused }
  expect(await host.answerTo(2)).toEqual({ jsonrpc: '2.0', id: 2, result: modern })
})

test(
  'other refused requests are errors, refused notifications go nowhere',
  { tags: ['MCP-12'] },
  async () => {
    const gate = gateOf('resources/read', 'test/secret')
    const host = new MemoryHost()
    await meshOf({ gate }).session('script', host)
    await initialize(host)
    host.say({ jsonrpc: '2.0', method: 'test/secret' })
    host.say({ jsonrpc: '2.0', id: 1, method: 'resources/read', params: { uri: 'a:b' } })
    expect(await host.answerTo(1)).toEqual({
      jsonrpc: '2.0',
      id: 1,
      error: { code: -32003, message: 'no rule allows this', data: { code: 'no-rule' } },
    })
    host.say({ jsonrpc: '2.0', id: 2, method: 'test/seen' })
    const { seen } = objectAt(await host.answerTo(2), 'result')
    expect((seen as JsonRpcMessage[]).map(({ method }) => method)).toEqual([
      'initialize',
      'notifications/initialized',
      'test/seen',
    ])
  },
)

test(
  'a server is told when the answer to its request was refused',
  { tags: ['MCP-12'] },
  async () => {
    const host = new MemoryHost()
    await meshOf({ gate: gateOf('answer') }).session('script', host)
    await initialize(host)
    host.say({ jsonrpc: '2.0', id: 1, method: 'test/ask', params: { method: 'roots/list' } })
    const asked = await host.hears(({ method }) => method === 'roots/list')
    host.say({ jsonrpc: '2.0', id: asked['id'], result: { roots: ['secret'] } })
    expect(await host.answerTo(1)).toMatchObject({
      result: { answer: { error: { code: -32003 } } },
    })
  },
)

test('a gate that fails has refused', { tags: ['MCP-12'] }, async () => {
  const gate: Gate = { decide: () => Promise.reject(new Error('secret detail')) }
  const host = new MemoryHost()
  await meshOf({ gate }).session('script', host)
  host.say({ jsonrpc: '2.0', id: 1, method: 'tools/list' })
  const answer = await host.answerTo(1)
  expect(answer).toMatchObject({ error: { code: -32003, data: { code: 'engine-failure' } } })
  expect(JSON.stringify(answer)).not.toContain('secret')
})

test('whoever may do nothing starts nothing', { tags: ['MCP-13'] }, async () => {
  const mesh = meshOf({ gate: gateOf('initialize', 'tools/list') })
  const host = new MemoryHost()
  await mesh.session('script', host)
  host.say({ jsonrpc: '2.0', method: 'notifications/initialized' })
  for (const [id, method] of ['initialize', 'tools/list', 'ping'].entries()) {
    host.say({ jsonrpc: '2.0', id, method, params: {} })
  }
  await eventually(() => host.heard.length === 3)
  expect(host.heard.find(({ id }) => id === 2)).toEqual({ jsonrpc: '2.0', id: 2, result: {} })
  expect(mesh.logger.lines.filter(({ event }) => event === 'server-started')).toEqual([])
})

test(
  'what was given up while the gate was asked starts nothing',
  { tags: ['MCP-13'] },
  async () => {
    const asked = Promise.withResolvers<void>()
    const proceed = Promise.withResolvers<void>()
    const gate: Gate = {
      decide: async ({ message: { method } }) => {
        if (method !== 'ping') {
          asked.resolve()
          await proceed.promise
        }
        return { allowed: true, rule: 'test' }
      },
    }
    const mesh = meshOf({ gate })
    const host = new MemoryHost()
    await mesh.session('script', host)
    host.say({ jsonrpc: '2.0', id: 1, method: 'initialize', params: {} })
    await asked.promise
    host.say({ jsonrpc: '2.0', method: 'notifications/cancelled', params: { requestId: 1 } })
    await eventually(() => mesh.opened[1]?.signal.aborted === true)
    proceed.resolve()
    host.say({ jsonrpc: '2.0', id: 2, method: 'ping' })
    expect(await host.answerTo(2)).toEqual({ jsonrpc: '2.0', id: 2, result: {} })
    expect(mesh.logger.lines.filter(({ event }) => event === 'server-started')).toEqual([])
  },
)

test.for([
  { name: 'sessions of one caller', limits: { sessionsPerCallerMax: 2 }, caller: CALLER },
  { name: 'sessions of all callers', limits: { sessionsMax: 2 }, caller: OTHER },
])('$name are limited', { tags: ['MCP-20'] }, async ({ limits, caller }) => {
  const mesh = meshOf({ limits })
  const first = await raw(mesh, opening(1))
  expect(await first.next()).toEqual(['ok', {}])
  expect(await (await raw(mesh, opening(2))).next()).toEqual(['ok', {}])
  const third = await raw(mesh, opening(3), caller)
  expect(await third.next()).toMatchObject(['failed', { code: 'sessions-exhausted' }])
  await first.stream.end()
  await eventually(() => mesh.provider.status().sessions === 1)
  expect(await (await raw(mesh, opening(4), caller)).next()).toEqual(['ok', {}])
})

test('streams of one caller are limited', { tags: ['MCP-20'] }, async () => {
  const mesh = meshOf({ limits: { streamsPerCallerMax: 2 } })
  await raw(mesh, '')
  await raw(mesh, '')
  const third = await mesh.as(CALLER)()
  expect(third.signal.reason).toMatchObject({ code: 'requests-exhausted' })
  const other = await mesh.as(OTHER)()
  expect(other.signal.aborted).toBe(false)
})

test('requests of one session are limited at the provider too', { tags: ['MCP-20'] }, async () => {
  const mesh = meshOf({ limits: { inFlightMax: 2 } })
  const host = new MemoryHost()
  await mesh.session('script', host)
  await initialize(host)
  for (const id of [1, 2, 3]) host.say({ jsonrpc: '2.0', id, method: 'test/hang' })
  const refused = await host.hears((message) => 'error' in message)
  expect(refused).toMatchObject({ error: { code: -32004 } })
})

test(
  'a caller is told only of the servers whose tools it may list',
  { tags: ['MCP-21'] },
  async () => {
    const gate: Gate = {
      decide: ({ server, message }) =>
        Promise.resolve(
          server === 'open' && message['method'] === 'tools/list'
            ? { allowed: true, rule: 'r' }
            : { allowed: false, code: 'no-rule', sentence: 'no' },
        ),
    }
    const servers = [
      scriptServer({ name: 'open', title: 'Open' }),
      scriptServer({ name: 'hidden' }),
    ]
    const mesh = meshOf({ gate, servers })
    const options = { signal: new AbortController().signal, components: mesh.components }
    expect(await listServers(mesh.as(CALLER), options)).toEqual([
      { name: 'open', title: 'Open', transport: 'stdio' },
    ])
  },
)

test('a server that is not there is said to be unknown', { tags: ['MCP-13'] }, async () => {
  await expect(meshOf().session('none', new MemoryHost())).rejects.toMatchObject({
    code: 'server-unknown',
  })
})

test.for([
  { name: 'a name with a slash', servers: [scriptServer({ name: 'a/b' })] },
  { name: 'a name twice', servers: [scriptServer(), scriptServer()] },
  { name: 'no command', servers: [scriptServer({ command: '' })] },
  { name: 'a NUL', servers: [scriptServer({ args: ['a\0b'] })] },
  { name: 'no URL', servers: [{ transport: 'http', name: 'h', url: 'nowhere' } as const] },
  { name: 'a file URL', servers: [{ transport: 'http', name: 'h', url: 'file:///etc' } as const] },
  {
    name: 'another machine',
    servers: [{ transport: 'http', name: 'h', url: 'http://10.0.0.1/' } as const],
  },
  {
    name: 'a look-alike',
    servers: [{ transport: 'http', name: 'h', url: 'http://127.0.0.1.evil.example/' } as const],
  },
  {
    name: 'a credential',
    servers: [{ transport: 'http', name: 'h', url: 'http://u:p@127.0.0.1/' } as const],
  },
])('a configuration with $name is refused', { tags: ['MCP-22'] }, ({ servers }) => {
  const init = { gate: allowAll, clock, logger: memoryLogger(), servers }
  expect(() => new Provider(init)).toThrow(
    expect.objectContaining({ code: 'server-definition-invalid' }),
  )
})

test('another machine is allowed expressly', { tags: ['MCP-22'] }, () => {
  const server = {
    transport: 'http',
    name: 'h',
    url: 'https://10.0.0.1/mcp',
    remote: true,
  } as const
  const init = { gate: allowAll, clock, logger: memoryLogger(), servers: [server] }
  expect(new Provider(init).status().servers).toBe(1)
})

test.for([
  {
    name: 'a notification',
    text: '{"jsonrpc":"2.0","method":"n"}\n',
    answer: { id: null, error: { code: -32600 } },
  },
  { name: 'no JSON', text: 'x\n', answer: { id: null, error: { code: -32700 } } },
  {
    name: 'a fractional id',
    text: '{"jsonrpc":"2.0","id":1.5,"method":"n"}\n',
    answer: { id: null, error: { code: -32600 } },
  },
  {
    name: 'a request of the stateful era',
    text: '{"jsonrpc":"2.0","id":1,"method":"n"}\n',
    answer: { id: 1, error: { code: -32600 } },
  },
])('$name on a request stream is answered', { tags: ['MCP-2'] }, async ({ text, answer }) => {
  const first = header({ kind: 'request', server: 'script', after: 0 })
  const { next } = await raw(meshOf(), first + text)
  expect(await next()).toMatchObject(answer)
  expect(await next()).toBeUndefined()
})

test.for([
  {
    name: 'a request',
    text: '{"jsonrpc":"2.0","id":1,"method":"n"}\n',
    answer: { id: 1, error: { code: -32600 } },
  },
  { name: 'no JSON', text: 'x\n', answer: { id: null, error: { code: -32700 } } },
  { name: 'a batch', text: '[]\n', answer: { id: null, error: { code: -32600 } } },
])(
  '$name on a session stream is answered, and the session goes on',
  { tags: ['MCP-2'] },
  async ({ text, answer }) => {
    const mesh = meshOf()
    const first = header({ kind: 'session', server: 'script', session: SESSION })
    const { stream, next } = await raw(mesh, first + text)
    expect(await next()).toEqual(['ok', {}])
    expect(await next()).toMatchObject(answer)
    await stream.write(encodeMessage({ jsonrpc: '2.0', method: 'n' }))
    const request = header({ kind: 'request', server: 'script', session: SESSION, after: 2 })
    const second = await raw(mesh, `${request}{"jsonrpc":"2.0","id":1,"method":"test/echo"}\n`)
    expect(await second.next()).toEqual(['after', 1])
    expect(await second.next()).toMatchObject({ id: 1, result: {} })
  },
)

test('a provider that has stopped serves nothing', { tags: ['MCP-10'] }, async () => {
  const mesh = meshOf()
  await mesh.provider.stop()
  const [near, far] = memoryStreamPair()
  await mesh.provider.serve(far, CALLER)
  expect(near.signal.reason).toMatchObject({ code: 'stopped' })
})

test('decisions and answers are reported', { tags: ['MCP-12'] }, async () => {
  const events: unknown[] = []
  const limits: Partial<ProviderLimits> = {}
  const mesh = meshOf({
    limits,
    report: (event) => void events.push(event),
    gate: gateOf('tools/call'),
  })
  const host = new MemoryHost()
  await mesh.session('script', host)
  host.say({ jsonrpc: '2.0', id: 1, method: 'test/echo' })
  await host.answerTo(1)
  host.say({ jsonrpc: '2.0', id: 2, method: 'tools/call' })
  await host.answerTo(2)
  const about = { caller: CALLER.did, server: 'script' }
  expect(events).toMatchObject([
    { type: 'decided', ...about, method: 'test/echo', allowed: true, because: 'test' },
    { type: 'answered', ...about, method: 'test/echo', outcome: 'result' },
    { type: 'decided', ...about, method: 'tools/call', allowed: false, because: 'no-rule' },
    { type: 'answered', ...about, method: 'tools/call', outcome: 'result' },
  ])
})
