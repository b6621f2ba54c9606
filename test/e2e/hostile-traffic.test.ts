import { isJsonObject, type JsonObject } from '@warren/core'
import { afterAll, beforeAll, expect, onTestFinished, test, vi } from 'vitest'
import { BAD_LINES, TOO_LONG } from './support/bad-lines.ts'
import { HttpPosts } from './support/http-posts.ts'
import {
  connectCommand,
  httpDoor,
  openHttpDoor,
  reaches,
  serveProgram,
} from './support/mesh-hosts.ts'
import { MemoryWatch, untilStill, writtenBytes } from './support/process-facts.ts'
import { errorOf, RawHost } from './support/raw-host.ts'
import { type ReadyMesh, readyMesh, type ReadyNode } from './support/ready-mesh.ts'
import { SCRIPT_SERVER } from './support/session-mesh.ts'

const MIB = 1024 * 1024
/** 200 MB in pieces. */
const PIECES = 400
const PIECE_BYTES = 500_000
const HELD_BYTES_MAX = 16 * MIB
const RISE_BYTES_MAX = 30 * MIB
const TOLD = { timeout: 10_000, interval: 50 }
const ALL_READ = { timeout: 50_000, interval: 50 }
const PAUSE_MS = 5

let mesh: ReadyMesh
let desk: ReadyNode
let lab: ReadyNode

beforeAll(async () => {
  mesh = await readyMesh({
    names: ['desk', 'lab'],
    prepare: async ({ name, directory }) => {
      if (name === 'desk') openHttpDoor(directory)
      else serveProgram(directory, 'script', [SCRIPT_SERVER])
    },
  })
  desk = mesh.node('desk')
  lab = mesh.node('lab')
  await reaches(desk, ['script'])
})

afterAll(async () => {
  await mesh?.close()
})

/** The ids of everything that the server has been asked. */
function idsSeen({ result }: JsonObject): readonly unknown[] {
  const seen = isJsonObject(result) && Array.isArray(result['seen']) ? result['seen'] : []
  return seen.flatMap((message) =>
    isJsonObject(message) && message['id'] !== undefined ? [message['id']] : [],
  )
}

test(
  'what is not a message is answered through "warren connect", reaches no server, and the session goes on',
  { tags: ['MCP-2', 'MCP-30'] },
  async () => {
    const host = RawHost.start(connectCommand(desk, 'script'))
    await host.initialize()
    for (const { line, code, id } of BAD_LINES) {
      const before = host.heard.length
      host.say(line)
      await vi.waitFor(() => expect(host.heard.length).toBe(before + 1))
      expect(host.heard.at(-1), line).toMatchObject({ id, error: { code } })
    }
    host.say(TOO_LONG)
    errorOf(await host.hears(({ id }) => id === 18), -32_600)
    expect(idsSeen(await host.ask(1, 'test/seen'))).toEqual([0, 1])
    expect(await host.leave()).toBe(0)
  },
)

test(
  'what is not a message is answered over HTTP, reaches no server, and the session goes on',
  { tags: ['MCP-36', 'MCP-37'] },
  async () => {
    const posts = await HttpPosts.open(await httpDoor(desk), 'script')
    for (const { line, code, id } of BAD_LINES) {
      const response = await posts.post(line)
      expect(response.status, line).toBe(400)
      expect(await response.json(), line).toMatchObject({ id, error: { code } })
    }
    const response = await posts.post(TOO_LONG)
    expect(response.status).toBe(413)
    expect(await response.json()).toMatchObject({ error: { code: -32_600 } })
    expect(idsSeen(await posts.ask(1, 'test/seen'))).toEqual([0, 1])
  },
)

test(
  'a server that says rubbish, or answers with rubbish, does not end the session',
  { tags: ['MCP-17'] },
  async () => {
    const host = RawHost.start(connectCommand(desk, 'script'))
    await host.initialize()
    const rubbish = ['Listening on stdio', '{"jsonrpc":"2.0"', '[]', '{"a":1}', '"text"']
    for (const line of rubbish)
      host.say({ jsonrpc: '2.0', method: 'test/raw', id: line, params: { line } })
    const line = '{"jsonrpc":"2.0","id":1,"result":17}'
    errorOf(await host.ask(1, 'test/raw', { line }), -32_005)
    expect(await host.ask(2, 'test/echo')).toMatchObject({ id: 2, result: {} })
    // What is not a message goes nowhere: the host has heard three answers and nothing else.
    expect(host.heard.map(({ id }) => id)).toEqual([0, 1, 2])
    await host.leave()
  },
)

