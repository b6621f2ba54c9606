import type { JsonRpcMessage } from '@warren/mcp'
import type { FreshnessState } from '@warren/membership'
import { createPolicyEngine, FactDeclarations, FactLayer } from '@warren/policy'
import { expect, test } from 'vitest'
import type { NodeEvent } from '../src/node-event.ts'
import { nodeFactPorts } from '../src/policy/fact-ports.ts'
import { TestBehaviour } from './behaviour/test-behaviour.ts'
import type { Standing } from '../src/policy/entrance.ts'
import { type GatePolicies, PolicyGate } from '../src/policy-gate.ts'
import { TestDesk } from './approval/test-desk.ts'

const CALLER = { did: 'did:webvh:QmA:warren.internal' }
const OPERATOR: Standing = { roles: ['operator'], enclave: 'plant', gen: 1 }
const OPEN =
  '@id("open") permit (principal in Warren::Role::"operator", action, resource in Warren::Server::"fs");'
const LIST_ONLY =
  '@id("list") permit (principal, action == Warren::Action::"list", resource in Warren::Server::"fs");'
const READ_FILE =
  '@id("read") permit (principal, action in Warren::Action::"call", resource == Warren::Tool::"fs/read_file");'

function policySet(...texts: readonly string[]): GatePolicies {
  const engine = createPolicyEngine({
    policies: texts.map((text, index) => ({ name: `${index}.cedar`, text })),
  })
  const layer = new FactLayer(FactDeclarations.read({}), nodeFactPorts())
  return { engine, layer, limits: undefined, digest: String(texts.length) }
}

function request(method: string, params: object = {}): JsonRpcMessage {
  return { jsonrpc: '2.0', id: 1, method, params: { ...params } }
}

function callOf(name: string): JsonRpcMessage {
  return request('tools/call', { name, arguments: {} })
}

interface Gated {
  readonly gate: PolicyGate
  readonly events: readonly NodeEvent[]
  readonly standings: Map<string, Standing>
  readonly freshness: { state: FreshnessState }
  readonly decide: (message: JsonRpcMessage, server?: string) => ReturnType<PolicyGate['decide']>
}

function gated(...policies: readonly string[]): Gated {
  const events: NodeEvent[] = []
  const standings = new Map([[CALLER.did, OPERATOR]])
  const freshness: { state: FreshnessState } = { state: 'fresh' }
  const gate = new PolicyGate(policySet(...policies), {
    clock: { wallMs: () => 0, monotonicMs: () => 0 },
    report: (event) => events.push(event),
    approvals: new TestDesk().desk,
    behaviour: new TestBehaviour().desk,
    audit: { decided: ({ answer }) => Promise.resolve(answer) },
    standingOf: (did, { state }) => {
      const membership = standings.get(did)
      const standing =
        membership === undefined
          ? ({ status: 'unknown' } as const)
          : ({ status: 'member', membership } as const)
      return state === 'stop' ? { status: 'stale', standing } : standing
    },
    freshnessFor: () => ({ state: freshness.state, why: 'age' }),
    self: 'did:webvh:self',
  })
  return {
    gate,
    events,
    standings,
    freshness,
    decide: (message, server = 'fs') => gate.decide({ caller: CALLER, server, message, bytes: 0 }),
  }
}

test.for<[string, readonly string[], JsonRpcMessage, object]>([
  ['what a rule opens', [OPEN], callOf('read_file'), { allowed: true, rule: 'open' }],
  ['a call without any rule', [], callOf('read_file'), { allowed: false, code: 'policy-no-rule' }],
  ['a list where only calls are open', [READ_FILE], request('tools/list'), { allowed: false }],
  ['a call where only lists are open', [LIST_ONLY], callOf('read_file'), { allowed: false }],
  ['a list where lists are open', [LIST_ONLY], request('tools/list'), { allowed: true }],
  ['another tool', [READ_FILE], callOf('write_file'), { allowed: false }],
  ['the open tool', [READ_FILE], callOf('read_file'), { allowed: true, rule: 'read' }],
  ['an unknown method where lists are open', [LIST_ONLY], request('x/new'), { allowed: false }],
  ['an unknown method where all is open', [OPEN], request('x/new'), { allowed: true }],
  ['a call that names no tool', [OPEN], request('tools/call'), { code: 'call-malformed' }],
  [
    'a call that names a tool by a list',
    [OPEN],
    request('tools/call', { name: ['read_file'] }),
    { code: 'call-malformed' },
  ],
])('%s', { tags: ['DMN-8', 'POL-1', 'THR-23'] }, async ([, policies, message, answer]) => {
  expect(await gated(...policies).decide(message)).toMatchObject(answer)
})

