import {
  type ExchangeRequest,
  type ExchangeResponse,
  type JsonRpcMessage,
  openExchange,
} from '@warren/mcp'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { holding, RecordingGate } from './support/recording-gate.ts'
import { event, ScriptHttpServer } from './support/script-http-server.ts'
import { CALLER, eventually, TestMesh } from './support/test-mesh.ts'

const OTHER = { did: 'did:webvh:QmOther:warren.internal' }
const CUT = { outcome: 'failed', code: 'caller-dropped' }

let server: ScriptHttpServer
let gate: RecordingGate
let mesh: TestMesh
beforeEach(async () => {
  server = await ScriptHttpServer.start()
  gate = new RecordingGate()
  const web = { transport: 'http', name: 'web', url: server.url } as const
  mesh = new TestMesh({ servers: [web, { ...web, name: 'kept' }], gate })
})
afterEach(async () => {
  await mesh.provider.stop()
  server.stop()
})

function exchange(
  asks: Partial<ExchangeRequest>,
  { name = 'web', caller = CALLER } = {},
): Promise<ExchangeResponse> {
  const asked = { method: 'POST', headers: {}, ...asks } as const
  const { signal } = new AbortController()
  return openExchange(mesh.peer(name, caller), asked, { signal, components: mesh.components })
}

function call(method: string, id = 1): JsonRpcMessage {
  return { jsonrpc: '2.0', id, method, params: {} }
}

/** What of a response has come so far, and how it has ended. */
function reading({ body }: ExchangeResponse): { text: string; end?: 'whole' | 'cut' } {
  const read: { text: string; end?: 'whole' | 'cut' } = { text: '' }
  void (async () => {
    try {
      for await (const chunk of body) read.text += Buffer.from(chunk).toString()
      read.end = 'whole'
    } catch {
      read.end = 'cut'
    }
  })()
  return read
}

async function listen(place: { name?: string; caller?: typeof CALLER } = {}) {
  const begun = await exchange({ message: call('initialize', 0) }, place)
  const headers = { 'mcp-session-id': begun.headers['mcp-session-id'] ?? '' }
  await Array.fromAsync(begun.body)
  return reading(await exchange({ method: 'GET', headers }, place))
}

const end = {
  endServer: () => mesh.provider.endServer({ did: CALLER.did, server: 'web' }, 'too much'),
  endCalls: () => mesh.provider.endCalls(CALLER.did, { but: new Set(['kept']), reason: 'too old' }),
}

test.for(['endServer', 'endCalls'] as const)(
  '%s cuts a call outside any session at once, and those of others go on',
  { tags: ['MCP-25', 'MCP-59', 'BEH-10'] },
  async (by) => {
    const within = reading(await exchange({ message: call('test/hang') }))
    const elsewhere = reading(await exchange({ message: call('test/hang') }, { name: 'kept' }))
    const others = reading(await exchange({ message: call('test/hang') }, { caller: OTHER }))
    const all = [within, elsewhere, others]
    await eventually(() => all.every(({ text }) => text.includes('notifications/message')))
    await end[by]()
    expect(gate.ends.map((told) => [told.question.caller, told.question.server, told.end])).toEqual(
      [[CALLER, 'web', CUT]],
    )
    await eventually(() => within.end === 'cut')
    await eventually(() => server.broken === 1)
    const noted = within.text
    server.finishHanging()
    await eventually(() => elsewhere.end === 'whole' && others.end === 'whole')
    for (const { text } of [elsewhere, others]) expect(text).toContain('"result"')
    expect(within.text).toBe(noted)
    expect(noted).not.toContain('"result"')
    expect(gate.of('test/hang').map(({ outcome }) => outcome)).toEqual([
      'failed',
      'answered',
      'answered',
    ])
  },
)

test(
  'a call that ends while the gate decides is cut, and does not reach the server',
  { tags: ['MCP-59', 'BEH-10'] },
  async () => {
    const decided = Promise.withResolvers<void>()
    const decide = gate.decide.bind(gate)
    gate.decide = async (question) => {
      const answer = await decide(question)
      await decided.promise
      return answer
    }
    const within = exchange({ message: call('test/echo') }).then(
      () => 'answered',
      () => 'cut',
    )
    const others = exchange({ message: call('test/echo', 2) }, { caller: OTHER })
    await eventually(() => gate.asked.length === 2)
    const ended = end.endServer()
    expect(await within).toBe('cut')
    decided.resolve()
    await ended
    await Array.fromAsync((await others).body)
    await eventually(() => gate.ends.length === 2)
    expect(gate.ends.find(({ question }) => question.caller.did === CALLER.did)?.end).toEqual(CUT)
    expect(server.asked.map(({ body }) => body['id'])).toEqual([2])
  },
)

test(
  'an answer that the gate still takes when its call is cut does not leave',
  { tags: ['MCP-60', 'BEH-10'] },
  async () => {
    const { go } = holding(gate, 'test/events')
    const within = reading(await exchange({ message: call('test/events') }))
    await eventually(() => gate.ends.length === 1)
    const ended = end.endServer()
    await eventually(() => within.end === 'cut')
    go()
    await ended
    expect(within.text).not.toContain('"result"')
    expect(gate.of('test/events')).toMatchObject([{ outcome: 'answered' }])
  },
)

test(
  'an event stream of a session is cut though the server keeps it open, and those of others go on',
  { tags: ['MCP-25', 'BEH-10'] },
  async () => {
    const within = await listen()
    const elsewhere = await listen({ name: 'kept' })
    const others = await listen({ caller: OTHER })
    await eventually(() => server.listening.length === 3)
    await end.endServer()
    await eventually(() => within.end === 'cut')
    await eventually(() => server.broken === 1)
    const note = event({ jsonrpc: '2.0', method: 'notifications/message', params: { late: true } })
    for (const response of server.listening) response.end(note)
    await eventually(() => elsewhere.end === 'whole' && others.end === 'whole')
    for (const { text } of [elsewhere, others]) expect(text).toContain('late')
    expect(within.text).toBe('')
  },
)
