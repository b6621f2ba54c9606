// Which answers of an HTTP server reach a caller, on which stream, and as whose.

import type { JsonRpcMessage } from '@warren/mcp'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { bodyOf, exchange, request } from './support/http-exchange.ts'
import { RecordingGate } from './support/recording-gate.ts'
import { ScriptHttpServer } from './support/script-http-server.ts'
import { TestMesh, type TestMeshInit } from './support/test-mesh.ts'

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

const UNNAMED = '{"jsonrpc":"2.0","error":{"code":-32000,"message":"no such session"}}'

test.for([
  { where: 'in a body', text: UNNAMED },
  { where: 'in an event', text: `data: ${UNNAMED}\n\n`, type: 'text/event-stream' },
])(
  'an error without an id answers the request that it came back for: $where',
  { tags: ['MCP-59', 'MCP-63'] },
  async (sent) => {
    const response = await exchange(meshOf(), {
      message: request('test/raw', { status: 400, ...sent }),
    })
    expect(response.status).toBe(400)
    expect(await bodyOf(response)).toContain(UNNAMED)
    expect(gate.of('test/raw')).toMatchObject([
      { outcome: 'error', answer: { message: JSON.parse(UNNAMED), bytes: UNNAMED.length } },
    ])
  },
)

test('and is what a server says to a note', { tags: ['MCP-63'] }, async () => {
  const params = { status: 400, text: UNNAMED }
  const message: JsonRpcMessage = { jsonrpc: '2.0', method: 'test/raw', params }
  const response = await exchange(meshOf(), { message })
  expect([response.status, (await bodyOf(response)).trimEnd()]).toEqual([400, UNNAMED])
})
