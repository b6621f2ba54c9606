import { execFileSync } from 'node:child_process'
import {
  type Caller,
  encodeMessage,
  type JsonRpcMessage,
  LineReader,
  type MeshStream,
  objectAt,
  openExchange,
} from '@warren/mcp'
import fc from 'fast-check'
import { afterEach, expect, test } from 'vitest'
import { initialize } from '../../packages/mcp/test/support/messages.ts'
import {
  CALLER,
  eventually,
  MemoryHost,
  scriptServer,
  TestMesh,
  type TestMeshInit,
} from '../../packages/mcp/test/support/test-mesh.ts'

const THIEF: Caller = { did: 'did:webvh:QmThief:warren.internal' }
const SESSION = 's'.repeat(22)
const MIB = 1024 * 1024

const meshes: TestMesh[] = []
afterEach(() => Promise.all(meshes.splice(0).map(({ provider }) => provider.stop())))

function meshOf(init: Partial<TestMeshInit> = {}): TestMesh {
  const mesh = new TestMesh({ servers: [scriptServer()], ...init })
  meshes.push(mesh)
  return mesh
}

interface Attack {
  readonly stream: MeshStream
  readonly write: (text: string) => Promise<void>
  /** The next line from the provider; nothing once the stream is over in any way. */
  readonly next: () => Promise<unknown>
}

async function attack(mesh: TestMesh, header: object, caller = CALLER): Promise<Attack> {
  const stream = await mesh.as(caller)()
  const lines = new LineReader(stream.bytes)
  const write = (text: string): Promise<void> => stream.write(new TextEncoder().encode(text))
  await write(`${JSON.stringify({ v: 1, ...header })}\n`)
  const next = async (): Promise<unknown> => {
    try {
      const line = await lines.next(MIB)
      return line === undefined ? undefined : JSON.parse(new TextDecoder().decode(line))
    } catch {
      return undefined
    }
  }
  return { stream, write, next }
}

async function openSession(mesh: TestMesh, caller = CALLER): Promise<Attack> {
  const session = await attack(
    mesh,
    { kind: 'session', server: 'script', session: SESSION },
    caller,
  )
  expect(await session.next()).toEqual(['ok', {}])
  return session
}

function requestOf(mesh: TestMesh, caller = CALLER): Promise<Attack> {
  return attack(mesh, { kind: 'request', server: 'script', session: SESSION, after: 0 }, caller)
}

async function stillServes(mesh: TestMesh): Promise<void> {
  const host = new MemoryHost()
  await mesh.session('script', host)
  await initialize(host)
  host.say({ jsonrpc: '2.0', id: 'alive', method: 'test/echo' })
  expect(await host.answerTo('alive')).toHaveProperty('result')
}

/** Processes that this process and its children have started, but for the guard. */
function descendants(): readonly string[] {
  const listed = execFileSync('ps', ['-axo', 'pid=,ppid=,args=']).toString().trim().split('\n')
  const rows = listed.map((row) => /^\s*(\d+)\s+(\d+)\s+(.*)$/.exec(row) ?? [])
  return rows
    .filter(
      ([, , parent, args = '']) => Number(parent) === process.pid && args.includes('script-server'),
    )
    .map(([, pid = '']) => pid)
}

test(
  'endless bytes without a line end are cut at the limit',
  { tags: ['MCP-1', 'THR-15'] },
  async () => {
    const mesh = meshOf({ limits: { messageBytesMax: 64 * 1024 } })
    const session = await openSession(mesh)
    let written = 0
    await expect(
      (async () => {
        for (;;) {
          await session.write('x'.repeat(16 * 1024))
          written += 16 * 1024
        }
      })(),
    ).rejects.toThrow('a line has at most 65536 bytes')
    expect(written).toBeLessThan(512 * 1024)
    await stillServes(mesh)
  },
)

