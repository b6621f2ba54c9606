import { CodedError } from '@warren/core'
import {
  type Caller,
  type EndVerdict,
  type JsonRpcMessage,
  type JsonRpcRequest,
  listServers,
  McpError,
  requestOnce,
} from '@warren/mcp'
import { afterEach, expect, test } from 'vitest'
import { initialize, META } from './support/messages.ts'
import { holding, RecordingGate } from './support/recording-gate.ts'
import {
  CALLER,
  eventually,
  MemoryHost,
  scriptServer,
  TestMesh,
  type TestMeshInit,
} from './support/test-mesh.ts'

const NEVER = new Promise<EndVerdict>(() => {})
const REFUSED: EndVerdict = { allowed: false, code: 'result-secret', sentence: 'it holds a secret' }

const meshes: TestMesh[] = []
afterEach(() => Promise.all(meshes.splice(0).map(({ provider }) => provider.stop())))

function meshOf(init: Partial<TestMeshInit> = {}): TestMesh {
  const mesh = new TestMesh({ servers: [scriptServer()], ...init })
  meshes.push(mesh)
  return mesh
}

async function connected(mesh: TestMesh, caller: Caller = CALLER): Promise<MemoryHost> {
  const host = new MemoryHost()
  await mesh.session('script', host, caller)
  await initialize(host)
  return host
}

function modern(method: string, params: object = {}): JsonRpcRequest {
  return { jsonrpc: '2.0', id: 'own', method, params: { ...params, _meta: META } }
}

function send(
  mesh: TestMesh,
  request: JsonRpcRequest,
  signal = new AbortController().signal,
): AsyncGenerator<JsonRpcMessage> {
  return requestOnce(mesh.peer('script'), request, { signal, components: mesh.components })
}

function isAbout(details: unknown, text: string): boolean {
  return JSON.stringify(details)?.includes(text)
}

function lengthOf(message: JsonRpcMessage): number {
  return Buffer.byteLength(JSON.stringify(message))
}

test(
  'an answer is told as it is sent, and leaves after that',
  { tags: ['MCP-59', 'MCP-60'] },
  async () => {
    const gate = new RecordingGate()
    const { go } = holding(gate, 'test/echo')
    const host = await connected(meshOf({ gate }))
    host.say({ jsonrpc: '2.0', id: 1, method: 'test/echo', params: { '\u20ac': 1 } })
    const [end] = await eventually(() => gate.of('test/echo').length > 0 && gate.of('test/echo'))
    const message = { jsonrpc: '2.0', id: 1, result: { params: { '\u20ac': 1 } } } as const
    expect(end).toEqual({ outcome: 'answered', answer: { message, bytes: lengthOf(message) } })
    expect(host.heard).toHaveLength(1)
    go()
    expect(await host.answerTo(1)).toEqual(message)
    expect(gate.of('test/echo')).toHaveLength(1)
  },
)

test('an error of the server is one', { tags: ['MCP-59'] }, async () => {
  const gate = new RecordingGate()
  const host = await connected(meshOf({ gate }))
  host.say({ jsonrpc: '2.0', id: 1, method: 'no/such' })
  const message = await host.answerTo(1)
  expect(gate.of('no/such')).toEqual([
    { outcome: 'error', answer: { message, bytes: lengthOf(message) } },
  ])
})

test(
  'an answer of the server that cannot be relayed is a failure',
  { tags: ['MCP-59'] },
  async () => {
    const gate = new RecordingGate()
    const host = await connected(meshOf({ gate }))
    const line = '{"jsonrpc":"2.0","id":1,"result":5}'
    host.say({ jsonrpc: '2.0', id: 1, method: 'test/raw', params: { line } })
    const message = await host.answerTo(1)
    const answer = { message, bytes: lengthOf(message) }
    expect(gate.of('test/raw')).toEqual([
      { outcome: 'failed', code: 'server-answer-unacceptable', answer },
    ])
  },
)

test('what a caller takes back is cancelled', { tags: ['MCP-59'] }, async () => {
  const gate = new RecordingGate()
  const host = await connected(meshOf({ gate }))
  host.say({ jsonrpc: '2.0', id: 1, method: 'test/hang' })
  host.say({ jsonrpc: '2.0', id: 2, method: 'test/echo' })
  await host.answerTo(2)
  host.say({ jsonrpc: '2.0', method: 'notifications/cancelled', params: { requestId: 1 } })
  const ends = await eventually(() => gate.of('test/hang').length > 0 && gate.of('test/hang'))
  expect(ends).toEqual([{ outcome: 'cancelled' }])
})

class StreamError extends CodedError<string> {
  override readonly name = 'StreamError'
}

