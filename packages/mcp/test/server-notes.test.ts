import { once } from 'node:events'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { Socket } from 'node:net'
import { type JsonRpcMessage, openExchange, type Scheduler, systemScheduler } from '@warren/mcp'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { initialize } from './support/messages.ts'
import { eventually, MemoryHost, TestMesh } from './support/test-mesh.ts'

const NOTES_MAX = 64
const NOTE_MS = 30_000

type Answer = (response: ServerResponse) => void

/** A server in one session; what it answers to notes, calls and the end of the session is for the test to say. */
class NoteServer {
  readonly calls: { isClosed: boolean }[] = []
  readonly sockets = new Set<Socket>()
  /** Connections that there have been. */
  connections = 0
  /** Answers that were cut off. */
  cut = 0
  onNote: Answer = (response) => response.writeHead(202).end()
  onCall: Answer = () => {}
  onEnd: Answer = (response) => response.writeHead(200).end()
  readonly #server: Server

  constructor() {
    this.#server = createServer((request, response) => void this.#serve(request, response))
    this.#server.on('connection', (socket) => {
      this.connections += 1
      this.sockets.add(socket)
      socket.on('close', () => this.sockets.delete(socket))
    })
  }

  async start(): Promise<string> {
    this.#server.listen(0, '127.0.0.1')
    await once(this.#server, 'listening')
    const address = this.#server.address()
    if (address === null || typeof address === 'string') throw new Error('it listens on a port')
    return `http://127.0.0.1:${address.port}/mcp`
  }

  stop(): void {
    this.#server.closeAllConnections()
    this.#server.close()
  }

  async #serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const text = Buffer.concat(await Array.fromAsync(request)).toString()
    const { id, method } = text === '' ? {} : (JSON.parse(text) as JsonRpcMessage)
    response.on('close', () => {
      if (!response.writableFinished) this.cut += 1
    })
    if (request.method === 'GET') {
      response.writeHead(405).end()
    } else if (request.method === 'DELETE') {
      this.onEnd(response)
    } else if (method === 'initialize') {
      const result = { protocolVersion: '2025-06-18', capabilities: {} }
      response.writeHead(200, { 'content-type': 'application/json', 'mcp-session-id': 'S' })
      response.end(JSON.stringify({ jsonrpc: '2.0', id, result }))
    } else if (method === 'notifications/initialized') {
      response.writeHead(202).end()
    } else if (id === undefined) {
      this.onNote(response)
    } else {
      const call = { isClosed: false }
      this.calls.push(call)
      response.on('close', () => {
        call.isClosed = true
      })
      this.onCall(response)
    }
  }
}

let server: NoteServer
let url: string
let mesh: TestMesh
let expire: (() => void)[] = []

/** Time passes for notes alone when the test says so. */
const scheduler: Scheduler = {
  after: (delayMs, action) => {
    if (delayMs !== NOTE_MS) return systemScheduler.after(delayMs, action)
    expire.push(action)
    return () => {
      expire = expire.filter((each) => each !== action)
    }
  },
}

beforeEach(async () => {
  server = new NoteServer()
  url = await server.start()
  mesh = new TestMesh({ servers: [{ transport: 'http', name: 'web', url }], scheduler })
  expire = []
})
afterEach(async () => {
  await mesh.provider.stop()
  server.stop()
})

async function connected(): Promise<MemoryHost> {
  const host = new MemoryHost()
  await mesh.session('web', host)
  await initialize(host)
  return host
}

/** Says without an end what nobody has asked for. */
function endless(head: Readonly<Record<string, string>> = {}, status = 200): Answer {
  return (response) => {
    response.writeHead(status, head)
    const more = (): void => {
      while (!response.destroyed && response.write(Buffer.alloc(16 * 1024)));
    }
    response.on('drain', more)
    more()
  }
}

async function callAndCancel(host: MemoryHost, id: number): Promise<void> {
  const known = server.calls.length
  host.say({ jsonrpc: '2.0', id, method: 'tools/call', params: { name: 'x' } })
  const call = await eventually(() => server.calls[known])
  host.say({ jsonrpc: '2.0', method: 'notifications/cancelled', params: { requestId: id } })
  await eventually(() => call.isClosed)
}