test.for([
  { name: 'a million levels', text: '['.repeat(1_000_000), rpc: -32600 },
  {
    name: 'levels in parameters',
    text: `{"jsonrpc":"2.0","id":1,"method":"m","params":{"a":${'['.repeat(5_000)}${']'.repeat(5_000)}}}`,
    rpc: -32600,
  },
  {
    name: 'a prototype key',
    text: '{"jsonrpc":"2.0","id":1,"method":"m","params":{"constructor":{"prototype":{}}}}',
    rpc: -32600,
  },
  { name: 'a batch', text: '[{"jsonrpc":"2.0","id":1,"method":"tools/list"}]', rpc: -32600 },
  {
    name: 'many members',
    text: `{"jsonrpc":"2.0","id":1,"method":"m","params":{"a":[${'0,'.repeat(300_000)}0]}}`,
    rpc: -32600,
  },
  { name: 'half a message', text: '{"jsonrpc":"2.0","id":1,', rpc: -32700 },
])(
  '$name on a request stream gets an error, and the provider goes on',
  { tags: ['MCP-2', 'THR-15'] },
  async ({ text, rpc }) => {
    const mesh = meshOf()
    await openSession(mesh)
    const request = await requestOf(mesh)
    await request.write(`${text}\n`)
    expect(await request.next()).toMatchObject({ error: { code: rpc } })
    await stillServes(mesh)
  },
)

test(
  'no bytes at all make a provider fail, hang or start a server',
  { tags: ['MCP-3', 'THR-15'] },
  async () => {
    const mesh = meshOf({ limits: { headerMs: 2_000 } })
    const header = fc.oneof(
      fc.uint8Array({ maxLength: 300 }),
      fc.json().map((text) => new TextEncoder().encode(`${text}\n`)),
      fc
        .record({
          v: fc.constantFrom(1, 2, '1'),
          kind: fc.constantFrom('session', 'request', 'exchange', 'servers', 'shell', 1),
          server: fc.constantFrom('script', '', '../x', null),
          session: fc.constantFrom(SESSION, 'short', 5),
          after: fc.constantFrom(0, -1, 1e300),
        })
        .map((value) => new TextEncoder().encode(`${JSON.stringify(value)}\nnoise\n`)),
    )
    await fc.assert(
      fc.asyncProperty(header, async (bytes) => {
        const stream = await mesh.as(CALLER)()
        await stream.write(bytes)
        await stream.end()
        const lines = new LineReader(stream.bytes)
        let answers = 0
        try {
          while ((await lines.next(MIB)) !== undefined) answers += 1
        } catch {
          answers += 1
        }
        expect(answers).toBeLessThanOrEqual(3)
      }),
      { numRuns: 150 },
    )
    expect(mesh.logger.lines.filter(({ event }) => event === 'server-started')).toEqual([])
    await eventually(() => mesh.provider.status().streams === 0)
  },
)

test('the id of another call cannot be taken over', { tags: ['MCP-6'] }, async () => {
  const mesh = meshOf()
  await openSession(mesh)
  const honest = await requestOf(mesh)
  await honest.write(
    '{"jsonrpc":"2.0","id":1,"method":"test/hang","params":{"_meta":{"progressToken":"t"}}}\n',
  )
  await eventually(() => mesh.logger.lines.some(({ event }) => event === 'server-started'))
  const clash = await requestOf(mesh)
  await clash.write('{"jsonrpc":"2.0","id":1,"method":"test/echo"}\n')
  expect(await clash.next()).toMatchObject({ id: 1, error: { data: { code: 'request-taken' } } })
  const token = await requestOf(mesh)
  await token.write(
    '{"jsonrpc":"2.0","id":2,"method":"test/echo","params":{"_meta":{"progressToken":"t"}}}\n',
  )
  expect(await token.next()).toMatchObject({ id: 2, error: { data: { code: 'request-taken' } } })
  expect(honest.stream.signal.aborted).toBe(false)
})