test.for<[string, JsonRpcMessage]>([
  ['a ping', { jsonrpc: '2.0', id: 1, method: 'ping' }],
  ['a notification', { jsonrpc: '2.0', method: 'notifications/cancelled', params: {} }],
  ['an answer', { jsonrpc: '2.0', id: 1, result: {} }],
])(
  '%s passes for whoever may see the server, and for nobody else',
  { tags: ['DMN-8', 'THR-23'] },
  async ([, message]) => {
    expect(await gated(LIST_ONLY).decide(message)).toMatchObject({ allowed: true })
    expect(await gated(READ_FILE).decide(message)).toMatchObject({ allowed: false })
    expect(await gated(OPEN).decide(message, 'other')).toMatchObject({ allowed: false })
  },
)

test(
  'a caller that is no member any more is refused in the middle of a session',
  { tags: ['DMN-8', 'THR-23'] },
  async () => {
    const { decide, standings } = gated(OPEN)
    expect(await decide(callOf('read_file'))).toMatchObject({ allowed: true })
    standings.clear()
    for (const message of [callOf('read_file'), request('ping')]) {
      expect(await decide(message)).toMatchObject({ allowed: false, code: 'caller-not-admitted' })
    }
    standings.set(CALLER.did, OPERATOR)
    expect(await decide(callOf('read_file'))).toMatchObject({ allowed: true })
  },
)

test(
  'the roles and the enclave of the membership in force now are what policy judges',
  { tags: ['DMN-8', 'THR-23'] },
  async () => {
    const inPlant =
      '@id("plant") permit (principal, action, resource in Warren::Server::"log") when { principal.enclave == "plant" };'
    const { decide, standings } = gated(OPEN, inPlant)
    const call = callOf('read_file')
    expect(await decide(call)).toMatchObject({ allowed: true, rule: 'open' })
    expect(await decide(call, 'log')).toMatchObject({ allowed: true, rule: 'plant' })

    standings.set(CALLER.did, { roles: ['reader'], enclave: 'plant', gen: 1 })
    expect(await decide(call)).toMatchObject({ allowed: false, code: 'policy-no-rule' })
    expect(await decide(call, 'log')).toMatchObject({ allowed: true })

    standings.set(CALLER.did, { roles: ['operator'], enclave: 'yard', gen: 1 })
    expect(await decide(call)).toMatchObject({ allowed: true })
    expect(await decide(call, 'log')).toMatchObject({ allowed: false, code: 'policy-no-rule' })
  },
)

test('another policy decides from the next message on', { tags: ['DMN-8', 'THR-23'] }, async () => {
  const { gate, decide } = gated(OPEN)
  expect(await decide(callOf('write_file'))).toMatchObject({ allowed: true })
  gate.replace(policySet(READ_FILE))
  expect(await decide(callOf('write_file'))).toMatchObject({ allowed: false })
  expect(await decide(callOf('read_file'))).toMatchObject({ allowed: true, rule: 'read' })
  gate.replace(policySet())
  expect(await decide(callOf('read_file'))).toMatchObject({ allowed: false })
})

test(
  'a policy engine that has been retired refuses',
  { tags: ['DMN-8', 'POL-3', 'THR-23'] },
  async () => {
    const retired = policySet(OPEN)
    const { gate, decide } = gated()
    gate.replace(retired)
    retired.engine.retire()
    expect(await decide(callOf('read_file'))).toMatchObject({ allowed: false })
  },
)

test(
  'a refusal is told to the log, without arguments; what is allowed is not',
  { tags: ['DMN-8', 'THR-23'] },
  async () => {
    const { decide, events } = gated(READ_FILE)
    await decide(callOf('read_file'))
    await decide(request('tools/call', { name: 'write_file', arguments: { text: 'secret' } }))
    expect(events).toEqual([
      {
        event: 'refused-call',
        level: 'warn',
        code: 'policy-no-rule',
        caller: CALLER.did,
        server: 'fs',
      },
    ])
  },
)

test.for<[FreshnessState, boolean, boolean]>([
  ['fresh', true, true],
  ['aging', true, true],
  ['unwitnessed', true, true],
  ['deny-new', false, true],
  ['stop', false, false],
])(
  'a node whose knowledge is %s begins a call: %s, and goes on with a session: %s',
  { tags: ['NODE-12'] },
  async ([state, begins, goesOn]) => {
    const { decide, freshness } = gated(OPEN)
    freshness.state = state
    const stale = { allowed: false, code: 'knowledge-stale' }
    const call = await decide(callOf('read_file'))
    expect(call).toMatchObject(begins ? { allowed: true } : stale)
    const session = await decide(request('ping', {}))
    expect(session).toMatchObject(goesOn ? { allowed: true } : stale)
  },
)
