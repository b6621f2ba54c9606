// For a host that does not speak HTTP the node writes the fields that repeat arguments: by the list that still counts.

import { type JsonRpcMessage, requestOnce } from '@warren/mcp'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { HttpSession } from '../src/http/http-session.ts'
import { META } from './support/messages.ts'
import { event, ScriptHttpServer } from './support/script-http-server.ts'
import { eventually, MemoryHost, TestMesh } from './support/test-mesh.ts'

const NOTE = { jsonrpc: '2.0', method: 'notifications/tools/list_changed' } as const
const OTHER_NOTE = { jsonrpc: '2.0', method: 'notifications/prompts/list_changed' } as const
const QUOTING = {
  jsonrpc: '2.0',
  method: 'notifications/message',
  params: { level: 'info', data: NOTE },
} as const
const CALL = {
  jsonrpc: '2.0',
  id: 9,
  method: 'tools/call',
  params: { name: 'deploy', arguments: { region: 'eu' }, _meta: META },
} as const
const LIST: JsonRpcMessage = {
  jsonrpc: '2.0',
  id: 1,
  result: {
    tools: [
      {
        name: 'deploy',
        inputSchema: { properties: { region: { type: 'string', 'x-mcp-header': 'Region' } } },
      },
    ],
  },
}

describe('through the mesh', () => {
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

  function regionAsked(): unknown {
    const calls = server.asked.filter(({ body }) => body['method'] === 'tools/call')
    return calls.at(-1)?.headers['mcp-param-region']
  }

  async function ask(method: string, params: object = {}): Promise<unknown> {
    const request = { jsonrpc: '2.0', id: 1, method, params: { ...params, _meta: META } } as const
    const options = { signal: new AbortController().signal, components: mesh.components }
    await Array.fromAsync(requestOnce(mesh.peer('web'), request, options))
    return regionAsked()
  }

  const called = (): Promise<unknown> => ask('tools/call', CALL.params)

  test.for([
    ['its tools have changed', NOTE, undefined],
    ['its prompts have changed', OTHER_NOTE, 'eu'],
    ['something in which the words stand', QUOTING, 'eu'],
  ] as const)(
    'after the server has said on the stream of a request that %s',
    { tags: ['MCP-74', 'MCP-23'] },
    async ([, note, region]) => {
      await ask('tools/list')
      expect(await called()).toBe('eu')
      const text = event(note) + event({ jsonrpc: '2.0', id: 1, result: {} })
      await ask('test/raw', { text, type: 'text/event-stream' })
      expect(await called()).toBe(region)
      await ask('tools/list')
      expect(await called()).toBe('eu')
    },
  )

  test(
    'a note on the stream of a session counts for what the session asks next',
    { tags: ['MCP-74'] },
    async () => {
      const host = new MemoryHost()
      await mesh.session('web', host)
      const answer = async (id: number, method: string, params: object = {}): Promise<void> => {
        host.say({ jsonrpc: '2.0', id, method, params: { ...params, _meta: META } })
        await host.answerTo(id)
      }
      host.say({ jsonrpc: '2.0', id: 0, method: 'initialize', params: {} })
      await host.answerTo(0)
      host.say({ jsonrpc: '2.0', method: 'notifications/initialized' })
      await answer(1, 'tools/list')
      await answer(2, 'tools/call', CALL.params)
      expect(regionAsked()).toBe('eu')
      const stream = await eventually(() => server.listening[0])
      stream.write(event(NOTE))
      await host.hears(({ method }) => method === NOTE.method)
      await answer(3, 'tools/call', CALL.params)
      expect(regionAsked()).toBeUndefined()
    },
  )
})

describe('a list', () => {
  const regionBy = (session: HttpSession): unknown => session.fieldsFor(CALL)['mcp-param-region']

  test('that was asked for before the tools changed is an old one', { tags: ['MCP-74'] }, () => {
    const session = new HttpSession()
    const before = session.learning('tools/list')
    session.hear(NOTE)
    const after = session.learning('tools/list')
    before(LIST, {})
    expect(regionBy(session)).toBeUndefined()
    after(LIST, {})
    expect(regionBy(session)).toBe('eu')
    session.hear(OTHER_NOTE)
    expect(regionBy(session)).toBe('eu')
    session.hear(NOTE)
    expect(regionBy(session)).toBeUndefined()
  })

  test('is what is forgotten, and the session is not', { tags: ['MCP-74', 'MCP-23'] }, () => {
    const session = new HttpSession()
    const begun = session.learning('initialize')
    session.hear(NOTE)
    begun(
      { jsonrpc: '2.0', id: 0, result: { protocolVersion: '2025-06-18' } },
      { 'mcp-session-id': 's' },
    )
    session.hear(NOTE)
    expect(session.fields()).toEqual({
      'mcp-session-id': 's',
      'mcp-protocol-version': '2025-06-18',
    })
  })
})
