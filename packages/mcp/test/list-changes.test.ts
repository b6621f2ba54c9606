// A server that says that its tools have changed has said what its header fields repeat for the last time.

import { type ExchangeResponse, type JsonRpcMessage, openExchange } from '@warren/mcp'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { watchingLists } from '../src/provider/list-changes.ts'
import { META } from './support/messages.ts'
import { event, ScriptHttpServer } from './support/script-http-server.ts'
import { CALLER, eventually, TestMesh } from './support/test-mesh.ts'

const NOTE = event({ jsonrpc: '2.0', method: 'notifications/tools/list_changed' })
const OTHER = { did: 'did:webvh:QmOther:warren.internal' }

let server: ScriptHttpServer
let mesh: TestMesh
beforeEach(async () => {
  server = await ScriptHttpServer.start()
  mesh = new TestMesh({ servers: [{ transport: 'http', name: 'web', url: server.url }] })
})
afterEach(async () => {
  await mesh.provider.stop()
  server.stop()
})

function open(
  method: string,
  {
    params = {},
    headers = {},
    caller = CALLER,
  }: { params?: object; headers?: object; caller?: typeof CALLER } = {},
): Promise<ExchangeResponse> {
  const { signal } = new AbortController()
  const message: JsonRpcMessage = {
    jsonrpc: '2.0',
    id: 3,
    method,
    params: { ...params, _meta: META },
  }
  const asked =
    method === 'GET'
      ? ({ method: 'GET', headers: { ...headers } } as const)
      : ({ method: 'POST', headers: { ...headers }, message } as const)
  return openExchange(mesh.peer('web', caller), asked, { signal, components: mesh.components })
}

async function done(response: Promise<ExchangeResponse>): Promise<ExchangeResponse> {
  const { body } = await response
  await Array.fromAsync(body)
  return response
}

async function callPasses(caller = CALLER): Promise<boolean> {
  const params = { name: 'deploy', arguments: { region: 'eu' } }
  const headers = { 'mcp-param-region': 'eu' }
  return (await done(open('tools/call', { params, headers, caller }))).status === 200
}

test(
  'after a note on a stream of its own no call is compared with what was listed before it',
  { tags: ['MCP-72', 'MCP-67', 'THR-58'] },
  async () => {
    const { headers } = await done(open('initialize'))
    const session = { 'mcp-session-id': headers['mcp-session-id'] ?? '' }
    const listening = await open('GET', { headers: session })
    for (const caller of [CALLER, OTHER]) await done(open('tools/list', { caller }))
    expect(await callPasses()).toBe(true)
    expect(await callPasses(OTHER)).toBe(true)
    const [stream] = await eventually(() => server.listening.length > 0 && server.listening)
    stream?.end(NOTE)
    const heard = Buffer.concat(await Array.fromAsync(listening.body)).toString()
    expect(heard).toContain('notifications/tools/list_changed')
    expect(await callPasses()).toBe(false)
    expect(await callPasses(OTHER)).toBe(false)
    await done(open('tools/list'))
    expect(await callPasses()).toBe(true)
  },
)

test.for([
  ['of tools', NOTE, false],
  ['of prompts', NOTE.replace('tools', 'prompts'), true],
])(
  'a note %s in the response to a request is heard as what it is',
  { tags: ['MCP-72'] },
  async ([, text, isKept]) => {
    await done(open('tools/list'))
    await done(open('test/raw', { params: { text, type: 'text/event-stream' } }))
    expect(await callPasses()).toBe(isKept)
  },
)

const FILLER = 'x'.repeat(70_000)

test.for<[string, readonly string[], number]>([
  ['in one piece', [NOTE], 1],
  ['in bytes', Array.from(NOTE), 1],
  ['behind an event that is too long', [`data: ${FILLER}`, `${FILLER}\n\n`, NOTE], 1],
  ['behind what is no message', ['data: list_changed {\n\n', NOTE], 1],
  ['twice', [NOTE + NOTE], 2],
  [
    'as a text in another message',
    [event({ jsonrpc: '2.0', method: 'n', params: { a: NOTE } })],
    0,
  ],
  ['in a comment', [`: ${NOTE.replaceAll('\n', ' ')}\n\n`], 0],
  ['without its end', [NOTE.trimEnd()], 0],
  ['not at all', [], 0],
])(
  'a note is heard, and the bytes are the same: %s',
  { tags: ['MCP-72'] },
  async ([, parts, count]) => {
    let heard = 0
    async function* source(): AsyncGenerator<Uint8Array> {
      for (const part of parts) yield Buffer.from(part)
    }
    const given = await Array.fromAsync(watchingLists(source(), () => (heard += 1)))
    expect(Buffer.concat(given).toString()).toBe(parts.join(''))
    expect(heard).toBe(count)
  },
)
