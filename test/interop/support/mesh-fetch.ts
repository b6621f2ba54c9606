import { MESSAGE_LIMITS, openExchange, parseMessage } from '@warren/mcp'
import { SessionCalls, WaitingCalls } from '../../../packages/mcp/src/consumer/session-calls.ts'
import { RecordingJournal } from '../../../packages/mcp/test/support/recording-journal.ts'
import { CALLER, type TestMesh } from '../../../packages/mcp/test/support/test-mesh.ts'

/** What `fetch` would do, through the mesh, for one SDK host that speaks HTTP itself, with a journal that reads all responses. */
export function meshFetch(mesh: TestMesh): typeof fetch {
  const journal = new RecordingJournal()
  const calls = new SessionCalls(new WaitingCalls())
  return async (_url, init = {}) => {
    const { body, method = 'GET', signal } = init
    const message = typeof body === 'string' ? { message: parseMessage(body, MESSAGE_LIMITS) } : {}
    const headersAsked = Object.fromEntries(new Headers(init.headers))
    const session = headersAsked['mcp-session-id'] === undefined ? {} : { calls }
    const exchanged = await openExchange(
      { ...mesh.peer('web', CALLER), journal },
      {
        method: method as 'GET' | 'POST' | 'DELETE',
        headers: headersAsked,
        ...message,
        ...session,
      },
      { signal: signal ?? new AbortController().signal, components: mesh.components },
    )
    const { status, headers } = exchanged
    const empty = status === 202 || status === 204 || status === 304
    const stream = empty ? null : ReadableStream.from(exchanged.body)
    return new Response(stream as never, { status, headers })
  }
}
