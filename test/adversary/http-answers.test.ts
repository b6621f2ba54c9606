// A server over HTTP, or a caller of it, that wants an answer to leave of which no log says what it was.

import type { Gate } from '@warren/mcp'
import { afterEach, beforeEach, expect, test } from 'vitest'
import {
  begin,
  bodyOf,
  exchange,
  HeardBody,
  request,
} from '../../packages/mcp/test/support/http-exchange.ts'
import { RecordingGate, wanting } from '../../packages/mcp/test/support/recording-gate.ts'
import { ScriptHttpServer } from '../../packages/mcp/test/support/script-http-server.ts'
import { eventually, TestMesh } from '../../packages/mcp/test/support/test-mesh.ts'

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

function meshOf(asking: Gate): TestMesh {
  const servers = [{ transport: 'http', name: 'web', url: server.url } as const]
  const mesh = new TestMesh({ servers, gate: asking })
  meshes.push(mesh)
  return mesh
}

const EVENTS = { type: 'text/event-stream' }

function answer(id: unknown, result: object = { stolen: true }): string {
  return JSON.stringify({ jsonrpc: '2.0', id, result })
}

test.for([
  { whose: 'of another call', id: 'call' },
  { whose: 'of a call that was never asked', id: 99 },
  { whose: 'that names the request as a text', id: '1' },
])(
  'the body of a request that nobody records brings no answer $whose',
  { tags: ['MCP-63', 'AUN-2', 'THR-61'] },
  async ({ id }) => {
    const mesh = meshOf(wanting(gate, 'test/hang'))
    const headers = await begin(mesh)
    const hanging = await exchange(mesh, { headers, message: request('test/hang', {}, 'call') })
    const message = request('test/raw', { text: answer(id) })
    const given = await bodyOf(await exchange(mesh, { headers, message }))
    expect(given).toContain('"id":1,"error"')
    expect(given).toContain('server-answer-unacceptable')
    expect(gate.ends).toEqual([])
    server.finishHanging()
    expect(await bodyOf(hanging)).toContain('"id":"call","result":{}')
    expect(gate.of('test/hang')).toMatchObject([
      { outcome: 'answered', answer: { message: { id: 'call', result: {} } } },
    ])
  },
)

test(
  'nor is the answer of another call recorded as that of the request in whose body it comes',
  { tags: ['MCP-63', 'AUN-2', 'THR-61'] },
  async () => {
    const mesh = meshOf(gate)
    const message = request('test/raw', { text: answer('other') })
    expect(await bodyOf(await exchange(mesh, { message }))).not.toContain('stolen')
    const [end, ...others] = gate.of('test/raw')
    expect(others).toEqual([])
    expect(end).toMatchObject({ outcome: 'failed', code: 'server-answer-unacceptable' })
    expect(JSON.stringify(end)).not.toContain('stolen')
  },
)

test.for(['x', 'Message', 'message '])(
  'an event of another type brings none: %j',
  { tags: ['MCP-63', 'AUN-2', 'THR-61'] },
  async (type) => {
    const mesh = meshOf(gate)
    const text = `event: ${type}\nid: 7\ndata: ${answer(1)}\n\ndata: ${answer(1, {})}\n\n`
    const heard = new HeardBody(
      await exchange(mesh, { message: request('test/raw', { text, ...EVENTS }) }),
    )
    await heard.whole
    expect(heard.text).toBe(`id: 7\ndata: \n\ndata: ${answer(1, {})}\n\n`)
    expect(gate.of('test/raw')).toMatchObject([
      { outcome: 'answered', answer: { message: { result: {} } } },
    ])
  },
)

test(
  'a caller that uses an id twice has no answer leave as that of the request that nobody records',
  { tags: ['MCP-75', 'AUN-2', 'THR-61'] },
  async () => {
    const mesh = meshOf(wanting(gate, 'test/break'))
    const headers = await begin(mesh)
    const cover = await exchange(mesh, { headers, message: request('test/hang', {}, 'resumed') })
    const call = { headers, message: request('test/break', {}, 'resumed') }
    await expect(exchange(mesh, call)).rejects.toMatchObject({ code: 'request-taken' })
    expect(server.asked.some(({ body }) => body['method'] === 'test/break')).toBe(false)
    cover.abort(new Error('enough'))
    await eventually(() => mesh.provider.status().streams === 0)
    await bodyOf(await exchange(mesh, call))
    const resume = { ...headers, 'last-event-id': 'resume-me' }
    const fetched = await bodyOf(await exchange(mesh, { method: 'GET', headers: resume }))
    expect(fetched).toContain('"resumed":true')
    expect(gate.of('test/break')).toMatchObject([
      { outcome: 'refused', code: 'request-taken' },
      { outcome: 'answered', answer: { message: { result: { resumed: true } } } },
    ])
  },
)
