import { AggregateEndpoint, HttpEntry, type HttpLimits, McpError, type Endpoint } from '@warren/mcp'
import { afterEach, describe, expect, test } from 'vitest'
import { handshake, legacyOnly, scripted } from './support/servers.ts'
import { random, sha256, silent, StreamEndpoint, TestCatalog } from './support/stream-endpoint.ts'

const TOKEN = 'first-token-of-forty-three-characters-000000'
const OTHER = 'other-token-of-forty-three-characters-000000'
const ACCEPT = 'application/json, text/event-stream'

const started: HttpEntry[] = []

afterEach(async () => {
  await Promise.all(started.splice(0).map((entry) => entry.stop()))
})

async function entryFor(endpoint: Endpoint, limits: Partial<HttpLimits> = {}): Promise<HttpEntry> {
  const catalog = new TestCatalog().add('a', endpoint).add('b', endpoint)
  const aggregate = new AggregateEndpoint(
    { serverInfo: { name: 'warren', version: '0' } },
    { catalog, sha256, logger: silent },
  )
  const entry = new HttpEntry(
    { port: 0, tokens: [TOKEN, OTHER], limits },
    {
      catalog,
      aggregate,
      sha256,
      random,
      logger: silent,
      readiness: () => ({ ready: false, reasons: ['no peer is connected'] }),
    },
  )
  await entry.start()
  started.push(entry)
  return entry
}

interface Call {
  readonly method?: string
  readonly path?: string
  readonly token?: string
  readonly session?: string
  readonly body?: unknown
  readonly headers?: Record<string, string>
  readonly signal?: AbortSignal
}

function call(
  entry: HttpEntry,
  { method = 'POST', path = '/mcp/s/a', token = TOKEN, session, body, headers = {}, signal }: Call,
): Promise<Response> {
  return fetch(`http://127.0.0.1:${entry.port}${path}`, {
    method,
    headers: {
      accept: ACCEPT,
      authorization: `Bearer ${token}`,
      ...(body === undefined ? {} : { 'content-type': 'application/json' }),
      ...(session === undefined ? {} : { 'mcp-session-id': session }),
      ...headers,
    },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    ...(signal === undefined ? {} : { signal }),
  })
}

const INITIALIZE = {
  jsonrpc: '2.0',
  id: 0,
  method: 'initialize',
  params: {
    protocolVersion: '2025-11-25',
    capabilities: { elicitation: {} },
    clientInfo: { name: 'h', version: '1' },
  },
}

async function openSession(entry: HttpEntry, extra: Call = {}): Promise<string> {
  const response = await call(entry, { ...extra, body: INITIALIZE })
  await response.text()
  return response.headers.get('mcp-session-id') ?? ''
}

const request = (id: number, method: string, params: object = {}): object => ({
  jsonrpc: '2.0',
  id,
  method,
  params,
})

const headersFor = (method: string, name?: string): Record<string, string> => ({
  'mcp-protocol-version': '2026-07-28',
  'mcp-method': method,
  ...(name === undefined ? {} : { 'mcp-name': name }),
})

async function* bytes(...parts: string[]): AsyncGenerator<Uint8Array> {
  for (const part of parts) yield Buffer.from(part)
}

async function* cut(): AsyncGenerator<Uint8Array> {
  yield Buffer.from('data: 1\n\n')
  throw new McpError('stream-ended', 'cut off')
}

/** The events of a stream as they come. */
async function* events(response: Response): AsyncGenerator<Record<string, unknown>> {
  let text = ''
  const decoder = new TextDecoder()
  for await (const chunk of response.body ?? []) {
    text += decoder.decode(chunk, { stream: true })
    const parts = text.split('\n\n')
    text = parts.pop() ?? ''
    for (const part of parts) {
      const data = part.split('\n').find((each) => each.startsWith('data: '))
      if (data !== undefined) yield JSON.parse(data.slice(6)) as Record<string, unknown>
    }
  }
}

