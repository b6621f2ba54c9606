import {
  type ExchangeRequest,
  type ExchangeResponse,
  type Gate,
  type GateQuestion,
  type JsonRpcMessage,
  type JsonRpcRequest,
  openExchange,
  type ServerDefinition,
  type Waiting,
} from '@warren/mcp'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { holding, RecordingGate } from './support/recording-gate.ts'
import { event, ScriptHttpServer } from './support/script-http-server.ts'
import { CALLER, eventually, TestMesh } from './support/test-mesh.ts'

const WITHDRAWN = { outcome: 'failed', code: 'server-withdrawn' }
const UNKNOWN = { outcome: 'refused', code: 'session-unknown' }

/** Holds one method back as a person would, until it is let go or nobody waits; what it says then is always yes. */
class HoldingGate implements Gate {
  readonly recording = new RecordingGate()
  readonly waiting: Waiting[] = []
  readonly #go = Promise.withResolvers<void>()

  go(): void {
    this.#go.resolve()
  }

  async decide(question: GateQuestion): Promise<Awaited<ReturnType<Gate['decide']>>> {
    const answer = await this.recording.decide(question)
    const { hold, message } = question
    if (message['method'] !== HELD || hold === undefined) return answer
    return hold(async (waiting) => {
      this.waiting.push(waiting)
      await this.#go.promise
      return answer
    })
  }
}

const HELD = 'tools/call'

let before: ScriptHttpServer
let after: ScriptHttpServer
let gate: HoldingGate
let mesh: TestMesh
beforeEach(async () => {
  before = await ScriptHttpServer.start()
  after = await ScriptHttpServer.start()
  gate = new HoldingGate()
  mesh = new TestMesh({ servers: [web(before)], gate })
})
afterEach(async () => {
  gate.go()
  await mesh.provider.stop()
  before.stop()
  after.stop()
})

function web({ url }: ScriptHttpServer): ServerDefinition {
  return { transport: 'http', name: 'web', url }
}

function exchange(asks: Partial<ExchangeRequest>): Promise<ExchangeResponse> {
  const asked = { method: 'POST', headers: {}, ...asks } as const
  const { signal } = new AbortController()
  return openExchange(mesh.peer('web'), asked, { signal, components: mesh.components })
}

function request(method: string, params: JsonRpcRequest['params'] = {}): JsonRpcMessage {
  return { jsonrpc: '2.0', id: 1, method, params }
}

const DEPLOY = request(HELD, { name: 'deploy', arguments: { region: 'x' } })

async function bodyOf(response: ExchangeResponse): Promise<string> {
  return Buffer.concat(await Array.fromAsync(response.body)).toString()
}

async function begin(): Promise<Record<string, string>> {
  const response = await exchange({ message: request('initialize') })
  await bodyOf(response)
  return { 'mcp-session-id': response.headers['mcp-session-id'] ?? '' }
}

/** What came of a call: its status and body, or the code that it failed with. */
async function outcomeOf(asked: Promise<ExchangeResponse>): Promise<readonly unknown[]> {
  try {
    const response = await asked
    return [response.status, await bodyOf(response)]
  } catch (error) {
    return [error instanceof Error && 'code' in error ? error.code : error]
  }
}

async function held(
  headers: Record<string, string>,
): Promise<readonly [Promise<readonly unknown[]>]> {
  const outcome = outcomeOf(exchange({ headers, message: DEPLOY }))
  await eventually(() => gate.waiting.length > 0)
  return [outcome]
}

function callsAt(server: ScriptHttpServer): number {
  return server.asked.filter(({ body }) => body['method'] === HELD).length
}

test.for<[string, (() => Promise<Record<string, string>>) | undefined]>([
  ['in a session', begin],
  ['outside any', undefined],
])(
  'a call %s that is held while its server becomes another one reaches neither',
  { tags: ['MCP-78', 'THR-62'] },
  async ([, beginning]) => {
    await bodyOf(await exchange({ message: request('tools/list') }))
    const session = await beginning?.()
    const [outcome] = await held({ ...session, 'mcp-param-region': 'x' })
    const configured = mesh.provider.configure([web(after)])
    await eventually(() => gate.waiting[0]?.signal.aborted)
    gate.go()
    await configured
    expect(await outcome).toEqual(['server-withdrawn'])
    expect(gate.recording.of(HELD)).toEqual([WITHDRAWN])
    expect(after.asked).toEqual([])
    expect(callsAt(before)).toBe(0)
  },
)

test(
  'a call that is held while its server stays as it is defined goes on',
  { tags: ['MCP-78'] },
  async () => {
    const [outcome] = await held(await begin())
    await mesh.provider.configure([web(before), { ...web(after), name: 'more' }])
    expect(gate.waiting[0]?.signal.aborted).toBe(false)
    gate.go()
    expect(await outcome).toEqual([200, expect.stringContaining('"result"')])
    expect(callsAt(before)).toBe(1)
  },
)

test(
  'a call whose session its caller has ended while it was held is not sent',
  { tags: ['MCP-78', 'MCP-24'] },
  async () => {
    const headers = await begin()
    const [outcome] = await held(headers)
    await bodyOf(await exchange({ method: 'DELETE', headers }))
    gate.go()
    expect(await outcome).toEqual([404, expect.stringContaining('session-unknown')])
    expect(gate.recording.of(HELD)).toEqual([UNKNOWN])
    expect(callsAt(before)).toBe(0)
  },
)

test(
  'a field is compared once more with what its server has listed while the call was held',
  { tags: ['MCP-78', 'THR-58'] },
  async () => {
    const headers = await begin()
    await bodyOf(await exchange({ headers, message: request('tools/list') }))
    const [outcome] = await held({ ...headers, 'mcp-param-region': 'x' })
    const listening = await exchange({ method: 'GET', headers })
    const [stream] = await eventually(() => before.listening.length > 0 && before.listening)
    stream?.end(event({ jsonrpc: '2.0', method: 'notifications/tools/list_changed' }))
    await bodyOf(listening)
    gate.go()
    expect(await outcome).toEqual([400, expect.stringContaining('-32020')])
    expect(gate.recording.of(HELD)).toEqual([{ outcome: 'refused', code: 'header-mismatch' }])
    expect(callsAt(before)).toBe(0)
  },
)

test.for<[string, () => Promise<void>]>([
  ['its server has become another one', () => mesh.provider.configure([web(after)])],
  ['its caller was dropped', () => mesh.provider.dropCaller(CALLER.did, 'test')],
  ['its provider has stopped', () => mesh.provider.stop()],
])(
  'a session whose beginning is recorded only when %s is nobody’s, and ends where it began',
  { tags: ['MCP-78', 'MCP-25'] },
  async ([, ending]) => {
    const { go } = holding(gate.recording, 'initialize')
    const outcome = outcomeOf(exchange({ message: request('initialize') }))
    await eventually(() => gate.recording.of('initialize').length > 0)
    const ended = ending()
    go()
    await ended
    const [status] = await outcome
    expect(status).not.toBe(200)
    await eventually(() => before.ended.length > 0)
    expect(before.ended).toEqual(['session-1'])
    expect(mesh.provider.status().sessions).toBe(0)
    expect(after.asked).toEqual([])
  },
)
