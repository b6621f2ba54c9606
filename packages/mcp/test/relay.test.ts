import { type Gate, McpError, type JsonRpcMessage, objectAt, requestOnce } from '@warren/mcp'
import { afterEach, expect, test } from 'vitest'
import { initialize, META } from './support/messages.ts'
import { eventually, MemoryHost, scriptServer, TestMesh } from './support/test-mesh.ts'

const meshes: TestMesh[] = []
afterEach(() => Promise.all(meshes.splice(0).map(({ provider }) => provider.stop())))

function meshOf(init: Partial<ConstructorParameters<typeof TestMesh>[0]> = {}): TestMesh {
  const mesh = new TestMesh({ servers: [scriptServer()], ...init })
  meshes.push(mesh)
  return mesh
}

async function connected(mesh: TestMesh): Promise<MemoryHost> {
  const host = new MemoryHost()
  await mesh.session('script', host)
  await initialize(host)
  return host
}

const noRoute = (): Promise<never> => Promise.reject(new Error('no route'))

function call(id: string | number, method: string, params: object = {}): object {
  return { jsonrpc: '2.0', id, method, params }
}

test('unknown members pass in both directions, at every level', { tags: ['MCP-1'] }, async () => {
  const host = await connected(meshOf())
  expect(host.heard[0]).toMatchObject({ id: 0, result: { 'x-unknown': { kept: true } } })
  host.say({ ...call('a', 'test/echo', { 'x-deep': [{ y: null }] }), 'x-top': 1 })
  expect(await host.answerTo('a')).toEqual({
    jsonrpc: '2.0',
    id: 'a',
    result: { params: { 'x-deep': [{ y: null }] } },
  })
  host.say(call('b', 'test/seen'))
  const { seen } = objectAt(await host.answerTo('b'), 'result')
  expect(seen).toContainEqual(expect.objectContaining({ id: 'a', 'x-top': 1 }))
})

test(
  'every request has one answer, whatever the server says of it',
  { tags: ['MCP-4'] },
  async () => {
    const host = await connected(meshOf())
    for (let id = 1; id <= 20; id += 1) host.say(call(id, id % 2 === 0 ? 'test/echo' : 'no/method'))
    await eventually(() => host.heard.length === 21)
    const ids = host.heard.map(({ id }) => id).toSorted((a, b) => Number(a) - Number(b))
    expect(ids).toEqual([...Array(21).keys()])
  },
)

test('a call whose stream is cut is answered with -32001', { tags: ['MCP-4'] }, async () => {
  const mesh = meshOf()
  const host = await connected(mesh)
  host.say(call(1, 'test/hang'))
  await eventually(() => mesh.opened.length === 3)
  mesh.opened.at(-1)?.abort(new Error('the cable was pulled'))
  expect(await host.answerTo(1)).toMatchObject({
    error: { code: -32001, data: { code: 'stream-ended' } },
  })
  host.say(call(2, 'test/echo'))
  expect(await host.answerTo(2)).toHaveProperty('result')
})

test('a peer that cannot be reached is an answer, not a silence', { tags: ['MCP-4'] }, async () => {
  const mesh = meshOf()
  const request = { jsonrpc: '2.0', id: 5, method: 'tools/list' } as const
  const answers = await Array.fromAsync(
    requestOnce({ open: noRoute, server: 'script' }, request, {
      signal: new AbortController().signal,
      components: mesh.components,
    }),
  )
  expect(answers).toMatchObject([
    { id: 5, error: { code: -32005, data: { code: 'peer-unreachable' } } },
  ])
})

test(
  'a cancelled call reaches the server as cancelled and has no answer',
  { tags: ['MCP-5'] },
  async () => {
    const mesh = meshOf()
    const host = await connected(mesh)
    host.say(call('slow', 'test/hang'))
    host.say(call(1, 'test/echo'))
    await host.answerTo(1)
    host.say({ jsonrpc: '2.0', method: 'notifications/cancelled', params: { requestId: 'slow' } })
    await eventually(() => mesh.opened[2]?.signal.aborted)
    const cancelled = await eventually(async () => {
      const seen = await seenBy(host, 'notifications/cancelled')
      return seen.length > 0 && seen
    })
    expect(cancelled).toMatchObject([{ params: { requestId: 'slow' } }])
    expect(host.heard.some(({ id }) => id === 'slow')).toBe(false)
  },
)

test(
  'a cancellation of nothing in flight is relayed like any notification',
  { tags: ['MCP-5'] },
  async () => {
    const host = await connected(meshOf())
    host.say({ jsonrpc: '2.0', method: 'notifications/cancelled', params: { requestId: 'none' } })
    expect(await seenBy(host, 'notifications/cancelled')).toHaveLength(1)
  },
)