/** A server whose stream a test can write to. */
function open(methods: Parameters<typeof scripted>[0] = {}): {
  readonly endpoint: StreamEndpoint
  readonly say: (line: object) => void
} {
  const says: ((line: object) => void)[] = []
  const endpoint = new StreamEndpoint((stream) => {
    says.push((line) => void stream.write(`${JSON.stringify({ jsonrpc: '2.0', ...line })}\n`))
    scripted({ ...handshake({}), ...methods })(stream)
  })
  return { endpoint, say: (line) => says.at(-1)?.(line) }
}

describe('who a session belongs to', () => {
  test(
    'its id is random and opens nothing for another token or path',
    { tags: ['MCP-38'] },
    async () => {
      const entry = await entryFor(open({ 'x/y': () => ({}) }).endpoint)
      const session = await openSession(entry)
      expect(session).toMatch(/^[A-Za-z0-9_-]{43}$/)
      expect(await openSession(entry)).not.toBe(session)
      const body = request(1, 'x/y')
      expect((await call(entry, { session, body })).status).toBe(200)
      for (const foreign of [
        { token: OTHER },
        { path: '/mcp/s/b' },
        { path: '/mcp' },
        { session: `${session}x` },
      ]) {
        const response = await call(entry, { session, body, ...foreign })
        expect(response.status).toBe(404)
        expect(await response.json()).toMatchObject({
          error: { code: -32_001, data: { code: 'session-not-here' } },
        })
      }
      expect((await call(entry, { body })).status).toBe(400)
    },
  )

  test('DELETE ends it, at the server too', { tags: ['MCP-38'] }, async () => {
    const { endpoint } = open()
    const entry = await entryFor(endpoint)
    const session = await openSession(entry)
    expect((await call(entry, { method: 'DELETE', session })).status).toBe(200)
    await expect.poll(() => endpoint.closed).toBe(1)
    expect((await call(entry, { session, body: request(1, 'x') })).status).toBe(404)
    expect(entry.sessions).toBe(0)
  })

  test('a server that ends takes its session with it', { tags: ['MCP-38'] }, async () => {
    const { endpoint } = open()
    const entry = await entryFor(endpoint)
    const session = await openSession(entry)
    const stream = await call(entry, { method: 'GET', session })
    endpoint.kill()
    expect(await stream.text()).toBe('')
    await expect.poll(() => entry.sessions).toBe(0)
    expect((await call(entry, { session, body: request(1, 'x') })).status).toBe(404)
  })

  test(
    'a session that cannot be opened, or is refused, has no id',
    { tags: ['MCP-38'] },
    async () => {
      const { endpoint } = open({ initialize: () => undefined })
      endpoint.refuse = new McpError('peer-unreachable', 'the peer is away')
      const entry = await entryFor(endpoint)
      const response = await call(entry, { body: INITIALIZE })
      expect(response.headers.get('mcp-session-id')).toBeNull()
      expect(await response.json()).toMatchObject({ id: 0, error: { message: 'the peer is away' } })
      const refusing = await entryFor(new StreamEndpoint(scripted({})))
      expect((await call(refusing, { body: INITIALIZE })).headers.get('mcp-session-id')).toBeNull()
      await expect.poll(() => refusing.sessions).toBe(0)
    },
  )
})

describe('how many sessions', () => {
  test(
    'the one left alone longest makes room, a busy one never',
    { tags: ['MCP-39'] },
    async () => {
      const { endpoint } = open({ hang: () => undefined, 'x/y': () => ({}) })
      const entry = await entryFor(endpoint, { sessionsMax: 2 })
      const [first, second] = [await openSession(entry), await openSession(entry)]
      await (await call(entry, { session: first, body: request(1, 'x/y') })).text()
      const third = await openSession(entry)
      expect((await call(entry, { session: second, body: request(1, 'x/y') })).status).toBe(404)
      const abort = new AbortController()
      for (const session of [first, third]) {
        void call(entry, { session, body: request(2, 'hang'), signal: abort.signal }).catch(
          () => {},
        )
      }
      await expect
        .poll(() => endpoint.heard.filter(({ method }) => method === 'hang').length)
        .toBe(2)
      const response = await call(entry, { body: INITIALIZE })
      expect(response.status).toBe(503)
      expect(await response.json()).toMatchObject({ error: { data: { code: 'busy' } } })
      abort.abort()
    },
  )

  test(
    'a session that is left alone ends; one with an open stream does not',
    { tags: ['MCP-39'] },
    async () => {
      const { endpoint } = open()
      const entry = await entryFor(endpoint, { sessionIdleMs: 80 })
      const watched = await openSession(entry)
      const stream = await call(entry, { method: 'GET', session: watched })
      await openSession(entry)
      expect(entry.sessions).toBe(2)
      await expect.poll(() => entry.sessions).toBe(1)
      await new Promise((resolve) => setTimeout(resolve, 150))
      expect(entry.sessions).toBe(1)
      await stream.body?.cancel()
      await expect.poll(() => entry.sessions).toBe(0)
      expect(endpoint.closed).toBe(2)
    },
  )
})

