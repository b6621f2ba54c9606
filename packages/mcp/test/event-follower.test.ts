import { once } from 'node:events'
import { createServer, type IncomingMessage, request, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { type JsonRpcMessage, MESSAGE_LIMITS } from '@warren/mcp'
import { expect, onTestFinished, test } from 'vitest'
import { EventFollower } from '../src/http/event-follower.ts'

type Serve = (response: ServerResponse, request: IncomingMessage) => void

/** Opens streams of a server that answers as it is told. */
async function opening(serve: Serve): Promise<(lastEventId?: string) => Promise<IncomingMessage>> {
  const server = createServer((asked, response) => serve(response, asked))
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  onTestFinished(() => {
    server.closeAllConnections()
    server.close()
  })
  const { port } = server.address() as AddressInfo
  return (lastEventId) => {
    const headers = lastEventId === undefined ? {} : { 'last-event-id': lastEventId }
    const { promise, resolve, reject } = Promise.withResolvers<IncomingMessage>()
    request({ port, host: '127.0.0.1', headers }, resolve).on('error', reject).end()
    return promise
  }
}

/** Asks for a pause and hangs up at once. */
function hangingUp(retry: string): Serve {
  return (response) => {
    response.writeHead(200, { 'content-type': 'text/event-stream' })
    response.end(`id: 1\nretry: ${retry}\ndata:\n\n`)
  }
}

test.for([
  { retry: '0', pauseMs: 100 },
  { retry: '99', pauseMs: 100 },
  { retry: '101', pauseMs: 101 },
  { retry: '30000', pauseMs: 30_000 },
  { retry: '999999999', pauseMs: 30_000 },
])(
  'a server that wants to be asked again in $retry ms is asked in $pauseMs',
  { tags: ['MCP-23'] },
  async ({ retry, pauseMs }) => {
    const enough = new AbortController()
    const pauses: number[] = []
    const follower = new EventFollower({
      limits: MESSAGE_LIMITS,
      open: await opening(hangingUp(retry)),
      broken: () => {},
      scheduler: {
        after: (delayMs, action) => {
          pauses.push(delayMs)
          if (pauses.length === 3) enough.abort(new Error('enough'))
          action()
          return () => {}
        },
      },
    })
    await expect(Array.fromAsync(follower.listen(enough.signal))).rejects.toThrow('enough')
    expect(pauses).toEqual([pauseMs, pauseMs, pauseMs])
  },
)

const NOTE = { jsonrpc: '2.0', method: 'notifications/message', params: {} } as const
const EVENTS = { 'content-type': 'text/event-stream' }

/** What is heard of a server that does each of these in turn, and then has no stream any more. */
async function heardOf(...turns: readonly Serve[]): Promise<{
  heard: readonly JsonRpcMessage[]
  broken: readonly unknown[]
  pauses: readonly number[]
  after: readonly (string | undefined)[]
}> {
  const left = [...turns]
  const broken: unknown[] = []
  const pauses: number[] = []
  const after: (string | undefined)[] = []
  const open = await opening((response, asked) => {
    const turn = left.shift()
    if (turn === undefined) response.writeHead(405).end()
    else turn(response, asked)
  })
  const follower = new EventFollower({
    limits: { ...MESSAGE_LIMITS, messageBytesMax: 1_000 },
    open: (lastEventId) => {
      after.push(lastEventId)
      return open(lastEventId)
    },
    broken: (error) => void broken.push(error),
    scheduler: {
      after: (delayMs, action) => {
        pauses.push(delayMs)
        action()
        return () => {}
      },
    },
  })
  const { signal } = new AbortController()
  return { heard: await Array.fromAsync(follower.listen(signal)), broken, pauses, after }
}

function saying(text: string): Serve {
  return (response) => response.writeHead(200, EVENTS).end(text)
}

const AGAIN = saying(`data: ${JSON.stringify(NOTE)}\n\n`)
const RESET: Serve = (response) => {
  response.writeHead(200, EVENTS)
  response.write(': here\n\n', () => response.destroy())
}

test.for<[string, Serve, string]>([
  ['a reset connection', RESET, 'ECONNRESET'],
  ['an event that is no message', saying('data: hello\n\n'), 'message-not-json'],
  ['an event that is too long', saying(`data: ${'a'.repeat(1_000)}`), 'message-too-long'],
])(
  'a stream that ends by %s is opened again after a pause, and what comes then is heard',
  { tags: ['MCP-80'] },
  async ([, serve, code]) => {
    const { heard, broken, pauses } = await heardOf(serve, AGAIN)
    expect(heard).toEqual([NOTE])
    expect(broken).toMatchObject([{ code }])
    expect(pauses).toEqual([1_000, 1_000])
  },
)

test(
  'a stream is taken up behind an event that is no message, where that has an id',
  { tags: ['MCP-80'] },
  async () => {
    const { heard, after } = await heardOf(saying('id: 7\ndata: hello\n\n'), AGAIN)
    expect(heard).toEqual([NOTE])
    expect(after).toEqual([undefined, '7', '7'])
  },
)

test('what is no event stream is not opened again', { tags: ['MCP-80'] }, async () => {
  const page: Serve = (response) => response.writeHead(200, { 'content-type': 'text/html' }).end()
  await expect(heardOf(page, AGAIN)).rejects.toMatchObject({ code: 'server-answer-unacceptable' })
})
