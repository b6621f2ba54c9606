// What becomes of calls in the sessions of a server that speaks HTTP itself, through the HTTP entry of the host's node.

import { AggregateEndpoint, type Endpoint, HttpEntry, peerEndpoint } from '@warren/mcp'
import { afterEach, expect, test } from 'vitest'
import { RecordingJournal } from '../support/recording-journal.ts'
import { ScriptHttpServer } from '../support/script-http-server.ts'
import { CALLER, eventually, random, TestMesh } from '../support/test-mesh.ts'
import { handshake, scripted } from './support/servers.ts'
import { sha256, silent, StreamEndpoint, TestCatalog } from './support/stream-endpoint.ts'

const TOKEN = 'first-token-of-forty-three-characters-000000'
const IDLE_MS = 30 * 60_000

const ending: (() => unknown)[] = []
afterEach(async () => {
  for (const end of ending.splice(0).toReversed()) await end()
})

/** Timers that run when a test says so. */
class Timers {
  readonly #due = new Set<readonly [number, () => void]>()

  after(delayMs: number, action: () => void): () => void {
    const timer = [delayMs, action] as const
    this.#due.add(timer)
    return () => this.#due.delete(timer)
  }

  /** Runs those of that length. */
  pass(delayMs: number): number {
    const due = [...this.#due].filter(([each]) => each === delayMs)
    for (const timer of due) {
      this.#due.delete(timer)
      timer[1]()
    }
    return due.length
  }
}

interface Case {
  readonly server: ScriptHttpServer
  readonly mesh: TestMesh
  readonly journal: RecordingJournal
  readonly catalog: TestCatalog
  readonly timers: Timers
  readonly entry: HttpEntry
}

/** A host's way to a real server over HTTP: entry, consumer and provider, with streams in memory between the two. */
async function webCase(): Promise<Case> {
  const server = await ScriptHttpServer.start()
  const mesh = new TestMesh({ servers: [{ transport: 'http', name: 'web', url: server.url }] })
  ending.push(
    () => server.stop(),
    async () => mesh.provider.stop(),
  )
  const journal = new RecordingJournal()
  const peer = { ...mesh.peer('web'), journal }
  const { components } = mesh
  const web = peerEndpoint({ peer, transport: 'http', random, components })
  const catalog = new TestCatalog().add('web', web)
  const timers = new Timers()
  const entry = await entryOf(catalog, timers)
  return { server, mesh, journal, catalog, timers, entry }
}

async function entryOf(catalog: TestCatalog, scheduler: Timers): Promise<HttpEntry> {
  const serverInfo = { name: 'warren', version: '0' }
  const aggregate = new AggregateEndpoint({ serverInfo }, { catalog, sha256, logger: silent })
  const readiness = (): { ready: boolean; reasons: string[] } => ({ ready: true, reasons: [] })
  const parts = { catalog, aggregate, sha256, random, logger: silent, readiness }
  const entry = new HttpEntry({ port: 0, tokens: [TOKEN], scheduler }, parts)
  await entry.start()
  ending.push(async () => entry.stop())
  return entry
}

interface Asked {
  readonly method?: string
  readonly path?: string
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: object
}

async function ask(
  { entry }: Pick<Case, 'entry'>,
  { method = 'POST', path = '/mcp/s/web', headers = {}, body }: Asked,
): Promise<Response> {
  return fetch(`http://127.0.0.1:${entry.port}${path}`, {
    method,
    headers: {
      accept: 'application/json, text/event-stream',
      authorization: `Bearer ${TOKEN}`,
      ...(body === undefined ? {} : { 'content-type': 'application/json' }),
      ...headers,
    },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  })
}

function request(method: string, id: number | string = 1): object {
  return { jsonrpc: '2.0', id, method, params: {} }
}

async function begin(made: Pick<Case, 'entry'>): Promise<Record<string, string>> {
  const response = await ask(made, { body: request('initialize', 0) })
  await response.text()
  return { 'mcp-session-id': response.headers.get('mcp-session-id') ?? '' }
}

/** A call whose stream the server has closed, to be taken up again. */
async function leftOpen(made: Case): Promise<Record<string, string>> {
  const headers = await begin(made)
  const response = await ask(made, { headers, body: request('test/break', 'resumed') })
  expect(await response.text()).toContain('id: resume-me')
  expect(made.journal.ends).toEqual([])
  return headers
}

test(
  'a host fetches the answer of its call with a GET, and that is the answer in the log',
  { tags: ['AUN-19'] },
  async () => {
    const made = await webCase()
    const headers = await leftOpen(made)
    const resume = { ...headers, 'last-event-id': 'resume-me' }
    const fetched = await ask(made, { method: 'GET', headers: resume })
    expect(await fetched.text()).toContain('"result":{"resumed":true}')
    const message = { jsonrpc: '2.0', id: 'resumed', result: { resumed: true } }
    const bytes = JSON.stringify(message).length
    expect(made.journal.ends).toEqual([{ outcome: 'answered', answer: { message, bytes } }])
    // The provider gives an answer once; its word in place of it passes.
    const again = await ask(made, { method: 'GET', headers: resume })
    expect(await again.text()).toContain('has ended before')
    expect(made.journal.ends).toHaveLength(1)
  },
)

test.for<[string, string, (made: Case, headers: Record<string, string>) => Promise<unknown>]>([
  [
    'the host ends its session',
    'session-ended',
    async (made, headers) => ask(made, { method: 'DELETE', headers }),
  ],
  [
    'the server knows the session no more',
    'session-ended',
    async (made, headers) => {
      made.server.sessions.clear()
      await ask(made, { method: 'GET', headers })
    },
  ],
  ['the node stops', 'stopped', async ({ entry }) => entry.stop()],
])('a call without an answer has failed when %s', { tags: ['AUN-20'] }, async ([, code, end]) => {
  const made = await webCase()
  await end(made, await leftOpen(made))
  expect(made.journal.ends).toEqual([{ outcome: 'failed', code }])
})

test(
  'a call waits no longer than its host comes back within 30 minutes',
  { tags: ['AUN-20'] },
  async () => {
    const made = await webCase()
    const headers = await leftOpen(made)
    // While there is an exchange in the session no time passes that counts.
    const listening = await ask(made, { method: 'GET', headers })
    expect(made.timers.pass(IDLE_MS)).toBe(0)
    await listening.body?.cancel()
    await eventually(() => made.timers.pass(IDLE_MS) === 1)
    expect(made.journal.ends).toEqual([{ outcome: 'failed', code: 'host-gone' }])
    expect((await ask(made, { headers, body: request('test/echo', 2) })).status).toBe(200)
  },
)

/** Servers that answer whatever they are asked with another session. */
function withGivers(made: Case, ...names: readonly string[]): void {
  let count = 0
  for (const name of names) {
    const endpoint: Endpoint = {
      ...(made.catalog.endpoint('web') ?? expect.fail()),
      exchange: async () => ({
        status: 200,
        headers: { 'mcp-session-id': `other-${(count += 1)}` },
        body: (async function* () {})(),
        abort: () => {},
      }),
    }
    made.catalog.add(name, endpoint)
  }
}

async function given(made: Case, name: string, body = request('initialize', 0)): Promise<string> {
  const response = await ask(made, { path: `/mcp/s/${name}`, body })
  await response.text()
  return response.headers.get('mcp-session-id') ?? ''
}

async function statusIn(made: Case, name: string, id: string): Promise<number> {
  const headers = { 'mcp-session-id': id }
  const response = await ask(made, { path: `/mcp/s/${name}`, headers, body: request('tools/list') })
  await response.text()
  return response.status
}

test(
  'of more sessions of all servers than are remembered the one left alone longest is forgotten, with the calls in it',
  { tags: ['AUN-20', 'MCP-81'] },
  async () => {
    const made = await webCase()
    const first = await leftOpen(made)
    const names = Array.from({ length: 8 }, (_, index) => `many-${index}`)
    withGivers(made, ...names)
    for (let count = 1; count < 1_024; count += 1) await given(made, names[count % 8] ?? '')
    expect(made.journal.ends).toEqual([])
    await given(made, 'many-0')
    expect(made.journal.ends).toEqual([{ outcome: 'failed', code: 'session-ended' }])
    expect((await ask(made, { method: 'GET', headers: first })).status).toBe(404)
  },
)

test(
  'a server whose sessions are without number displaces its own alone, and those left alone longest',
  { tags: ['AUN-20', 'MCP-81', 'THR-63'] },
  async () => {
    const made = await webCase()
    await leftOpen(made)
    withGivers(made, 'evil')
    const ids: string[] = []
    for (let count = 0; count < 128; count += 1) ids.push(await given(made, 'evil'))
    const [first = '', second = ''] = ids
    expect(await statusIn(made, 'evil', first)).toBe(200)
    await given(made, 'evil')
    expect(await statusIn(made, 'evil', first)).toBe(200)
    expect(await statusIn(made, 'evil', second)).toBe(404)
    for (let count = 0; count < 1_024; count += 1) await given(made, 'evil')
    expect(made.journal.ends).toEqual([])
  },
)

test(
  'a session begins with the response to what asks for one, and no other',
  { tags: ['MCP-81', 'THR-63'] },
  async () => {
    const made = await webCase()
    withGivers(made, 'evil')
    const begun = await given(made, 'evil')
    expect(await statusIn(made, 'evil', begun)).toBe(200)
    // What that was answered with bears an id too, and so does this.
    expect(await statusIn(made, 'evil', 'other-2')).toBe(404)
    expect(await statusIn(made, 'evil', await given(made, 'evil', request('tools/list')))).toBe(404)
    expect(await statusIn(made, 'evil', begun)).toBe(200)
  },
)

const STRANGE = { 'mcp-session-id': 'never-given' }

test.for([
  ['of a server over HTTP', '/mcp/s/web', STRANGE, 'session-not-here'],
  ['of another server', '/mcp/s/script', STRANGE, 'session-not-here'],
  ['of all servers', '/mcp', STRANGE, 'session-not-here'],
  ['that is not named', '/mcp', {}, 'session-missing'],
] as const)(
  'a call in a session that this node does not know is told of as not sent: %s',
  { tags: ['AUN-21', 'AUN-14'] },
  async ([, path, headers, code]) => {
    const made = await webCase()
    made.catalog.add('script', new StreamEndpoint(scripted(handshake({}))))
    const asked = request('tools/call')
    const response = await ask(made, { path, headers, body: asked })
    expect(response.status).toBe(code === 'session-missing' ? 400 : 404)
    const alias = path === '/mcp' ? {} : { alias: path.slice('/mcp/s/'.length) }
    expect(made.catalog.told).toEqual([{ request: asked, ...alias, code }])
    expect(made.journal.left).toEqual([])
    // What asks for no answer calls nothing.
    const note = { jsonrpc: '2.0', method: 'notifications/initialized' }
    await ask(made, { path, headers, body: note })
    expect(made.catalog.told).toHaveLength(1)
  },
)

test.for<[string, (made: Case) => Promise<unknown>, object]>([
  [
    'the peer',
    async ({ mesh }) => mesh.provider.dropCaller(CALLER.did, 'revoked'),
    { outcome: 'refused', code: 'session-unknown', answer: expect.anything() },
  ],
  [
    'its server',
    async ({ server }) => server.sessions.clear(),
    { outcome: 'failed', code: 'stream-ended' },
  ],
])(
  'a call in a session that %s does not know any more has a request and an end',
  { tags: ['AUN-21'] },
  async ([, lose, end]) => {
    const made = await webCase()
    const headers = await leftOpen(made)
    await lose(made)
    expect((await ask(made, { headers, body: request('test/echo', 2) })).status).toBe(404)
    expect(made.journal.left).toHaveLength(2)
    expect(made.journal.ends).toHaveLength(2)
    expect(made.journal.ends).toContainEqual(end)
    expect(made.journal.ends).toContainEqual({ outcome: 'failed', code: 'session-ended' })
    expect(made.catalog.told).toEqual([])
  },
)