test.for([
  { error: new StreamError('call-ended-by-peer', ''), end: { outcome: 'cancelled' } },
  { error: new StreamError('stream-reset', ''), end: { outcome: 'cancelled' } },
  { error: new McpError('stream-ended', ''), end: { outcome: 'cancelled' } },
  { error: new StreamError('peer-lost', ''), end: { outcome: 'failed', code: 'peer-lost' } },
  { error: new McpError('host-stalled', ''), end: { outcome: 'failed', code: 'host-stalled' } },
])(
  'a call whose stream ends with $error.code ends as $end',
  { tags: ['MCP-59'] },
  async ({ error, end }) => {
    const gate = new RecordingGate()
    const mesh = meshOf({ gate })
    const notes = send(mesh, modern('subscriptions/listen'))
    await notes.next()
    mesh.opened.at(-1)?.abort(error)
    expect(await eventually(() => gate.of('subscriptions/listen')[0])).toEqual(end)
    await notes.return(undefined)
  },
)

test('a server that dies fails its calls', { tags: ['MCP-59'] }, async () => {
  const gate = new RecordingGate()
  const host = await connected(meshOf({ gate }))
  host.say({ jsonrpc: '2.0', id: 1, method: 'test/hang' })
  host.say({ jsonrpc: '2.0', id: 2, method: 'test/exit', params: { code: 3 } })
  await Promise.all([host.answerTo(1), host.answerTo(2)])
  expect(gate.of('test/hang')).toMatchObject([{ outcome: 'failed', code: 'server-exited' }])
  expect(gate.of('test/exit')).toMatchObject([{ outcome: 'failed', code: 'server-exited' }])
})

test('a server that does not start fails the call', { tags: ['MCP-59'] }, async () => {
  const gate = new RecordingGate()
  const mesh = meshOf({ gate, servers: [scriptServer({ command: '/no/such/command' })] })
  const host = new MemoryHost()
  await mesh.session('script', host)
  host.say({ jsonrpc: '2.0', id: 1, method: 'initialize', params: {} })
  const message = await host.answerTo(1)
  const answer = { message, bytes: lengthOf(message) }
  expect(gate.of('initialize')).toEqual([
    { outcome: 'failed', code: 'server-start-failed', answer },
  ])
})

test.for<[string, string, (mesh: TestMesh) => Promise<void>]>([
  [
    'a dropped caller',
    'caller-dropped',
    ({ provider }) => provider.dropCaller(CALLER.did, 'revoked'),
  ],
  ['a withdrawn server', 'server-withdrawn', ({ provider }) => provider.configure([])],
  ['a stop', 'stopped', ({ provider }) => provider.stop()],
])(
  '%s fails what is in flight, and waits until that is told',
  { tags: ['MCP-59', 'MCP-62'] },
  async ([, code, end]) => {
    const gate = new RecordingGate()
    const mesh = meshOf({ gate })
    const host = await connected(mesh)
    const shared = Array.fromAsync(send(mesh, modern('subscriptions/listen')))
    host.say({ jsonrpc: '2.0', id: 1, method: 'test/hang' })
    host.say({ jsonrpc: '2.0', id: 2, method: 'test/echo' })
    await host.answerTo(2)
    await eventually(() => mesh.provider.status().shared === 1)
    const { go } = holding(gate, 'test/hang', 'subscriptions/listen')
    let over = false
    const ending = end(mesh).then(() => (over = true))
    await eventually(() => {
      return mesh.logger.lines.filter(({ event }) => event === 'server-exited').length === 2
    })
    expect(over).toBe(false)
    go()
    await ending
    expect(gate.of('test/hang')).toMatchObject([{ outcome: 'failed', code }])
    expect(gate.of('subscriptions/listen')).toMatchObject([{ outcome: 'failed', code }])
    await shared.catch(() => {})
  },
)

test(
  'a gate that never answers to an end is given the limit, and no longer',
  { tags: ['MCP-62'] },
  async () => {
    const gate = new RecordingGate()
    const mesh = meshOf({ gate, limits: { recordGraceMs: 20 } })
    const host = await connected(mesh)
    host.say({ jsonrpc: '2.0', id: 1, method: 'test/hang' })
    host.say({ jsonrpc: '2.0', id: 2, method: 'test/echo' })
    await host.answerTo(2)
    gate.taking = () => NEVER
    await mesh.provider.stop()
    expect(gate.of('test/hang')).toHaveLength(1)
    expect(mesh.logger.lines).toContainEqual(
      expect.objectContaining({ event: 'call-ends-unrecorded', details: { calls: 1 } }),
    )
  },
)

