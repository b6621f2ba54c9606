import { readdirSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { testPolicies } from '../../../src/policy/cases/test-policies.ts'
import type { TemplateWish } from '../../../src/policy/template/policy-template.ts'
import { writeTemplate } from '../../../src/policy/template/write-template.ts'
import { policyDirectory, putPolicy } from '../policy-directory.ts'

const AGENT = 'did:webvh:QmUgWJgSdPTXQJYMyv4g4rPAyw8smRY2KdTGQEeQQHtF2x:warren.internal'
const OTHER = AGENT.replace('QmUg', 'QmVg')

function wish(change: Partial<TemplateWish> = {}): TemplateWish {
  return {
    template: 'read-only-files',
    server: 'files',
    tools: ['read_file'],
    role: 'member',
    directories: ['/etc'],
    tables: ['orders'],
    limit: 10,
    ...change,
  }
}

/** Whether each case comes out as it says. */
async function outcomes(policies: string, cases: string): Promise<readonly boolean[]> {
  putPolicy(policies, 'a.cases.yaml', `cases:\n${cases}`)
  const report = await testPolicies({ policies, files: [], mutate: false })
  return report.outcomes.map(({ passed }) => passed)
}

test('files below a directory are read, and nothing else', { tags: ['PST-15'] }, async () => {
  const policies = policyDirectory({})
  const written = await writeTemplate(policies, wish())
  expect(written).toEqual({
    rules: join(policies, 'files-read-only-files.cedar'),
    facts: join(policies, 'facts.yaml'),
  })
  expect(statSync(written.rules).mode & 0o777).toBe(0o600)
  const ask = (path: string, more: string, role = 'member'): string =>
    `  - { name: a, caller: { roles: [${role}] }, server: files, tool: read_file, args: { path: ${path} }, ${more} }\n`
  const cases = [
    ask('/etc/nothing-here', 'expect: allow, rule: files-read'),
    ask('/etc', 'expect: allow'),
    ask('/opt/nothing-here', 'expect: deny, code: policy-no-rule'),
    ask('/etc-evil', 'expect: deny, code: policy-no-rule'),
    ask('/etc/nothing-here', 'expect: deny, code: policy-no-rule', 'guest'),
    '  - { name: a, caller: { roles: [member] }, server: files, tool: write_file, expect: deny }\n',
    '  - { name: a, caller: { roles: [member] }, server: files, action: list, expect: allow }\n',
  ]
  expect(await outcomes(policies, cases.join(''))).toEqual(cases.map(() => true))
})

test('rows of some tables are asked for, and nothing else', { tags: ['PST-15'] }, async () => {
  const policies = policyDirectory({})
  await writeTemplate(policies, wish({ template: 'read-only-sql', server: 'db', tools: ['query'] }))
  const ask = (sql: string, more: string): string =>
    `  - { name: a, caller: { roles: [member] }, server: db, tool: query, args: { sql: ${JSON.stringify(sql)} }, ${more} }\n`
  const cases = [
    ask('SELECT a FROM orders LIMIT 10', 'expect: allow, rule: db-select'),
    ask('SELECT a FROM orders', 'expect: allow'),
    ask('SELECT a FROM orders LIMIT 11', 'expect: deny'),
    ask('SELECT a FROM orders JOIN people ON true LIMIT 1', 'expect: deny'),
    ask('SELECT a FROM evil.orders LIMIT 1', 'expect: deny'),
    ask('DELETE FROM orders', 'expect: deny'),
    ask('SELECT json_agg(o) FROM orders o LIMIT 1', 'expect: deny'),
  ]
  expect(await outcomes(policies, cases.join(''))).toEqual(cases.map(() => true))
})

test('one agent has one tool, whatever its roles open', { tags: ['PST-15'] }, async () => {
  const policies = policyDirectory({
    'open.cedar': '@id("open") permit (principal in Warren::Role::"member", action, resource);',
  })
  const written = await writeTemplate(
    policies,
    wish({ template: 'one-agent-one-tool', agent: AGENT }),
  )
  expect(written.facts).toBeUndefined()
  const ask = (did: string, tool: string, more: string): string =>
    `  - { name: a, caller: { did: "${did}", roles: [member] }, server: files, tool: ${tool}, ${more} }\n`
  const cases = [
    ask(AGENT, 'read_file', 'expect: allow, rule: files-agent-call'),
    ask(AGENT, 'write_file', 'expect: deny, rule: files-agent-only'),
    ask(OTHER, 'write_file', 'expect: allow, rule: open'),
  ]
  expect(await outcomes(policies, cases.join(''))).toEqual(cases.map(() => true))
})

test('nothing that is there is replaced, and declarations stay', { tags: ['PST-15'] }, async () => {
  const before = '# mine\nfiles/copy: { from: { type: path, base: /srv } }\n'
  const policies = policyDirectory({ 'facts.yaml': before })
  await writeTemplate(policies, wish())
  expect(readFileSync(join(policies, 'facts.yaml'), 'utf8')).toMatch(before)
  const names = readdirSync(policies)
  for (const again of [wish(), wish({ template: 'read-only-sql', tools: ['copy'] })]) {
    await expect(writeTemplate(policies, again)).rejects.toMatchObject({ code: 'policy-exists' })
  }
  expect(readdirSync(policies)).toEqual(names)
})

test('beside policies with a fault nothing is written', { tags: ['PST-15'] }, async () => {
  const policies = policyDirectory({ 'broken.cedar': 'permit (' })
  await expect(writeTemplate(policies, wish())).rejects.toMatchObject({ code: 'policy-malformed' })
  expect(readdirSync(policies)).toEqual(['broken.cedar'])
})

test.for<[string, Partial<TemplateWish>]>([
  ['a server that ends the text', { server: 'a"); permit (' }],
  ['a tool that ends the text', { tools: ['a"]; permit (principal, action, resource);//'] }],
  ['no tool', { tools: [] }],
  ['33 tools', { tools: Array.from({ length: 33 }, (_, index) => `t${index}`) }],
  ['a directory with a quote', { directories: ['/a"b'] }],
  ['a relative directory', { directories: ['data'] }],
  ['a table with a quote', { template: 'read-only-sql', tables: ['a"'] }],
  ['a limit of 0', { template: 'read-only-sql', limit: 0 }],
  ['a limit of 100,001', { template: 'read-only-sql', limit: 100_001 }],
  ['an agent without a DID', { template: 'one-agent-one-tool', agent: 'anna' }],
  ['an agent with two tools', { template: 'one-agent-one-tool', agent: AGENT, tools: ['a', 'b'] }],
])('%s is refused, and nothing is written', { tags: ['PST-15'] }, async ([, change]) => {
  const policies = policyDirectory({})
  await expect(writeTemplate(policies, wish(change))).rejects.toMatchObject({
    code: 'policy-template-invalid',
  })
  expect(readdirSync(policies)).toEqual([])
})
