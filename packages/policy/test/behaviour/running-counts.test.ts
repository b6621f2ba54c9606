import {
  type AskedCall,
  type BehaviourRules,
  CallerBehaviour,
  type CallLimit,
  type CallPattern,
  type CallState,
  MEASURE_NAMES,
  type PastFact,
  type SeenCall,
} from '@warren/policy'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { PlainBehaviour } from './plain-behaviour.ts'

const STATES: readonly CallState[] = ['asked', 'running', 'refused', 'answered', 'error', 'failed']
const WINDOWS_MS = [1000, 2000, 5000, 12_000]
const CALLERS = ['did:webvh:ada', 'did:webvh:bob']

const server = fc.constantFrom('fs', 'db')
const tool = fc.constantFrom('a', 'b', 'c')
const withinMs = fc.constantFrom(...WINDOWS_MS)
const state = fc.constantFrom(...STATES)
const pattern: fc.Arbitrary<CallPattern> = fc.record({ server, tool, state }, { requiredKeys: [] })

/** A limit below which nothing is, so that every answer says how much is reached. */
const limit: fc.Arbitrary<Omit<CallLimit, 'id'>> = fc.record(
  {
    server,
    tool,
    count: fc.constantFrom(...MEASURE_NAMES),
    max: fc.constant(-1),
    withinMs,
    actions: fc.constant(['refuse' as const]),
  },
  { requiredKeys: ['count', 'max', 'withinMs', 'actions'] },
)
const fact: fc.Arbitrary<PastFact> = fc.oneof(
  fc.record({
    ask: fc.constantFrom('formerly', 'previous', 'count'),
    of: pattern,
    withinMs,
  }),
  fc.record({ ask: fc.constant('since'), of: pattern, unless: pattern, withinMs }),
  fc.record({
    ask: fc.constant('sum'),
    what: fc.constantFrom('bytesIn', 'bytesOut'),
    of: pattern,
    withinMs,
  }),
)
const rules: fc.Arbitrary<BehaviourRules> = fc
  .record({
    limits: fc.array(limit, { maxLength: 10, size: 'max' }),
    facts: fc.array(fact, { maxLength: 10, size: 'max' }),
    sessionWithinMs: withinMs,
  })
  .map(({ limits, facts, sessionWithinMs }) => ({
    limits: limits.map((each, index) => ({ ...each, id: `limit-${index}` })),
    facts: new Map(facts.map((each, index) => [`fact${index}`, each])),
    sessionWithinMs,
    quarantineMs: 1000,
  }))

/** Steps that bring calls to either side of the end of a window, and exactly onto it. */
const afterMs = fc.oneof(
  { weight: 6, arbitrary: fc.constantFrom(0, 1, 50) },
  { weight: 2, arbitrary: fc.constantFrom(999, 1000, 1001) },
  { weight: 1, arbitrary: fc.constantFrom(4000, 5000, 12_000, 11_999) },
)
const event = fc.oneof(
  {
    weight: 8,
    arbitrary: fc.record({
      do: fc.constant('ask' as const),
      caller: fc.constantFrom(...CALLERS),
      call: fc.record({
        server,
        tool,
        digest: fc.constantFrom('one', 'other'),
        bytesIn: fc.nat(1000),
      }),
      afterMs,
      /** Which of the calls before is left out. */
      except: fc.nat(),
    }),
  },
  {
    weight: 8,
    arbitrary: fc.record({
      do: fc.constant('note' as const),
      which: fc.nat(),
      news: fc.record({ state, bytesOut: fc.nat(1000) }),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      do: fc.constantFrom('configure', 'forget', 'restart'),
      which: fc.nat(),
    }),
  },
)
type Event = typeof event extends fc.Arbitrary<infer E> ? E : never

/** Both ways to count, told of the same things. */
class Comparison {
  readonly running: unknown[] = []
  readonly plain: unknown[] = []
  readonly #sets: readonly BehaviourRules[]
  readonly #calls: { readonly caller: string; call: SeenCall }[] = []
  #rules: BehaviourRules
  #running: CallerBehaviour
  #plain: PlainBehaviour
  #nowMs = 0

  constructor(sets: readonly BehaviourRules[]) {
    const [first] = sets
    this.#sets = sets
    this.#rules = first!
    this.#running = new CallerBehaviour(first!)
    this.#plain = new PlainBehaviour(first!)
  }

  tell(told: Event): void {
    if (told.do === 'ask') this.#ask(told)
    else if (told.do === 'note') this.#note(told.which, told.news)
    else if (told.do === 'configure') this.#configure(told.which)
    else if (told.do === 'forget') this.#both((each) => each.forget(this.#nowMs))
    else this.#restart(told.which)
    this.#answerOf((each) => each.size)
  }

  #ask({ caller, call, except, ...told }: Event & { readonly do: 'ask' }): void {
    this.#nowMs += told.afterMs
    const at = { caller, nowMs: this.#nowMs }
    this.#answerOf((each) => each.breaches(at, call, []))
    this.#answerOf((each) => each.facts(at, call))
    const counted = this.#answerOf((each) => each.count(at, call))
    this.#calls.push({ caller, call: counted! })
    this.#answerOf((each) => each.facts(at, call, counted!.id))
    const own = this.#calls.filter((each) => each.caller === caller)
    const left: AskedCall & { id: number } = own[except % own.length]!.call
    this.#answerOf((each) => each.facts(at, call, left.id))
    this.#answerOf((each) => each.facts(at, left, left.id))
  }

  #note(which: number, news: { readonly state: CallState; readonly bytesOut: number }): void {
    const noted = this.#calls[which % this.#calls.length]
    if (noted === undefined) return
    noted.call = { ...noted.call, ...news }
    this.#answerOf((each) => each.note(noted.caller, noted.call.id, news))
  }

  #configure(which: number): void {
    this.#rules = this.#sets[which % this.#sets.length]!
    this.#both((each) => each.configure(this.#rules))
  }

  /** Of some calls the time is read wrongly, by a clock that was set back. */
  #restart(wrong: number): void {
    this.#running = new CallerBehaviour(this.#rules)
    this.#plain = new PlainBehaviour(this.#rules)
    for (const { caller, call } of this.#calls) {
      const atMs = call.id % 7 === wrong % 7 ? call.atMs - 1500 : call.atMs
      this.#both((each) => each.restore(caller, { ...call, atMs }))
    }
  }

  #answerOf<T>(ask: (behaviour: CallerBehaviour | PlainBehaviour) => T): T {
    const answer = ask(this.#running)
    this.running.push(answer)
    this.plain.push(ask(this.#plain))
    return answer
  }

  #both(tell: (behaviour: CallerBehaviour | PlainBehaviour) => void): void {
    tell(this.#running)
    tell(this.#plain)
  }
}

test(
  'running counts answer what counting anew does: of several callers, over late ends, other limits and restarts, on every edge of a window',
  { tags: ['BEH-9', 'BEH-14'], timeout: 120_000 },
  () => {
    const sets = fc.array(rules, { minLength: 1, maxLength: 3 })
    fc.assert(
      fc.property(sets, fc.array(event, { maxLength: 200, size: 'max' }), (some, events) => {
        const comparison = new Comparison(some)
        for (const told of events) comparison.tell(told)
        expect(comparison.running).toEqual(comparison.plain)
      }),
      { numRuns: 150 },
    )
  },
)
