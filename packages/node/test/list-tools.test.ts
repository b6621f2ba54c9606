import type { JsonObject } from '@warren/core'
import {
  type CatalogServer,
  type Endpoint,
  type HostChannel,
  isRequest,
  type JsonRpcRequest,
} from '@warren/mcp'
import { expect, test } from 'vitest'
import { CONTROL_LINE_LENGTH_MAX, parseControlAnswer } from '../src/control/control-protocol.ts'
import { type ListingLimits, listTools, type ToolListing } from '../src/list-tools.ts'
import { ToolClient } from '../src/tool-client.ts'

/** What a server answers to one request; nothing when it stays silent. */
type Answers = (request: JsonRpcRequest) => Answer | undefined
type Answer = { readonly result: JsonObject } | { readonly error: JsonObject }

/** A server in this process, behind the port that every server of the mesh is behind. */
function endpointOf(answers: Answers): Endpoint & { readonly heard: string[] } {
  const heard: string[] = []
  const serve = async (host: HostChannel): Promise<undefined> => {
    for await (const message of host.messages) {
      if (!isRequest(message)) continue
      heard.push(message.method)
      const body: Answer | undefined =
        message.method === 'initialize' ? { result: {} } : answers(message)
      if (body !== undefined) await host.send({ jsonrpc: '2.0', id: message.id, ...body })
    }
    return undefined
  }
  return {
    heard,
    openSession: (host) => Promise.resolve({ ended: serve(host), close: () => {} }),
    request: () => {
      throw new Error('tools are listed within a session')
    },
  }
}

function page(tools: readonly JsonObject[], nextCursor?: string): Answer {
  return { result: { tools, ...(nextCursor === undefined ? {} : { nextCursor }) } }
}

const honest: Answers = () => page([{ name: 'read', description: 'reads' }])

/** One server of a member; what stands behind a dash tells the servers of one member apart. */
function server(alias: string): CatalogServer {
  return { alias, did: `did:${alias.split('-', 1)[0] ?? ''}`, server: alias, transport: 'stdio' }
}

function list(
  servers: Readonly<Record<string, Answers>>,
  limits: Partial<ListingLimits> = {},
  signal: AbortSignal = new AbortController().signal,
): Promise<ToolListing> {
  const endpoints = new Map(
    Object.entries(servers).map(([alias, answers]) => [alias, endpointOf(answers)]),
  )
  return listTools({
    catalog: { endpoint: (alias) => endpoints.get(alias) },
    servers: [...endpoints.keys()].map(server),
    signal,
    limits,
  })
}

const row = (alias: string): JsonObject => ({
  server: alias,
  name: 'read',
  description: 'reads',
  node: `did:${alias}`,
})
const ROW_BYTES = JSON.stringify(row('a')).length

test(
  'a server with pages of 4 MiB without end costs no more than its own entry',
  { tags: ['DMN-11'] },
  async () => {
    let asked = 0
    const description = 'x'.repeat(4 * 1024 * 1024 - 100)
    const endless: Answers = () => {
      asked += 1
      return page([{ name: 'big', description }], 'more')
    }
    const { tools, problems } = await list({ a: honest, bad: endless, z: honest })
    expect(tools).toEqual([row('a'), row('z')])
    expect(problems).toMatchObject([{ server: 'bad', message: expect.stringMatching(/too long/) }])
    expect(asked).toBe(1)
  },
)

test.for<{ name: string; answers: Answers; message: RegExp }>([
  { name: 'a cursor without end', answers: () => page([], 'more'), message: /more than 100 pages/ },
  {
    name: 'a tool without a name',
    answers: () => page([{ name: { deep: [] } }]),
    message: /without a name/,
  },
  {
    name: 'an error of four million characters',
    answers: () => ({ error: { code: 1, message: 'x'.repeat(4_000_000) } }),
    message: /^x{300}$/,
  },
  {
    name: 'more tools than are shown',
    answers: () => page(Array.from({ length: 2_001 }, () => ({ name: '' }))),
    message: /too long/,
  },
])('$name costs its own entry alone', { tags: ['DMN-11'] }, async ({ answers, message }) => {
  const { tools, problems } = await list({ bad: answers, good: honest })
  expect(tools).toEqual([row('good')])
  expect(problems).toMatchObject([{ server: 'bad', message: expect.stringMatching(message) }])
})

test('a server that stays silent costs its own entry alone', { tags: ['DMN-11'] }, async () => {
  const giveUp = new AbortController()
  const silent: Answers = () => {
    giveUp.abort()
    return undefined
  }
  const { tools, problems } = await list(
    { a: honest, bad: silent },
    { atOnceMax: 1 },
    giveUp.signal,
  )
  expect(tools).toEqual([row('a')])
  expect(problems).toMatchObject([{ server: 'bad', message: 'the server gave no answer in time' }])
})

test('a list of exactly the room that it has is shown whole', { tags: ['DMN-11'] }, async () => {
  expect(await list({ a: honest }, { serverBytesMax: ROW_BYTES })).toMatchObject({ problems: [] })
  const less = await list({ a: honest }, { serverBytesMax: ROW_BYTES - 1 })
  expect(less).toMatchObject({ tools: [], problems: [{ server: 'a' }] })
})

test(
  'the room is shared between members, however many servers one of them lists',
  { tags: ['DMN-11'] },
  async () => {
    const flood = Object.fromEntries(
      Array.from({ length: 50 }, (_, index) => [`bad-${index}`, honest]),
    )
    const limits = { allBytesMax: 2 * ROW_BYTES }
    const { tools, problems } = await list({ ...flood, z: honest }, limits)
    expect(tools).toEqual([row('z')])
    expect(problems).toHaveLength(50)
  },
)

test('servers beyond the limit are counted, not asked', { tags: ['DMN-11'] }, async () => {
  const two = { a: honest, b: honest, c: honest }
  expect((await list(two, { serversMax: 3 })).problems).toEqual([])
  const { tools, problems } = await list(two, { serversMax: 2 })
  expect(tools).toEqual([row('a'), row('b')])
  expect(problems).toMatchObject([{ message: '1 more servers were not asked' }])
})

test(
  'what a thousand servers say that all fill their share fits into one answer',
  { tags: ['DMN-11'] },
  async () => {
    const full: Answers = () =>
      page(Array.from({ length: 30 }, (_, index) => ({ name: `${index}`, description: 'é\n' })))
    const many = Object.fromEntries(
      Array.from({ length: 1_000 }, (_, index) => [
        `server-${index}`,
        index < 500 ? full : refusing,
      ]),
    )
    const value = await list(many)
    expect(value.tools.length).toBeGreaterThan(10_000)
    expect(value.problems).toHaveLength(500)
    const line = JSON.stringify({ ok: true, value })
    expect(Buffer.byteLength(line)).toBeLessThan(CONTROL_LINE_LENGTH_MAX)
    expect(parseControlAnswer(line)).toMatchObject({ ok: true })
  },
)

const refusing: Answers = () => ({ error: { code: 1, message: '\u0007'.repeat(1_000) } })

test('what nobody waits for any more is not asked', { tags: ['DMN-11'] }, async () => {
  const endpoint = endpointOf(() => undefined)
  const client = await ToolClient.open(endpoint, new AbortController().signal)
  const asking = client.request('tools/list', {}, AbortSignal.abort())
  await expect(asking).rejects.toMatchObject({ code: 'call-timeout' })
  client.end()
  expect(endpoint.heard).toEqual(['initialize'])
})
