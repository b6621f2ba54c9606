import type { Caller, Gate, GateAnswer, GateQuestion, Waiting } from '@warren/mcp'
import { afterEach, expect, test } from 'vitest'
import { initialize } from './support/messages.ts'
import { CALLER, eventually, MemoryHost, scriptServer, TestMesh } from './support/test-mesh.ts'

const OTHER: Caller = { did: 'did:webvh:QmOther:warren.internal' }
const ALLOWED: GateAnswer = { allowed: true, rule: 'test' }
const HELD = 'test/echo'

const meshes: TestMesh[] = []
afterEach(() => Promise.all(meshes.splice(0).map(({ provider }) => provider.stop())))

/** Waits with one method until it is let go, or nobody waits. */
class HoldingGate implements Gate {
  readonly waiting: Waiting[] = []
  readonly #go = Promise.withResolvers<GateAnswer>()

  go(answer: GateAnswer = ALLOWED): void {
    this.#go.resolve(answer)
  }

  decide({ message, hold }: GateQuestion): Promise<GateAnswer> {
    if (message['method'] !== HELD || hold === undefined) return Promise.resolve(ALLOWED)
    return hold((waiting) => {
      this.waiting.push(waiting)
      const gone = Promise.withResolvers<GateAnswer>()
      waiting.signal.addEventListener('abort', () => {
        gone.resolve({ allowed: false, code: 'gone', sentence: 'gone' })
      })
      return Promise.race([this.#go.promise, gone.promise])
    })
  }
}

async function held(
  meta: object = {},
): Promise<{ gate: HoldingGate; host: MemoryHost; mesh: TestMesh; waiting: Waiting }> {
  const gate = new HoldingGate()
  const mesh = new TestMesh({
    servers: [scriptServer()],
    gate,
    limits: { recordGraceMs: 3_600_000 },
  })
  meshes.push(mesh)
  const host = await connected(mesh)
  host.say({ jsonrpc: '2.0', id: 1, method: HELD, params: { _meta: { ...meta } } })
  const [waiting] = await eventually(() => gate.waiting.length > 0 && gate.waiting)
  if (waiting === undefined) throw new Error('nothing waits')
  return { gate, host, mesh, waiting }
}

async function connected(mesh: TestMesh, caller: Caller = CALLER): Promise<MemoryHost> {
  const host = new MemoryHost()
  await mesh.session('script', host, caller)
  await initialize(host)
  return host
}

test(
  'what comes after a request that is held is answered before it',
  { tags: ['MCP-66'] },
  async () => {
    const { gate, host, waiting } = await held()
    host.say({ jsonrpc: '2.0', id: 2, method: 'test/other', params: {} })
    expect(await host.answerTo(2)).toMatchObject({ error: { code: -32601 } })
    expect(waiting.signal.aborted).toBe(false)
    gate.go()
    expect(await host.answerTo(1)).toMatchObject({ result: { params: {} } })
  },
)

test('what a gate refuses after a wait is refused', { tags: ['MCP-66'] }, async () => {
  const { gate, host } = await held()
  gate.go({ allowed: false, code: 'no', sentence: 'a person said no' })
  expect(await host.answerTo(1)).toMatchObject({ error: { message: 'a person said no' } })
})

test('the gate hears when the host takes its request back', { tags: ['MCP-66'] }, async () => {
  const { host, waiting } = await held()
  host.say({ jsonrpc: '2.0', method: 'notifications/cancelled', params: { requestId: 1 } })
  await eventually(() => waiting.signal.aborted)
  expect(waiting.signal.aborted).toBe(true)
})

test(
  'another session ends while a request is held, and the end of its own lets it go',
  { tags: ['MCP-66'] },
  async () => {
    const { mesh, waiting } = await held()
    await connected(mesh, OTHER)
    // Bounded by an hour: that it ends shows that it has not waited.
    await mesh.provider.dropCaller(OTHER.did, 'test')
    expect(waiting.signal.aborted).toBe(false)
    await mesh.provider.dropCaller(CALLER.did, 'test')
    expect(waiting.signal.aborted).toBe(true)
  },
)

test(
  'a host that asked for progress hears numbers below zero, and no other host does',
  { tags: ['MCP-66'] },
  async () => {
    const { host, waiting } = await held({ progressToken: 'token' })
    const note = (progress: number): object => ({
      jsonrpc: '2.0',
      method: 'notifications/progress',
      params: { progressToken: 'token', progress, message: 'waits' },
    })
    waiting.progress({ leftSeconds: 20, message: 'waits' })
    await eventually(() => host.heard.length > 1 && host.heard)
    waiting.progress({ leftSeconds: 10, message: 'waits' })
    await eventually(() => host.heard.length > 2 && host.heard)
    expect(host.heard.slice(1)).toEqual([note(-20), note(-10)])

    const silent = await held()
    silent.waiting.progress({ leftSeconds: 20, message: 'waits' })
    silent.gate.go()
    await silent.host.answerTo(1)
    expect(silent.host.heard.map(({ method }) => method)).not.toContain('notifications/progress')
  },
)