test(
  'a call that is taken back is ended at a server that answers no note, and notes hold so many connections',
  { tags: ['MCP-79', 'MCP-20'] },
  async () => {
    server.onNote = () => {}
    const host = await connected()
    for (let id = 1; id <= NOTES_MAX; id += 1) await callAndCancel(host, id)
    await eventually(() => server.sockets.size >= NOTES_MAX)
    const cutBefore = server.cut
    for (let id = 1; id <= NOTES_MAX; id += 1) await callAndCancel(host, NOTES_MAX + id)
    // Each call was cut, and for each new note the oldest one.
    await eventually(() => server.cut === cutBefore + 2 * NOTES_MAX)
    // What is idle beside the notes is the connection of the handshake.
    expect(server.sockets.size).toBeLessThanOrEqual(NOTES_MAX + 1)
    const untold = mesh.logger.lines.filter((line) => line.event === 'server-not-told')
    expect(untold.map(({ details }) => details)).toMatchObject(
      [1, 2, 4, 8, 16, 32, 64].map((notes) => ({ notes })),
    )
  },
)

test(
  'a note that a server does not answer ends when its time is over, and what waits behind it goes on',
  { tags: ['MCP-79'] },
  async () => {
    const unanswered: ServerResponse[] = []
    server.onNote = (response) => void unanswered.push(response)
    const host = await connected()
    host.say({ jsonrpc: '2.0', method: 'notifications/roots/list_changed' })
    host.say({ jsonrpc: '2.0', id: 1, method: 'ping' })
    await eventually(() => unanswered.length === 1 && expire.length === 1)
    expect(server.calls).toEqual([])
    for (const end of expire) end()
    await eventually(() => server.calls.length === 1)
    expect(server.cut).toBe(1)
    expect(expire).toEqual([])
  },
)

test(
  'short answers to notes let them go one after the other on one connection',
  { tags: ['MCP-79'] },
  async () => {
    let notes = 0
    server.onNote = (response) => {
      notes += 1
      response.writeHead(202).end('a'.repeat(64 * 1024))
    }
    const host = await connected()
    for (let note = 1; note <= 3; note += 1) {
      const { connections } = server
      host.say({ jsonrpc: '2.0', method: 'notifications/roots/list_changed' })
      await eventually(() => notes === note && expire.length === 0)
      if (note > 1) expect(server.connections).toBe(connections)
    }
    expect(server.cut).toBe(0)
  },
)

test.for<[string, () => Promise<void>]>([
  [
    'to a note',
    async () => {
      server.onNote = endless()
      const host = await connected()
      host.say({ jsonrpc: '2.0', method: 'notifications/roots/list_changed' })
    },
  ],
  [
    'to a call, in a body that is no message',
    async () => {
      server.onCall = endless({ 'content-type': 'text/html' })
      const host = await connected()
      host.say({ jsonrpc: '2.0', id: 1, method: 'tools/call', params: { name: 'x' } })
      expect(await host.answerTo(1)).toHaveProperty('error')
    },
  ],
  [
    'to the end of a session',
    async () => {
      server.onEnd = endless()
      const host = await connected()
      host.leave()
    },
  ],
  [
    'to the end of a session that its caller began itself',
    async () => {
      server.onEnd = endless()
      const { signal } = new AbortController()
      const message: JsonRpcMessage = { jsonrpc: '2.0', id: 0, method: 'initialize', params: {} }
      const asked = { method: 'POST', headers: {}, message } as const
      const { components } = mesh
      const { body } = await openExchange(mesh.peer('web'), asked, { signal, components })
      await Array.fromAsync(body)
      await mesh.provider.configure([])
    },
  ],
])('an answer without an end %s is cut off', { tags: ['MCP-79'] }, async ([, bringAbout]) => {
  await bringAbout()
  await eventually(() => server.cut === 1)
  expect(server.cut).toBe(1)
})
