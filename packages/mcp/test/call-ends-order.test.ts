import {
  type CallEnd,
  type GateAnswer,
  type JsonRpcMessage,
  type JsonRpcRequest,
  LineReader,
  McpError,
  PROVIDER_LIMITS,
} from '@warren/mcp'
import { memoryStreamPair } from '@warren/testkit'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { Handoff } from '../src/handoff.ts'
import type { Backend, ServerMessage } from '../src/provider/backend.ts'
import { CallRecords } from '../src/provider/call-records.ts'
import { ServerSession } from '../src/provider/server-session.ts'
import { StreamRoute } from '../src/provider/stream-route.ts'
import { CALLER, memoryLogger, scriptServer } from './support/test-mesh.ts'

/** What happens to one request, in whatever order the rest of the world lets it. */
interface Plan {
  readonly decision: 'asks' | 'allows' | 'refuses'
  readonly answer: 'result' | 'error' | 'none'
  readonly aborts: boolean
  readonly taking: 'takes' | 'refuses' | 'fails'
}

const PLAN: fc.Arbitrary<Plan> = fc.record({
  decision: fc.constantFrom('asks', 'asks', 'asks', 'allows', 'refuses'),
  answer: fc.constantFrom('result', 'result', 'error', 'none'),
  aborts: fc.boolean(),
  taking: fc.constantFrom('takes', 'takes', 'refuses', 'fails'),
})
const SECRET = 'hunter2'
const REFUSAL = { allowed: false, code: 'no', sentence: 'no' } as const

/** A session whose gate, server and callers each take their turn when the scheduler says so. */
class Interleaving {
  readonly ends = new Map<number, CallEnd[]>()
  readonly heard = new Map<number, string[]>()
  /** Calls whose end the gate has taken. */
  readonly taken = new Set<number>()
  /** Calls to whose end the gate has answered, in whatever way. */
  readonly answered = new Set<number>()
  /** What came before the gate had answered. */
  readonly early: string[] = []
  readonly session: ServerSession
  readonly #scheduler: fc.Scheduler
  readonly #plans: readonly Plan[]
  readonly #said = new Handoff<ServerMessage>()
  readonly #gone = Promise.withResolvers<McpError>()

  constructor(scheduler: fc.Scheduler, plans: readonly Plan[]) {
    this.#scheduler = scheduler
    this.#plans = plans
    const limits = { ...PROVIDER_LIMITS, unsentBytesMax: 100 }
    const logger = memoryLogger()
    const patience = { after: () => () => {} }
    this.session = new ServerSession({
      definition: scriptServer(),
      components: {
        gate: { decide: ({ message }) => this.#decide(Number(message['id'])) },
        records: new CallRecords({ scheduler: patience, logger, limits }),
        clock: { wallMs: () => 0, monotonicMs: () => 0 },
        scheduler: patience,
        logger,
        limits,
        report: () => {},
        start: () => scheduler.schedule(Promise.resolve(this.#backend()), 'start'),
      },
      rest: () => Promise.resolve(),
    })
  }

  /** Sends every request, and lets the callers leave that mean to. */
  begin(): void {
    for (const [id, { aborts }] of this.#plans.entries()) {
      const [near, far] = memoryStreamPair()
      void this.#listen(id, near.bytes)
      const request: JsonRpcRequest = { jsonrpc: '2.0', id, method: 'tools/list' }
      const route = new StreamRoute(far, () => 0)
      const about = { caller: CALLER, bytes: 1, asked: request, sent: request }
      void this.session.request({ ...about, route, signal: far.signal })
      if (aborts) this.later(`abort ${id}`, () => near.abort(new Error('taken back')))
    }
  }

  later(what: string, action: () => void): void {
    void this.#scheduler.schedule(Promise.resolve(), what).then(action)
  }

  die(): void {
    this.#gone.resolve(new McpError('server-exited', 'the server has ended'))
    this.#said.close()
  }

  /** Ends the session, which waits for the gate to answer to what it has been told by then. */
  stop(): void {
    const stopped = this.session.stop(new McpError('stopped', 'the provider has stopped'))
    void this.#checkStop(stopped, [...this.ends.keys()])
  }

  async #checkStop(stopped: Promise<void>, told: readonly number[]): Promise<void> {
    await stopped
    const unanswered = told.filter((id) => !this.answered.has(id))
    if (unanswered.length > 0) this.early.push(`stop before the end of ${unanswered.join(', ')}`)
  }

  async #listen(id: number, bytes: AsyncIterable<Uint8Array>): Promise<void> {
    const lines = new LineReader(bytes)
    const heard: string[] = []
    this.heard.set(id, heard)
    try {
      for (;;) {
        const line = await lines.next(1_000)
        if (line === undefined) return
        const text = Buffer.from(line).toString()
        heard.push(text)
        if (text.includes(SECRET) && this.#asks(id) && !this.taken.has(id)) this.early.push(text)
      }
    } catch {
      // Taken back.
    }
  }

  #asks(id: number): boolean {
    return this.#plans[id]?.decision === 'asks'
  }

  #decide(id: number): Promise<GateAnswer> {
    const ended = async (end: CallEnd): Promise<{ allowed: true } | typeof REFUSAL> => {
      this.ends.set(id, [...(this.ends.get(id) ?? []), end])
      await this.#scheduler.schedule(Promise.resolve(), `end ${id}`)
      this.answered.add(id)
      const taking = this.#plans[id]?.taking
      if (taking === 'fails') throw new Error('disk full')
      if (taking === 'refuses') return REFUSAL
      this.taken.add(id)
      return { allowed: true }
    }
    const allowed = { allowed: true, rule: 'test' } as const
    const answer = this.#asks(id) ? { ...allowed, call: { ended } } : allowed
    const refuses = this.#plans[id]?.decision === 'refuses'
    return this.#scheduler.schedule(Promise.resolve(refuses ? REFUSAL : answer), `gate ${id}`)
  }