test.for([
  { name: 'id', second: call(1, 'test/echo') },
  { name: 'progress token', second: call(2, 'test/echo', { _meta: { progressToken: 't' } }) },
])(
  'a second request with an $name in flight is refused',
  { tags: ['MCP-6'] },
  async ({ second }) => {
    const host = await connected(meshOf())
    host.say(call(1, 'test/ask', { method: 'roots/list', _meta: { progressToken: 't' } }))
    const asked = await host.hears(({ method }) => method === 'roots/list')
    host.say(second)
    const refused = await host.hears((message) => 'error' in message)
    expect(refused).toMatchObject({ error: { code: -32600, data: { code: 'request-taken' } } })
    host.say({ jsonrpc: '2.0', id: asked['id'], result: { roots: [] } })
    await host.hears((message) => 'answer' in objectAt(message, 'result'))
  },
)

test(
  'an id and a token are free again when the response is there',
  { tags: ['MCP-6'] },
  async () => {
    const host = await connected(meshOf())
    for (let round = 1; round <= 3; round += 1) {
      host.heard.length = 0
      host.say(call(1, 'test/progress', { count: 1, _meta: { progressToken: 't' } }))
      expect(await host.answerTo(1)).toHaveProperty('result')
    }
  },
)

test('one request past the limit is refused', { tags: ['MCP-6'] }, async () => {
  const host = await connected(meshOf({ relayLimits: { inFlightMax: 3 } }))
  for (const id of [1, 2, 3]) host.say(call(id, 'test/hang'))
  host.say(call(4, 'test/hang'))
  expect(await host.answerTo(4)).toMatchObject({
    error: { code: -32004, data: { code: 'requests-exhausted' } },
  })
  expect(host.heard).toHaveLength(2)
})

test('a request does not overtake the notifications before it', { tags: ['MCP-7'] }, async () => {
  const host = await connected(meshOf())
  for (let n = 1; n <= 50; n += 1) host.say({ jsonrpc: '2.0', method: 'test/note', params: { n } })
  host.say(call(1, 'test/echo'))
  await host.answerTo(1)
  host.say(call(2, 'test/seen'))
  const { seen } = objectAt(await host.answerTo(2), 'result')
  const methods = (seen as JsonRpcMessage[]).map(({ method }) => method)
  expect(methods.indexOf('test/echo')).toBe(methods.lastIndexOf('test/note') + 1)
})

test(
  'a response does not overtake what the server said before it',
  { tags: ['MCP-7'] },
  async () => {
    const host = await connected(meshOf())
    for (let id = 1; id <= 10; id += 1) {
      host.heard.length = 0
      host.say(call(id, 'test/log', { count: 7 }))
      await host.answerTo(id)
      expect(host.heard.map(({ method }) => method)).toEqual([
        ...Array<string>(7).fill('notifications/message'),
        undefined,
      ])
    }
  },
)

test(
  'a response comes in another turn than the last note of its request',
  { tags: ['MCP-8'] },
  async () => {
    const host = await connected(meshOf())
    let turn = 0
    const turns: number[] = []
    host.hearing = () => {
      turns.push(turn)
      setImmediate(() => (turn += 1))
    }
    for (let id = 1; id <= 30; id += 1) {
      turns.length = 0
      host.say(call(id, 'test/progress', { count: 3, _meta: { progressToken: id } }))
      await host.answerTo(id)
      expect(turns).toHaveLength(4)
      expect(turns[3]).toBeGreaterThan(turns[2] ?? Infinity)
    }
  },
)

test('notes of a request are related to it, others to none', { tags: ['MCP-7'] }, async () => {
  const host = await connected(meshOf())
  host.say(call('p', 'test/progress', { count: 1, _meta: { progressToken: 9 } }))
  const note = await host.hears(({ method }) => method === 'notifications/progress')
  expect(host.related.get(note)).toBe('p')
  host.say(call('l', 'test/log', { count: 1 }))
  const log = await host.hears(({ method }) => method === 'notifications/message')
  expect(host.related.get(log)).toBeUndefined()
})

test('a nested request is answered through the session', { tags: ['MCP-7'] }, async () => {
  const host = await connected(meshOf())
  host.say(call(1, 'test/ask', { method: 'elicitation/create' }))
  const asked = await host.hears(({ method }) => method === 'elicitation/create')
  host.say({ jsonrpc: '2.0', id: asked['id'], result: { action: 'accept', 'x-y': 1 } })
  expect(await host.answerTo(1)).toMatchObject({
    result: { answer: { result: { action: 'accept', 'x-y': 1 } } },
  })
})

test('a host that does not read stops the server, within bounds', { tags: ['MCP-9'] }, async () => {
  const mesh = meshOf({ limits: { errorLinesPerMinuteMax: 100_000 } })
  const host = await connected(mesh)
  const { promise: blocked, resolve: release } = Promise.withResolvers<void>()
  host.room = () => blocked
  const bytes = 16 * 1024
  host.say(call(1, 'test/flood', { count: 2_000, bytes }))
  const written = (): number =>
    mesh.logger.lines.filter(({ details }) => JSON.stringify(details).includes('flood')).length
  const stalledAt = await stable(written)
  expect(stalledAt * bytes).toBeLessThan(4 * 1024 * 1024)
  expect(mesh.opened.reduce((sum, { unread }) => sum + unread, 0)).toBeLessThan(256 * 1024)
  release()
  await host.answerTo(1, 20_000)
  expect(host.heard.filter(({ method }) => method === 'notifications/message')).toHaveLength(2_000)
})

