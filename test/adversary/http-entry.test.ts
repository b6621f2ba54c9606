import { createHash, randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { request as httpRequest } from 'node:http'
import { connect, createServer, type Socket } from 'node:net'
import { networkInterfaces } from 'node:os'
import { type Catalog, type Endpoint, HttpEntry, type HttpLimits, McpError } from '@warren/mcp'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'

const TOKEN = 'a-token-of-forty-three-characters-000000000'
const BODY_BYTES_MAX = 64 * 1024
const META = {
  'io.modelcontextprotocol/protocolVersion': '2026-07-28',
  'io.modelcontextprotocol/clientCapabilities': {},
}

/** What an attacker must never reach. */
let reached: string[]
let entry: HttpEntry
const entries: HttpEntry[] = []

const endpoint: Endpoint = {
  openSession: () => {
    reached.push('session')
    return Promise.reject(new McpError('peer-unreachable', 'nobody'))
  },
  async *request({ id, method }) {
    reached.push(method)
    yield { jsonrpc: '2.0', id, result: { resultType: 'complete' } }
  },
}
const catalog: Catalog = {
  servers: () => [],
  endpoint: (alias) => (alias === 'a' ? endpoint : undefined),
  onChange: () => () => {},
}

function make(limits: Partial<HttpLimits> = {}, port = 0): HttpEntry {
  const made = new HttpEntry(
    {
      port,
      tokens: [TOKEN],
      limits,
      messageLimits: { messageBytesMax: BODY_BYTES_MAX, depthMax: 16, keysMax: 100 },
    },
    {
      catalog,
      aggregate: endpoint,
      random: { randomBytes: (length) => new Uint8Array(randomBytes(length)) },
      sha256: (bytes) => new Uint8Array(createHash('sha256').update(bytes).digest()),
      logger: { log: () => {} },
      readiness: () => ({ ready: true, reasons: [] }),
    },
  )
  entries.push(made)
  return made
}

async function start(limits: Partial<HttpLimits> = {}): Promise<HttpEntry> {
  const made = make(limits)
  await made.start()
  return made
}

beforeEach(async () => {
  reached = []
  entry = await start()
})

afterEach(async () => {
  await Promise.all(entries.splice(0).map((each) => each.stop()))
})

interface Attack {
  readonly method?: string
  readonly path?: string
  readonly host?: string
  readonly address?: string
  readonly headers?: Record<string, string | string[]>
  readonly body?: string | Uint8Array
}

interface Reply {
  readonly status: number
  readonly headers: Record<string, unknown>
  readonly text: string
}

/** A request with any header at all, as no browser or fetch would let it be made. */
async function attack({
  method = 'POST',
  path = '/mcp',
  host,
  address = '127.0.0.1',
  headers = {},
  body = '',
}: Attack): Promise<Reply> {
  const { promise, resolve, reject } = Promise.withResolvers<Reply>()
  const sent = httpRequest(
    {
      host: address,
      port: entry.port,
      path,
      method,
      agent: false,
      headers: {
        host: host ?? `localhost:${entry.port}`,
        authorization: `Bearer ${TOKEN}`,
        accept: 'application/json, text/event-stream',
        'content-type': 'application/json',
        ...headers,
      },
    },
    (response) => {
      const { statusCode = 0, headers: received } = response
      response.toArray().then((chunks) => {
        const text = Buffer.concat(chunks as Buffer[]).toString()
        return resolve({ status: statusCode, headers: received, text })
      }, reject)
    },
  )
  sent.on('error', reject)
  sent.end(body)
  return promise
}

function modern(method: string, params: object = {}): string {
  return JSON.stringify({ jsonrpc: '2.0', id: 1, method, params: { ...params, _meta: META } })
}

function fields(method: string, name?: string): Record<string, string> {
  return {
    'mcp-protocol-version': '2026-07-28',
    'mcp-method': method,
    ...(name === undefined ? {} : { 'mcp-name': name }),
  }
}

const GOOD: Attack = { body: modern('x/y'), headers: fields('x/y') }

async function raw(
  text: string,
  port = entry.port,
): Promise<{ readonly socket: Socket; readonly answer: Promise<string> }> {
  const socket = connect(port, '127.0.0.1')
  await once(socket, 'connect')
  socket.write(text)
  socket.on('error', () => {})
  const answer = (async () => {
    let received = ''
    socket.on('data', (chunk) => (received += chunk.toString()))
    // Not `once`, which rejects when a write has met the closed socket before: that is how some of these end.
    await new Promise((resolve) => {
      socket.on('close', resolve)
    })
    return received
  })()
  return { socket, answer }
}

test('the same request without the attack is served', { tags: ['MCP-34', 'MCP-35'] }, async () => {
  expect((await attack(GOOD)).status).toBe(200)
  expect(reached).toEqual(['x/y'])
})

describe('a page of another site', () => {
  test.for([
    'attacker.example',
    'attacker.example:PORT',
    'localhost',
    'localhost:1',
    'localhost.attacker.example:PORT',
    '127.0.0.1.nip.io:PORT',
    '[::1]:1',
    '0.0.0.0:PORT',
    '127.0.0.2:PORT',
    'localhost:PORT:PORT',
    'user@localhost:PORT',
  ])('by DNS rebinding, as host %j, is refused', { tags: ['MCP-34', 'THR-18'] }, async (host) => {
    const reply = await attack({ ...GOOD, host: host.replaceAll('PORT', String(entry.port)) })
    expect([400, 403]).toContain(reply.status)
    expect(reached).toEqual([])
  })

  test.for(['localhost:PORT', 'LOCALHOST:PORT', '127.0.0.1:PORT', '[::1]:PORT'])(
    'the host %s is this machine',
    { tags: ['MCP-34'] },
    async (host) => {
      expect(
        (await attack({ ...GOOD, host: host.replace('PORT', String(entry.port)) })).status,
      ).toBe(200)
    },
  )

  test.for([
    'https://attacker.example',
    'http://localhost.attacker.example',
    'null',
    '',
    'file://',
    'http://localhost@attacker.example',
    'chrome-extension://localhost',
    'http://127.0.0.1.attacker.example:80',
    `http://${'a'.repeat(300)}`,
  ])('with origin %j is refused', { tags: ['MCP-34', 'THR-18'] }, async (origin) => {
    const reply = await attack({ ...GOOD, headers: { ...GOOD.headers, origin } })
    expect(reply.status).toBe(403)
    expect(reached).toEqual([])
  })

  test.for(['http://localhost:6274', 'http://127.0.0.1', 'https://[::1]:3000'])(
    'with origin %s is of this machine',
    { tags: ['MCP-34'] },
    async (origin) => {
      const reply = await attack({ ...GOOD, headers: { ...GOOD.headers, origin } })
      expect(reply.status).toBe(200)
      expect(
        Object.keys(reply.headers).filter((name) => name.startsWith('access-control')),
      ).toEqual([])
    },
  )

  test('is refused before its token is looked at', { tags: ['MCP-34'] }, async () => {
    for (const path of ['/mcp', '/health', '/ready', '/nothing']) {
      const reply = await attack({
        method: 'GET',
        path,
        headers: { origin: 'http://evil.example', authorization: 'Bearer wrong' },
      })
      expect([path, reply.status]).toEqual([path, 403])
    }
  })

  test('gets no leave by a preflight', { tags: ['MCP-34', 'THR-18'] }, async () => {
    const reply = await attack({
      method: 'OPTIONS',
      headers: { origin: 'http://localhost:1', 'access-control-request-method': 'POST' },
    })
    expect(reply.status).toBe(405)
    expect(Object.keys(reply.headers).filter((name) => name.startsWith('access-control'))).toEqual(
      [],
    )
  })

  test.for(['Host:', 'X-Host: localhost'])(
    'that names no host (%s) is refused',
    { tags: ['MCP-34'] },
    async (line) => {
      const { answer } = await raw(`GET /health HTTP/1.1\r\n${line}\r\nConnection: close\r\n\r\n`)
      expect(await answer).toMatch(/^HTTP\/1\.1 40[03]/)
    },
  )

  test('cannot hide behind a second Host or Origin', { tags: ['MCP-34'] }, async () => {
    const { answer } = await raw(
      `GET /health HTTP/1.1\r\nHost: localhost:${entry.port}\r\nHost: evil.example\r\nConnection: close\r\n\r\n`,
    )
    expect(await answer).toContain('400 Bad Request')
    const doubled = await attack({
      ...GOOD,
      headers: { ...GOOD.headers, origin: ['http://localhost', 'http://evil.example'] },
    })
    expect([400, 403]).toContain(doubled.status)
  })

  test.for(['http://evil.example/mcp', 'http://localhost/mcp', '*', 'mcp'])(
    'cannot aim at another server through us: %s',
    { tags: ['MCP-34'] },
    async (target) => {
      const { answer } = await raw(
        `GET ${target} HTTP/1.1\r\nHost: localhost:${entry.port}\r\nAuthorization: Bearer ${TOKEN}\r\nConnection: close\r\n\r\n`,
      )
      expect(await answer).toMatch(/^HTTP\/1\.1 400/)
    },
  )
})

describe('a program of this machine without the token', () => {
  test.for([
    '',
    'Bearer',
    'Bearer ',
    'Basic abc',
    `Bearer ${TOKEN.slice(0, -1)}`,
    `Bearer ${TOKEN}x`,
    `Bearer ${TOKEN.toUpperCase()}`,
    `bearer${TOKEN}`,
    TOKEN,
    `Bearer ${'a'.repeat(5_000)}`,
  ])('that shows %j is refused', { tags: ['MCP-35', 'THR-18'] }, async (authorization) => {
    const reply = await attack({ ...GOOD, headers: { ...GOOD.headers, authorization } })
    expect(reply.status).toBe(401)
    expect(reply.headers['www-authenticate']).toBe('Bearer realm="warren"')
    expect(reply.text).not.toContain(TOKEN)
    expect(reached).toEqual([])
  })

  test('cannot put the token in the address', { tags: ['MCP-35'] }, async () => {
    const reply = await attack({
      ...GOOD,
      path: `/mcp?access_token=${TOKEN}`,
      headers: { ...GOOD.headers, authorization: '' },
    })
    expect(reply.status).toBe(401)
  })

  test.for([31, 32])('a token of %i characters at start', { tags: ['MCP-35'] }, (length) => {
    const build = (): HttpEntry =>
      new HttpEntry(
        { port: 0, tokens: ['t'.repeat(length)] },
        {
          catalog,
          aggregate: endpoint,
          random: { randomBytes },
          sha256: (bytes) => bytes,
          logger: { log: () => {} },
          readiness: () => ({ ready: true, reasons: [] }),
        },
      )
    if (length < 32) expect(build).toThrow(expect.objectContaining({ code: 'token-too-short' }))
    else expect(build).not.toThrow()
  })
})

describe('where it listens', () => {
  test('on both loopback addresses and on no other', { tags: ['MCP-33'] }, async () => {
    const addresses = Object.values(networkInterfaces()).flatMap((each) => each ?? [])
    expect((await attack({ method: 'GET', path: '/health' })).status).toBe(200)
    if (addresses.some(({ address }) => address === '::1')) {
      expect((await attack({ method: 'GET', path: '/health', address: '::1' })).status).toBe(200)
    }
    const foreign = addresses.filter(({ internal, family }) => !internal && family === 'IPv4')
    for (const { address } of [...foreign, { address: '127.0.0.2' }]) {
      await expect(attack({ method: 'GET', path: '/health', address })).rejects.toThrow(
        'ECONNREFUSED',
      )
    }
  })

  test.for(['127.0.0.1', '::1'])(
    'a port that another program holds on %s is an error',
    { tags: ['MCP-33'] },
    async (host) => {
      const other = createServer()
      other.listen({ host, port: 0 })
      const [error] = await Promise.race([once(other, 'listening'), once(other, 'error')])
      if (error !== undefined) return
      const address = other.address()
      const port = typeof address === 'object' && address !== null ? address.port : 0
      await expect(make({}, port).start()).rejects.toMatchObject({ code: 'port-taken' })
      other.close()
    },
  )
})

describe('too much, too slow', () => {
  test.for([
    { bytes: BODY_BYTES_MAX, status: 200 },
    { bytes: BODY_BYTES_MAX + 1, status: 413 },
    { bytes: BODY_BYTES_MAX * 3, status: 413 },
  ])(
    'a body of $bytes bytes is answered with $status',
    { tags: ['MCP-36'] },
    async ({ bytes, status }) => {
      const frame = modern('x/y', { pad: '' })
      const body = modern('x/y', { pad: 'x'.repeat(bytes - frame.length) })
      const reply = await attack({ body, headers: fields('x/y') })
      expect(reply.status).toBe(status)
      expect(reached).toEqual(status === 200 ? ['x/y'] : [])
    },
  )

  test('a body that says it is huge is refused before it comes', { tags: ['MCP-36'] }, async () => {
    const head = `POST /mcp HTTP/1.1\r\nHost: localhost:${entry.port}\r\nAuthorization: Bearer ${TOKEN}\r\nAccept: */*\r\nContent-Type: application/json\r\n`
    const { answer } = await raw(`${head}Content-Length: 99999999999\r\n\r\n{`)
    expect(await answer).toMatch(/^HTTP\/1\.1 413/)
  })

  test('a body without end is cut off', { tags: ['MCP-36'] }, async () => {
    const head = `POST /mcp HTTP/1.1\r\nHost: localhost:${entry.port}\r\nAuthorization: Bearer ${TOKEN}\r\nAccept: */*\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n`
    const { socket, answer } = await raw(head)
    const chunk = `4000\r\n${'x'.repeat(0x4000)}\r\n`
    const flood = setInterval(() => socket.write(chunk), 1)
    try {
      expect(await answer).toMatch(/^(?:HTTP\/1\.1 413|$)/)
      expect(socket.bytesWritten).toBeLessThan(BODY_BYTES_MAX * 32)
    } finally {
      clearInterval(flood)
    }
  })

  test('a head beyond the limit is refused', { tags: ['MCP-36'] }, async () => {
    const reply = await attack({
      ...GOOD,
      headers: { ...GOOD.headers, 'x-pad': 'x'.repeat(20_000) },
    })
    expect(reply.status).toBe(431)
  })

  test.for([
    { name: 'head', text: 'GET /health HTTP/1.1\r\nHost: loc' },
    {
      name: 'body',
      text: `POST /mcp HTTP/1.1\r\nHost: localhost:PORT\r\nAuthorization: Bearer ${TOKEN}\r\nAccept: */*\r\nContent-Type: application/json\r\nContent-Length: 100\r\n\r\n{`,
    },
  ])('a $name that trickles in is cut off in time', { tags: ['MCP-36'] }, async ({ text }) => {
    const slow = await start({ headersMs: 200, requestMs: 300, checkMs: 50 })
    const { socket, answer } = await raw(text.replace('PORT', String(slow.port)), slow.port)
    const trickle = setInterval(() => socket.write('x'), 50)
    const startedAt = performance.now()
    try {
      expect(await answer).toMatch(/^HTTP\/1\.1 (?:408|400)/)
      expect(performance.now() - startedAt).toBeLessThan(5_000)
    } finally {
      clearInterval(trickle)
    }
  })

  test(
    'connections beyond the limit are closed, and those within it served',
    { tags: ['MCP-36'] },
    async () => {
      const small = await start({ connectionsMax: 2 })
      const held = [await raw('', small.port), await raw('', small.port)]
      const { answer } = await raw('GET /health HTTP/1.1\r\nHost: x\r\n\r\n', small.port)
      expect(await answer).toBe('')
      const [first] = held
      first?.socket.write(
        `GET /health HTTP/1.1\r\nHost: localhost:${small.port}\r\nConnection: close\r\n\r\n`,
      )
      expect(await first?.answer).toContain('200 OK')
      for (const { socket } of held) socket.destroy()
    },
  )
})

describe('bodies that are no message', () => {
  test.for([
    { body: '', code: -32_700 },
    { body: '{', code: -32_700 },
    { body: Buffer.from([0x7b, 0xff, 0x7d]), code: -32_700 },
    { body: '[]', code: -32_600 },
    { body: `[${modern('x/y')}]`, code: -32_600 },
    { body: 'null', code: -32_600 },
    { body: '{"jsonrpc":"1.0","id":1,"method":"x"}', code: -32_600 },
    { body: '{"jsonrpc":"2.0","id":{},"method":"x"}', code: -32_600 },
    { body: '{"jsonrpc":"2.0","id":1.5,"method":"x"}', code: -32_600 },
    { body: '{"jsonrpc":"2.0","id":1,"method":"x","params":{"__proto__":{"a":1}}}', code: -32_600 },
    {
      body: '{"jsonrpc":"2.0","id":1,"method":"x","params":{"n":12345678901234567890}}',
      code: -32_600,
    },
    {
      body: `{"jsonrpc":"2.0","id":1,"method":"x","params":${'{"a":'.repeat(20)}1${'}'.repeat(20)}}`,
      code: -32_600,
    },
  ])('$body is answered with $code', { tags: ['MCP-37'] }, async ({ body, code }) => {
    const reply = await attack({ body })
    expect(reply.status).toBe(400)
    expect(JSON.parse(reply.text)).toMatchObject({ jsonrpc: '2.0', error: { code } })
    expect(reached).toEqual([])
  })

  test.for([
    'text/plain',
    'application/x-www-form-urlencoded',
    'application/json-seq',
    'multipart/form-data',
    '',
  ])(
    'the media type %j, which a form could send, is refused',
    { tags: ['MCP-37', 'MCP-34'] },
    async (type) => {
      expect(
        (await attack({ ...GOOD, headers: { ...GOOD.headers, 'content-type': type } })).status,
      ).toBe(415)
      expect(reached).toEqual([])
    },
  )

  test('a compressed body is refused, not inflated', { tags: ['MCP-36'] }, async () => {
    expect(
      (await attack({ ...GOOD, headers: { ...GOOD.headers, 'content-encoding': 'gzip' } })).status,
    ).toBe(415)
  })
})

describe('headers that contradict the body', () => {
  const call = modern('tools/call', { name: 'read' })
  test.for([
    { why: 'another tool', body: call, headers: fields('tools/call', 'write') },
    { why: 'no tool', body: call, headers: fields('tools/call') },
    {
      why: 'a tool in broken base64',
      body: call,
      headers: fields('tools/call', '=?base64?cmVhZA?='),
    },
    { why: 'another method', body: call, headers: fields('tools/list', 'read') },
    {
      why: 'no method',
      body: call,
      headers: { 'mcp-protocol-version': '2026-07-28', 'mcp-name': 'read' },
    },
    {
      why: 'another version',
      body: call,
      headers: { ...fields('tools/call', 'read'), 'mcp-protocol-version': '2025-11-25' },
    },
    { why: 'no version', body: call, headers: { 'mcp-method': 'tools/call', 'mcp-name': 'read' } },
    {
      why: 'a modern version over a legacy handshake',
      body: '{"jsonrpc":"2.0","id":1,"method":"initialize"}',
      headers: fields('initialize'),
    },
    {
      why: 'another task',
      body: modern('tasks/get', { taskId: '1' }),
      headers: fields('tasks/get', '2'),
    },
    {
      why: 'another resource',
      body: modern('resources/read', { uri: 'a://b' }),
      headers: fields('resources/read', 'a://c'),
    },
  ])('$why: 400 and -32020', { tags: ['MCP-42'] }, async ({ body, headers }) => {
    const reply = await attack({ body, headers })
    expect(reply.status).toBe(400)
    expect(JSON.parse(reply.text)).toMatchObject({ error: { code: -32_020 } })
    expect(reached).toEqual([])
  })

  test('two values of one header are no value', { tags: ['MCP-42'] }, async () => {
    const headers = { ...fields('tools/call'), 'mcp-name': ['read', 'write'] }
    expect(JSON.parse((await attack({ body: call, headers })).text)).toMatchObject({
      error: { code: -32_020 },
    })
  })

  test('a modern header without an envelope is refused', { tags: ['MCP-42'] }, async () => {
    const body = '{"jsonrpc":"2.0","id":1,"method":"tools/list"}'
    const reply = await attack({ body, headers: fields('tools/list') })
    expect([reply.status, JSON.parse(reply.text)]).toMatchObject([
      400,
      { error: { code: -32_602 } },
    ])
  })

  test.for([
    { why: 'as it is', name: 'read' },
    { why: 'with spaces around', name: ' read ' },
    { why: 'in base64', name: '=?base64?cmVhZA==?=' },
  ])('the same tool $why passes', { tags: ['MCP-42'] }, async ({ name }) => {
    expect((await attack({ body: call, headers: fields('tools/call', name) })).status).toBe(200)
  })
})

test.for([
  '/',
  '/mcp/',
  '/mcp/s/',
  '/mcp/s/a/b',
  '/mcp/s/%61',
  '/mcp/s/../s/a',
  '/mcp/s/b',
  '/MCP',
  '//mcp',
  `/mcp/s/${'a'.repeat(65)}`,
  '/mcp/s/__proto__',
])('nothing is behind %s', { tags: ['MCP-34'] }, async (path) => {
  expect((await attack({ ...GOOD, path })).status).toBe(404)
  expect(reached).toEqual([])
})
