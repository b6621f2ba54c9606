// A rule may ask about other tools, servers and actions than those of the request: it sees them as if all were there.

import type { Entities } from '@cedar-policy/cedar-wasm/nodejs'
import type { Decision, PolicyRequest } from '@warren/policy'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { ActionSchemas } from '../src/action-schemas.ts'
import { CedarPolicyEngine } from '../src/cedar-policy-engine.ts'
import { cedarQuestion, cedarScope } from '../src/cedar-request.ts'
import { CedarSchema, CedarSet, type CedarVerdict } from '../src/cedar-set.ts'
import { writeContext } from '../src/context/write-context.ts'
import { readRules, type Rule } from '../src/policy-source.ts'
import { lookedInto } from '../src/slicing/looked-into.ts'
import { Vocabulary } from '../src/vocabulary/vocabulary.ts'
import { BELOW_DATA, callOf, engineOf, loadErrorOf, QUERY, READ_FILE } from './tool-calls.ts'

const TOOLS = [READ_FILE, { ...QUERY, facts: {} }]
const VOCABULARY = new Vocabulary(TOOLS, [])
const SERVERS = ['fs', 'db', 'other']
const TOOL_IDS = ['fs/read_file', 'fs/write_file', 'db/query', 'db/none', 'other/a/b']
const ALLOWED = { allowed: true, rule: 'rule' }
const NO_RULE = { allowed: false, reason: 'no-rule' }

const READ = callOf({ input: { path: 'x' }, facts: { path: BELOW_DATA } })
const REQUESTS: readonly PolicyRequest[] = [
  READ,
  callOf({ server: 'db', tool: 'query', input: { sql: '' } }),
  callOf({ tool: 'write_file' }),
  callOf({ server: 'other', tool: 'a/b' }),
  callOf({ tool: undefined }),
  callOf({ action: 'list', server: 'db', tool: undefined }),
  callOf({ action: 'read', server: 'other', tool: undefined }),
]

function ruleOf(condition: string, effect = 'permit'): string {
  return `@id("rule") ${effect} (principal, action, resource) when { ${condition} };`
}

function rulesOf(texts: readonly string[]): readonly Rule[] {
  return readRules({ name: 'rules.cedar', text: texts.join('\n') })
}

/** Every tool and server there is, and the caller. */
function everything({ caller }: PolicyRequest): Entities {
  const { did, enclave, roles } = caller
  return [
    {
      uid: { type: 'Warren::Caller', id: did },
      attrs: { did, enclave },
      parents: roles.map((id) => ({ type: 'Warren::Role', id })),
    },
    ...SERVERS.map((id) => ({
      uid: { type: 'Warren::Server', id },
      attrs: { name: id },
      parents: [],
    })),
    ...TOOL_IDS.map((id) => ({
      uid: { type: 'Warren::Tool', id },
      attrs: { name: id.slice(id.indexOf('/') + 1) },
      parents: [{ type: 'Warren::Server', id: id.slice(0, id.indexOf('/')) }],
    })),
  ]
}

/** What the engine says of requests that is given all rules, the whole schema, everything said and everything there is. */
function wholeVerdicts(
  rules: readonly Rule[],
  requests: readonly PolicyRequest[],
): readonly CedarVerdict[] {
  const set = new CedarSet(new Map(rules.map(({ id, text }) => [id, text])))
  const schema = new CedarSchema(VOCABULARY.schema())
  const schemas = new ActionSchemas(VOCABULARY, rules)
  const verdicts = requests.map((request) => {
    const plan = { ...schemas.planFor(request), reads: 'all' } as const
    const context = writeContext(request, plan)
    const question = cedarQuestion(request, cedarScope(request, plan.action), context)
    return set.ask({ ...question, entities: everything(request) }, schema)
  })
  for (const prepared of [set, schema, schemas]) prepared.retire()
  return verdicts
}

/** A decision in the engine's own words. */
function verdictOf(decision: Decision): CedarVerdict {
  const { allowed, rules } = decision
  const named = rules.toSorted()
  const hasFailed = !allowed && decision.reason === 'engine-failure'
  return hasFailed
    ? { type: 'answer', allowed, reasons: [], errors: named }
    : { type: 'answer', allowed, reasons: named, errors: [] }
}

/** What a decision has to be: where a rule errs nothing else counts. */
function expected(verdict: CedarVerdict): CedarVerdict {
  if (verdict.type === 'failure') return verdict
  const errors = verdict.errors.toSorted()
  return errors.length > 0
    ? { type: 'answer', allowed: false, reasons: [], errors }
    : { ...verdict, reasons: verdict.reasons.toSorted() }
}

const actionName = fc
  .constantFrom('fs/read_file', 'db/query', 'list', 'read')
  .map((id) => `Warren::Action::"${id}"`)
const toolName = fc.constantFrom(...TOOL_IDS, 'none').map((id) => `Warren::Tool::"${id}"`)
const serverName = fc.constantFrom(...SERVERS).map((id) => `Warren::Server::"${id}"`)
const callerName = fc
  .constantFrom(READ.caller.did, 'did:b')
  .map((did) => `Warren::Caller::"${did}"`)
