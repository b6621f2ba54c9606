import {
  type Caller,
  encodeMessage,
  type JsonRpcMessage,
  type JsonRpcRequest,
  type MeshStream,
  objectAt,
  requestOnce,
  type Scheduler,
  systemScheduler,
} from '@warren/mcp'
import { afterEach, expect, test } from 'vitest'
import { encodeHeader } from '../src/stream-header.ts'
import { META } from './support/messages.ts'
import {
  CALLER,
  eventually,
  scriptServer,
  TestMesh,
  type TestMeshInit,
} from './support/test-mesh.ts'

const OTHER: Caller = { did: 'did:webvh:QmOther:warren.internal' }

const meshes: TestMesh[] = []
afterEach(() => Promise.all(meshes.splice(0).map(({ provider }) => provider.stop())))

function meshOf(init: Partial<TestMeshInit> = {}): TestMesh {
  const mesh = new TestMesh({ servers: [scriptServer()], ...init })
  meshes.push(mesh)
  return mesh
}

function modern(
  id: string | number,
  method: string,
  params: Record<string, unknown> = {},
): JsonRpcRequest {
  const meta = { ...META, ...(params['_meta'] as object | undefined) }
  return { jsonrpc: '2.0', id, method, params: { ...params, _meta: meta } }
}

function send(
  mesh: TestMesh,
  request: JsonRpcRequest,
  { caller = CALLER, signal = new AbortController().signal } = {},
): Promise<JsonRpcMessage[]> {
  const messages = requestOnce(mesh.peer('script', caller), request, {
    signal,
    components: mesh.components,
  })
  return Array.fromAsync(messages)
}

async function result(
  mesh: TestMesh,
  request: JsonRpcRequest,
  caller = CALLER,
): Promise<Record<string, unknown>> {
  const heard = await send(mesh, request, { caller })
  expect(heard.at(-1)).toHaveProperty('result')
  return { ...objectAt(heard.at(-1)!, 'result') }
}

test('hosts of one caller share a process, callers do not', { tags: ['MCP-19'] }, async () => {
  const mesh = meshOf()
  const pids = await Promise.all(
    [CALLER, CALLER, OTHER].map(async (caller) => {
      const { pid } = await result(mesh, modern(1, 'test/environment'), caller)
      return pid
    }),
  )
  expect(pids[0]).toBe(pids[1])
  expect(pids[0]).not.toBe(pids[2])
  expect(mesh.provider.status().shared).toBe(2)
})

/** A stream that was over before anybody read it, though all that was sent has come: such as the mesh hands over. */
function takenBack(request: JsonRpcRequest): MeshStream {
  const header = { kind: 'request', server: 'script', after: 0 } as const
  async function* arrived(): AsyncGenerator<Uint8Array> {
    yield Buffer.concat([encodeHeader(header), encodeMessage(request)])
    await Promise.reject(new Error('reset'))
  }
  const over = new Error('reset')
  return {
    bytes: arrived(),
    write: () => Promise.reject(over),
    end: () => Promise.reject(over),
    abort: () => {},
    signal: AbortSignal.abort(over),
  }
}

test(
  'a call that was taken back before it was read holds nothing',
  { tags: ['MCP-19'] },
  async () => {
    const mesh = meshOf()
    await mesh.provider.serve(takenBack(modern(1, 'test/echo')), CALLER)
    expect(mesh.provider.status()).toMatchObject({ streams: 0 })
    expect(mesh.logger.lines.filter(({ event }) => event === 'server-started')).toEqual([])
  },
)

test('hosts with the same ids and tokens do not meet', { tags: ['MCP-19'] }, async () => {
  const mesh = meshOf()
  const one = modern('same', 'test/progress', { count: 30, n: 1, _meta: { progressToken: 't' } })
  const two = modern('same', 'test/progress', { count: 20, n: 2, _meta: { progressToken: 't' } })
  const [first, second] = await Promise.all([send(mesh, one), send(mesh, two)])
  for (const [heard, count] of [
    [first, 30],
    [second, 20],
  ] as const) {
    const steps = heard.slice(0, -1).map(({ params }) => params)
    expect(steps).toEqual(
      Array.from({ length: count }, (_, n) => ({ progressToken: 't', progress: n + 1 })),
    )
    expect(heard.at(-1)).toEqual({ jsonrpc: '2.0', id: 'same', result: { done: true } })
  }
})

test('only ids change on the way to the server', { tags: ['MCP-19'] }, async () => {
  const mesh = meshOf()
  const asked = modern('my-id', 'test/echo', { x: [1], _meta: { progressToken: 'mine', 'x/y': 2 } })
  const { params } = await result(mesh, asked)
  const inner = objectAt({ params } as never, 'params')
  expect(inner).toEqual({
    ...objectAt(asked, 'params'),
    _meta: { ...META, 'x/y': 2, progressToken: expect.any(Number) },
  })
})

