import type { GateAnswer } from '@warren/mcp'
import { createPolicyEngine, FactDeclarations, FactLayer } from '@warren/policy'
import { expect, test } from 'vitest'
import type { JudgedMessage } from '../../src/audit/call-audit.ts'
import { pastOf, readLimitFile } from '../../src/behaviour/read-limit-file.ts'
import { nodeFactPorts } from '../../src/policy/fact-ports.ts'
import { PolicyGate } from '../../src/policy-gate.ts'
import { TestDesk } from '../approval/test-desk.ts'
import { TestBehaviour } from './test-behaviour.ts'

const ADA = 'did:webvh:ada'
const OPEN = '@id("open") permit (principal, action, resource);'

class Gated {
  readonly behaviour = new TestBehaviour()
  readonly judged: JudgedMessage[] = []
  readonly members = new Set([ADA, 'did:webvh:bob'])
  fails = false
  readonly gate: PolicyGate

  constructor(limitText: string, ...texts: readonly string[]) {
    const limits = readLimitFile({ name: 'limits.yaml', text: limitText })
    const engine = createPolicyEngine({
      policies: texts.map((text, index) => ({ name: `${index}.cedar`, text })),
      supplies: ['session'],
      past: pastOf(limits),
      obligations: ['kill-session', 'quarantine-caller', 'tell-admin'],
    })
    const layer = new FactLayer(FactDeclarations.read({}), nodeFactPorts())
    this.gate = new PolicyGate(
      { engine, layer, limits, digest: 'set' },
      {
        clock: this.behaviour.time,
        report: () => {},
        approvals: new TestDesk().desk,
        behaviour: this.behaviour.desk,
        audit: { decided: (judged) => this.#decided(judged) },
        self: 'did:webvh:self',
        standingOf: (did) =>
          this.members.has(did)
            ? { status: 'member', membership: { roles: ['member'], enclave: 'main', gen: 1 } }
            : { status: 'revoked' },
        freshnessFor: () => ({ state: 'fresh', why: 'age' }),
      },
    )
  }

  call(tool: string, did = ADA): Promise<GateAnswer> {
    const params = { name: tool, arguments: {} }
    const message = { jsonrpc: '2.0', id: 1, method: 'tools/call', params } as const
    return this.gate.decide({ caller: { did }, server: 'fs', message, bytes: 10 })
  }

  #decided(judged: JudgedMessage): Promise<GateAnswer> {
    if (this.fails) throw new Error('the log is gone')
    this.judged.push(judged)
    return Promise.resolve(judged.answer)
  }
}

test(
  'a limit refuses in the words of its owner, and stands in the audit log as the rule',
  { tags: ['BEH-1'] },
  async () => {
    const gated = new Gated('limits: { calm: { count: calls, max: 1, within: 1m } }', OPEN)
    expect(await gated.call('read')).toMatchObject({ allowed: true, rule: 'open' })
    expect(await gated.call('read')).toEqual({
      allowed: false,
      code: 'budget-calls',
      sentence: 'refused by limit "calm": at most 1 calls in 1m',
    })
    expect(gated.judged.at(-1)).toMatchObject({ rule: 'calm', answer: { code: 'budget-calls' } })
    expect(await gated.call('read', 'did:webvh:bob')).toMatchObject({ allowed: true })
  },
)

test(
  'whoever is no member hears of no limit, and has no count',
  { tags: ['BEH-2', 'THR-46'] },
  async () => {
    const gated = new Gated('limits: { none: { count: calls, max: 0, within: 1m } }', OPEN)
    expect(await gated.call('read', 'did:webvh:eve')).toMatchObject({ code: 'caller-not-admitted' })
    expect(gated.behaviour.stored()).toEqual([])
  },
)

test(
  'rules see what a caller has done before, and what was refused to it',
  { tags: ['BEH-9'] },
  async () => {
    const gated = new Gated(
      'facts: { wasRead: { formerly: { tool: secret, state: running }, within: 1h }, no: { count: { state: refused }, within: 1h } }',
      OPEN,
      `@id("no-mail") forbid (principal, action in Warren::Action::"call", resource == Warren::Tool::"fs/mail") when { context.session.wasRead };
     @id("stop") forbid (principal, action in Warren::Action::"call", resource) when { context.session.no >= 2 };`,
    )
    expect(await gated.call('mail')).toMatchObject({ allowed: true })
    expect(await gated.call('secret')).toMatchObject({ allowed: true })
    expect(await gated.call('mail')).toMatchObject({ allowed: false, code: 'policy-denied' })
    expect(await gated.call('read')).toMatchObject({ allowed: true })
    expect(await gated.call('mail')).toMatchObject({ allowed: false })
    expect(gated.judged.at(-1)).toMatchObject({ rule: 'no-mail' })
    expect(await gated.call('read')).toMatchObject({ allowed: false })
    expect(gated.judged.at(-1)).toMatchObject({ rule: 'stop' })
  },
)

test.for([
  ['kill-session', [[ADA, 'fs']], []],
  ['quarantine-caller', [[ADA, undefined]], [ADA]],
  ['tell-admin', [], []],
] as const)(
  'an obligation is carried out: %s',
  { tags: ['BEH-10', 'BEH-11', 'BEH-12'] },
  async ([name, ended, kept]) => {
    const gated = new Gated(
      '{}',
      OPEN,
      `@id("trap") @obligation("${name}") forbid (principal, action, resource == Warren::Tool::"fs/trap");`,
    )
    expect(await gated.call('read')).toMatchObject({ allowed: true })
    expect(await gated.call('trap')).toMatchObject({ allowed: false, code: 'policy-denied' })
    gated.behaviour.time.pass(20)
    expect(gated.behaviour.ended).toEqual(ended)
    expect(gated.behaviour.desk.keptOut().map(({ caller }) => caller)).toEqual(kept)
    expect(gated.behaviour.alerts).toHaveLength(1)
  },
)

test('a call on which the node failed to decide is open no more', { tags: ['BEH-7'] }, async () => {
  const gated = new Gated('limits: { one: { count: concurrent, max: 1 } }', OPEN)
  gated.fails = true
  await expect(gated.call('read')).rejects.toThrow('the log is gone')
  gated.fails = false
  expect(await gated.call('read')).toMatchObject({ allowed: true })
  expect(await gated.call('read')).toMatchObject({ code: 'budget-concurrent' })
})

test('a caller that is kept out while it waits goes no further', { tags: ['BEH-11'] }, async () => {
  const gated = new Gated('{}', OPEN)
  const waiting = gated.call('read')
  const message = { jsonrpc: '2.0', id: 2, method: 'ping' } as const
  const question = { caller: { did: ADA }, server: 'fs', message, bytes: 1 }
  gated.behaviour.desk.act(question, 'quarantine-caller', 'rule "trap"')
  expect(await waiting).toMatchObject({ allowed: false, code: 'caller-kept-out' })
})