  #backend(): Backend {
    return {
      messages: this.#said,
      gone: this.#gone.promise,
      send: (message) => this.#answer(Number(message['id'])),
      cancel: () => Promise.resolve(),
      stop: () => Promise.resolve(this.die()),
    }
  }

  async #answer(id: number): Promise<void> {
    const { answer = 'none' } = this.#plans[id] ?? {}
    const error = { code: -1, message: SECRET }
    const response: JsonRpcMessage =
      answer === 'error'
        ? { jsonrpc: '2.0', id, error }
        : { jsonrpc: '2.0', id, result: { text: SECRET } }
    if (answer === 'none') return
    // Twice, as a server that is broken does.
    for (const turn of [1, 2]) {
      this.later(`answer ${id} ${turn}`, () => void this.#said.put({ message: response }))
    }
    await Promise.resolve()
  }
}

test(
  'in any order, each end is told once, and nothing leaves before',
  { tags: ['MCP-59', 'MCP-60', 'MCP-62'] },
  async () => {
    const plans = fc.array(PLAN, { minLength: 1, maxLength: 5 })
    const ending = fc.constantFrom('none', 'stop', 'die')
    await fc.assert(
      fc.asyncProperty(fc.scheduler(), plans, ending, async (scheduler, planned, how) => {
        const world = new Interleaving(scheduler, planned)
        world.begin()
        if (how === 'stop') world.later('stop', () => world.stop())
        if (how === 'die') world.later('die', () => world.die())
        await scheduler.waitIdle()
        world.stop()
        await scheduler.waitIdle()
        await new Promise((resolve) => setImmediate(resolve))
        expect(world.early).toEqual([])
        expect(world.session.inFlight).toBe(0)
        for (const [id, { decision, aborts, taking }] of planned.entries()) {
          expect(world.ends.get(id) ?? []).toHaveLength(decision === 'asks' ? 1 : 0)
          const heard = world.heard.get(id) ?? []
          if (aborts) expect(heard.length).toBeLessThanOrEqual(1)
          else expect(heard).toHaveLength(1)
          const isKept = decision === 'refuses' || (decision === 'asks' && taking !== 'takes')
          if (isKept) expect(heard.join('\n')).not.toContain(SECRET)
        }
      }),
      { numRuns: 500 },
    )
  },
)
