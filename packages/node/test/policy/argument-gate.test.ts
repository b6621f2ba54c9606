import { mkdirSync, mkdtempSync, realpathSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { JsonObject } from '@warren/core'
import type { CallEnd, GateAnswer, JsonRpcMessage } from '@warren/mcp'
import { createPolicyEngine, FactDeclarations, FactLayer } from '@warren/policy'
import { expect, onTestFinished, test } from 'vitest'
import type { JudgedMessage } from '../../src/audit/call-audit.ts'
import { definedTools } from '../../src/policy/defined-tools.ts'
import { NodeFileTree } from '../../src/policy/node-file-tree.ts'
import { nodeFactPorts } from '../../src/policy/fact-ports.ts'
import { type GatePolicies, PolicyGate } from '../../src/policy-gate.ts'
import { TestDesk } from '../approval/test-desk.ts'
import { TestBehaviour } from '../behaviour/test-behaviour.ts'

const CALLER = { did: 'did:webvh:QmA:warren.internal' }

/** A directory with `data/in.txt`, `data/link` to it and `out.txt`. */
function places(): string {
  const root = realpathSync(mkdtempSync(join(tmpdir(), 'warren-gate-')))
  onTestFinished(() => rmSync(root, { recursive: true }))
  mkdirSync(join(root, 'data'))
  writeFileSync(join(root, 'data/in.txt'), 'in')
  writeFileSync(join(root, 'out.txt'), 'out')
  symlinkSync('in.txt', join(root, 'data/link'))
  return root
}

/** A policy by which `fs/read` may read below `data`, and whatever the tree is asked. */
class Setting {
  readonly root = places()
  readonly judged: JudgedMessage[] = []
  readonly ends: CallEnd[] = []
  readonly asked: string[] = []
  isMember = true
  /** Done while a path is walked for the first time. */
  meanwhile: () => void = () => {}
  /** Done while the decision is written. */
  recording: () => void = () => {}
  readonly gate: PolicyGate

  constructor(argument: JsonObject = {}) {
    this.gate = new PolicyGate(this.policies('data', argument), {
      clock: { wallMs: () => 0, monotonicMs: () => 0 },
      report: () => {},
      approvals: new TestDesk().desk,
      behaviour: new TestBehaviour().desk,
      audit: { decided: (judged) => this.#decided(judged) },
      self: 'did:webvh:self',
      standingOf: () =>
        this.isMember
          ? { status: 'member', membership: { roles: [], enclave: '', gen: 1 } }
          : { status: 'revoked' },
      freshnessFor: () => ({ state: 'fresh', why: 'age' }),
    })
  }

  policies(directory: string, argument: JsonObject = {}, principal = 'principal'): GatePolicies {
    const path = { type: 'path', base: join(this.root, 'data'), ...argument }
    const declarations = FactDeclarations.read({ 'fs/read': { path } })
    const text = `@id("${directory}") permit (${principal}, action == Warren::Action::"fs/read", resource)
      when { context.fact has path && context.fact.path.dirs.contains("${join(this.root, directory)}") };`
    const tree = new NodeFileTree()
    const files = {
      lstat: async (name: string) => {
        this.asked.push(name)
        this.meanwhile()
        return tree.lstat(name)
      },
      readlink: (name: string) => tree.readlink(name),
    }
    return {
      engine: createPolicyEngine({
        policies: [{ name: 'data.cedar', text }],
        tools: definedTools([], declarations),
      }),
      layer: new FactLayer(declarations, { ...nodeFactPorts(), files }),
      limits: undefined,
      digest: directory,
    }
  }

  read(path: unknown, id: number | undefined = 1): Promise<GateAnswer> {
    return this.callWith({ path }, id)
  }

  callWith(args: unknown, id: number | undefined = 1): Promise<GateAnswer> {
    const params = JSON.parse(JSON.stringify({ name: 'read', arguments: args }))
    const message: JsonRpcMessage = { jsonrpc: '2.0', method: 'tools/call', params }
    const sent = id === undefined ? message : { ...message, id }
    return this.gate.decide({ caller: CALLER, server: 'fs', message: sent, bytes: 0 })
  }

  #decided(judged: JudgedMessage): Promise<GateAnswer> {
    this.judged.push(judged)
    this.recording()
    const { answer, question } = judged
    if (!answer.allowed || question.message['id'] === undefined) return Promise.resolve(answer)
    const ended = async (end: CallEnd) => {
      this.ends.push(end)
      return { allowed: true } as const
    }
    return Promise.resolve({ ...answer, call: { ended } })
  }
}

test.for<[string, unknown, object]>([
  ['a path below', 'in.txt', { allowed: true, rule: 'data' }],
  ['the edge', '.', { allowed: true, rule: 'data' }],
  ['a link below', 'link', { allowed: true, rule: 'data' }],
  ['a path beside', '../out.txt', { allowed: false, code: 'policy-no-rule' }],
  [
    'a path that cannot be told',
    'no/../in.txt',
    { allowed: false, code: 'fact-path-missing-parent' },
  ],
  ['another type', ['in.txt'], { allowed: false, code: 'fact-argument-shape' }],
  ['no path at all', undefined, { allowed: false, code: 'policy-no-rule' }],
])('%s is decided by what it means', { tags: ['POL-27'] }, async ([, path, expected]) => {
  const setting = new Setting()
  expect(await setting.read(path)).toMatchObject(expected)
  expect(setting.judged).toHaveLength(1)
  expect(setting.judged[0]?.answer).toMatchObject(expected)
})

test('arguments that are no object are refused; null is none', { tags: ['POL-27'] }, async () => {
  const setting = new Setting()
  for (const args of [['in.txt'], 'in.txt', 1, true]) {
    expect(await setting.callWith(args)).toMatchObject({ allowed: false, code: 'call-malformed' })
  }
  expect(await setting.callWith(null)).toMatchObject({ allowed: false, code: 'policy-no-rule' })
})

test('for whoever is not let in nothing is looked at', { tags: ['POL-28'] }, async () => {
  const setting = new Setting()
  setting.isMember = false
  expect(await setting.read('in.txt')).toMatchObject({ code: 'caller-not-admitted' })
  expect(setting.asked).toEqual([])
})

test(
  'for a member whom no permit of the tool is for nothing is looked at, and all answers are one',
  { tags: ['POL-28'] },
  async () => {
    const setting = new Setting()
    const others = 'principal in Warren::Role::"operator"'
    setting.gate.replace(setting.policies('data', {}, others))
    for (const path of ['in.txt', 'no/../in.txt', '../out.txt', ['in.txt'], 1]) {
      expect(await setting.read(path)).toMatchObject({ allowed: false, code: 'policy-no-rule' })
    }
    expect(await setting.callWith('in.txt')).toMatchObject({ code: 'policy-no-rule' })
    expect(setting.asked).toEqual([])
    expect(setting.judged).toHaveLength(6)
  },
)

test(
  'whoever is cut off while the arguments are read is refused',
  { tags: ['POL-28'] },
  async () => {
    const setting = new Setting()
    setting.meanwhile = () => (setting.isMember = false)
    expect(await setting.read('in.txt')).toMatchObject({ code: 'caller-not-admitted' })
    expect(setting.asked).not.toEqual([])
  },
)

test(
  'a set that comes into force while the arguments are read decides, by its own facts',
  { tags: ['POL-28'] },
  async () => {
    const setting = new Setting()
    setting.meanwhile = () => {
      setting.meanwhile = () => {}
      setting.gate.replace(setting.policies('other'))
    }
    expect(await setting.read('in.txt')).toMatchObject({ code: 'policy-no-rule' })
    expect(setting.judged[0]?.policy).toBe('other')
    // One that is replaced again and again refuses.
    const restless = new Setting()
    restless.meanwhile = () => restless.gate.replace(restless.policies('data'))
    expect(await restless.read('in.txt')).toMatchObject({ code: 'policy-engine-failure' })
  },
)

test.for([1, undefined])(
  'a path that is exchanged while the decision of a message with the id %s is written is refused, and the record says so',
  { tags: ['FCT-13', 'POL-27'] },
  async (id) => {
    const setting = new Setting()
    setting.recording = () => {
      setting.recording = () => {}
      rmSync(join(setting.root, 'data/in.txt'))
      symlinkSync('../out.txt', join(setting.root, 'data/in.txt'))
    }
    const code = 'fact-path-changed'
    const params = { name: 'read', arguments: { path: 'in.txt' } }
    const message = { jsonrpc: '2.0', method: 'tools/call', params, ...(id && { id }) } as const
    const question = { caller: CALLER, server: 'fs', message, bytes: 0 }
    expect(await setting.gate.decide(question)).toMatchObject({ allowed: false, code })
    expect(setting.ends).toEqual(id === undefined ? [] : [{ outcome: 'refused', code }])
    expect(setting.judged.map(({ answer }) => answer)).toMatchObject(
      id === undefined ? [{ allowed: true }, { allowed: false, code }] : [{ allowed: true }],
    )
  },
)

test(
  'a path is forwarded as it came, or where the declaration says so as it is',
  { tags: ['FCT-6', 'POL-27'] },
  async () => {
    expect(await new Setting().read('link')).not.toHaveProperty('arguments')
    const canonical = new Setting({ forward: 'canonical' })
    const given = { path: join(canonical.root, 'data/in.txt') }
    expect(await canonical.read('link')).toMatchObject({ allowed: true, arguments: given })
    expect(canonical.judged[0]?.answer).toMatchObject({ arguments: given })
    expect(canonical.judged[0]?.question.message).toMatchObject({
      params: { arguments: { path: 'link' } },
    })
    expect(await canonical.read(given.path)).not.toHaveProperty('arguments')
  },
)