test(
  'a session cannot be used, ended or cancelled by another member',
  { tags: ['MCP-11', 'THR-13'] },
  async () => {
    const mesh = meshOf()
    const victim = await openSession(mesh)
    const call = await requestOf(mesh)
    await call.write(
      '{"jsonrpc":"2.0","id":1,"method":"test/ask","params":{"method":"roots/list"}}\n',
    )
    expect(await victim.next()).toMatchObject({ method: 'roots/list' })
    const theft = await requestOf(mesh, THIEF)
    await theft.write('{"jsonrpc":"2.0","id":9,"method":"test/seen"}\n')
    expect(await theft.next()).toMatchObject({ error: { data: { code: 'session-unknown' } } })
    const own = await openSession(mesh, THIEF)
    await own.write('{"jsonrpc":"2.0","id":1,"result":{"roots":["forged"]}}\n')
    await own.write(
      '{"jsonrpc":"2.0","method":"notifications/cancelled","params":{"requestId":1}}\n',
    )
    own.stream.abort(new Error('gone'))
    await victim.write('{"jsonrpc":"2.0","id":1,"result":{"roots":["honest"]}}\n')
    const answer = JSON.stringify([await call.next(), await call.next()])
    expect(answer).toContain('honest')
    expect(answer).not.toContain('forged')
  },
)

test.for([
  { kind: 'session', server: 'script', session: SESSION, command: '/bin/sh', args: ['-c', 'id'] },
  { kind: 'session', server: '/bin/sh', session: SESSION },
  { kind: 'session', server: 'script', session: SESSION, env: { LD_PRELOAD: 'x' } },
  { kind: 'session', server: 'script', session: SESSION, cwd: '/' },
  { kind: 'exchange', server: 'script', method: 'GET', headers: {}, url: 'http://10.0.0.1/' },
  { kind: 'exchange', server: 'http://10.0.0.1/', method: 'GET', headers: {} },
  { kind: 'exec', command: 'id' },
])(
  'a peer cannot name what is run or reached: %o',
  { tags: ['MCP-13', 'THR-14'] },
  async (header) => {
    const mesh = meshOf()
    const attempt = await attack(mesh, header)
    expect(await attempt.next()).toMatchObject(['failed', { code: 'header-malformed' }])
    expect(mesh.logger.lines.some(({ event }) => event === 'server-started')).toBe(false)
  },
)

test(
  'a host cannot put fields of its own beside those that its call needs',
  { tags: ['MCP-24'] },
  async () => {
    const servers = [{ transport: 'http', name: 'web', url: 'http://127.0.0.1:1/' } as const]
    const mesh = meshOf({ servers })
    const raw = await attack(mesh, {
      kind: 'exchange',
      server: 'web',
      method: 'POST',
      headers: { host: 'evil', 'x-a': 'b\r\nAuthorization: x' },
    })
    expect(await raw.next()).toMatchObject(['failed', { code: 'header-malformed' }])
    const denied = {
      jsonrpc: '2.0',
      id: 1,
      method: 'tools/call',
      params: { name: 'denied' },
    } as const
    const response = await openExchange(
      mesh.peer('web'),
      { method: 'POST', headers: { 'mcp-name': 'allowed' }, message: denied },
      { signal: new AbortController().signal, components: mesh.components },
    )
    expect(response.status).toBe(400)
  },
)

test(
  'a caller that vanishes in the middle of a call leaves no process and no stream',
  { tags: ['MCP-15', 'THR-17'] },
  async () => {
    const before = descendants().length
    const mesh = meshOf()
    const hosts = [new MemoryHost(), new MemoryHost(), new MemoryHost()]
    for (const host of hosts) {
      await mesh.session('script', host)
      await initialize(host)
      for (let id = 1; id <= 10; id += 1) host.say({ jsonrpc: '2.0', id, method: 'test/hang' })
    }
    await eventually(() => mesh.provider.status().streams === 33)
    expect(descendants()).toHaveLength(before + 3)
    const startedMs = performance.now()
    for (const stream of mesh.opened) stream.abort(new Error('the machine lost its power'))
    await Promise.all(
      hosts.map((host) =>
        eventually(() => host.heard.filter((message) => 'error' in message).length === 10),
      ),
    )
    await eventually(() => descendants().length === before && mesh.provider.status().streams === 0)
    expect(performance.now() - startedMs).toBeLessThan(5_000)
    expect(mesh.provider.status()).toMatchObject({ sessions: 0, streams: 0 })
  },
)

