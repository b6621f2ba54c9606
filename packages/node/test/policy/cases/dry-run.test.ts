import { expect, test } from 'vitest'
import {
  dryRun,
  type DryRunReport,
  type RecordedDecision,
} from '../../../src/policy/cases/dry-run.ts'
import { policyDirectory } from '../policy-directory.ts'

const DIGEST = 'A'.repeat(43)
const CALLER = 'did:webvh:QmUgWJgSdPTXQJYMyv4g4rPAyw8smRY2KdTGQEeQQHtF2x:warren.internal'
const RULES = `@id("reads") permit (principal in Warren::Role::"member", action == Warren::Action::"fs/read", resource)
when { context.fact has path && context.fact.path.dirs.contains("/srv") };
@id("nights") forbid (principal, action in Warren::Action::"call", resource)
when { context.at >= datetime("2026-07-01T20:00:00Z") };
`
const FACTS = 'fs/read: { path: { type: path, base: / } }\n'

function decision(change: Partial<RecordedDecision> = {}): RecordedDecision {
  return {
    v: 1,
    seq: 7,
    node: CALLER,
    boot: '0'.repeat(32),
    at: '2026-07-01T12:00:00.000000Z',
    monoUs: 1,
    kind: 'decision',
    call: '0'.repeat(32),
    caller: CALLER,
    roles: ['member'],
    enclave: 'main',
    server: 'fs',
    tool: 'read',
    method: 'tools/call',
    allowed: true,
    policy: DIGEST,
    args: { keep: 'all', digest: DIGEST },
    bytes: 100,
    ...change,
  }
}

async function run(recorded: RecordedDecision, path: string): Promise<DryRunReport> {
  const policies = policyDirectory({ 'a.cedar': RULES, 'facts.yaml': FACTS })
  const text = JSON.stringify({ path })
  return dryRun({ policies, decisions: [recorded], valuesOf: async () => [{ path: '', text }] })
}

test.for<[string, Partial<RecordedDecision>, string, string | undefined]>([
  ['allowed then and now', {}, '/srv/a', undefined],
  ['allowed then alone', {}, '/opt/a', 'deny'],
  ['refused then alone', { allowed: false, code: 'policy-no-rule' }, '/srv/a', 'allow'],
  ['refused then and now', { allowed: false, code: 'policy-no-rule' }, '/opt/a', undefined],
  ['allowed at a time that is closed now', { at: '2026-07-01T20:00:00.000000Z' }, '/srv/a', 'deny'],
  ['allowed a moment before', { at: '2026-07-01T19:59:59.999000Z' }, '/srv/a', undefined],
  ['allowed in a role that opens nothing now', { roles: ['guest'] }, '/srv/a', 'deny'],
])(
  'a call that was %s is told, or not',
  { tags: ['PST-16'] },
  async ([, change, path, verdict]) => {
    const { replayed, changed, skipped } = await run(decision(change), path)
    expect(replayed).toBe(1)
    expect(skipped.size).toBe(0)
    expect(changed.map(({ now }) => now.verdict)).toEqual(verdict === undefined ? [] : [verdict])
  },
)

test.for<[string, RecordedDecision]>([
  ['its arguments are not kept', decision({ args: { keep: 'hash', digest: DIGEST } })],
  ['its arguments are not kept', decision({ args: { keep: 'nothing' } })],
  [
    'its arguments held secrets, which are not kept',
    decision({ args: { keep: 'all', digest: DIGEST, secrets: 1 } }),
  ],
  ['not decided by policy', decision({ allowed: false, code: 'caller-not-admitted' })],
  ['decided by credentials', decision({ credentials: ['urn:uuid:1'] })],
])('a call is counted of which %s', { tags: ['PST-16'] }, async ([why, recorded]) => {
  const { replayed, skipped } = await run(recorded, '/srv/a')
  expect(replayed).toBe(0)
  expect([...skipped]).toEqual([[why, 1]])
})

test('a call whose arguments are erased is counted', { tags: ['PST-16'] }, async () => {
  const policies = policyDirectory({ 'a.cedar': RULES, 'facts.yaml': FACTS })
  const report = await dryRun({ policies, decisions: [decision()], valuesOf: async () => [] })
  expect([...report.skipped]).toEqual([['its arguments are erased', 1]])
})

test(
  'a call is counted where rules ask what its caller had done before',
  { tags: ['PST-16'] },
  async () => {
    const policies = policyDirectory({
      'a.cedar': `${RULES}\n@id("calm") forbid (principal, action, resource) when { context.session.calls > 5 };`,
      'facts.yaml': FACTS,
      'limits.yaml': '{}',
    })
    const valuesOf = async (): Promise<never> => expect.unreachable('nothing is asked')
    const { replayed, changed, skipped } = await dryRun({
      policies,
      decisions: [decision()],
      valuesOf,
    })
    expect([replayed, changed]).toEqual([0, []])
    expect([...skipped]).toEqual([['the rules ask what a caller has done before', 1]])
  },
)

const CALM = 'when { context.session.calls > 5 };'

test.for<[string, string, boolean]>([
  [
    'on this very tool',
    `forbid (principal, action == Warren::Action::"fs/read", resource) ${CALM}`,
    true,
  ],
  ['on all calls', `forbid (principal, action in Warren::Action::"call", resource) ${CALM}`, true],
  [
    'on the role of the caller',
    `forbid (principal in Warren::Role::"member", action, resource) ${CALM}`,
    true,
  ],
  [
    'on another tool',
    `forbid (principal, action == Warren::Action::"fs/write", resource) ${CALM}`,
    false,
  ],
  [
    'on another role',
    `forbid (principal in Warren::Role::"guest", action, resource) ${CALM}`,
    false,
  ],
  ['on lists', `forbid (principal, action == Warren::Action::"list", resource) ${CALM}`, false],
  ['only in a comment', '// context.session.calls', false],
  [
    'only in its obligation',
    '@id("x") @obligation("kill-session") forbid (principal in Warren::Role::"guest", action, resource);',
    false,
  ],
])(
  'where the past is asked for by a rule %s, a call that no such rule is for is asked about',
  { tags: ['POL-33', 'PST-16'] },
  async ([, rule, isSkipped]) => {
    const policies = policyDirectory({
      'a.cedar': RULES,
      'b.cedar': rule,
      'facts.yaml': `${FACTS}fs/write: { path: { type: path, base: / } }\n`,
      'limits.yaml': '{}',
    })
    const valuesOf = async () => [{ path: '', text: '{"path":"/opt/a"}' }]
    const report = await dryRun({ policies, decisions: [decision()], valuesOf })
    expect([report.replayed, report.changed.length]).toEqual(isSkipped ? [0, 0] : [1, 1])
    const why = 'the rules ask what a caller has done before'
    expect([...report.skipped]).toEqual(isSkipped ? [[why, 1]] : [])
  },
)

test('a directory without rules is no candidate', { tags: ['CLI-42'] }, async () => {
  const policies = policyDirectory({ 'facts.yaml': FACTS })
  const asked = dryRun({ policies, decisions: [decision()], valuesOf: async () => [] })
  await expect(asked).rejects.toMatchObject({ code: 'policy-rules-missing' })
})
