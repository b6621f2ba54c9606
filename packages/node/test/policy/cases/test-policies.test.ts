import { join } from 'node:path'
import { expect, test } from 'vitest'
import { readCaseFile } from '../../../src/policy/cases/read-case-file.ts'
import { type PolicyTestReport, testPolicies } from '../../../src/policy/cases/test-policies.ts'
import { policyDirectory } from '../policy-directory.ts'

const RULES = `@id("read") permit (principal in Warren::Role::"member", action == Warren::Action::"fs/read", resource)
when { context.fact has path && context.fact.path.dirs.contains("/srv/data") };
@id("no-nights") forbid (principal, action in Warren::Action::"call", resource)
when { context.at >= datetime("2026-07-01T20:00:00Z") };
`
const FACTS = 'fs/read: { path: { type: path, base: /srv } }\n'

function ask(name: string, more: string): string {
  return `  - { name: ${name}, caller: { roles: [member] }, server: fs, tool: read, ${more} }\n`
}

const INSIDE = ask('inside', 'args: { path: /srv/data/a }, expect: allow, rule: read')
const OUTSIDE = ask(
  'outside',
  'args: { path: /srv/data-evil/a }, expect: deny, code: policy-no-rule',
)
const NIGHT = ask(
  'night',
  'args: { path: /srv/data/a }, at: 2026-07-01T20:00:00Z, expect: deny, rule: no-nights, code: policy-denied',
)

async function run(cases: string, mutate = false, rules = RULES): Promise<PolicyTestReport> {
  const policies = policyDirectory({
    'a.cedar': rules,
    'facts.yaml': FACTS,
    'a.cases.yaml': `cases:\n${cases}`,
  })
  return testPolicies({ policies, files: [], mutate })
}

test('a case is decided by facts and rules as at the gate', { tags: ['PST-1'] }, async () => {
  const { outcomes, uncovered } = await run(INSIDE + OUTSIDE + NIGHT)
  expect(outcomes.map(({ passed }) => passed)).toEqual([true, true, true])
  expect(outcomes[0]).toMatchObject({ verdict: 'allow', rules: ['read'] })
  expect(outcomes[1]).toMatchObject({ verdict: 'deny', rules: [], code: 'policy-no-rule' })
  expect(outcomes[2]).toMatchObject({ verdict: 'deny', rules: ['no-nights'] })
  expect(uncovered).toEqual([])
})

test.for<[string, string]>([
  ['another verdict', 'args: { path: /srv/data/a }, expect: deny'],
  ['another rule', 'args: { path: /srv/data/a }, expect: allow, rule: write'],
  ['another code', 'args: { path: /srv/a }, expect: deny, code: policy-denied'],
  [
    'a fact that cannot be told',
    'args: { path: "/srv/$HOME" }, expect: deny, code: policy-no-rule',
  ],
])('a case that expects %s fails', { tags: ['PST-1'] }, async ([, more]) => {
  const { outcomes } = await run(ask('wrong', more))
  expect(outcomes.map(({ passed }) => passed)).toEqual([false])
})

test(
  'a call that waits for a person is neither allowed nor refused',
  { tags: ['PST-1'] },
  async () => {
    const rules = RULES.replace('@id("read")', '@id("read") @obligation("approve")')
    const wait = ask('wait', 'args: { path: /srv/data/a }, expect: approve, rule: read')
    const { outcomes } = await run(wait + INSIDE, false, rules)
    expect(outcomes.map(({ passed }) => passed)).toEqual([true, false])
  },
)

test('the code of a fact is what a caller would get', { tags: ['PST-1'] }, async () => {
  const { outcomes } = await run(ask('home', 'args: { path: "/srv/$HOME" }, expect: deny'))
  expect(outcomes[0]?.code).toMatch(/^fact-/)
  // Of somebody whom no permit of the tool is for, no argument is read.
  const guest = ask('home', 'args: { path: "/srv/$HOME" }, expect: deny').replace('member', 'guest')
  expect((await run(guest)).outcomes[0]?.code).toBe('policy-no-rule')
})