/** The event stream, as soon as the entry has seen that the one before was left. */
async function comeBack(entry: HttpEntry, session: string): Promise<Response> {
  for (;;) {
    const response = await call(entry, { method: 'GET', session })
    if (response.status !== 409) return response
    await response.text()
  }
}

describe('hosts that never say goodbye', () => {
  test(
    'a session whose event stream was left ends sooner, unless the host comes back',
    { tags: ['MCP-39'] },
    async () => {
      const entry = await entryFor(open({ 'x/y': () => ({}) }).endpoint, { sessionLeftMs: 500 })
      const session = await openSession(entry)
      await (await call(entry, { method: 'GET', session })).body?.cancel()
      const back = await comeBack(entry, session)
      await new Promise((resolve) => setTimeout(resolve, 800))
      expect((await call(entry, { session, body: request(1, 'x/y') })).status).toBe(200)
      await back.body?.cancel()
      await expect.poll(() => entry.sessions).toBe(0)
    },
  )

  test(
    'where the peer is full, the session left alone longest makes room',
    { tags: ['MCP-39'] },
    async () => {
      const { endpoint } = open({ 'x/y': () => ({}) })
      const inner = endpoint.openSession.bind(endpoint)
      endpoint.openSession = (host, signal) =>
        endpoint.opened - endpoint.closed < 2
          ? inner(host, signal)
          : Promise.reject(new McpError('sessions-exhausted', 'no more sessions'))
      const entry = await entryFor(endpoint)
      const [first, second] = [await openSession(entry), await openSession(entry)]
      await call(entry, { session: first, body: request(1, 'x/y') })
      const third = await openSession(entry)
      expect(third).not.toBe('')
      expect((await call(entry, { session: second, body: request(1, 'x/y') })).status).toBe(404)
      const streams = await Promise.all(
        [first, third].map((session) => call(entry, { method: 'GET', session })),
      )
      const refused = await call(entry, { body: INITIALIZE })
      expect(await refused.json()).toMatchObject({
        error: { data: { code: 'sessions-exhausted' } },
      })
      await Promise.all(streams.map((stream) => stream.body?.cancel() ?? Promise.resolve()))
    },
  )
})

