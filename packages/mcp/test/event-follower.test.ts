import { once } from 'node:events'
import { createServer, type IncomingMessage, request } from 'node:http'
import type { AddressInfo } from 'node:net'
import { MESSAGE_LIMITS } from '@warren/mcp'
import { expect, onTestFinished, test } from 'vitest'
import { EventFollower } from '../src/http/event-follower.ts'

/** Opens event streams of a server that asks for a pause and hangs up at once. */
async function hangingUp(retry: string): Promise<() => Promise<IncomingMessage>> {
  const server = createServer((_, response) => {
    response.writeHead(200, { 'content-type': 'text/event-stream' })
    response.end(`id: 1\nretry: ${retry}\ndata:\n\n`)
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  onTestFinished(() => {
    server.close()
  })
  const { port } = server.address() as AddressInfo
  return () =>
    new Promise((resolve, reject) => {
      request({ port, host: '127.0.0.1' }, resolve).on('error', reject).end()
    })
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
      open: await hangingUp(retry),
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
