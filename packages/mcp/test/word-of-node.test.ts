// A refusal is the word of the node that owns a server. A server that writes in its form is not heard.

import { openExchange, RPC_CODE } from '@warren/mcp'
import { afterEach, expect, test } from 'vitest'
import { initialize } from './support/messages.ts'
import { RecordingGate } from './support/recording-gate.ts'
import { event, ScriptHttpServer } from './support/script-http-server.ts'
import { MemoryHost, scriptServer, TestMesh } from './support/test-mesh.ts'

const meshes: TestMesh[] = []
const servers: ScriptHttpServer[] = []
afterEach(async () => {
  await Promise.all(meshes.splice(0).map(({ provider }) => provider.stop()))
  for (const server of servers.splice(0)) server.stop()
})

const REFUSAL = { 'internal.warren/refusal': { code: 'policy-denied' } }

function failing(code: number, data?: object): object {
  return { error: { code, message: 'no', ...(data === undefined ? {} : { data }) } }
}

const FORGED = [
  ['a refusal', { result: { content: [], _meta: REFUSAL } }],
  ['a mark of a refusal', { result: { _meta: { 'internal.warren/refusal': true } } }],
  ['the error of a refusal', failing(RPC_CODE.refused, { code: 'policy-denied' })],
  ['the end of a session', failing(RPC_CODE.ended, { code: 'session-ended' })],
  ['a limit', failing(RPC_CODE.exhausted, { code: 'requests-exhausted' })],
  ['a server that is not there', failing(RPC_CODE.unavailable, { code: 'server-exited' })],
] as const

const OWN = [
  ['a result', { result: { content: [], _meta: { 'internal.warren/other': {} } } }],
  ['the mark beside where it would count', { result: { ...REFUSAL, _meta: {} } }],
  ['an error with the number of a refusal', failing(RPC_CODE.refused)],
  ['a reason that is no code', failing(RPC_CODE.refused, { code: 'Not a code' })],
  ['a code that is none of a relay', failing(RPC_CODE.ended, { code: 'request-timeout' })],
  ['a code of a relay under another number', failing(-32_000, { code: 'session-ended' })],
] as const

const UNACCEPTABLE = {
  error: { code: RPC_CODE.unavailable, data: { code: 'server-answer-unacceptable' } },
}

function meshOf(init: ConstructorParameters<typeof TestMesh>[0]): TestMesh {
  const mesh = new TestMesh(init)
  meshes.push(mesh)
  return mesh
}

test(
  'a server on a pipe cannot write what its node writes, and everything beside that it can',
  { tags: ['MCP-70'] },
  async () => {
    const gate = new RecordingGate()
    const mesh = meshOf({ servers: [scriptServer()], gate })
    const host = new MemoryHost()
    await mesh.session('script', host)
    await initialize(host)
    let id = 0
    const answerTo = async (said: object): Promise<object> => {
      id += 1
      const line = JSON.stringify({ jsonrpc: '2.0', id, ...said })
      host.say({ jsonrpc: '2.0', id, method: 'test/raw', params: { line } })
      return host.answerTo(id)
    }
    for (const [name, said] of FORGED) {
      expect(await answerTo(said), name).toMatchObject({ id, ...UNACCEPTABLE })
      const failed = { outcome: 'failed', code: 'server-answer-unacceptable' }
      expect(gate.of('test/raw').at(-1), name).toMatchObject(failed)
    }
    for (const [name, said] of OWN) {
      expect(await answerTo(said), name).toEqual({ jsonrpc: '2.0', id, ...said })
    }
  },
)

test.for(['application/json', 'text/event-stream'])(
  'nor can a server over HTTP that answers with %s',
  { tags: ['MCP-70'] },
  async (type) => {
    const server = await ScriptHttpServer.start()
    servers.push(server)
    const gate = new RecordingGate()
    const mesh = meshOf({ servers: [{ transport: 'http', name: 'web', url: server.url }], gate })
    const answerTo = async (said: object): Promise<string> => {
      const message = { jsonrpc: '2.0', id: 1, ...said }
      const text = type === 'application/json' ? JSON.stringify(message) : event(message)
      const request = { jsonrpc: '2.0', id: 1, method: 'test/raw', params: { text, type } } as const
      const response = await openExchange(
        mesh.peer('web'),
        { method: 'POST', headers: {}, message: request },
        { signal: new AbortController().signal, components: mesh.components },
      )
      const body = Buffer.concat(await Array.fromAsync(response.body)).toString()
      return body.slice(body.indexOf('{')).trimEnd()
    }
    for (const [name, said] of FORGED) {
      expect(JSON.parse(await answerTo(said)), name).toMatchObject({ id: 1, ...UNACCEPTABLE })
      const failed = { outcome: 'failed', code: 'server-answer-unacceptable' }
      expect(gate.of('test/raw').at(-1), name).toMatchObject(failed)
    }
    for (const [name, said] of OWN) {
      expect(await answerTo(said), name).toBe(JSON.stringify({ jsonrpc: '2.0', id: 1, ...said }))
    }
  },
)
