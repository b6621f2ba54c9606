import { type ExchangeResponse, type JsonRpcMessage, openExchange } from '@warren/mcp'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { RecordingGate } from './support/recording-gate.ts'
import { event, ScriptHttpServer } from './support/script-http-server.ts'
import { TestMesh } from './support/test-mesh.ts'

const ERROR = {
  jsonrpc: '2.0',
  id: 'asked',
  error: {
    code: -32005,
    message: 'the server ended the stream without an answer',
    data: { code: 'server-unreachable' },
  },
}
const ANSWER = { jsonrpc: '2.0', id: 'asked', result: {} }
const NOTE = { jsonrpc: '2.0', method: 'notifications/message', params: {} }

let server: ScriptHttpServer
let gate: RecordingGate
let mesh: TestMesh
beforeEach(async () => {
  server = await ScriptHttpServer.start()
  gate = new RecordingGate()
  mesh = new TestMesh({ servers: [{ transport: 'http', name: 'web', url: server.url }], gate })
})
afterEach(async () => {
  await mesh.provider.stop()
  server.stop()
})

function exchange(
  message: JsonRpcMessage,
  headers: Record<string, string> = {},
): Promise<ExchangeResponse> {
  const { signal } = new AbortController()
  const asked = { method: 'POST', headers, message } as const
  return openExchange(mesh.peer('web'), asked, { signal, components: mesh.components })
}

async function begin(): Promise<Record<string, string>> {
  const begun = await exchange({ jsonrpc: '2.0', id: 0, method: 'initialize', params: {} })
  await Array.fromAsync(begun.body)
  return { 'mcp-session-id': begun.headers['mcp-session-id'] ?? '' }
}

/** What a host reads of a stream on which the server says this and nothing more, and how long it is. */
async function heard(text: string, headers?: Record<string, string>): Promise<readonly unknown[]> {
  const params = { type: 'text/event-stream', text }
  const message: JsonRpcMessage = { jsonrpc: '2.0', id: 'asked', method: 'test/raw', params }
  const { status, body } = await exchange(message, headers)
  expect(status).toBe(200)
  const lines = Buffer.concat(await Array.fromAsync(body))
    .toString()
    .split('\n')
  return lines
    .filter((line) => line.startsWith('data: {'))
    .map((line) => JSON.parse(line.slice('data: '.length)) as unknown)
}

test.for<[string, string, readonly object[]]>([
  ['nothing', '', []],
  ['a note', event(NOTE), [NOTE]],
  // Of 2025-03-26: several messages in one event are no message.
  ['its answer in a batch', `data: [${JSON.stringify(ANSWER)}]\n\n`, []],
  ['half of its answer', `data: ${JSON.stringify(ANSWER).slice(0, 20)}`, []],
])(
  'a host hears of a stream that ends after %s that there is no answer, and so does the gate',
  { tags: ['MCP-63', 'MCP-77'] },
  async ([, text, before]) => {
    expect(await heard(text)).toEqual([...before, ERROR])
    const { length } = JSON.stringify(ERROR)
    const answer = { message: ERROR, bytes: length }
    expect(gate.of('test/raw')).toEqual([{ outcome: 'failed', code: 'server-unreachable', answer }])
  },
)

test(
  'what the gate refuses to record is refused also where there is no answer',
  { tags: ['MCP-60', 'MCP-63'] },
  async () => {
    gate.taking = () => Promise.resolve({ allowed: false, code: 'no', sentence: 'not recorded' })
    expect(await heard('')).toEqual([
      {
        jsonrpc: '2.0',
        id: 'asked',
        error: { code: -32003, message: 'not recorded', data: { code: 'no' } },
      },
    ])
  },
)

test(
  'nothing stands in the place of an answer that was given, or that another stream can bring',
  { tags: ['MCP-63', 'MCP-76', 'MCP-77'] },
  async () => {
    expect(await heard(event(ANSWER))).toEqual([ANSWER])
    expect(await heard('id: resume-me\ndata:\n\n', await begin())).toEqual([])
  },
)

test(
  'a session goes on after as many calls without an answer as may be open, also with their ids',
  { tags: ['MCP-75', 'MCP-77'] },
  async () => {
    await mesh.provider.stop()
    const servers = [{ transport: 'http', name: 'web', url: server.url }] as const
    mesh = new TestMesh({ servers, gate, limits: { inFlightMax: 2 } })
    const headers = await begin()
    for (let call = 0; call < 5; call += 1) expect(await heard('', headers)).toEqual([ERROR])
  },
)