test('a rule without a case for it and one against it is named', { tags: ['PST-2'] }, async () => {
  const lacking = async (cases: string): Promise<unknown> =>
    (await run(cases)).uncovered.map(({ id, lacks }) => [id, ...lacks])
  expect(await lacking(INSIDE)).toEqual([
    ['read', 'negative'],
    ['no-nights', 'positive', 'negative'],
  ])
  expect(await lacking(INSIDE + OUTSIDE)).toEqual([['no-nights', 'positive', 'negative']])
  expect(await lacking(OUTSIDE + NIGHT)).toEqual([
    ['read', 'positive', 'negative'],
    ['no-nights', 'negative'],
  ])
  // A case that fails shows nothing.
  expect(await lacking(INSIDE.replace('allow', 'deny') + OUTSIDE)).toEqual([
    ['read', 'positive', 'negative'],
    ['no-nights', 'positive', 'negative'],
  ])
})

test('a change that no case notices is named', { tags: ['PST-2'] }, async () => {
  const whole = await run(INSIDE + OUTSIDE + NIGHT, true)
  expect(whole.mutation).toEqual({ noticed: 4, survivors: [], untried: [] })
  const part = await run(OUTSIDE, true)
  expect(part.mutation).toEqual({
    noticed: 2,
    survivors: [
      { rule: 'read', change: 'dropped' },
      { rule: 'no-nights', change: 'dropped' },
    ],
    untried: [],
  })
})

test(
  'rules without an id are tried too, though their numbers change',
  { tags: ['PST-2'] },
  async () => {
    const rules = RULES.replaceAll(/@id\("[a-z-]+"\)/g, '')
    const named = INSIDE.replace('rule: read', 'rule: "a.cedar:policy0"')
    const { outcomes, mutation } = await run(named + OUTSIDE, true, rules)
    expect(outcomes.map(({ passed }) => passed)).toEqual([true, true])
    expect(mutation?.survivors).toEqual([{ rule: 'a.cedar:policy1', change: 'dropped' }])
  },
)

test.for<[string, string, number]>([
  [
    'a misspelt member',
    'cases:\n  - name: a\n    serfer: fs\n    server: fs\n    expect: deny\n',
    3,
  ],
  ['no expectation', 'cases:\n\n  - name: a\n    server: fs\n', 3],
  [
    'a tool that is listed',
    'cases:\n  - { name: a, server: fs, action: list, tool: x, expect: deny }\n',
    2,
  ],
  ['an alias', 'cases: &x []\nmore: *x\n', 2],
  ['a list alone', '- a\n', 1],
  [
    'a number below 0',
    'cases:\n  - name: a\n    server: fs\n    expect: deny\n    session: { calls: -1 }\n',
    5,
  ],
])('a file of cases with %s is refused at its line', { tags: ['PST-1'] }, ([, text, line]) => {
  expect(() => readCaseFile({ name: 'a.cases.yaml', text })).toThrow(
    expect.objectContaining({
      code: 'policy-malformed',
      message: expect.stringMatching(`^a\\.cases\\.yaml:${line}: `),
    }),
  )
})

test('a file has 512 cases and no more', { tags: ['PST-1'] }, () => {
  const file = (count: number): string =>
    `cases:\n${'  - { name: a, server: fs, expect: deny }\n'.repeat(count)}`
  expect(readCaseFile({ name: 'a.cases.yaml', text: file(512) })).toHaveLength(512)
  expect(() => readCaseFile({ name: 'a.cases.yaml', text: file(513) })).toThrow(
    expect.objectContaining({ code: 'policy-malformed' }),
  )
})

test('no case is a failure, and a file of cases is read as one', { tags: ['CLI-42'] }, async () => {
  await expect(run('  []\n')).rejects.toMatchObject({ code: 'policy-cases-missing' })
  const policies = policyDirectory({ 'a.cedar': RULES, 'facts.yaml': FACTS })
  const other = join(policyDirectory({ 'b.yaml': `cases:\n${INSIDE}` }), 'b.yaml')
  const init = { policies, mutate: false }
  await expect(testPolicies({ ...init, files: [] })).rejects.toMatchObject({
    code: 'policy-cases-missing',
  })
  expect((await testPolicies({ ...init, files: [other] })).outcomes).toMatchObject([
    { passed: true, asked: { file: 'b.yaml' } },
  ])
  await expect(testPolicies({ ...init, files: [`${other}x`] })).rejects.toMatchObject({
    code: 'file-missing',
  })
  await expect(testPolicies({ ...init, files: [policies] })).rejects.toMatchObject({
    code: 'file-not-regular',
  })
})
