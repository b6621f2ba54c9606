import {
  encodeMessage,
  type JsonRpcMessage,
  LineReader,
  listServers,
  type MeshStream,
  openExchange,
  openSession,
  type OpenStream,
  systemScheduler,
} from '@warren/mcp'
import { memoryStreamPair } from '@warren/testkit'
import { expect, test } from 'vitest'
import {
  eventually,
  memoryLogger,
  MemoryHost,
  random,
} from '../../packages/mcp/test/support/test-mesh.ts'

/** What a provider that lies says on one stream, once it has read the header. */
type Lie = (stream: MeshStream, lines: LineReader) => Promise<void>

const components = { logger: memoryLogger(), scheduler: systemScheduler }
const forever = new AbortController().signal

function say(stream: MeshStream, ...lines: readonly string[]): Promise<void> {
  return stream.write(new TextEncoder().encode(lines.map((line) => `${line}\n`).join('')))
}

/** A provider that serves sessions honestly and lies on everything else. */
function liar(lie: Lie, session?: (stream: MeshStream) => void): OpenStream {
  return () => {
    const [near, far] = memoryStreamPair()
    const lines = new LineReader(far.bytes)
    const serve = async (): Promise<void> => {
      const header = new TextDecoder().decode((await lines.next(10_000)) ?? new Uint8Array())
      if (!header.includes('"kind":"session"')) return lie(far, lines)
      await say(far, '["ok",{}]')
      return session?.(far)
    }
    serve().catch(() => far.abort(new Error('the other side is gone')))
    return Promise.resolve(near)
  }
}

async function hostOf(open: OpenStream, limits = {}): Promise<MemoryHost> {
  const host = new MemoryHost()
  await openSession({ peer: { open, server: 's', limits }, host, random, components })
  return host
}

function response(id: unknown, result: object = {}): string {
  return JSON.stringify({ jsonrpc: '2.0', id, result })
}

test.for([
  { name: 'the answer to another request', lines: [response(2)], code: 'peer-protocol' },
  { name: 'no JSON', lines: ['<html>'], code: 'peer-protocol' },
  {
    name: 'a batch that is no control line',
    lines: ['[{"jsonrpc":"2.0"}]'],
    code: 'peer-protocol',
  },
  { name: 'an unknown control line', lines: ['["run","id"]'], code: 'peer-protocol' },
  { name: 'a control line out of place', lines: ['["ok",{}]'], code: 'peer-protocol' },
  {
    name: 'a prototype key',
    lines: ['{"jsonrpc":"2.0","id":1,"result":{"__proto__":{}}}'],
    code: 'peer-protocol',
  },
  {
    name: 'more than the limit',
    lines: [response(1, { x: 'x'.repeat(5_000) })],
    code: 'peer-protocol',
  },
  {
    name: 'an unknown code',
    lines: [String.raw`["failed",{"code":"\u001b[31m","message":"a\u001b[31m"}]`],
    code: 'refused',
  },
  { name: 'its end', lines: [], code: 'stream-ended' },
])(
  'a peer that says $name ends its own call and nothing else',
  { tags: ['MCP-4'] },
  async ({ lines, code }) => {
    let calls = 0
    const open = liar(async (stream) => {
      calls += 1
      await say(stream, ...(calls === 1 ? lines : [response('next')]))
      await stream.end()
    })
    const host = await hostOf(open, { messageBytesMax: 4_000 })
    host.say({ jsonrpc: '2.0', id: 1, method: 'm' })
    const answer = await host.answerTo(1)
    expect(answer).toMatchObject({ error: { data: { code } } })
    expect(JSON.stringify(answer)).not.toContain('\u001b')
    host.say({ jsonrpc: '2.0', id: 'next', method: 'm' })
    expect(await host.answerTo('next')).toHaveProperty('result')
  },
)

test('a call has one response, however many are sent', { tags: ['MCP-4'] }, async () => {
  const host = await hostOf(
    liar(async (stream) => {
      await say(stream, response(1, { n: 1 }), response(1, { n: 2 }))
      await stream.end()
    }),
  )
  host.say({ jsonrpc: '2.0', id: 1, method: 'm' })
  await host.answerTo(1)
  host.say({ jsonrpc: '2.0', id: 1, method: 'm' })
  await eventually(() => host.heard.length === 2)
  expect(host.heard).toMatchObject([{ result: { n: 1 } }, { result: { n: 1 } }])
})