const group = fc.constantFrom('Warren::Action::"call"', 'Warren::Action::"db/query"')

/** An entity of one kind: as it stands, or the one that a condition picks. */
function picked(names: fc.Arbitrary<string>, variable: string): fc.Arbitrary<string> {
  const one = fc.oneof(
    { weight: 4, arbitrary: names },
    { weight: 1, arbitrary: fc.constant(variable) },
  )
  return fc.oneof(
    { weight: 4, arbitrary: one },
    {
      weight: 1,
      arbitrary: fc
        .tuple(one, one)
        .map(([yes, no]) => `(if principal.enclave == "plant-a" then ${yes} else ${no})`),
    },
    { weight: 1, arbitrary: one.map((value) => `{a: ${value}}.a`) },
  )
}

const actions = picked(actionName, 'action')
const things = fc.oneof(picked(toolName, 'resource'), picked(serverName, 'resource'))
const { truth } = fc.letrec<{ truth: string }>((tie) => ({
  truth: fc.oneof(
    { maxDepth: 3, depthSize: 'small' },
    fc.tuple(actions, group).map(([left, right]) => `${left} in ${right}`),
    fc
      .tuple(actions, group, actionName)
      .map(([left, one, other]) => `${left} in [${one}, ${other}]`),
    actions.map((action) => `${action} is Warren::Action`),
    fc.tuple(actions, actionName).map(([left, right]) => `${left} == ${right}`),
    fc.tuple(things, serverName).map(([left, right]) => `${left} in ${right}`),
    fc
      .tuple(things, serverName, toolName)
      .map(([left, one, other]) => `${left} in [${one}, ${other}]`),
    things.map((thing) => `${thing} is Warren::Tool`),
    fc.tuple(things, serverName).map(([thing, server]) => `${thing} is Warren::Tool in ${server}`),
    things.map((thing) => `${thing} has name`),
    fc
      .tuple(things, fc.constantFrom('query', 'fs'))
      .map(([thing, name]) => `${thing}.name == "${name}"`),
    fc.tuple(toolName, toolName).map(([one, other]) => `[${one}, ${other}].contains(resource)`),
    callerName.map((caller) => `principal == ${caller}`),
    callerName.map((caller) => `[${caller}].contains(principal)`),
    fc.constantFrom(
      'principal in Warren::Role::"operator"',
      'Warren::Role::"operator" in Warren::Role::"viewer"',
      'principal is Warren::Caller in Warren::Role::"viewer"',
      'context has input && context.input has path',
    ),
    tie('truth').map((operand) => `!(${operand})`),
    fc
      .tuple(tie('truth'), fc.constantFrom('&&', '||'), tie('truth'))
      .map(([left, operator, right]) => `(${left}) ${operator} (${right})`),
  ),
}))
const head = fc.constantFrom(
  'principal, action, resource',
  'principal in Warren::Role::"operator", action, resource',
  'principal, action in Warren::Action::"call", resource',
  'principal, action == Warren::Action::"fs/read_file", resource',
  'principal, action in [Warren::Action::"list", Warren::Action::"db/query"], resource',
  'principal, action, resource in Warren::Server::"db"',
  'principal, action, resource is Warren::Tool',
)
const rule = fc
  .tuple(fc.constantFrom('permit', 'forbid'), head, fc.constantFrom('when', 'unless'), truth)
  .map(([effect, who, kind, condition]) => `${effect} (${who}) ${kind} { ${condition} };`)

const PERMIT = 'permit (principal, action, resource);'
/** Rules that come to each kind of decision, so that none depends on what is generated. */
const ONE_OF_EACH: readonly string[][] = [
  [PERMIT],
  [PERMIT, 'forbid (principal, action, resource);'],
  [PERMIT, 'forbid (principal, action, resource) when { Warren::Tool::"none".name == "fs" };'],
  ['permit (principal, action, resource) unless { principal == principal };'],
]

test(
  'a decision is that of all rules on everything there is, whatever their conditions name',
  { tags: ['POL-42', 'POL-21'] },
  () => {
    const seen = new Set<string>()
    fc.assert(
      fc.property(fc.array(rule, { minLength: 1, maxLength: 5 }), (texts) => {
        const rules = rulesOf(texts)
        const engine = new CedarPolicyEngine(rules, VOCABULARY)
        const decisions = REQUESTS.map((request) => engine.decide(request))
        engine.retire()
        expect(decisions.map(verdictOf)).toEqual(wholeVerdicts(rules, REQUESTS).map(expected))
        for (const decision of decisions) {
          seen.add(decision.allowed ? 'allowed' : decision.reason)
        }
      }),
      { numRuns: 60, examples: ONE_OF_EACH.map((texts) => [texts]) },
    )
    expect([...seen].toSorted()).toEqual(['allowed', 'denied', 'engine-failure', 'no-rule'])
  },
)

