import type { Decision, PolicyRequest } from '@warren/policy'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { BELOW_DATA, callOf, engineOf, READ_FILE } from './tool-calls.ts'

const TOOLS = { tools: [READ_FILE] }

/** Rules that can always be evaluated. */
function ruleOf(effect: 'permit' | 'forbid'): fc.Arbitrary<string> {
  const head = fc.constantFrom(
    'principal, action, resource',
    'principal in Warren::Role::"operator", action, resource',
    'principal, action in Warren::Action::"call", resource',
    'principal, action == Warren::Action::"fs/read_file", resource',
    'principal, action, resource in Warren::Server::"db"',
  )
  const condition = fc.constantFrom(
    '',
    'when { principal.enclave == "plant-a" }',
    'when { context has input && context.input has path && context.input.path == "x" }',
    'when { context has fact && context.fact has path && context.fact.path.dirs.contains("/data") }',
    'unless { context.at < datetime("2026-11-01") }',
  )
  return fc.tuple(head, condition).map(([who, when]) => `${effect} (${who}) ${when};`)
}

const permits = fc.array(ruleOf('permit'), { maxLength: 5 })
const forbids = fc.array(ruleOf('forbid'), { maxLength: 3 })
const request = fc.record({
  roles: fc.subarray(['operator', 'viewer']),
  enclave: fc.constantFrom('plant-a', 'plant-b'),
  path: fc.constantFrom('x', 'y'),
  tool: fc.constantFrom('read_file', 'write_file', undefined),
  server: fc.constantFrom('fs', 'db'),
})

interface Random {
  readonly roles: readonly string[]
  readonly enclave: string
  readonly path: string
  readonly tool: string | undefined
  readonly server: string
}

function requestOf({ roles, enclave, path, tool, server }: Random): PolicyRequest {
  const caller = { did: 'did:x', roles, enclave }
  const facts = server === 'fs' && tool === 'read_file' ? { path: BELOW_DATA } : undefined
  return callOf({ caller, tool, server, input: { path }, facts })
}

function decideBy(rules: readonly string[], question: PolicyRequest): Decision {
  const engine = engineOf([rules.join('\n')], TOOLS)
  const decision = engine.decide(question)
  engine.retire()
  return decision
}

test('a forbid that applies refuses, whatever is permitted', { tags: ['POL-2'] }, () => {
  fc.assert(
    fc.property(permits, forbids, request, (allowing, denying, random) => {
      const question = requestOf(random)
      const alone = decideBy(denying, question)
      const both = decideBy([...allowing, ...denying], question)
      if (!alone.allowed && alone.reason === 'denied')
        expect(both).toMatchObject({ reason: 'denied' })
      else expect(both.allowed).toBe(decideBy(allowing, question).allowed)
    }),
    { numRuns: 25 },
  )
})

test('another permit takes nothing away', { tags: ['POL-23'] }, () => {
  fc.assert(
    fc.property(fc.tuple(permits, forbids, ruleOf('permit')), request, (texts, random) => {
      const [allowing, denying, more] = texts
      const question = requestOf(random)
      const before = decideBy([...allowing, ...denying], question).allowed
      const after = decideBy([more, ...allowing, ...denying], question).allowed
      expect(after || !before).toBe(true)
    }),
    { numRuns: 25 },
  )
})

test('another forbid, or one permit less, opens nothing', { tags: ['POL-23'] }, () => {
  fc.assert(
    fc.property(fc.tuple(permits, forbids, ruleOf('forbid')), request, (texts, random) => {
      const [allowing, denying, more] = texts
      const question = requestOf(random)
      const before = decideBy([...allowing, ...denying], question).allowed
      const forbidden = decideBy([...allowing, ...denying, more], question).allowed
      const fewer = decideBy([...allowing.slice(1), ...denying], question).allowed
      expect(before || !forbidden).toBe(true)
      expect(before || !fewer).toBe(true)
    }),
    { numRuns: 25 },
  )
})

test.for(['permit', 'forbid'])(
  'a %s that cannot be evaluated refuses the calls that its head matches',
  { tags: ['POL-3'] },
  (effect) => {
    const broken = `@id("broken") ${effect} (principal, action == Warren::Action::"fs/read_file", resource)
      when { context.input has head && 9223372036854775807 + context.input.head == 1 };`
    const engine = engineOf(['permit (principal, action, resource);', broken], TOOLS)
    const call = (head: number): PolicyRequest =>
      callOf({ input: { path: 'x', head }, facts: { path: BELOW_DATA } })
    expect(engine.decide(call(1))).toMatchObject({ reason: 'engine-failure', rule: 'broken' })
    expect(engine.decide(call(0)).allowed).toBe(true)
    expect(engine.decide(callOf({ tool: 'write_file' })).allowed).toBe(true)
  },
)

test('no request makes a decision or an explanation throw', { tags: ['POL-22'] }, () => {
  const engine = engineOf(
    [
      'permit (principal, action == Warren::Action::"fs/read_file", resource) when { context.input.path == "x" && context.fact.path.ok };',
    ],
    { ...TOOLS, supplies: ['session', 'tool', 'credentials'] },
  )
  const odd = fc.anything({
    withBigInt: true,
    withDate: true,
    withMap: true,
    withNullPrototype: true,
  })
  const changes = fc.dictionary(
    fc.constantFrom(
      'caller',
      'action',
      'server',
      'tool',
      'atMs',
      'input',
      'facts',
      'session',
      'toolState',
      'credentials',
    ),
    odd,
    { maxKeys: 4 },
  )
  fc.assert(
    fc.property(changes, (changed) => {
      const question = { ...callOf({ input: { path: 'x' } }), ...changed }
      expect(engine.decide(question as PolicyRequest).allowed).toBe(false)
      expect(engine.explain(question as PolicyRequest).decision.allowed).toBe(false)
    }),
    { numRuns: 300 },
  )
  const hostiles: readonly unknown[] = [
    null,
    undefined,
    1,
    new Proxy(
      {},
      {
        get: () => {
          throw new Error('no')
        },
      },
    ),
  ]
  for (const hostile of hostiles) {
    expect(engine.decide(hostile as PolicyRequest)).toMatchObject({
      reason: 'engine-failure',
    })
    expect(engine.explain(hostile as PolicyRequest).decision.allowed).toBe(false)
  }
})
