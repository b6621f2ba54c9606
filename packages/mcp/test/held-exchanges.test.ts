import {
  type Gate,
  type GateAnswer,
  type GateQuestion,
  type JsonRpcMessage,
  openExchange,
  type Waiting,
} from '@warren/mcp'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { ScriptHttpServer } from './support/script-http-server.ts'
import { eventually, TestMesh } from './support/test-mesh.ts'

let server: ScriptHttpServer
let mesh: TestMesh
const waits: Waiting[] = []
let go: (answer: GateAnswer) => void = () => {}

/** Waits with every request until it is let go, or nobody waits. */
const gate: Gate = {
  decide: ({ hold }: GateQuestion): Promise<GateAnswer> => {
    if (hold === undefined) return Promise.resolve({ allowed: true, rule: 'test' })
    return hold((waiting) => {
      waits.push(waiting)
      const { promise, resolve } = Promise.withResolvers<GateAnswer>()
      go = resolve
      waiting.signal.addEventListener('abort', () => {
        resolve({ allowed: false, code: 'gone', sentence: 'gone' })
      })
      return promise
    })
  },
}

beforeEach(async () => {
  server = await ScriptHttpServer.start()
  const servers = [{ transport: 'http', name: 'web', url: server.url } as const]
  mesh = new TestMesh({ servers, gate, limits: { recordGraceMs: 3_600_000 } })
  waits.length = 0
})
afterEach(async () => {
  await mesh.provider.stop()
  server.stop()
})

async function ask(message: JsonRpcMessage, signal: AbortSignal): Promise<[number, string]> {
  const asked = { method: 'POST', headers: {}, message } as const
  const response = await openExchange(mesh.peer('web'), asked, {
    signal,
    components: mesh.components,
  })
  const body = Buffer.concat(await Array.fromAsync(response.body)).toString()
  return [response.status, body]
}

const ECHO: JsonRpcMessage = { jsonrpc: '2.0', id: 1, method: 'test/echo', params: { a: 1 } }

test.for<[GateAnswer, string]>([
  [{ allowed: true, rule: 'test' }, '"result"'],
  [{ allowed: false, code: 'no', sentence: 'a person said no' }, 'a person said no'],
])(
  'an exchange that is held ends as the gate says: %o',
  { tags: ['MCP-66'] },
  async ([answer, text]) => {
    const answered = ask(ECHO, new AbortController().signal)
    await eventually(() => waits.length > 0)
    go(answer)
    const [status, body] = await answered
    expect([status, body]).toEqual([200, expect.stringContaining(text)])
  },
)

test('the gate hears when the caller of an exchange has gone', { tags: ['MCP-66'] }, async () => {
  const gone = new AbortController()
  const answered = ask(ECHO, gone.signal)
  await eventually(() => waits.length > 0)
  expect(waits[0]?.signal.aborted).toBe(false)
  gone.abort(new Error('gone'))
  await expect(answered).rejects.toThrow(/.+/)
  await eventually(() => waits[0]?.signal.aborted)
  expect(waits[0]?.signal.aborted).toBe(true)
})

test(
  'a server can be withdrawn while an exchange is held, which then is refused',
  { tags: ['MCP-66'] },
  async () => {
    const answered = ask(ECHO, new AbortController().signal)
    await eventually(() => waits.length > 0)
    // Bounded by an hour: that it ends shows that it has not waited.
    await mesh.provider.configure([])
    go({ allowed: true, rule: 'test' })
    await expect(answered).rejects.toMatchObject({ code: 'server-unknown' })
  },
)
