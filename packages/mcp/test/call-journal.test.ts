import { CodedError } from '@warren/core'
import {
  type ExchangeResponse,
  type HostSession,
  type JsonRpcMessage,
  McpError,
  type OpenStream,
  openExchange,
  openSession,
  type PeerServer,
  requestOnce,
} from '@warren/mcp'
import { afterEach, expect, test } from 'vitest'
import { initialize, META } from './support/messages.ts'
import { RecordingGate } from './support/recording-gate.ts'
import { RecordingJournal } from './support/recording-journal.ts'
import { ScriptHttpServer } from './support/script-http-server.ts'
import {
  CALLER,
  eventually,
  MemoryHost,
  random,
  scriptServer,
  TestMesh,
  type TestMeshInit,
} from './support/test-mesh.ts'

const meshes: TestMesh[] = []
const servers: ScriptHttpServer[] = []
afterEach(async () => {
  await Promise.all(meshes.splice(0).map(({ provider }) => provider.stop()))
  for (const server of servers.splice(0)) server.stop()
})

class StaleError extends CodedError<'knowledge-stale'> {
  override readonly name = 'StaleError'
}

interface Case {
  readonly mesh: TestMesh
  readonly gate: RecordingGate
  readonly journal: RecordingJournal
  readonly host: MemoryHost
  readonly peer: PeerServer
  readonly session: HostSession
  /** Replaces the way to the provider, from now on. */
  readonly reach: (open: OpenStream) => void
}

/** Streams with a name, as the network gives them. */
function named(mesh: TestMesh): OpenStream {
  const open = mesh.as(CALLER)
  let count = 0
  return async () => Object.assign(await open(), { transcriptHash: Uint8Array.of((count += 1)) })
}

function recorded(
  init: TestMeshInit,
  server: string,
): Omit<Case, 'host' | 'session'> & { readonly journal: RecordingJournal } {
  const gate = new RecordingGate()
  const mesh = new TestMesh({ gate, ...init })
  meshes.push(mesh)
  const journal = new RecordingJournal()
  let open = named(mesh)
  const peer = { ...mesh.peer(server), journal, open: (signal: AbortSignal) => open(signal) }
  return { mesh, gate, journal, peer, reach: (other) => (open = other) }
}

async function connected(init: Partial<TestMeshInit> = {}): Promise<Case> {
  const made = recorded({ servers: [scriptServer()], ...init }, 'script')
  const host = new MemoryHost()
  const { peer, mesh } = made
  const session = await openSession({ peer, host, random, components: mesh.components })
  await initialize(host)
  return { ...made, host, session }
}

function call(id: string | number, method: string, params: object = {}): JsonRpcMessage {
  return { jsonrpc: '2.0', id, method, params: { ...params } }
}

const UNAVAILABLE = new McpError('audit-unavailable', 'it cannot be written down')

test(
  'a request is told of as it leaves, with its session and what the host calls itself, and its answer as it came',
  { tags: ['AUN-11', 'AUN-12'] },
  async () => {
    const { journal, host } = await connected()
    host.say(call(1, 'test/echo', { a: 'é' }))
    const answer = await host.answerTo(1)
    expect(journal.left).toEqual([
      {
        message: call(1, 'test/echo', { a: 'é' }),
        bytes: Buffer.byteLength(JSON.stringify(call(1, 'test/echo', { a: 'é' }))),
        callSession: '03',
        client: 'test',
      },
    ])
    expect(journal.ends).toEqual([
      {
        outcome: 'answered',
        answer: { message: answer, bytes: Buffer.byteLength(JSON.stringify(answer)) },
      },
    ])
    expect(journal.stayed).toEqual([])
  },
)