test.for<[string, EndVerdict | Error, string, string]>([
  ['fails', new Error('disk full'), 'audit-unavailable', 'could not record the result'],
  ['refuses', REFUSED, 'result-secret', 'it holds a secret'],
])(
  'where the gate %s, nothing of the answer leaves',
  { tags: ['MCP-60'] },
  async ([, verdict, code, sentence]) => {
    const gate = new RecordingGate()
    const mesh = meshOf({ gate })
    const host = await connected(mesh)
    gate.taking = () =>
      verdict instanceof Error ? Promise.reject(verdict) : Promise.resolve(verdict)
    const secret = { name: 'x', secret: 'hunter2' }
    host.say({ jsonrpc: '2.0', id: 1, method: 'tools/call', params: secret })
    expect(await host.answerTo(1)).toMatchObject({
      result: {
        isError: true,
        content: [{ text: expect.stringContaining(sentence) }],
        _meta: { 'internal.warren/refusal': { code } },
      },
    })
    host.say({ jsonrpc: '2.0', id: 2, method: 'test/echo', params: secret })
    expect(await host.answerTo(2)).toMatchObject({ error: { code: -32003, data: { code } } })
    const [shared] = await Array.fromAsync(send(mesh, modern('tools/call', secret)))
    expect(shared).toMatchObject({ id: 'own', result: { resultType: 'complete', isError: true } })
    expect(JSON.stringify([host.heard, shared])).not.toContain('hunter2')
    expect(gate.ends.filter(({ end }) => end.outcome === 'answered')).toHaveLength(4)
  },
)

test('notes of a request pass while it runs', { tags: ['MCP-60'] }, async () => {
  const gate = new RecordingGate()
  const { go } = holding(gate, 'test/progress')
  const host = await connected(meshOf({ gate }))
  const params = { count: 2, _meta: { progressToken: 't' } }
  host.say({ jsonrpc: '2.0', id: 1, method: 'test/progress', params })
  await eventually(() => gate.of('test/progress').length === 1)
  await host.hears(({ params: said }) => (said as { progress?: number })?.progress === 2)
  expect(host.heard.some(({ id }) => id === 1)).toBe(false)
  go()
  expect(await host.answerTo(1)).toMatchObject({ result: { done: true } })
})

test('a refused request has no end to be told', { tags: ['MCP-59'] }, async () => {
  const gate = new RecordingGate()
  const refusing = {
    decide: async (question: Parameters<RecordingGate['decide']>[0]) =>
      question.message['method'] === 'test/echo' ? REFUSED : gate.decide(question),
  }
  const host = await connected(meshOf({ gate: refusing }))
  host.say({ jsonrpc: '2.0', id: 1, method: 'test/echo' })
  expect(await host.answerTo(1)).toMatchObject({ error: { data: { code: 'result-secret' } } })
  expect(gate.ends.map(({ question }) => question.message['method'])).toEqual(['initialize'])
})

test('an end that waits holds up no other call', { tags: ['MCP-61'] }, async () => {
  const gate = new RecordingGate()
  const { go } = holding(gate, 'test/environment')
  const mesh = meshOf({ gate })
  const host = await connected(mesh)
  const slow = send(mesh, modern('test/environment'))
  const answered = slow.next()
  host.say({ jsonrpc: '2.0', id: 1, method: 'test/environment' })
  await eventually(() => gate.of('test/environment').length === 2)
  host.say({ jsonrpc: '2.0', id: 2, method: 'test/echo' })
  await host.answerTo(2)
  expect(await Array.fromAsync(send(mesh, modern('test/echo')))).toHaveLength(1)
  expect(host.heard.some(({ id }) => id === 1)).toBe(false)
  go()
  await host.answerTo(1)
  expect(await answered).toMatchObject({ value: { id: 'own' } })
})

test(
  'what a server says after an answer is heard after it, and before the next answer',
  { tags: ['MCP-61'] },
  async () => {
    const gate = new RecordingGate()
    const { go } = holding(gate, 'test/raw')
    const host = await connected(meshOf({ gate }))
    const note = '{"jsonrpc":"2.0","method":"notifications/x"}'
    const line = `{"jsonrpc":"2.0","id":1,"result":{}}\n${note}`
    host.say({ jsonrpc: '2.0', id: 1, method: 'test/raw', params: { line } })
    await eventually(() => gate.of('test/raw').length === 1)
    host.say({ jsonrpc: '2.0', id: 2, method: 'test/echo' })
    await eventually(() => gate.of('test/echo').length === 1)
    expect(host.heard).toHaveLength(1)
    go()
    await host.answerTo(2)
    expect(host.heard.slice(1).map(({ id, method }) => id ?? method)).toEqual([
      1,
      'notifications/x',
      2,
    ])
  },
)