test('a call cannot be answered on the session stream', { tags: ['MCP-4'] }, async () => {
  const { promise: go, resolve } = Promise.withResolvers<void>()
  const open = liar(
    async () => {
      resolve()
      await new Promise(() => {})
    },
    (stream) => {
      void go.then(() =>
        say(stream, response(1, { forged: true }), '{"jsonrpc":"2.0","method":"after"}'),
      )
    },
  )
  const host = await hostOf(open)
  host.say({ jsonrpc: '2.0', id: 1, method: 'm' })
  await host.hears(({ method }) => method === 'after')
  expect(host.heard).toHaveLength(1)
})

test('a call that waits for what never comes can be cancelled', { tags: ['MCP-5'] }, async () => {
  let started = false
  let aborted = false
  const open = liar(async (stream) => {
    started = true
    stream.signal.addEventListener('abort', () => (aborted = true))
    await say(stream, '["after",9007199254740991]', response(1))
  })
  const host = await hostOf(open)
  host.say({ jsonrpc: '2.0', id: 1, method: 'm' })
  await eventually(() => started)
  host.say({ jsonrpc: '2.0', method: 'notifications/cancelled', params: { requestId: 1 } })
  expect(await eventually(() => aborted)).toBe(true)
  expect(host.heard).toEqual([])
})

test('a session stream that breaks the rules ends the session', { tags: ['MCP-10'] }, async () => {
  for (const line of ['noise', '["ok",{}]', '["after",1]', '{"jsonrpc":"2.0"}']) {
    const host = await hostOf(
      liar(
        () => Promise.resolve(),
        (stream) => void say(stream, line),
      ),
    )
    expect(await eventually(() => host.closedBy)).toMatchObject({ code: 'peer-protocol' })
  }
})

test('a peer that never accepts is given up in time', { tags: ['MCP-4'] }, async () => {
  const [near] = memoryStreamPair()
  const open = (): Promise<MeshStream> => Promise.resolve(near)
  const peer = { open, server: 's', limits: { openMs: 30 } }
  const opening = openSession({ peer, host: new MemoryHost(), random, components })
  await expect(opening).rejects.toMatchObject({ code: 'peer-unreachable' })
  expect(near.signal.aborted).toBe(true)
})

test.for([
  { name: 'no list', body: '["ok",{}]' },
  {
    name: 'a path as a name',
    body: '["ok",{"servers":[{"name":"../x","title":"t","transport":"stdio"}]}]',
  },
  {
    name: 'an unknown transport',
    body: '["ok",{"servers":[{"name":"x","title":"t","transport":"shell"}]}]',
  },
  {
    name: 'a long title',
    body: `["ok",{"servers":[{"name":"x","title":"${'t'.repeat(201)}","transport":"stdio"}]}]`,
  },
])('a list of servers with $name is refused', { tags: ['MCP-21'] }, async ({ body }) => {
  const open = liar((stream) => say(stream, body))
  await expect(listServers(open, { signal: forever, components })).rejects.toMatchObject({
    code: 'peer-protocol',
  })
})

test.for([
  { name: 'no status', body: '["ok",{"headers":{}}]' },
  { name: 'an informational status', body: '["ok",{"status":101,"headers":{}}]' },
  {
    name: 'a field with a line break',
    body: String.raw`["ok",{"status":200,"headers":{"a":"b\r\nset-cookie: c"}}]`,
  },
])('an exchange with $name is refused', { tags: ['MCP-24'] }, async ({ body }) => {
  const open = liar((stream) => say(stream, body))
  const peer = { open, server: 's' }
  const exchange = openExchange(
    peer,
    { method: 'GET', headers: {} },
    { signal: forever, components },
  )
  await expect(exchange).rejects.toMatchObject({ name: 'McpError' })
})

test(
  'fields that a response may not have do not reach the host',
  { tags: ['MCP-24'] },
  async () => {
    const headers = { 'set-cookie': 'a=b', location: 'http://evil/', 'content-type': 'text/html' }
    const open = liar((stream) => say(stream, JSON.stringify(['ok', { status: 200, headers }])))
    const peer = { open, server: 's' }
    const exchanged = await openExchange(
      peer,
      { method: 'GET', headers: {} },
      { signal: forever, components },
    )
    expect(exchanged.headers).toEqual({ 'content-type': 'text/html' })
  },
)

test(
  'what a host sends cannot be read as a control line or as two lines',
  { tags: ['MCP-1'] },
  () => {
    const message = {
      jsonrpc: '2.0',
      method: 'm',
      params: { x: '\n["end",{}]\n\u2028\u2029\u0085' },
    } as JsonRpcMessage
    const line = new TextDecoder().decode(encodeMessage(message))
    expect(line.indexOf('\n')).toBe(line.length - 1)
    expect(line).not.toMatch(/[\u2028\u2029\u0085]/)
    expect(JSON.parse(line)).toEqual(message)
    expect(line.startsWith('{')).toBe(true)
  },
)