test.for([
  { what: 'dies in a call', method: 'test/exit', params: { code: 7 }, says: 'exit code 7' },
  {
    what: 'says a line that is too long',
    method: 'test/flood',
    params: { count: 1, bytes: 5 * MIB },
    says: 'cannot be relayed',
  },
])(
  'a server that $what: the call ends with a sentence, and the next session works',
  { tags: ['MCP-16', 'MCP-17', 'MCP-10'] },
  async ({ method, params, says }) => {
    const host = RawHost.start(connectCommand(desk, 'script'))
    await host.initialize()
    host.say({ jsonrpc: '2.0', id: 1, method: 'test/hang' })
    const { message } = errorOf(await host.ask(2, method, params), -32_005)
    expect(message).toContain(says)
    errorOf(await host.hears(({ id }) => id === 1), -32_005)
    await host.leave()
    const next = RawHost.start(connectCommand(desk, 'script'))
    await next.initialize()
    expect(await next.ask(1, 'test/echo')).toMatchObject({ result: {} })
    await next.leave()
  },
)

test(
  'a server that never answers: other calls go on, and it is told when the host gives up',
  { tags: ['MCP-5'] },
  async () => {
    const host = RawHost.start(connectCommand(desk, 'script'))
    await host.initialize()
    host.say({ jsonrpc: '2.0', id: 1, method: 'test/hang' })
    expect(await host.ask(2, 'test/echo')).toMatchObject({ id: 2, result: {} })
    host.say({ jsonrpc: '2.0', method: 'notifications/cancelled', params: { requestId: 1 } })
    let id = 2
    await vi.waitFor(async () => {
      id += 1
      expect(JSON.stringify(await host.ask(id, 'test/seen'))).toContain('notifications/cancelled')
    }, TOLD)
    expect(host.heard.filter((message) => message['id'] === 1)).toEqual([])
    await host.leave()
  },
)

function flood(count: number): JsonObject {
  return { count, bytes: PIECE_BYTES, _meta: { progressToken: 'flood' } }
}

function watchNodes(): MemoryWatch {
  const watch = new MemoryWatch([desk, lab].map(({ daemon }) => daemon.process.pid ?? 0))
  onTestFinished(() => watch.stop())
  return watch
}

function pidIn({ result }: JsonObject): number {
  return isJsonObject(result) ? Number(result['pid']) : 0
}

const onLinux = process.platform === 'linux'
if (!onLinux)
  console.log('skipped: what processes hold and write is read from /proc, which is Linux')

test.skipIf(!onLinux).for([
  { what: 'notes of the session', method: 'test/flood' },
  { what: 'notes of a call', method: 'test/progress' },
])(
  '200 MB as $what: a host that reads nothing, or slowly, holds the server back, and nobody hoards',
  { tags: ['MCP-9', 'NET-1'] },
  async ({ what, method }) => {
    const host = RawHost.start(connectCommand(desk, 'script'))
    await host.initialize()
    const pid = pidIn(await host.ask(1, 'test/environment'))
    await host.ask(2, method, flood(20))
    const [heardBefore, writtenBefore] = [host.heard.length, writtenBytes(pid)]
    const watch = watchNodes()
    const underWay = (): number =>
      writtenBytes(pid) - writtenBefore - (host.heard.length - heardBefore) * PIECE_BYTES

    host.stopReading()
    host.say({ jsonrpc: '2.0', id: 3, method, params: flood(PIECES) })
    await untilStill(pid)
    const [held, rises] = [underWay(), watch.rises()]
    expect(held).toBeLessThan(HELD_BYTES_MAX)
    for (const rise of rises) expect(rise).toBeLessThan(RISE_BYTES_MAX)

    let highest = held
    host.readSlowly(PAUSE_MS)
    await vi.waitFor(() => {
      highest = Math.max(highest, underWay())
      expect(host.heard.length - heardBefore).toBe(PIECES + 1)
    }, ALL_READ)
    expect(highest).toBeLessThan(HELD_BYTES_MAX)
    const [unread, read] = [rises, watch.rises()]
    console.log(`200 MB as ${what}:`, { held, highest, unread, read })
    await host.leave()
  },
)

test.skipIf(!onLinux)(
  '200 MB over HTTP: a host that does not read holds the server back',
  { tags: ['MCP-9', 'NET-1'] },
  async () => {
    const posts = await HttpPosts.open(await httpDoor(desk), 'script')
    const pid = pidIn(await posts.ask(1, 'test/environment'))
    await posts.ask(2, 'test/progress', flood(20))
    const before = writtenBytes(pid)
    const watch = watchNodes()
    const params = flood(PIECES)
    const response = await posts.post({ jsonrpc: '2.0', id: 3, method: 'test/progress', params })
    const held = (await untilStill(pid)) - before
    const unread = watch.rises()
    expect(held).toBeLessThan(HELD_BYTES_MAX)
    for (const rise of unread) expect(rise).toBeLessThan(RISE_BYTES_MAX)
    let read = 0
    for await (const chunk of response.body ?? []) read += chunk.length
    expect(read).toBeGreaterThan(PIECES * PIECE_BYTES)
    console.log('200 MB over HTTP:', { held, unread, read: watch.rises() })
    expect(await posts.ask(4, 'test/echo')).toMatchObject({ id: 4, result: {} })
  },
)