test(
  'a log message behind an answer does not go before it on a shared server',
  { tags: ['MCP-61'] },
  async () => {
    const gate = new RecordingGate()
    const { go } = holding(gate, 'test/echo')
    const mesh = meshOf({ gate })
    const level = { 'io.modelcontextprotocol/logLevel': 'info' }
    const asks = (method: string, params: object): JsonRpcRequest => ({
      ...modern(method),
      params: { ...params, _meta: { ...META, ...level } },
    })
    const echo = Array.fromAsync(send(mesh, asks('test/echo', {})))
    await eventually(() => gate.of('test/echo').length === 1)
    expect(await Array.fromAsync(send(mesh, asks('test/log', { count: 2 })))).toHaveLength(3)
    go()
    expect(await echo).toMatchObject([{ result: {} }])
  },
)

test.for([
  { bytes: 1_000, limit: 1_000_000, told: 8 },
  // The first answer takes the room up, and those that the server gives after it are not read.
  { bytes: 1_000, limit: 1_000, told: 1 },
])(
  'of $told answers of $bytes bytes that wait, within $limit bytes, no more is read',
  { tags: ['MCP-61'] },
  async ({ bytes, limit, told }) => {
    const gate = new RecordingGate()
    const { go } = holding(gate, 'test/echo')
    const mesh = meshOf({ gate, limits: { unsentBytesMax: limit } })
    const host = await connected(mesh)
    const ids = Array.from({ length: 8 }, (_, n) => n + 1)
    for (const id of ids) {
      host.say({ jsonrpc: '2.0', id, method: 'test/echo', params: { x: 'x'.repeat(bytes) } })
    }
    // What goes another way says that the server has written all its answers.
    host.say({ jsonrpc: '2.0', id: 9, method: 'test/stderr', params: { text: 'done\n', times: 1 } })
    await eventually(() => mesh.logger.lines.some(({ details }) => isAbout(details, 'done')))
    await eventually(() => gate.of('test/echo').length >= told)
    expect(gate.of('test/echo')).toHaveLength(told)
    go()
    await Promise.all(ids.map((id) => host.answerTo(id)))
    expect(gate.of('test/echo')).toHaveLength(8)
  },
)

test(
  'a request whose end waits is in flight: its id is taken, and it counts',
  { tags: ['MCP-6', 'MCP-61'] },
  async () => {
    const gate = new RecordingGate()
    const { go } = holding(gate, 'test/echo')
    const host = await connected(meshOf({ gate, limits: { inFlightMax: 1 } }))
    host.say({ jsonrpc: '2.0', id: 1, method: 'test/echo' })
    await eventually(() => gate.of('test/echo').length === 1)
    host.say({ jsonrpc: '2.0', id: 2, method: 'test/seen' })
    expect(await host.answerTo(2)).toMatchObject({
      error: { data: { code: 'requests-exhausted' } },
    })
    go()
    await host.answerTo(1)
    host.say({ jsonrpc: '2.0', id: 3, method: 'test/seen' })
    expect(await host.answerTo(3)).toHaveProperty('result')
  },
)

test('a list of servers waits for the end of each question', { tags: ['MCP-60'] }, async () => {
  const gate = new RecordingGate()
  const servers = [scriptServer({ name: 'a' }), scriptServer({ name: 'b' })]
  const mesh = meshOf({ gate, servers })
  gate.taking = ({ question }) =>
    question.server === 'a' ? Promise.reject(new Error('full')) : Promise.resolve({ allowed: true })
  const options = { signal: new AbortController().signal, components: mesh.components }
  expect(await listServers(mesh.as(CALLER), options)).toMatchObject([{ name: 'b' }])
  expect(gate.ends.map(({ end }) => end.outcome)).toEqual(['answered', 'answered'])
})

test(
  'a question says how long the message was, whose session it is and what brought it',
  { tags: ['MCP-64'] },
  async () => {
    const gate = new RecordingGate()
    const mesh = meshOf({ gate })
    const caller = { ...CALLER, peerId: 'peer', callSession: '00ff' }
    const host = new MemoryHost()
    const { id: session } = await mesh.session('script', host, caller)
    await initialize(host)
    const request = {
      jsonrpc: '2.0',
      id: 1,
      method: 'test/echo',
      params: { '\u20ac': '' },
    } as const
    host.say(request)
    await host.answerTo(1)
    const once = modern('test/echo')
    await Array.fromAsync(send(mesh, once))
    const [, told, asked, alone] = gate.asked
    const note = { jsonrpc: '2.0', method: 'notifications/initialized' } as const
    expect(told).toEqual({
      caller,
      server: 'script',
      session,
      message: note,
      bytes: lengthOf(note),
    })
    expect(asked).toEqual({
      caller,
      server: 'script',
      session,
      message: request,
      bytes: lengthOf(request),
    })
    expect(alone).toEqual({
      caller: CALLER,
      server: 'script',
      message: once,
      bytes: lengthOf(once),
    })
  },
)