test(
  'a host is given nothing, notes included, before its request is on the disk',
  { tags: ['AUN-12'] },
  async () => {
    const { journal, host } = await connected()
    const disk = Promise.withResolvers<void>()
    journal.recording = () => disk.promise
    host.say(call(1, 'test/progress', { count: 2, _meta: { progressToken: 'p' } }))
    // Another request that comes later is held up by nothing.
    await eventually(() => journal.left.length === 1)
    journal.recording = () => Promise.resolve()
    host.say(call(2, 'test/echo'))
    await host.answerTo(2)
    const own = (): readonly JsonRpcMessage[] =>
      host.heard.filter(({ id, method }) => id === 1 || method === 'notifications/progress')
    expect(own()).toEqual([])
    disk.resolve()
    await host.answerTo(1)
    expect(own()).toHaveLength(3)
  },
)

test(
  'what cannot be written down does not leave, and the host is told in a form that its model reads',
  { tags: ['AUN-13', 'AUN-14'] },
  async () => {
    const { journal, host, gate } = await connected()
    journal.refusal = UNAVAILABLE
    host.say(call(1, 'test/echo'))
    host.say(call(2, 'tools/call', { name: 'echo' }))
    expect(await host.answerTo(1)).toMatchObject({
      error: { code: -32_003, data: { code: 'audit-unavailable' } },
    })
    expect(await host.answerTo(2)).toMatchObject({
      result: {
        isError: true,
        content: [{ type: 'text', text: 'it cannot be written down' }],
        _meta: { 'internal.warren/refusal': { code: 'audit-unavailable' } },
      },
    })
    expect(journal.stayed.map(([{ message }, code]) => [message['id'], code])).toEqual([
      [1, 'audit-unavailable'],
      [2, 'audit-unavailable'],
    ])
    // It is free again as soon as entries can be written, in the same session.
    journal.refusal = undefined
    host.say(call(1, 'test/echo'))
    await eventually(() => host.heard.filter(({ id }) => id === 1).length === 2)
    expect(gate.asked.filter(({ message }) => message['method'] === 'test/echo')).toHaveLength(1)
    expect(gate.asked.some(({ message }) => message['method'] === 'tools/call')).toBe(false)
  },
)

test(
  'a call that left as the disk failed is cut off, and its answer is not given',
  { tags: ['AUN-13'] },
  async () => {
    const { journal, host, gate } = await connected()
    const disk = Promise.withResolvers<void>()
    journal.recording = () => disk.promise
    host.say(call(1, 'test/hang'))
    await eventually(() => gate.asked.some(({ message }) => message['method'] === 'test/hang'))
    disk.reject(UNAVAILABLE)
    expect(await host.answerTo(1)).toMatchObject({
      error: { data: { code: 'audit-unavailable' } },
    })
    await eventually(() => gate.of('test/hang').length === 1)
    expect(gate.of('test/hang')).toMatchObject([{ outcome: 'cancelled' }])
    journal.recording = () => Promise.resolve()
    host.say(call(2, 'test/echo'))
    expect(await host.answerTo(2)).toHaveProperty('result')
  },
)

test('the end of a call is told as what it was', { tags: ['AUN-12'] }, async () => {
  const { journal, host, mesh, gate } = await connected()
  const ended = async (count: number): Promise<object | undefined> => {
    await eventually(() => journal.ends.length === count)
    return journal.ends.at(-1)
  }
  host.say(call(1, 'test/unknown'))
  expect(await ended(1)).toMatchObject({ outcome: 'error' })

  host.say(call(2, 'test/hang'))
  await eventually(() => gate.asked.filter(({ message }) => message['id'] === 2).length === 1)
  host.say({ jsonrpc: '2.0', method: 'notifications/cancelled', params: { requestId: 2 } })
  expect(await ended(2)).toEqual({ outcome: 'cancelled', code: 'stream-ended' })

  host.say(call(3, 'test/hang'))
  await eventually(() => gate.asked.filter(({ message }) => message['id'] === 3).length === 1)
  mesh.opened.at(-1)?.abort(new StaleError('knowledge-stale', 'the cable was pulled'))
  expect(await ended(3)).toEqual({ outcome: 'failed', code: 'knowledge-stale' })

  host.say(call(4, 'test/exit', { code: 1 }))
  expect(await ended(4)).toMatchObject({ outcome: 'failed', code: 'server-exited' })
})

