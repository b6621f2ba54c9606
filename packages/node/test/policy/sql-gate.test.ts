import type { JsonObject } from '@warren/core'
import type { GateAnswer, GateQuestion, JsonRpcMessage } from '@warren/mcp'
import { createPolicyEngine, FactDeclarations, FactLayer } from '@warren/policy'
import { SQLITE_ATTEMPTS, SQLITE_HONEST, SQLITE_SCHEMA } from '@warren/testkit'
import { afterAll, expect, test } from 'vitest'
import { definedTools } from '../../src/policy/defined-tools.ts'
import { describeExplanation } from '../../src/policy/describe-explanation.ts'
import { nodeFactPorts } from '../../src/policy/fact-ports.ts'
import { openSqliteCompiler } from '../../src/policy/sqlite-compiler.ts'
import { PolicyGate } from '../../src/policy-gate.ts'
import { TestDesk } from '../approval/test-desk.ts'
import { TestBehaviour } from '../behaviour/test-behaviour.ts'

const RULE = `@id("ten") permit (principal, action == Warren::Action::"db/query", resource)
when { context.fact has sql && context.fact.sql.kind == "select" && !context.fact.sql.unsafe
  && context.fact.sql has limit && context.fact.sql.limit <= 10
  && ["main.orders", "main.items"].containsAll(context.fact.sql.tables)
  && ["count", "sum", "avg", "min", "max", "lower", "upper"].containsAll(context.fact.sql.functions) };`

function gateOf(options: JsonObject = {}): PolicyGate {
  const sql = { type: 'sql', dialect: 'sqlite', schema: 'shop.sql', ...options }
  const declarations = FactDeclarations.read({ 'db/query': { sql } })
  const tools = definedTools([], declarations)
  const compiler = openSqliteCompiler({ name: 'shop.sql', text: SQLITE_SCHEMA })
  return new PolicyGate(
    {
      engine: createPolicyEngine({ policies: [{ name: 'ten.cedar', text: RULE }], tools }),
      layer: new FactLayer(declarations, nodeFactPorts(new Map([['shop.sql', compiler]]))),
      limits: undefined,
      digest: 'ten',
    },
    {
      clock: { wallMs: () => 0, monotonicMs: () => 0 },
      report: () => {},
      approvals: new TestDesk().desk,
      behaviour: new TestBehaviour(undefined, { atEnd: afterAll }).desk,
      audit: { decided: ({ answer }) => Promise.resolve(answer) },
      self: 'did:webvh:self',
      standingOf: () => ({ status: 'member', membership: { roles: [], enclave: '', gen: 1 } }),
      freshnessFor: () => ({ state: 'fresh', why: 'age' }),
    },
  )
}

function question(sql: string): GateQuestion {
  const params = { name: 'query', arguments: { sql, more: [1] } }
  const message: JsonRpcMessage = { jsonrpc: '2.0', id: 1, method: 'tools/call', params }
  return { caller: { did: 'did:webvh:QmA' }, server: 'db', message, bytes: 0 }
}

const gate = gateOf()
const rewriting = gateOf({ onNoLimit: { rewrite: 10 } })

test('the gate refuses every attempt, with a code', { tags: ['POL-27', 'FSQ-1'] }, async () => {
  for (const [sql, outcome] of SQLITE_ATTEMPTS) {
    const code = outcome.startsWith('fact-') ? outcome : 'policy-no-rule'
    expect(await gate.decide(question(sql)), sql).toMatchObject({ allowed: false, code })
  }
})

test('the gate lets every honest statement on as it came', { tags: ['FSQ-14'] }, async () => {
  for (const sql of SQLITE_HONEST) {
    expect(await gate.decide(question(sql)), sql).toEqual({ allowed: true, rule: 'ten' })
  }
})

test(
  'with a declared limit only what lacks one passes besides, and with that limit alone',
  { tags: ['FSQ-14'] },
  async () => {
    for (const sql of SQLITE_HONEST) {
      expect(await rewriting.decide(question(sql)), sql).toEqual({ allowed: true, rule: 'ten' })
    }
    const rewritten = []
    for (const [sql, outcome] of SQLITE_ATTEMPTS) {
      const answer: GateAnswer = await rewriting.decide(question(sql))
      if (outcome !== 'no limit') expect(answer.allowed, sql).toBe(false)
      else {
        rewritten.push(sql)
        const bounded = `SELECT * FROM (\n${sql}\n) AS _bounded LIMIT 10`
        const given = { sql: bounded, more: [1] }
        expect(answer, sql).toEqual({ allowed: true, rule: 'ten', arguments: given })
      }
    }
    expect(rewritten.length).toBeGreaterThan(4)
  },
)

test.for([
  ['SELECT * FROM orders', 10],
  ['SELECT * FROM orders LIMIT 11', 10],
  ['SELECT id FROM orders UNION SELECT id FROM items;', 10],
] as const)('of %s the operator is offered %i rows', { tags: ['FSQ-15'] }, async ([sql, rows]) => {
  const described = describeExplanation(await gate.explain(question(sql)))
  const bounded = `SELECT * FROM (\n${sql.replace(';', '')}\n) AS _bounded LIMIT ${rows}`
  expect(described).toMatchObject({
    allowed: false,
    code: 'policy-no-rule',
    facts: { sql: { kind: 'select', ok: true } },
    passing: { sql: bounded, more: [1] },
  })
  expect(await gate.decide(question(bounded))).toMatchObject({ allowed: true })
  const answer = await gate.decide(question(sql))
  expect(JSON.stringify(answer)).not.toContain('LIMIT')
})

test.for<[string, string]>([
  ['what is allowed', 'SELECT * FROM orders LIMIT 10'],
  ['another table', 'SELECT * FROM secrets'],
  ['many rows in one', 'SELECT group_concat(name) FROM items'],
  ['a text without facts', 'DELETE FROM orders'],
])('of %s nothing is offered', { tags: ['FSQ-15'] }, async ([, sql]) => {
  expect(describeExplanation(await gate.explain(question(sql)))).toMatchObject({ passing: null })
})