test('a host that closes its side still gets what is under way', { tags: ['MCP-10'] }, async () => {
  const mesh = meshOf()
  const host = new MemoryHost()
  const session = await mesh.session('script', host)
  await initialize(host)
  host.say(call(1, 'test/echo'))
  host.leave()
  expect(await session.ended).toBeUndefined()
  expect(host.heard.map(({ id }) => id)).toEqual([0, 1])
  await eventually(() => mesh.provider.status().sessions === 0)
})

test('a host that is lost ends everything at once', { tags: ['MCP-10'] }, async () => {
  const mesh = meshOf()
  const host = new MemoryHost()
  const session = await mesh.session('script', host)
  await initialize(host)
  host.say(call(1, 'test/hang'))
  await eventually(() => mesh.provider.status().streams === 2)
  host.leave(new Error('socket closed'))
  expect(await session.ended).toMatchObject({ code: 'host-gone' })
  await eventually(() => mesh.provider.status().streams === 0)
  expect(mesh.opened.every(({ signal }) => signal.aborted)).toBe(true)
})

test(
  'a session stream that is cut answers what is in flight and closes the host',
  { tags: ['MCP-10'] },
  async () => {
    const mesh = meshOf()
    const host = new MemoryHost()
    const session = await mesh.session('script', host)
    await initialize(host)
    host.say(call(1, 'test/hang'))
    await eventually(() => mesh.provider.status().streams === 2)
    mesh.opened[0]?.abort(new Error('the peer is gone'))
    expect(await session.ended).toMatchObject({ code: 'session-ended' })
    expect(await host.answerTo(1)).toMatchObject({ error: { code: -32001 } })
    expect(host.closedBy).toMatchObject({ code: 'session-ended' })
  },
)

test(
  'a session that is closed by its owner answers what is in flight',
  { tags: ['MCP-10'] },
  async () => {
    const mesh = meshOf()
    const host = new MemoryHost()
    const session = await mesh.session('script', host)
    await initialize(host)
    host.say(call(1, 'test/hang'))
    await eventually(() => mesh.provider.status().streams === 2)
    session.close(new McpError('stopped', 'the node stops'))
    expect(await session.ended).toMatchObject({ code: 'stopped' })
    expect(host.heard.at(-1)).toMatchObject({ id: 1, error: { message: 'the node stops' } })
  },
)

test(
  'a request without a session carries its notes and its response',
  { tags: ['MCP-4'] },
  async () => {
    const mesh = meshOf()
    const params = { count: 2, _meta: { ...META, progressToken: 'mine' } }
    const request = { jsonrpc: '2.0', id: 'r', method: 'test/progress', params } as const
    const heard = await Array.fromAsync(
      requestOnce(mesh.peer('script'), request, {
        signal: new AbortController().signal,
        components: mesh.components,
      }),
    )
    expect(heard).toMatchObject([
      { params: { progressToken: 'mine', progress: 1 } },
      { params: { progressToken: 'mine', progress: 2 } },
      { id: 'r', result: { done: true } },
    ])
  },
)

async function seenBy(host: MemoryHost, method: string): Promise<readonly JsonRpcMessage[]> {
  const id = `seen-${Math.random()}`
  host.say(call(id, 'test/seen'))
  const { seen } = objectAt(await host.answerTo(id), 'result')
  return (seen as JsonRpcMessage[]).filter((message) => message['method'] === method)
}

/** The value once it has not changed for a while. */
async function stable(read: () => number): Promise<number> {
  let value = read()
  let sinceMs = performance.now()
  return eventually(() => {
    if (read() !== value || value === 0) {
      value = read()
      sinceMs = performance.now()
    }
    return performance.now() - sinceMs > 300 ? value : undefined
  })
}

test(
  'a server gets the arguments that the gate gives it, and the rest as it was asked',
  { tags: ['MCP-65'] },
  async () => {
    const given = { path: '/data/real.txt' }
    const decide: Gate['decide'] = async ({ message: { method } }) =>
      method === 'tools/call'
        ? { allowed: true, rule: 'test', arguments: given }
        : { allowed: true, rule: 'test' }
    const host = await connected(meshOf({ gate: { decide } }))
    const asked = { name: 'read', 'x-more': 1, arguments: { path: 'link.txt' } }
    host.say(call('a', 'tools/call', asked))
    await host.answerTo('a')
    host.say({ jsonrpc: '2.0', method: 'tools/call', params: asked })
    host.say(call('b', 'test/echo', asked))
    expect(await host.answerTo('b')).toMatchObject({ result: { params: asked } })
    host.say(call('c', 'test/seen'))
    const { seen } = objectAt(await host.answerTo('c'), 'result')
    const params = { ...asked, arguments: given }
    expect(seen).toContainEqual({ jsonrpc: '2.0', id: 'a', method: 'tools/call', params })
    expect(seen).toContainEqual({ jsonrpc: '2.0', method: 'tools/call', params })
  },
)