test(
  'a session that the host has closed cancels its calls, and one that the peer has lost fails them',
  { tags: ['AUN-12'] },
  async () => {
    for (const [byPeer, end] of [
      [false, { outcome: 'cancelled', code: 'session-ended' }],
      [true, { outcome: 'failed', code: 'session-ended' }],
    ] as const) {
      const { journal, host, mesh, session } = await connected({ relayLimits: { drainMs: 1 } })
      host.say(call(1, 'test/hang'))
      await eventually(() => journal.left.length === 1)
      const [sessionStream] = mesh.opened
      if (byPeer) sessionStream?.abort(new StaleError('knowledge-stale', 'the cable was pulled'))
      else host.leave()
      await session.ended
      expect(journal.ends).toEqual([expect.objectContaining(end)])
    }
  },
)

test(
  'whatever a host says after its session is over is told of as what did not leave',
  { tags: ['AUN-14'] },
  async () => {
    const { journal, host, mesh, session } = await connected({ relayLimits: { drainMs: 1 } })
    const [sessionStream] = mesh.opened
    // The session ends, and the host says three things more before it has seen that.
    host.closing = () => {
      for (const id of [1, 2, 3]) host.say(call(id, 'test/echo'))
    }
    sessionStream?.abort(new StaleError('knowledge-stale', 'the cable was pulled'))
    await session.ended
    await eventually(() => journal.stayed.length === 3)
    expect(journal.stayed.map(([{ message }, code]) => [message['id'], code])).toEqual([
      [1, 'knowledge-stale'],
      [2, 'knowledge-stale'],
      [3, 'knowledge-stale'],
    ])
    expect(journal.left).toEqual([])
  },
)

test('a refusal of the provider is told with its code', { tags: ['AUN-12'] }, async () => {
  const { journal, peer, mesh } = recorded(
    {
      servers: [scriptServer()],
      gate: {
        decide: () => Promise.resolve({ allowed: false, code: 'policy-denied', sentence: 'no' }),
      },
    },
    'script',
  )
  const options = { signal: new AbortController().signal, components: mesh.components }
  for (const method of ['tools/call', 'test/echo']) {
    const request = { jsonrpc: '2.0', id: 1, method, params: { name: 'x', _meta: META } } as const
    await Array.fromAsync(requestOnce(peer, request, options))
  }
  expect(journal.ends).toMatchObject([
    { outcome: 'refused', code: 'policy-denied' },
    { outcome: 'refused', code: 'policy-denied' },
  ])
})

test(
  'what never left is told with the reason that lies behind it',
  { tags: ['AUN-14'] },
  async () => {
    const { journal, host, reach, mesh } = await connected()
    reach(() => Promise.reject(new StaleError('knowledge-stale', 'too old')))
    host.say(call(1, 'test/echo'))
    await host.answerTo(1)
    reach(named(mesh))
    host.say(call(2, 'test/hang'))
    host.say(call(2, 'test/echo'))
    await host.answerTo(2)
    expect(
      journal.stayed.map(([{ message, client }, code]) => [message['id'], client, code]),
    ).toEqual([
      [1, 'test', 'knowledge-stale'],
      [2, 'test', 'request-taken'],
    ])
    expect(journal.left.map(({ message }) => message['method'])).toEqual(['test/hang'])
  },
)

