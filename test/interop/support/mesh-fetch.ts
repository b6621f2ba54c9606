import { MESSAGE_LIMITS, openExchange, parseMessage } from '@warren/mcp'
import { CALLER, type TestMesh } from '../../../packages/mcp/test/support/test-mesh.ts'

/** What `fetch` would do, through the mesh: for SDK hosts that speak HTTP themselves. */
export function meshFetch(mesh: TestMesh): typeof fetch {
  return async (_url, init = {}) => {
    const { body, method = 'GET', signal } = init
    const message = typeof body === 'string' ? { message: parseMessage(body, MESSAGE_LIMITS) } : {}
    const exchanged = await openExchange(
      mesh.peer('web', CALLER),
      {
        method: method as 'GET' | 'POST' | 'DELETE',
        headers: Object.fromEntries(new Headers(init.headers)),
        ...message,
      },
      { signal: signal ?? new AbortController().signal, components: mesh.components },
    )
    const { status, headers } = exchanged
    const empty = status === 202 || status === 204 || status === 304
    const stream = empty ? null : ReadableStream.from(exchanged.body)
    return new Response(stream as never, { status, headers })
  }
}
