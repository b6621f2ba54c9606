/** Stateful servers of both SDKs that keep their events, with a tool that loses the stream of its own call. */
import { NodeStreamableHTTPServerTransport } from '@modelcontextprotocol/node'
import { InMemoryEventStore } from '@modelcontextprotocol/sdk/examples/shared/inMemoryEventStore.js'
import { McpServer as LegacyServer } from '@modelcontextprotocol/sdk/server/mcp.js'
import { StreamableHTTPServerTransport } from '@modelcontextprotocol/sdk/server/streamableHttp.js'
import { McpServer } from '@modelcontextprotocol/server'
import { once } from 'node:events'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { setTimeout as delay } from 'node:timers/promises'
import { eventually } from '../../../packages/mcp/test/support/test-mesh.ts'

/** One session of a server in this process. */
export interface ResumableServer {
  readonly url: string
  /** The method and the `Last-Event-ID` of each request. */
  readonly asked: (readonly [string, string | undefined])[]
  stop(): void
}

/** How the tool `lose-stream` loses the stream of its call: the server closes it, or the connection breaks. */
export type StreamLoss = 'closed' | 'broken'

interface Handler {
  handleRequest(request: IncomingMessage, response: ServerResponse): Promise<void>
}

/** Loses the stream of a call, whose answer then waits for whoever takes the stream up again. */
type Lose = (close: (() => void) | undefined) => Promise<void>

/** From the head of a response to when its first event is surely out. */
const FIRST_EVENT_MS = 50

const TRANSPORT = { sessionIdGenerator: () => 'session', retryInterval: 20 }
const DONE = { content: [{ type: 'text' as const, text: 'done' }] }

/** A server of the SDK v1. */
export function resumableLegacyServer(loss: StreamLoss): Promise<ResumableServer> {
  return serve(loss, async (lose) => {
    const server = new LegacyServer({ name: 'resumable', version: '1' })
    server.registerTool('lose-stream', {}, async ({ closeSSEStream }) => {
      await lose(closeSSEStream)
      return DONE
    })
    const eventStore = new InMemoryEventStore()
    const transport = new StreamableHTTPServerTransport({ ...TRANSPORT, eventStore })
    await server.connect(transport)
    return transport
  })
}

/** A server of the SDK v2, as it serves hosts of the stateful era. */
export function resumableModernServer(loss: StreamLoss): Promise<ResumableServer> {
  return serve(loss, async (lose) => {
    const server = new McpServer({ name: 'resumable', version: '1' })
    server.registerTool('lose-stream', {}, async ({ http }) => {
      await lose(http?.closeSSE)
      return DONE
    })
    const eventStore = new InMemoryEventStore()
    const transport = new NodeStreamableHTTPServerTransport({ ...TRANSPORT, eventStore })
    await server.connect(transport)
    return transport
  })
}

async function serve(
  loss: StreamLoss,
  start: (lose: Lose) => Promise<Handler>,
): Promise<ResumableServer> {
  const asked: [string, string | undefined][] = []
  let posting: ServerResponse | undefined
  const handler = await start(async (close) => {
    await eventually(() => posting?.headersSent)
    await delay(FIRST_EVENT_MS)
    if (loss === 'closed') close?.()
    else posting?.socket?.destroySoon()
  })
  const server = createServer((request, response) => {
    const { method = '', headers } = request
    asked.push([method, headers['last-event-id']?.toString()])
    if (method === 'POST') posting = response
    void handler.handleRequest(request, response)
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  const stop = (): void => {
    server.closeAllConnections()
    server.close()
  }
  return { url: `http://127.0.0.1:${port}/mcp`, asked, stop }
}
