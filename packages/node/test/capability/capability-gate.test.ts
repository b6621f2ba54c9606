import { verifyChain } from '@warren/capability'
import type { JsonRpcMessage } from '@warren/mcp'
import { createPolicyEngine, FactDeclarations, FactLayer } from '@warren/policy'
import { expect, test } from 'vitest'
import type { JudgedMessage } from '../../src/audit/call-audit.ts'
import { coveringCapabilities } from '../../src/capability/covering-capabilities.ts'
import { PresentedChains } from '../../src/capability/presented-chains.ts'
import { nodeFactPorts } from '../../src/policy/fact-ports.ts'
import { PolicyGate } from '../../src/policy-gate.ts'
import { TestDesk } from '../approval/test-desk.ts'
import { TestBehaviour } from '../behaviour/test-behaviour.ts'
import { agent, broker, delegated, issue, knowledge, NOW_MS, owner } from './builders.ts'

const OPEN =
  '@id("by-capability") permit (principal, action, resource in Warren::Server::"fs") when { context.credentials.contains("capability:self") };'
const CLOSED =
  '@id("closed") forbid (principal, action in Warren::Action::"call", resource == Warren::Tool::"fs/read_file");'

function gated(...policies: readonly string[]) {
  const presented = new PresentedChains({
    knowledge: () => knowledge(),
    onFallen: () => {},
    onUnchecked: () => {},
  })
  const chain = delegated()
  presented.add(agent.did, verifyChain(chain, knowledge()))
  const judged: JudgedMessage[] = []
  const layer = new FactLayer(FactDeclarations.read({}), nodeFactPorts())
  const engine = createPolicyEngine({
    policies: policies.map((text, at) => ({ name: `${at}.cedar`, text })),
    supplies: ['credentials'],
  })
  const gate = new PolicyGate(
    { engine, layer, limits: undefined, digest: 'digest' },
    {
      clock: { wallMs: () => NOW_MS, monotonicMs: () => 0 },
      report: () => {},
      audit: {
        decided: (each) => {
          judged.push(each)
          return Promise.resolve(each.answer)
        },
      },
      approvals: new TestDesk().desk,
      behaviour: new TestBehaviour().desk,
      capabilities: coveringCapabilities(presented),
      standingOf: () => ({ status: 'member', membership: { roles: [], enclave: 'main', gen: 1 } }),
      freshnessFor: () => ({ state: 'fresh', why: 'age' }),
      self: owner.did,
    },
  )
  const decide = (method: string, params: object = {}, did: string = agent.did) => {
    const message: JsonRpcMessage = { jsonrpc: '2.0', id: 1, method, params: { ...params } }
    return gate.decide({ caller: { did }, server: 'fs', message, bytes: 0 })
  }
  const call = (args?: object, did?: string, name = 'read_file') =>
    decide('tools/call', { name, ...(args === undefined ? {} : { arguments: args }) }, did)
  return { decide, call, judged, presented, ids: chain.links.map(({ id }) => id) }
}

test(
  'a rule that names capabilities opens what one covers, and nothing else to anybody',
  { tags: ['CAP-10'] },
  async () => {
    const { call, decide } = gated(OPEN)
    expect(await call({ path: 'a' })).toMatchObject({ allowed: true, rule: 'by-capability' })
    // The argument is not required, and may be absent.
    expect(await call({})).toMatchObject({ allowed: true })
    expect(await call()).toMatchObject({ allowed: true })
    expect(await decide('tools/list')).toMatchObject({ allowed: true })
    const refused = { allowed: false, code: 'policy-no-rule' }
    expect(await call({ path: 'b' })).toMatchObject(refused)
    expect(await call({ path: 'a', more: 1 })).toMatchObject(refused)
    expect(await call({ path: 'a' }, agent.did, 'write_file')).toMatchObject(refused)
    expect(await call({ path: 'a' }, broker.did)).toMatchObject(refused)
    expect(await decide('resources/read', { uri: 'x' })).toMatchObject(refused)
    expect(await decide('x/new')).toMatchObject(refused)
  },
)

test(
  'a capability opens nothing without a permit, and beats no forbid',
  { tags: ['CAP-10'] },
  async () => {
    expect(await gated().call({ path: 'a' })).toMatchObject({ code: 'policy-no-rule' })
    expect(await gated(OPEN, CLOSED).call({ path: 'a' })).toMatchObject({ code: 'policy-denied' })
  },
)

test('a rule may name one link, by its id', { tags: ['CAP-10'] }, async () => {
  const { call, presented } = gated(OPEN)
  const named = issue(owner, agent, { id: 'urn:uuid:11111111-1111-4111-8111-111111111111' })
  presented.add(agent.did, verifyChain(named, knowledge()))
  expect(await call({ path: 'a' })).toMatchObject({ allowed: true })
  const forbid = `@id("not-that") forbid (principal, action, resource) when { context.credentials.contains("${named.last.id}") };`
  const closed = gated(OPEN, forbid)
  expect(await closed.call({ path: 'a' })).toMatchObject({ allowed: true })
  closed.presented.add(agent.did, verifyChain(named, knowledge()))
  expect(await closed.call({ path: 'a' })).toMatchObject({ code: 'policy-denied' })
})

test(
  'what is written of a decision names every link that covered the call, and none otherwise',
  { tags: ['CAP-11'] },
  async () => {
    const { call, judged, ids } = gated(OPEN, CLOSED.replace('fs/read_file', 'fs/other'))
    await call({ path: 'a' })
    await call({ path: 'b' })
    await call({ path: 'a' }, broker.did)
    expect(judged.map(({ credentials }) => credentials)).toEqual([ids, [], []])
  },
)
