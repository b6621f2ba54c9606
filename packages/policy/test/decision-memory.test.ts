import { createPolicyEngine, type PolicyEngine, type PolicyRequest } from '@warren/policy'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { type Decision, engineFailure } from '../src/decision.ts'
import { DecisionMemory } from '../src/decision-memory.ts'
import { contextReads, isReading } from '../src/context/context-reads.ts'
import { readRules } from '../src/policy-source.ts'

const NOON = Date.UTC(2026, 10, 22, 12)
const BY_ROLE =
  '@id("by-role") permit (principal in Warren::Role::"operator", action, resource in Warren::Server::"fs");'
const UNTIL_NOON =
  '@id("until-noon") permit (principal, action, resource) when { context.at < datetime("2026-11-22T12:00:00Z") };'

function engine(text: string): PolicyEngine {
  return createPolicyEngine({ policies: [{ name: 'rules.cedar', text }] })
}

function request(changes: Partial<PolicyRequest> = {}): PolicyRequest {
  return {
    caller: { did: 'did:webvh:QmA:warren.internal', roles: ['operator'], enclave: 'plant-a' },
    action: 'call',
    server: 'fs',
    tool: 'read_file',
    atMs: NOON,
    ...changes,
  }
}

/** A memory of those rules, and how often it had to ask. */
function counted(text: string, decision: Decision): { ask(r: PolicyRequest): number } {
  const rules = readRules({ name: 'rules.cedar', text }).map(({ json }) => json)
  const readsContext = isReading(contextReads(rules))
  const memory = new DecisionMemory()
  let asked = 0
  return {
    ask: (question) => {
      memory.recall(question, readsContext, () => {
        asked += 1
        return decision
      })
      return asked
    },
  }
}

const ALLOWED: Decision = {
  allowed: true,
  rule: 'by-role',
  rules: ['by-role'],
  obligations: [],
}

test(
  'the same question is asked of the engine once, at whatever time',
  { tags: ['POL-13'] },
  () => {
    const memory = counted(BY_ROLE, ALLOWED)
    expect(memory.ask(request())).toBe(1)
    expect(memory.ask(request({ atMs: NOON + 1 }))).toBe(1)
  },
)

test('a rule that reads the context is asked every time', { tags: ['POL-13'] }, () => {
  const memory = counted(`${BY_ROLE}\n${UNTIL_NOON}`, ALLOWED)
  expect(memory.ask(request())).toBe(1)
  expect(memory.ask(request())).toBe(2)

  const timed = engine(UNTIL_NOON)
  expect(timed.decide(request({ atMs: NOON - 1 })).allowed).toBe(true)
  expect(timed.decide(request({ atMs: NOON })).allowed).toBe(false)
  expect(timed.decide(request({ atMs: NOON - 1 })).allowed).toBe(true)
})

test('a context that is passed on as a whole counts as read', { tags: ['POL-13'] }, () => {
  const memory = counted(`permit (principal, action, resource) when { context has at };`, ALLOWED)
  expect(memory.ask(request())).toBe(1)
  expect(memory.ask(request())).toBe(2)
})

test('the word in a string of a rule is not the context', { tags: ['POL-13'] }, () => {
  const text = String.raw`permit (principal, action, resource) when { principal.did == "\"Var\":\"context\"" };`
  const memory = counted(text, ALLOWED)
  expect(memory.ask(request())).toBe(1)
  expect(memory.ask(request())).toBe(1)
})

const CALLER = request().caller

test.for([
  { what: 'caller', changes: { caller: { ...CALLER, did: 'did:webvh:QmB:warren.internal' } } },
  { what: 'roles', changes: { caller: { ...CALLER, roles: [] } } },
  {
    what: 'roles told apart by a comma',
    changes: { caller: { ...CALLER, roles: ['operator,x'] } },
  },
  { what: 'enclave', changes: { caller: { ...CALLER, enclave: 'plant-b' } } },
  { what: 'action', changes: { action: 'read' as const, tool: undefined } },
  { what: 'server', changes: { server: 'fs2' } },
  { what: 'tool', changes: { tool: 'write_file' } },
  { what: 'tool, which is absent', changes: { tool: undefined } },
])('another $what is another question', { tags: ['POL-13'] }, ({ changes }) => {
  const memory = counted(BY_ROLE, ALLOWED)
  expect(memory.ask(request())).toBe(1)
  expect(memory.ask(request(changes))).toBe(2)
})

test('a failure of the engine is not remembered, a refusal is', { tags: ['POL-13'] }, () => {
  const failing = counted(BY_ROLE, engineFailure([]))
  expect(failing.ask(request())).toBe(1)
  expect(failing.ask(request())).toBe(2)

  const refusing = counted(BY_ROLE, {
    allowed: false,
    reason: 'no-rule',
    rules: [],
    obligations: [],
    sentence: '',
  })
  expect(refusing.ask(request())).toBe(1)
  expect(refusing.ask(request())).toBe(1)
})

test('1,024 decisions are kept and the oldest goes first', { tags: ['POL-13'] }, () => {
  const memory = counted(BY_ROLE, ALLOWED)
  for (let index = 0; index < 1_024; index += 1) memory.ask(request({ tool: `tool-${index}` }))
  expect(memory.ask(request({ tool: 'tool-0' }))).toBe(1_024)
  expect(memory.ask(request({ tool: 'one more' }))).toBe(1_025)
  expect(memory.ask(request({ tool: 'tool-1' }))).toBe(1_025)
  expect(memory.ask(request({ tool: 'tool-0' }))).toBe(1_026)
})

test('a long question is decided and not kept', { tags: ['POL-13'] }, () => {
  const memory = counted(BY_ROLE, ALLOWED)
  const rest = JSON.stringify([CALLER.did, CALLER.roles, CALLER.enclave, 'call', 'fs', '']).length
  const longest = request({ tool: 'x'.repeat(1_024 - rest) })
  const longer = request({ tool: 'x'.repeat(1_025 - rest) })
  expect(memory.ask(longest)).toBe(1)
  expect(memory.ask(longest)).toBe(1)
  expect(memory.ask(longer)).toBe(2)
  expect(memory.ask(longer)).toBe(3)
})

test('an engine that has answered before says what a new one says', { tags: ['POL-13'] }, () => {
  const used = engine(BY_ROLE)
  const questions = fc.record({
    did: fc.constantFrom('did:webvh:QmA:warren.internal', 'did:webvh:QmB:warren.internal'),
    roles: fc.subarray(['operator', 'viewer']),
    server: fc.constantFrom('fs', 'db'),
    tool: fc.constantFrom('read_file', 'write_file', undefined),
  })
  fc.assert(
    fc.property(questions, ({ did, roles, server, tool }) => {
      const question = request({ caller: { did, roles, enclave: '' }, server, tool })
      expect(used.decide(question)).toEqual(engine(BY_ROLE).decide(question))
    }),
    { numRuns: 60 },
  )
})