describe('what goes where', () => {
  test(
    'what belongs to no request goes to the GET stream, also what was said before it',
    { tags: ['MCP-40'] },
    async () => {
      const { endpoint, say } = open({ 'x/y': () => ({ done: true }) })
      const entry = await entryFor(endpoint)
      const session = await openSession(entry)
      say({ method: 'notifications/message', params: { data: 'early' } })
      await (await call(entry, { session, body: request(1, 'x/y') })).text()
      const stream = events(await call(entry, { method: 'GET', session }))
      expect((await stream.next()).value).toMatchObject({ params: { data: 'early' } })
      say({ method: 'notifications/message', params: { data: 'late' } })
      expect((await stream.next()).value).toMatchObject({ params: { data: 'late' } })
      expect((await call(entry, { method: 'GET', session })).status).toBe(409)
    },
  )

  test('an answer without notes is plain JSON', { tags: ['MCP-40'] }, async () => {
    const entry = await entryFor(open({ 'x/y': () => ({ done: true }) }).endpoint)
    const response = await call(entry, {
      session: await openSession(entry),
      body: request(5, 'x/y'),
    })
    expect(response.headers.get('content-type')).toBe('application/json')
    expect(await response.json()).toEqual({ jsonrpc: '2.0', id: 5, result: { done: true } })
  })

  test(
    'a question without a GET stream goes on the POST in flight, and its answer comes back',
    { tags: ['MCP-40'] },
    async () => {
      const entry = await entryFor(new StreamEndpoint(legacyOnly('valve')))
      const session = await openSession(entry)
      await call(entry, { session, body: { jsonrpc: '2.0', method: 'notifications/initialized' } })
      const body = request(2, 'tools/call', { name: 'ask', arguments: { question: '?' } })
      const stream = events(await call(entry, { session, body }))
      const question = (await stream.next()).value as { id: number; method: string }
      expect(question.method).toBe('elicitation/create')
      const answer = {
        jsonrpc: '2.0',
        id: question.id,
        result: { action: 'accept', content: { reply: 'yes' } },
      }
      expect((await call(entry, { session, body: answer })).status).toBe(202)
      expect((await stream.next()).value).toMatchObject({
        id: 2,
        result: { content: [{ text: 'valve heard {"reply":"yes"}' }] },
      })
      expect((await stream.next()).done).toBe(true)
    },
  )

  test(
    'more than the limit waits for no stream: notes are lost, questions answered',
    { tags: ['MCP-40'] },
    async () => {
      const { endpoint, say } = open()
      const entry = await entryFor(endpoint, { waitingMax: 2 })
      const session = await openSession(entry)
      say({ id: 'q', method: 'roots/list' })
      for (const data of [1, 2, 3]) say({ method: 'notifications/message', params: { data } })
      await expect
        .poll(() => endpoint.heard.find(({ id }) => id === 'q'))
        .toMatchObject({ error: { data: { code: 'host-gone' } } })
      const stream = events(await call(entry, { method: 'GET', session }))
      expect((await stream.next()).value).toMatchObject({ params: { data: 2 } })
      expect((await stream.next()).value).toMatchObject({ params: { data: 3 } })
    },
  )

  test(
    'an id in flight is refused and the first request goes on',
    { tags: ['MCP-40'] },
    async () => {
      const { endpoint, say } = open({ hang: () => undefined })
      const entry = await entryFor(endpoint)
      const session = await openSession(entry)
      const first = call(entry, { session, body: request(7, 'hang') })
      await expect.poll(() => endpoint.heard.some(({ method }) => method === 'hang')).toBe(true)
      expect((await call(entry, { session, body: request(7, 'hang') })).status).toBe(400)
      say({ id: 7, result: { late: true } })
      expect(await (await first).json()).toMatchObject({ id: 7, result: { late: true } })
    },
  )
})

describe('long calls', () => {
  test(
    'after a while an answer becomes an event stream that is kept alive',
    { tags: ['MCP-41'] },
    async () => {
      const { endpoint, say } = open({ hang: () => undefined })
      const entry = await entryFor(endpoint, { sseAfterMs: 30, sseKeepAliveMs: 20 })
      const response = await call(entry, {
        session: await openSession(entry),
        body: request(1, 'hang'),
      })
      expect(response.headers.get('content-type')).toBe('text/event-stream')
      const reading = response.text()
      await new Promise((resolve) => setTimeout(resolve, 60))
      say({ id: 1, result: {} })
      const text = await reading
      expect(text).toContain(': alive\n\n')
      expect(text).toContain('"id":1')
    },
  )

  test(
    'the response of a cancelled request ends without an answer',
    { tags: ['MCP-41'] },
    async () => {
      const { endpoint } = open({ hang: () => undefined })
      const entry = await entryFor(endpoint)
      const session = await openSession(entry)
      const response = call(entry, { session, body: request(1, 'hang') })
      await expect.poll(() => endpoint.heard.some(({ method }) => method === 'hang')).toBe(true)
      const body = { jsonrpc: '2.0', method: 'notifications/cancelled', params: { requestId: 1 } }
      expect((await call(entry, { session, body })).status).toBe(202)
      expect(await (await response).text()).toBe('')
      expect(endpoint.heard.at(-1)).toMatchObject({ method: 'notifications/cancelled' })
    },
  )

  test('a host that leaves a legacy POST has not cancelled it', { tags: ['MCP-41'] }, async () => {
    const { endpoint, say } = open({ hang: () => undefined, 'x/y': () => ({}) })
    const entry = await entryFor(endpoint)
    const session = await openSession(entry)
    const abort = new AbortController()
    const leaving = call(entry, { session, body: request(1, 'hang'), signal: abort.signal })
    await expect.poll(() => endpoint.heard.some(({ method }) => method === 'hang')).toBe(true)
    abort.abort()
    await expect(leaving).rejects.toThrow('aborted')
    say({ id: 1, result: {} })
    expect((await call(entry, { session, body: request(2, 'x/y') })).status).toBe(200)
    expect(endpoint.heard.some(({ method }) => method === 'notifications/cancelled')).toBe(false)
  })
})