test('notes of a subscription carry the id that the host gave', { tags: ['MCP-19'] }, async () => {
  const mesh = meshOf()
  const abort = new AbortController()
  const listening = (id: string): AsyncGenerator<JsonRpcMessage> =>
    requestOnce(mesh.peer('script'), modern(id, 'subscriptions/listen'), {
      signal: abort.signal,
      components: mesh.components,
    })
  for (const id of ['one', 'two']) {
    const notes = listening(id)
    for (const method of [
      'notifications/subscriptions/acknowledged',
      'notifications/tools/list_changed',
    ]) {
      expect((await notes.next()).value).toMatchObject({
        method,
        params: { _meta: { 'io.modelcontextprotocol/subscriptionId': id } },
      })
    }
    await notes.return(undefined)
  }
})

test(
  'whoever stops listening cancels its own request alone',
  { tags: ['MCP-19', 'MCP-5'] },
  async () => {
    const mesh = meshOf()
    const abort = new AbortController()
    const hanging = send(mesh, modern('h', 'test/hang'), { signal: abort.signal })
    await result(mesh, modern('h', 'test/echo'))
    abort.abort()
    expect(await hanging).toEqual([])
    const cancelled = await eventually(async () => {
      const { seen } = await result(mesh, modern('s', 'test/seen'))
      return (seen as JsonRpcMessage[]).find(({ method }) => method === 'notifications/cancelled')
    })
    const { seen } = await result(mesh, modern('s', 'test/seen'))
    const hung = (seen as JsonRpcMessage[]).find(({ method }) => method === 'test/hang')
    expect(cancelled).toMatchObject({ params: { requestId: hung?.['id'] } })
  },
)

test('a log message goes to those who asked for logs', { tags: ['MCP-19'] }, async () => {
  const mesh = meshOf()
  const abort = new AbortController()
  const plain = send(mesh, modern(1, 'test/hang'), { signal: abort.signal })
  const logs = { _meta: { 'io.modelcontextprotocol/logLevel': 'info' } }
  const heard = await send(mesh, modern(2, 'test/log', { count: 2, ...logs }))
  expect(heard.map(({ method }) => method)).toEqual([
    'notifications/message',
    'notifications/message',
    undefined,
  ])
  abort.abort()
  expect(await plain).toEqual([])
})

test(
  'a shared server that asks something is told that nobody answers',
  { tags: ['MCP-19'] },
  async () => {
    const { answer } = await result(meshOf(), modern(1, 'test/ask', { method: 'roots/list' }))
    expect(answer).toMatchObject({ error: { code: -32601 } })
  },
)

test('an idle server ends, and a later request starts another', { tags: ['MCP-19'] }, async () => {
  let idle: (() => void) | undefined
  const scheduler: Scheduler = {
    after: (delayMs, action) => {
      if (delayMs !== 12_345) return systemScheduler.after(delayMs, action)
      idle = action
      return () => (idle = idle === action ? undefined : idle)
    },
  }
  const mesh = meshOf({ scheduler, limits: { idleMs: 12_345 } })
  const { pid: first } = await result(mesh, modern(1, 'test/environment'))
  await eventually(() => idle)
  const { pid: second } = await result(mesh, modern(2, 'test/environment'))
  expect(second).toBe(first)
  await eventually(() => idle)
  const abort = new AbortController()
  const hanging = send(mesh, modern(3, 'test/hang'), { signal: abort.signal })
  await eventually(() => idle === undefined)
  abort.abort()
  await hanging
  const end = await eventually(() => idle)
  end()
  const { pid: third } = await result(mesh, modern(4, 'test/environment'))
  expect(third).not.toBe(first)
  await eventually(() => mesh.provider.status().shared === 1)
})

test(
  'a server that died is replaced for the next request',
  { tags: ['MCP-16', 'MCP-19'] },
  async () => {
    const mesh = meshOf()
    const heard = await send(mesh, modern(1, 'test/exit', { code: 9 }))
    expect(heard).toMatchObject([
      { id: 1, error: { message: 'the server "script" ended with exit code 9' } },
    ])
    expect(await result(mesh, modern(2, 'test/echo'))).toHaveProperty('params')
  },
)

test('a host that does not read is cut so that others go on', { tags: ['MCP-19'] }, async () => {
  const mesh = meshOf({ limits: { stalledMs: 100 } })
  const logs = { 'io.modelcontextprotocol/logLevel': 'info' }
  const flood = modern(1, 'test/flood', { count: 100, bytes: 16 * 1024, _meta: logs })
  const slow = requestOnce(mesh.peer('script'), flood, {
    signal: new AbortController().signal,
    components: mesh.components,
  })
  await slow.next()
  expect(await result(mesh, modern(2, 'test/echo'))).toHaveProperty('params')
  const rest = await Array.fromAsync(slow)
  expect(rest.at(-1)).toMatchObject({ id: 1, error: { code: -32001 } })
})