test.for<[condition: string, decision: object]>([
  ['Warren::Action::"db/query" in Warren::Action::"call"', ALLOWED],
  ['Warren::Action::"db/query" in Warren::Action::"db/query"', ALLOWED],
  ['!(Warren::Action::"list" in [Warren::Action::"call", Warren::Action::"db/query"])', ALLOWED],
  ['Warren::Tool::"db/query" in Warren::Server::"db"', ALLOWED],
  ['Warren::Tool::"db/query" in Warren::Server::"fs"', NO_RULE],
  ['Warren::Tool::"db/query" is Warren::Tool in Warren::Server::"db"', ALLOWED],
  ['Warren::Tool::"db/query" has name', ALLOWED],
  ['Warren::Tool::"other/a/b".name == "a/b"', ALLOWED],
  ['Warren::Server::"db".name == "db"', ALLOWED],
  ['Warren::Tool::"fs/read_file".name == "read_file"', ALLOWED],
  // No request can be about a tool without a server.
  ['Warren::Tool::"query" has name', NO_RULE],
])(
  'of any request %s is as true as of one about it',
  { tags: ['POL-42'] },
  ([condition, decision]) => {
    const engine = engineOf([ruleOf(condition)], { tools: TOOLS })
    for (const request of REQUESTS) expect(engine.decide(request)).toMatchObject(decision)
  },
)

test('a forbid on what stands elsewhere refuses', { tags: ['POL-42', 'POL-2'] }, () => {
  const engine = engineOf(
    [
      'permit (principal, action, resource);',
      ruleOf('Warren::Action::"db/query" in Warren::Action::"call"', 'forbid'),
    ],
    { tools: TOOLS },
  )
  expect(engine.decide(READ)).toMatchObject({ reason: 'denied', rule: 'rule' })
})

test.for<[condition: string, ...ids: string[]]>([
  ['Warren::Action::"db/query" in Warren::Action::"call"', 'db/query'],
  ['Warren::Tool::"db/query" in [Warren::Server::"db"]', 'db/query'],
  [
    '(if true then Warren::Tool::"a/b" else Warren::Tool::"c/d") in Warren::Server::"a"',
    'a/b',
    'c/d',
  ],
  ['{a: Warren::Server::"db"}.a.name == "db"', 'db'],
  ['Warren::Server::"db" has name && Warren::Server::"db".name == "db"', 'db'],
  ['resource == Warren::Tool::"db/query"'],
  ['(if true then Warren::Tool::"a/b" else resource) != Warren::Tool::"c/d"'],
  ['[Warren::Tool::"db/query"].contains(resource)'],
  ['resource in [Warren::Server::"db", Warren::Server::"fs"]'],
  ['resource is Warren::Tool in Warren::Server::"db"'],
])(
  'the engine is given of %s what it looks into, and no more',
  { tags: ['POL-42'] },
  ([condition, ...ids]) => {
    const policies = rulesOf([ruleOf(condition)]).map(({ json }) => json)
    expect(lookedInto(policies).map(({ id }) => id)).toEqual(ids)
  },
)

describe('another caller than the one that asks', () => {
  test.for([
    'Warren::Caller::"did:a" in Warren::Role::"operator"',
    'Warren::Caller::"did:a".enclave == "plant-a"',
    'Warren::Caller::"did:a" has enclave',
    'Warren::Caller::"did:a" is Warren::Caller in Warren::Role::"operator"',
    '(if true then Warren::Caller::"did:a" else principal) in Warren::Role::"operator"',
    '{a: Warren::Caller::"did:a"}.a in Warren::Role::"operator"',
  ])('is not looked into: %s fails the load', { tags: ['POL-43'] }, (condition) => {
    expect(loadErrorOf(['// first', `\n${ruleOf(condition)}`])).toMatchObject({
      code: 'policy-invalid',
      place: { file: '1.cedar', line: 2 },
      message: expect.stringMatching(/^1\.cedar:2: rule: .*"did:a".* write: principal == /),
    })
  })

  test.for([
    'principal == Warren::Caller::"did:a" && principal in Warren::Role::"operator"',
    '[Warren::Caller::"did:a"].contains(principal)',
    'principal in Warren::Caller::"did:a"',
    'principal in [Warren::Caller::"did:a", Warren::Caller::"did:b"]',
    '(if principal.enclave == "a" then Warren::Caller::"did:a" else Warren::Caller::"did:b") == principal',
  ])('is compared with it: %s', { tags: ['POL-43'] }, (condition) => {
    const engine = engineOf([ruleOf(condition)])
    const caller = { did: 'did:a', roles: ['operator'], enclave: 'a' }
    const list = callOf({ action: 'list', tool: undefined })
    expect(engine.decide({ ...list, caller })).toMatchObject(ALLOWED)
    expect(engine.decide(list)).toMatchObject(NO_RULE)
  })
})

test.for([
  { count: 256, code: undefined },
  { count: 257, code: 'policy-too-large' },
])('$count names that are looked into: $code', { tags: ['POL-42'] }, ({ count, code }) => {
  const texts = Array.from(
    { length: count },
    (_, index) =>
      `permit (principal, action, resource) when { Warren::Tool::"db/t${index}" in Warren::Server::"db" };`,
  )
  expect(loadErrorOf([texts.join('\n')])).toEqual(
    code === undefined ? undefined : expect.objectContaining({ code }),
  )
})