describe('the stateless era', () => {
  const META = {
    'io.modelcontextprotocol/protocolVersion': '2026-07-28',
    'io.modelcontextprotocol/clientCapabilities': {},
  }
  const modern = (id: number, method: string, params: object = {}): object =>
    request(id, method, { ...params, _meta: META })

  test('a request is answered without a session', { tags: ['MCP-42', 'MCP-43'] }, async () => {
    const { endpoint } = open({ 'tools/call': ({ name }) => ({ called: name }) })
    const entry = await entryFor(endpoint)
    const response = await call(entry, {
      body: modern(1, 'tools/call', { name: 'größe' }),
      headers: headersFor('tools/call', '=?base64?Z3LDtsOfZQ==?='),
    })
    expect(response.headers.get('mcp-session-id')).toBeNull()
    expect(await response.json()).toMatchObject({ result: { called: 'größe' } })
  })

  test.for([
    [-32_601, 404],
    [-32_022, 400],
    [-32_021, 400],
    [-32_602, 200],
  ] as const)('the error %d has status %d', { tags: ['MCP-43'] }, async ([code, status]) => {
    const endpoint = new StreamEndpoint((stream) => {
      stream.on('data', () =>
        stream.write(
          `${JSON.stringify({ jsonrpc: '2.0', id: 1, error: { code, message: 'no' } })}\n`,
        ),
      )
    })
    const entry = await entryFor(endpoint)
    const response = await call(entry, { body: modern(1, 'x/y'), headers: headersFor('x/y') })
    expect(response.status).toBe(status)
    expect(await response.json()).toMatchObject({ id: 1, error: { code } })
  })

  test('a host that leaves has cancelled', { tags: ['MCP-43'] }, async () => {
    const { endpoint } = open({ hang: () => undefined })
    const entry = await entryFor(endpoint)
    const abort = new AbortController()
    const leaving = call(entry, {
      body: modern(1, 'hang'),
      headers: headersFor('hang'),
      signal: abort.signal,
    })
    await expect.poll(() => endpoint.heard.length).toBe(1)
    abort.abort()
    await expect(leaving).rejects.toThrow('aborted')
    await expect.poll(() => endpoint.closed).toBe(1)
  })

  test(
    'a subscription is a stream from its first note on',
    { tags: ['MCP-55', 'MCP-43'] },
    async () => {
      const entry = await entryFor(open().endpoint)
      const body = modern(3, 'subscriptions/listen', { notifications: { toolsListChanged: true } })
      const response = await call(entry, {
        path: '/mcp',
        body,
        headers: headersFor('subscriptions/listen'),
      })
      expect(response.headers.get('content-type')).toBe('text/event-stream')
      const stream = events(response)
      expect((await stream.next()).value).toMatchObject({
        method: 'notifications/subscriptions/acknowledged',
      })
      await stream.return(undefined)
    },
  )
})

describe('health and readiness', () => {
  test('health needs no token, readiness does and says why not', { tags: ['MCP-45'] }, async () => {
    const entry = await entryFor(open().endpoint)
    const base = `http://127.0.0.1:${entry.port}`
    const health = await fetch(`${base}/health`)
    expect([health.status, await health.json()]).toEqual([200, { status: 'ok' }])
    expect((await fetch(`${base}/ready`)).status).toBe(401)
    const ready = await call(entry, { method: 'GET', path: '/ready' })
    expect([ready.status, await ready.json()]).toEqual([
      503,
      { ready: false, reasons: ['no peer is connected'] },
    ])
  })
})