test(
  'a caller that does not read holds no more than its share of memory',
  { tags: ['MCP-9', 'THR-16'] },
  async () => {
    const mesh = meshOf()
    await openSession(mesh)
    const call = await requestOf(mesh)
    await call.write(
      '{"jsonrpc":"2.0","id":1,"method":"test/flood","params":{"count":20000,"bytes":10000}}\n',
    )
    await eventually(
      () => mesh.opened.some(({ signal }) => !signal.aborted) && mesh.logger.lines.length > 3,
    )
    const before = process.memoryUsage()
    let grown = 0
    for (let round = 0; round < 20; round += 1) {
      await new Promise((resolve) => setTimeout(resolve, 50))
      const { arrayBuffers, heapUsed, external } = process.memoryUsage()
      grown = Math.max(
        grown,
        arrayBuffers +
          heapUsed +
          external -
          before.arrayBuffers -
          before.heapUsed -
          before.external,
      )
    }
    expect(grown).toBeLessThan(30 * MIB)
  },
)

test(
  'a provider that lies to a consumer cannot end, answer or forge another call',
  { tags: ['MCP-4'] },
  async () => {
    const mesh = meshOf()
    const host = new MemoryHost()
    await mesh.session('script', host)
    await initialize(host)
    host.say({ jsonrpc: '2.0', id: 1, method: 'test/hang' })
    // The server answers a request that is not its own: as a response on the session stream, and twice.
    const lie = JSON.stringify({ jsonrpc: '2.0', id: 77, result: { forged: true } })
    host.say({ jsonrpc: '2.0', id: 2, method: 'test/raw', params: { line: lie } })
    host.say({ jsonrpc: '2.0', id: 3, method: 'test/echo' })
    await host.answerTo(3)
    expect(host.heard.map(({ id }) => id)).toEqual([0, 3])
    const twice = { jsonrpc: '2.0', id: 4, result: { first: true } }
    const line = `${JSON.stringify(twice)}\n${JSON.stringify({ ...twice, result: { second: true } })}`
    host.say({ jsonrpc: '2.0', id: 4, method: 'test/raw', params: { line } })
    host.say({ jsonrpc: '2.0', id: 5, method: 'test/echo' })
    await host.answerTo(5)
    const answers = host.heard.filter(({ id }) => id === 4)
    expect(answers.map((message: JsonRpcMessage) => objectAt(message, 'result'))).toEqual([
      { first: true },
    ])
  },
)

test(
  'a message is the same for the gate and for the server',
  { tags: ['MCP-1', 'MCP-12', 'THR-12'] },
  async () => {
    const decided: JsonRpcMessage[] = []
    const mesh = meshOf({
      gate: {
        decide: ({ message }) => {
          decided.push(message)
          return Promise.resolve({ allowed: true, rule: 'test' })
        },
      },
    })
    await openSession(mesh)
    const call = await requestOf(mesh)
    const tricky =
      String.raw`{"jsonrpc":"2.0","id":1,"method":"test/seen","method":"test/seen","params":{"name":"denied","na\u006de":"allowed","x":"\ud83d\ude00"}}` +
      '\n'
    await call.write(tricky)
    const answer = (await call.next()) as JsonRpcMessage
    const { seen } = objectAt(answer, 'result')
    expect(seen).toEqual([JSON.parse(new TextDecoder().decode(encodeMessage(decided[0]!)))])
    expect(decided[0]).toMatchObject({ params: { name: 'allowed' } })
  },
)