test(
  'a message that asks for no answer is told of too, and is left out where it cannot be',
  { tags: ['AUN-11', 'AUN-13'] },
  async () => {
    const { journal, host } = await connected()
    host.say({ jsonrpc: '2.0', method: 'test/note', params: { number: 1 } })
    await eventually(() => journal.left.length === 1)
    journal.refusal = UNAVAILABLE
    host.say({ jsonrpc: '2.0', method: 'test/note', params: { number: 2 } })
    await eventually(() => journal.stayed.length === 1)
    journal.refusal = undefined
    host.say(call(1, 'test/seen'))
    const { result } = await host.answerTo(1)
    const seen = JSON.stringify(result)
    expect(seen).toContain('"number":1')
    expect(seen).not.toContain('"number":2')
    expect(journal.left[0]).toMatchObject({ callSession: '01' })
    // None of them has an end, but for the one that asked.
    expect(journal.ends).toHaveLength(1)
  },
)

async function webCase(): Promise<Omit<Case, 'host' | 'session'>> {
  const server = await ScriptHttpServer.start()
  servers.push(server)
  return recorded({ servers: [{ transport: 'http', name: 'web', url: server.url }] }, 'web')
}

function exchange(
  { peer, mesh }: Pick<Case, 'peer' | 'mesh'>,
  message: JsonRpcMessage,
  signal: AbortSignal = new AbortController().signal,
): Promise<ExchangeResponse> {
  const asked = { method: 'POST', headers: {}, message } as const
  return openExchange(peer, asked, { signal, components: mesh.components })
}

async function bodyOf(response: ExchangeResponse): Promise<string> {
  return Buffer.concat(await Array.fromAsync(response.body)).toString()
}

test.for([
  ['an answer in JSON', '{"jsonrpc":"2.0","id":1,"result":{"x":1}}', {}, 'answered'],
  [
    'an answer in an event stream, behind a note',
    'data: {"jsonrpc":"2.0","method":"n"}\n\ndata: {"jsonrpc":"2.0","id":1,"error":{"code":1,"message":"m"}}\n\n',
    { type: 'text/event-stream' },
    'error',
  ],
  ['the answer of another request', '{"jsonrpc":"2.0","id":2,"result":{}}', {}, 'failed'],
  ['what is no message', '{', {}, 'failed'],
  ['nothing', '', {}, 'failed'],
] as const)(
  'in an HTTP response the journal reads along, and the host gets what it would: %s',
  { tags: ['AUN-11', 'AUN-12'] },
  async ([, text, more, outcome]) => {
    const made = await webCase()
    const message = call(1, 'test/raw', { text, ...more, _meta: META })
    const plain = { ...made, peer: made.mesh.peer('web') }
    const without = await bodyOf(await exchange(plain, message))
    expect(await bodyOf(await exchange(made, message))).toBe(without)
    const { journal } = made
    expect(journal.left).toMatchObject([{ message, callSession: expect.any(String) }])
    expect(journal.ends).toMatchObject([{ outcome }])
  },
)

test(
  'an HTTP response waits for its request to be on the disk, and the host that leaves it cancels',
  { tags: ['AUN-12', 'AUN-13'] },
  async () => {
    const made = await webCase()
    const { journal } = made
    journal.recording = () => Promise.reject(UNAVAILABLE)
    await expect(exchange(made, call(1, 'test/raw', { text: '{}' }))).rejects.toMatchObject({
      code: 'audit-unavailable',
    })
    journal.recording = () => Promise.resolve()
    const leaving = new AbortController()
    const hanging = exchange(made, call(2, 'test/hang'), leaving.signal)
    await eventually(() => journal.left.length === 2)
    leaving.abort(new McpError('host-gone', 'the host has left'))
    await expect(hanging.then(bodyOf)).rejects.toMatchObject({ code: 'host-gone' })
    expect(journal.ends.at(-1)).toEqual({ outcome: 'cancelled', code: 'host-gone' })

    const unread = await exchange(made, call(3, 'test/raw', { text: '{}' }))
    unread.abort(new McpError('host-gone', 'the host has left'))
    expect(journal.ends).toHaveLength(3)
    expect(journal.ends.at(-1)).toEqual({ outcome: 'cancelled', code: 'host-gone' })
  },
)
