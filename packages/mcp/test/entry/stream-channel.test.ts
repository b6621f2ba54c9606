import { Client } from '@modelcontextprotocol/client'
import { Client as LegacyClient } from '@modelcontextprotocol/sdk/client/index.js'
import { StdioServerTransport as LegacyStreams } from '@modelcontextprotocol/sdk/server/stdio.js'
import { StdioServerTransport as Streams } from '@modelcontextprotocol/server/stdio'
import {
  AggregateEndpoint,
  McpError,
  serveStream,
  StreamChannel,
  type UnsentRequest,
} from '@warren/mcp'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { connect, createServer, type Server, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type Duplex, duplexPair } from 'node:stream'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { bothEras, legacyOnly } from './support/servers.ts'
import { sha256, silent, StreamEndpoint, TestCatalog } from './support/stream-endpoint.ts'

const LIMITS = { messageBytesMax: 200, depthMax: 8, keysMax: 20 }

/** What comes out of a stream, line by line. */
async function line(stream: Duplex): Promise<unknown> {
  let text = ''
  while (!text.includes('\n')) {
    const chunk = stream.read() as Buffer | null
    if (chunk === null) await once(stream, 'readable')
    else text += chunk.toString()
  }
  const [first = '', rest = ''] = text.split('\n', 2)
  if (rest !== '') stream.unshift(Buffer.from(rest))
  return JSON.parse(first)
}

describe('a channel on a byte stream', () => {
  test(
    'reads messages in any cut of bytes and writes one a line',
    { tags: ['MCP-30'] },
    async () => {
      const [near, far] = duplexPair()
      const channel = new StreamChannel(near)
      const bytes = Buffer.from(
        '{"jsonrpc":"2.0","method":"a","params":{"x":"ü"}}\n\n{"jsonrpc":"2.0","id":1,"method":"b"}\n',
      )
      for (const byte of bytes) far.write(Buffer.of(byte))
      far.end()
      const said: unknown[] = []
      for await (const message of channel.messages) said.push(message)
      expect(said).toEqual([
        { jsonrpc: '2.0', method: 'a', params: { x: 'ü' } },
        { jsonrpc: '2.0', id: 1, method: 'b' },
      ])
      await channel.send({ jsonrpc: '2.0', id: 1, result: { text: 'two\nlines' } })
      expect(await line(far)).toEqual({ jsonrpc: '2.0', id: 1, result: { text: 'two\nlines' } })
    },
  )

  test.for([
    { text: 'nonsense', code: -32_700, id: null },
    { text: '[{"jsonrpc":"2.0","id":1,"method":"a"}]', code: -32_600, id: null },
    { text: '{"jsonrpc":"2.0","id":7,"method":"a","params":[]}', code: -32_600, id: 7 },
    { text: '{"jsonrpc":"2.0","id":null,"method":"a"}', code: -32_600, id: null },
    {
      text: '{"jsonrpc":"2.0","id":1,"method":"a","params":{"a":[[[[[[[[1]]]]]]]]}}',
      code: -32_600,
      id: 1,
    },
  ])(
    '$text is answered with $code, and the next message is read',
    { tags: ['MCP-30'] },
    async ({ text, code, id }) => {
      const [near, far] = duplexPair()
      const channel = new StreamChannel(near, { limits: LIMITS })
      far.write(`${text}\n{"jsonrpc":"2.0","method":"next"}\n`)
      const { value } = await channel.messages[Symbol.asyncIterator]().next()
      expect(value).toEqual({ jsonrpc: '2.0', method: 'next' })
      expect(await line(far)).toMatchObject({ id, error: { code } })
    },
  )

  test.for([
    { length: LIMITS.messageBytesMax, fits: true },
    { length: LIMITS.messageBytesMax + 1, fits: false },
  ])('a line of $length bytes fits: $fits', { tags: ['MCP-30'] }, async ({ length, fits }) => {
    const [near, far] = duplexPair()
    const channel = new StreamChannel(near, { limits: LIMITS })
    const frame = '{"jsonrpc":"2.0","method":""}'
    const method = 'm'.repeat(length - frame.length)
    far.write(`${frame.replace('""', `"${method}"`)}\n{"jsonrpc":"2.0","method":"next"}\n`)
    const { value } = await channel.messages[Symbol.asyncIterator]().next()
    if (fits) {
      expect(value).toEqual({ jsonrpc: '2.0', method })
    } else {
      expect(value).toEqual({ jsonrpc: '2.0', method: 'next' })
      expect(await line(far)).toMatchObject({ id: null, error: { code: -32_600 } })
    }
  })

  test(
    'a host that does not read holds the sender back, and one that goes away frees it',
    { tags: ['MCP-30'] },
    async () => {
      const [near, far] = duplexPair()
      const channel = new StreamChannel(near)
      const note = { jsonrpc: '2.0', method: 'n', params: { text: 'x'.repeat(100_000) } } as const
      let sent = 0
      const sending = (async () => {
        for (; sent < 100; sent += 1) await channel.send(note)
      })()
      sending.catch(() => {})
      await expect.poll(() => near.writableNeedDrain).toBe(true)
      await new Promise((resolve) => setTimeout(resolve, 20))
      expect(sent).toBeLessThan(5)
      far.destroy()
      near.destroy()
      await expect(sending).rejects.toMatchObject({ code: 'host-gone' })
    },
  )

  test('a host that breaks off is an error, not an end', { tags: ['MCP-30'] }, async () => {
    const [near] = duplexPair()
    const channel = new StreamChannel(near)
    const next = channel.messages[Symbol.asyncIterator]().next()
    near.destroy()
    await expect(next).rejects.toThrow('Premature close')
    await expect(channel.send({ jsonrpc: '2.0', method: 'n' })).rejects.toMatchObject({
      code: 'host-gone',
    })
  })
})

