// A call of the aggregate has left when a session has taken it, and not before.

import {
  AGGREGATE_LIMITS,
  type Endpoint,
  type HostChannel,
  McpError,
  systemScheduler,
} from '@warren/mcp'
import { expect, test } from 'vitest'
import { BackendCalls } from '../../src/entry/aggregate/backend-calls.ts'
import { BackendPool } from '../../src/entry/aggregate/backend-pool.ts'
import type { HostCall } from '../../src/entry/aggregate/host-call.ts'
import { SILENT_HOST } from '../../src/entry/aggregate/host-profile.ts'
import { HostRequests } from '../../src/entry/aggregate/host-requests.ts'
import { legacyOnly } from './support/servers.ts'
import { StreamEndpoint, TestCatalog } from './support/stream-endpoint.ts'

const PARAMS = { name: 'echo', arguments: { text: 'x' } }
const CALL: HostCall = {
  request: { jsonrpc: '2.0', id: 1, method: 'tools/call', params: PARAMS },
  signal: new AbortController().signal,
  emit: () => Promise.resolve(),
}

interface Case {
  readonly pump: StreamEndpoint
  readonly forward: () => Promise<object>
  readonly calls: BackendCalls
}

/** The calls of one host; `before` runs when a call has its session and has not been given to it. */
function calling(before: (pump: StreamEndpoint, channel: HostChannel | undefined) => void): Case {
  const pump = new StreamEndpoint(legacyOnly('pump'))
  const channels: HostChannel[] = []
  const endpoint: Endpoint = {
    openSession: (channel, signal) => {
      channels.push(channel)
      return pump.openSession(channel, signal)
    },
    request: (request, signal) => pump.request(request, signal),
  }
  const catalog = new TestCatalog().add('pump', endpoint)
  const [server] = catalog.servers()
  if (server === undefined) throw new Error('there is a server')
  const common = { limits: AGGREGATE_LIMITS, scheduler: systemScheduler }
  const pool = new BackendPool({
    ...common,
    catalog,
    endsWhenIdle: false,
    profile: () => SILENT_HOST,
    listener: () => ({
      asked: () => Promise.resolve(undefined),
      told: () => Promise.resolve(),
    }),
    onLost: () => {},
  })
  const calls = new BackendCalls({
    ...common,
    pool,
    hostRequests: new HostRequests(),
    profile: () => {
      before(pump, channels.at(-1))
      return SILENT_HOST
    },
  })
  return { pump, calls, forward: () => calls.forward(CALL, server, PARAMS) }
}

function callsAt({ heard }: StreamEndpoint): number {
  return heard.filter(({ method }) => method === 'tools/call').length
}

const OVER = new McpError('session-ended', 'the session is over')

test('a call that a session has taken has left', { tags: ['AUN-14'] }, async () => {
  const { pump, calls, forward } = calling(() => {})
  expect(await forward()).toMatchObject({ result: { content: [{ text: 'pump: x' }] } })
  expect(callsAt(pump)).toBe(1)
  expect(calls.unsent(CALL)).toBeUndefined()
})

test(
  'one whose session ends before it takes the call, with no other to be had, has not',
  { tags: ['AUN-14'] },
  async () => {
    const { pump, calls, forward } = calling((server, channel) => {
      server.refuse = new McpError('server-start-failed', 'the server could not be started')
      channel?.close(OVER)
    })
    await expect(forward()).rejects.toMatchObject({ code: 'server-start-failed' })
    expect(callsAt(pump)).toBe(0)
    expect(calls.unsent(CALL)).toEqual({ request: CALL.request, alias: 'pump' })
  },
)

test('one that another session takes in its place has', { tags: ['AUN-14'] }, async () => {
  const { pump, calls, forward } = calling((_, channel) => channel?.close(OVER))
  expect(await forward()).toMatchObject({ result: { content: [{ text: 'pump: x' }] } })
  expect(pump.opened).toBe(2)
  expect(callsAt(pump)).toBe(1)
  expect(calls.unsent(CALL)).toBeUndefined()
})