describe('an exchange with an HTTP server', () => {
  interface Seen {
    readonly method: string
    readonly headers: Readonly<Record<string, string>>
    readonly message?: unknown
  }

  function exchanging(
    answer: (seen: Seen) => {
      status: number
      headers?: Record<string, string>
      body?: AsyncIterable<Uint8Array>
    },
  ) {
    const seen: Seen[] = []
    const aborted: unknown[] = []
    const endpoint: Endpoint = {
      openSession: () => Promise.reject(new McpError('server-unreachable', 'not this way')),
      request: () => {
        throw new Error('not this way')
      },
      exchange: (one, signal) => {
        seen.push(one)
        signal.addEventListener('abort', () => aborted.push(one.method))
        const { status, headers = {}, body = bytes('') } = answer(one)
        return Promise.resolve({ status, headers, body, abort: () => {} })
      },
    }
    return { endpoint, seen, aborted }
  }

  test(
    'method, fields, body, status and bytes pass as they are',
    { tags: ['MCP-44'] },
    async () => {
      const { endpoint, seen } = exchanging(() => ({
        status: 418,
        headers: { 'content-type': 'text/event-stream', 'mcp-session-id': 'given' },
        body: bytes('data: 1\n\n', 'data: 2\n\n'),
      }))
      const entry = await entryFor(endpoint)
      const response = await call(entry, { body: INITIALIZE, headers: { 'mcp-param-x': 'y' } })
      expect(response.status).toBe(418)
      expect(response.headers.get('mcp-session-id')).toBe('given')
      expect(await response.text()).toBe('data: 1\n\ndata: 2\n\n')
      expect(seen).toMatchObject([
        { method: 'POST', message: INITIALIZE, headers: { accept: ACCEPT, 'mcp-param-x': 'y' } },
      ])
      expect((await call(entry, { method: 'GET', session: 'given' })).status).toBe(418)
      expect((await call(entry, { method: 'DELETE', session: 'given' })).status).toBe(418)
      for (const foreign of [{ token: OTHER }, { path: '/mcp/s/b' }, { session: 'never-given' }]) {
        expect((await call(entry, { method: 'GET', session: 'given', ...foreign })).status).toBe(
          404,
        )
      }
      expect(seen).toHaveLength(3)
    },
  )

  test(
    'a server that gives the session id of another one takes nothing from it',
    { tags: ['MCP-44'] },
    async () => {
      const { endpoint, seen } = exchanging(() => ({
        status: 200,
        headers: { 'mcp-session-id': 'given' },
      }))
      const entry = await entryFor(endpoint)
      for (const path of ['/mcp/s/a', '/mcp/s/b']) {
        expect((await call(entry, { body: INITIALIZE, path })).status).toBe(200)
      }
      for (const path of ['/mcp/s/a', '/mcp/s/b']) {
        expect((await call(entry, { method: 'GET', session: 'given', path })).status).toBe(200)
      }
      expect(seen).toHaveLength(4)
    },
  )

  test('a response that is cut off is cut off for the host', { tags: ['MCP-44'] }, async () => {
    const entry = await entryFor(exchanging(() => ({ status: 200, body: cut() })).endpoint)
    const response = await call(entry, { body: request(1, 'x') })
    await expect(response.text()).rejects.toThrow('terminated')
  })

  test('an exchange that fails answers the request', { tags: ['MCP-44'] }, async () => {
    const { endpoint } = exchanging(() => {
      throw new McpError('server-unreachable', 'the server is not running')
    })
    const entry = await entryFor({
      ...endpoint,
      exchange: () =>
        Promise.reject(new McpError('server-unreachable', 'the server is not running')),
    })
    expect(await (await call(entry, { body: request(4, 'x') })).json()).toMatchObject({
      id: 4,
      error: { message: 'the server is not running' },
    })
    expect((await call(entry, { method: 'GET' })).status).toBe(502)
  })
})