describe('a host on a Unix socket', () => {
  let server: Server
  let path: string
  let directory: string
  const endings: unknown[] = []
  const endpoints: Record<string, AggregateEndpoint | StreamEndpoint> = {}

  beforeEach(async () => {
    directory = mkdtempSync(join(tmpdir(), 'warren-entry-'))
    path = join(directory, 's')
    endings.length = 0
    endpoints['one'] = new StreamEndpoint(bothEras('pump'))
    const catalog = new TestCatalog()
      .add('pump', endpoints['one'])
      .add('valve', new StreamEndpoint(legacyOnly('valve')))
    endpoints['all'] = new AggregateEndpoint(
      { serverInfo: { name: 'warren', version: '0' } },
      { catalog, sha256, logger: silent },
    )
    server = createServer({ allowHalfOpen: true }, (socket) => void serve(socket))
    server.listen(path)
    await once(server, 'listening')
  })

  afterEach(async () => {
    server.close()
    rmSync(directory, { recursive: true })
    const { all } = endpoints
    if (all instanceof AggregateEndpoint) await all.stop()
  })

  /** The first byte says which endpoint; the rest is the host's. */
  async function serve(socket: Socket): Promise<void> {
    await once(socket, 'readable')
    const first = socket.read(1) as Buffer
    const endpoint = endpoints[first.toString() === '1' ? 'one' : 'all']
    const { signal } = new AbortController()
    if (endpoint !== undefined) endings.push(await serveStream(socket, { endpoint, signal }))
  }

  async function open(which: '1' | '*'): Promise<Socket> {
    const socket = connect(path)
    await once(socket, 'connect')
    socket.write(which)
    return socket
  }

  test.for(['1', '*'] as const)(
    'SDK v1 works with endpoint %s',
    { tags: ['MCP-30', 'MCP-46'] },
    async (which) => {
      const socket = await open(which)
      const host = new LegacyClient({ name: 'host', version: '1' })
      await host.connect(new LegacyStreams(socket, socket))
      const prefix = which === '1' ? '' : 'pump__'
      expect((await host.listTools()).tools.map(({ name }) => name)).toContain(`${prefix}echo`)
      const answer = await host.callTool({ name: `${prefix}echo`, arguments: { text: 'hi' } })
      expect(answer.content).toEqual([{ type: 'text', text: 'pump: hi' }])
      socket.end()
      await expect.poll(() => endings).toEqual([undefined])
    },
  )

  const cases = (['1', '*'] as const).flatMap((which) =>
    (['legacy', 'auto', { pin: '2026-07-28' }] as const).map((mode) => ({ which, mode })),
  )
  test.for(cases)(
    'SDK v2 works with endpoint $which in mode $mode',
    { tags: ['MCP-30', 'MCP-54'] },
    async ({ which, mode }) => {
      const socket = await open(which)
      const host = new Client(
        { name: 'host', version: '1' },
        { capabilities: { elicitation: { form: {} } }, versionNegotiation: { mode } },
      )
      host.setRequestHandler('elicitation/create', async () => ({
        action: 'accept',
        content: { confirm: true },
      }))
      await host.connect(new Streams(socket, socket))
      expect(host.getProtocolEra()).toBe(mode === 'legacy' ? 'legacy' : 'modern')
      const prefix = which === '1' ? '' : 'pump__'
      expect((await host.listTools()).tools.map(({ name }) => name)).toContain(`${prefix}echo`)
      const answer = await host.callTool({ name: `${prefix}deploy`, arguments: { env: 'prod' } })
      expect(answer.content).toEqual([{ type: 'text', text: 'deployed prod' }])
      socket.end()
      await expect.poll(() => endings).toEqual([undefined])
    },
  )

  test('a host whose server cannot be reached reads the reason', { tags: ['MCP-31'] }, async () => {
    const { one } = endpoints
    if (one instanceof StreamEndpoint)
      one.refuse = new McpError('peer-unreachable', 'the peer is away')
    const socket = await open('1')
    const host = new LegacyClient({ name: 'host', version: '1' })
    await expect(host.connect(new LegacyStreams(socket, socket))).rejects.toThrow(
      'the peer is away',
    )
    await expect.poll(() => endings).toMatchObject([{ code: 'peer-unreachable' }])
    if (!socket.closed) await once(socket, 'close')
  })

  test(
    'a silent host whose server cannot be reached is let go in time',
    { tags: ['MCP-31'] },
    async () => {
      const [near, far] = duplexPair()
      const endpoint = new StreamEndpoint(bothEras('x'))
      endpoint.refuse = new McpError('peer-unreachable', 'the peer is away')
      const timers: (() => void)[] = []
      const scheduler = {
        after: (_: number, action: () => void) => (timers.push(action), () => {}),
      }
      const ended = serveStream(near, { endpoint, signal: new AbortController().signal, scheduler })
      far.resume()
      await expect.poll(() => timers.length).toBe(1)
      timers[0]?.()
      far.end()
      expect(await ended).toMatchObject({ code: 'peer-unreachable' })
    },
  )
})

test(
  'the request that is answered with why there is no session is told of, with what lies behind that',
  { tags: ['AUN-14', 'MCP-30'] },
  async () => {
    const [near, far] = duplexPair()
    const cause = new McpError('stopped', 'the node is stopping')
    const refusal = new McpError('peer-unreachable', 'it cannot be reached', { cause })
    const told: UnsentRequest[] = []
    const serving = serveStream(near, {
      endpoint: {
        openSession: () => Promise.reject(refusal),
        request: () => {
          throw refusal
        },
      },
      signal: new AbortController().signal,
      unsent: async (unsent) => void told.push(unsent),
    })
    const request = { jsonrpc: '2.0', id: 1, method: 'tools/call', params: { name: 'echo' } }
    far.write(`{"jsonrpc":"2.0","method":"n"}\n${JSON.stringify(request)}\n`)
    expect(await line(far)).toMatchObject({ id: 1, error: { data: { code: 'peer-unreachable' } } })
    expect(await serving).toBe(refusal)
    expect(told).toEqual([{ request, code: 'stopped' }])
  },
)
