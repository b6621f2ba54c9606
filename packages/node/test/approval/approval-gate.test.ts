import { mkdirSync, mkdtempSync, realpathSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type JsonObject, type JsonValue, parseJson } from '@warren/core'
import type { GateAnswer, Hold, JsonRpcMessage } from '@warren/mcp'
import { createPolicyEngine, FactDeclarations, FactLayer } from '@warren/policy'
import { expect, onTestFinished, test, vi } from 'vitest'
import type { JudgedMessage } from '../../src/audit/call-audit.ts'
import { definedTools } from '../../src/policy/defined-tools.ts'
import { nodeFactPorts } from '../../src/policy/fact-ports.ts'
import { type GatePolicies, PolicyGate } from '../../src/policy-gate.ts'
import { reborn } from '../policy/reborn.ts'
import { TestDesk } from './test-desk.ts'
import { TestBehaviour } from '../behaviour/test-behaviour.ts'

const ALICE = 'did:webvh:QmAlice:warren.internal'
const BOB = 'did:webvh:QmBob:warren.internal'
const SEE = `@id("see") permit (principal, action == Warren::Action::"list", resource);`
const WRITES = `@id("writes") @obligation("approve")
  permit (principal, action == Warren::Action::"fs/write", resource)
  when { context.fact has path && !context.fact.path.special };`
const READS = `@id("reads") permit (principal, action == Warren::Action::"fs/read", resource);`
const FRIDAY = `@id("friday") @reason("not on a Friday")
  forbid (principal, action == Warren::Action::"fs/write", resource);`

/** A gate by whose rules writing needs a person, over a real directory. */
class Setting {
  readonly root = realpathSync(mkdtempSync(join(tmpdir(), 'warren-approval-')))
  readonly written: JudgedMessage[] = []
  readonly answers: GateAnswer[] = []
  readonly tests = new TestDesk({ waitingMax: 20, waitingPerCallerMax: 10 })
  readonly members = new Set([ALICE, BOB])
  /** Of everybody's membership. */
  generation = 1
  readonly gate: PolicyGate
  readonly gone = new AbortController()
  readonly #hold: Hold = (wait) => wait({ signal: this.gone.signal, progress: () => {} })

  constructor(policies: readonly string[] = [SEE, WRITES, READS], argument: JsonObject = {}) {
    onTestFinished(() => rmSync(this.root, { recursive: true }))
    mkdirSync(join(this.root, 'other'))
    for (const file of ['a', 'b', 'other/a']) writeFileSync(join(this.root, file), file)
    symlinkSync('a', join(this.root, 'link'))
    this.gate = new PolicyGate(this.policies(policies, argument), {
      clock: this.tests.time,
      report: () => {},
      approvals: this.tests.desk,
      behaviour: new TestBehaviour(this.tests.time).desk,
      audit: { decided: (judged) => this.#decided(judged) },
      self: 'did:webvh:self',
      standingOf: (did) =>
        this.members.has(did)
          ? {
              status: 'member',
              membership: { roles: ['member'], enclave: 'main', gen: this.generation },
            }
          : { status: 'revoked' },
      freshnessFor: () => ({ state: 'fresh', why: 'age' }),
    })
  }

  policies(texts: readonly string[], argument: JsonObject = {}): GatePolicies {
    const path = { type: 'path', base: this.root, ...argument }
    const declarations = FactDeclarations.read({ 'fs/write': { path }, 'fs/read': { path } })
    const engine = createPolicyEngine({
      policies: texts.map((text, index) => ({ name: `${index}.cedar`, text })),
      tools: definedTools([], declarations),
      obligations: ['approve'],
    })
    return {
      engine,
      layer: new FactLayer(declarations, nodeFactPorts()),
      limits: undefined,
      digest: texts.join(),
    }
  }

  /** Says how an answer comes, once it does. */
  async ask(message: JsonRpcMessage, did = ALICE): Promise<GateAnswer> {
    const question = { caller: { did }, server: 'fs', message, bytes: 100 }
    const answer = await this.gate.decide({ ...question, hold: this.#hold })
    this.answers.push(answer)
    return answer
  }

  /** Asks, and lets it get to where it waits. */
  async held(
    message = write(),
    did = ALICE,
  ): Promise<{ id: string; hash: string; answer: Promise<GateAnswer> }> {
    const before = this.tests.desk.waiting.length
    const answer = this.ask(message, did)
    await vi.waitUntil(() => this.tests.desk.waiting.length > before, { interval: 1 })
    const call = this.tests.desk.waiting.at(-1)
    return { id: call?.id ?? '', hash: call?.question.hash ?? '', answer }
  }

  async #decided(judged: JudgedMessage): Promise<GateAnswer> {
    await Promise.resolve()
    this.written.push(judged)
    return judged.answer
  }
}

function write(args: JsonObject = { path: 'a', text: 'x' }, more: JsonObject = {}): JsonRpcMessage {
  return {
    jsonrpc: '2.0',
    id: 1,
    method: 'tools/call',
    params: { name: 'write', arguments: args, ...more },
  }
}

/** A call as it comes through the door: as text. */
function told(args: string): JsonRpcMessage {
  const value = parseJson(args, { lengthMax: 1_000_000, depthMax: 64, keysMax: 10_000 })
  return write(value as JsonObject)
}

const REVOKED = { allowed: false, code: 'caller-not-admitted' }
const OUTDATED = { allowed: false, code: 'approval-outdated' }

test(
  'a call that needs an approval goes on when it has it, and names it',
  { tags: ['APR-1', 'APR-9'] },
  async () => {
    const setting = new Setting()
    const { id, hash, answer } = await setting.held()
    expect([setting.answers, setting.written]).toEqual([[], []])
    expect(await setting.tests.desk.approve({ id, hash })).toBeUndefined()
    expect(await answer).toMatchObject({ allowed: true, rule: 'writes' })
    expect(setting.written).toMatchObject([{ approval: id, answer: { allowed: true } }])
  },
)

test('what needs none goes on as before', { tags: ['APR-1'] }, async () => {
  const setting = new Setting()
  const read = {
    jsonrpc: '2.0',
    id: 1,
    method: 'tools/call',
    params: { name: 'read', arguments: { path: 'a' } },
  } as const
  expect(await setting.ask(read)).toMatchObject({ allowed: true, rule: 'reads' })
  expect(await setting.ask({ jsonrpc: '2.0', id: 2, method: 'tools/list' })).toMatchObject({
    allowed: true,
  })
  expect(setting.tests.entries).toEqual([])
})

test.for([
  ['a forbid', [SEE, WRITES, FRIDAY], ALICE, { code: 'policy-denied' }],
  ['no membership', [SEE, WRITES], 'did:webvh:QmNobody:warren.internal', REVOKED],
  ['no permit', [SEE], ALICE, { code: 'policy-no-rule' }],
] as const)(
  'what %s refuses does not wait, and is told nothing of approvals',
  { tags: ['APR-1', 'APR-13'] },
  async ([, policies, did, refusal]) => {
    const setting = new Setting(policies)
    const answer = await setting.ask(write(), did)
    expect(answer).toMatchObject(refusal)
    expect(JSON.stringify(answer)).not.toMatch(/approv|writes/)
    expect(setting.tests.entries).toEqual([])
  },
)

test(
  'a call that a person refuses is refused, names the rule and is written down',
  { tags: ['APR-1', 'APR-9', 'APR-13'] },
  async () => {
    const setting = new Setting()
    const { id, hash, answer } = await setting.held()
    setting.tests.desk.refuse({ id, hash })
    const refusal = {
      allowed: false,
      code: 'approval-refused',
      sentence: expect.stringContaining('"writes"'),
    }
    expect(await answer).toMatchObject(refusal)
    expect(setting.written).toMatchObject([{ approval: id, answer: refusal }])
  },
)

test(
  'a broad permit that needs an approval opens no list, and a notification does not wait',
  { tags: ['APR-1'] },
  async () => {
    const broad = '@id("all") @obligation("approve") permit (principal, action, resource);'
    const setting = new Setting([broad])
    const refusal = {
      allowed: false,
      code: 'approval-unavailable',
      sentence: expect.stringContaining('"all"'),
    }
    expect(await setting.ask({ jsonrpc: '2.0', id: 1, method: 'tools/list' })).toMatchObject(
      refusal,
    )
    expect(await setting.ask({ jsonrpc: '2.0', id: 1, method: 'x/unknown' })).toMatchObject(refusal)
    const params = { name: 'write', arguments: { path: 'a' } }
    const notification = { jsonrpc: '2.0', method: 'tools/call', params } as const
    const question = { caller: { did: ALICE }, server: 'fs', message: notification, bytes: 100 }
    expect(await setting.gate.decide(question)).toMatchObject(refusal)
  },
)

test.for([
  ['members in another order', '{"text":"x","path":"a"}', true],
  ['other white space', '{ "path": "a",\n "text": "x" }', true],
  ['the same letter escaped', String.raw`{"path":"\u0061","text":"x"}`, true],
  ['another text', '{"path":"a","text":"y"}', false],
  ['a text more', '{"path":"a","text":"x","mode":"0777"}', false],
  ['another path', '{"path":"b","text":"x"}', false],
  ['the same file by another name', '{"path":"./a","text":"x"}', false],
  ['a text that only looks the same', '{"path":"a","text":"\u0445"}', false],
  ['a number in place of a text', '{"path":"a","text":1}', false],
])(
  'an approval for more calls and %s: %s',
  { tags: ['APR-2', 'APR-8', 'THR-55'] },
  async ([, args, isSame]) => {
    const setting = new Setting()
    const { id, hash, answer } = await setting.held()
    await setting.tests.desk.approve({ id, hash, times: 2 })
    await answer
    if (isSame) {
      expect(await setting.ask(told(String(args)))).toMatchObject({ allowed: true })
      expect(setting.written.at(-1)).toMatchObject({ approval: id })
    } else {
      expect((await setting.held(told(String(args)))).hash).not.toBe(hash)
    }
  },
)

test('composed and decomposed letters are two texts', { tags: ['APR-2'] }, async () => {
  const setting = new Setting()
  const one = await setting.held(told('{"path":"a","text":"\u00e9"}'))
  const other = await setting.held(told('{"path":"a","text":"e\u0301"}'))
  expect(one.hash).not.toBe(other.hash)
})

test(
  'of a member that stands twice, what the server gets is what is approved',
  { tags: ['APR-2'] },
  async () => {
    const setting = new Setting()
    await setting.held(told('{"path":"a","path":"b"}'))
    const [call] = setting.tests.desk.waiting
    expect(call?.question.subject.arguments).toEqual({ path: 'b' })
  },
)

test(
  'text that is not well-formed has no name and does not wait',
  { tags: ['APR-2'] },
  async () => {
    const setting = new Setting()
    const answer = await setting.ask(write({ path: 'a', text: '\ud800' }))
    expect(answer).toMatchObject({ allowed: false, code: 'approval-unavailable' })
  },
)

test.for([
  ['other parameters of the call', write(undefined, { task: { ttl: 1 } }), ALICE],
  ['another caller', write(), BOB],
] as const)(
  'an approval for more calls is not good for %s',
  { tags: ['APR-2', 'APR-8', 'THR-55'] },
  async ([, message, did]) => {
    const setting = new Setting()
    const { id, hash, answer } = await setting.held()
    await setting.tests.desk.approve({ id, hash, times: 2 })
    await answer
    expect((await setting.held(message, did)).hash).not.toBe(hash)
  },
)

test(
  'an approval for more calls is not good for the caller once it has been revoked and has come back',
  { tags: ['APR-17', 'THR-55'] },
  async () => {
    const setting = new Setting()
    const { id, hash, answer } = await setting.held()
    await setting.tests.desk.approve({ id, hash, times: 3, forSeconds: 3_600 })
    await answer
    expect(await setting.ask(write())).toMatchObject({ allowed: true })
    setting.generation = 2
    const again = await setting.held()
    expect(again.hash).not.toBe(hash)
    const [call] = setting.tests.desk.waiting
    expect(call?.question.subject).toMatchObject({ caller: ALICE, generation: 2 })
    setting.tests.desk.refuse(again)
    expect(await again.answer).toMatchObject({ code: 'approval-refused' })
  },
)

test(
  'a call that waits goes on under the membership that was shown, and under no other',
  { tags: ['APR-17', 'THR-54'] },
  async () => {
    const setting = new Setting()
    const { id, hash, answer } = await setting.held()
    setting.generation = 2
    expect(await setting.tests.desk.approve({ id, hash })).toMatchObject(OUTDATED)
    expect(await answer).toMatchObject(OUTDATED)
  },
)

function meta(value: JsonValue): JsonRpcMessage {
  return write(undefined, { _meta: value })
}

const TOOL_USE = { 'x/toolUse': 'a' }

test.for<[string, JsonRpcMessage, JsonRpcMessage, boolean]>([
  ['another _meta', meta(TOOL_USE), meta({ 'x/toolUse': 'b' }), false],
  ['one more member of _meta', meta(TOOL_USE), meta({ ...TOOL_USE, more: 1 }), false],
  ['_meta where there was none', write(), meta(TOOL_USE), false],
  ['no _meta where there was one', meta(TOOL_USE), write(), false],
  ['a _meta that is no object', write(), meta('x'), false],
  ['another progress token alone', meta({ progressToken: 1 }), meta({ progressToken: 2 }), true],
  ['no progress token', meta({ progressToken: 1 }), write(), true],
  ['an empty _meta', write(), meta({}), true],
  ['a progress token beside it', meta(TOOL_USE), meta({ ...TOOL_USE, progressToken: 1 }), true],
  ['a token that only sounds like one', write(), meta({ progresstoken: 1 }), false],
  [
    'a progress token that is no member of _meta',
    write(),
    write(undefined, { progressToken: 1 }),
    false,
  ],
  ['another id', write(), { ...write(), id: 2 }, true],
  ['another id among the parameters', write(), write(undefined, { id: 2 }), false],
  ['a member beside the parameters', write(), { ...write(), 'x-trace': { on: true } }, false],
])(
  'an approval for more calls and a call with %s',
  { tags: ['APR-15', 'APR-8', 'THR-55'] },
  async ([, first, second, isSame]) => {
    const setting = new Setting()
    const { id, hash, answer } = await setting.held(first)
    await setting.tests.desk.approve({ id, hash, times: 2 })
    await answer
    if (isSame) expect(await setting.ask(second)).toMatchObject({ allowed: true })
    else expect((await setting.held(second)).hash).not.toBe(hash)
  },
)

test('what hosts fill anew for each call is no other call', { tags: ['APR-2'] }, async () => {
  const setting = new Setting()
  const { id, hash, answer } = await setting.held()
  await setting.tests.desk.approve({ id, hash, times: 2 })
  await answer
  const again = write(undefined, { _meta: { progressToken: 7 } })
  expect(await setting.ask(again)).toMatchObject({ allowed: true })
})

test(
  'an approval of one call is not that of another which is the same',
  { tags: ['APR-4'] },
  async () => {
    const setting = new Setting()
    const one = await setting.held()
    const other = await setting.held()
    expect(other.hash).toBe(one.hash)
    await setting.tests.desk.approve(one)
    expect(await one.answer).toMatchObject({ allowed: true })
    expect(setting.answers).toHaveLength(1)
    setting.tests.desk.refuse(other)
    expect(await other.answer).toMatchObject({ allowed: false })
  },
)

test(
  'who is revoked while a call waits, or while it is approved, is refused',
  { tags: ['APR-3', 'THR-54'] },
  async () => {
    for (const when of ['waits', 'is approved']) {
      const setting = new Setting()
      const { id, hash, answer } = await setting.held()
      if (when === 'waits') setting.members.clear()
      const approving = setting.tests.desk.approve({ id, hash, times: 5 })
      setting.members.clear()
      expect(await approving, when).toMatchObject(REVOKED)
      expect(await answer).toMatchObject(REVOKED)
      expect(setting.written).toMatchObject([{ approval: id, answer: REVOKED }])
      expect(await setting.ask(write())).toMatchObject(REVOKED)
    }
  },
)

test(
  'a reload of other policies while a call waits, or while it is approved, refuses it',
  { tags: ['APR-3', 'THR-54'] },
  async () => {
    const waiting = new Setting()
    const first = await waiting.held()
    waiting.gate.replace(waiting.policies([SEE, WRITES]))
    expect(await first.answer).toMatchObject(OUTDATED)

    const approving = new Setting()
    const { id, hash, answer } = await approving.held()
    approving.tests.writing = ({ event }) => {
      if (event !== 'approved') return
      // In the very moment in which the wait has ended.
      queueMicrotask(() =>
        queueMicrotask(() => approving.gate.replace(approving.policies([SEE, WRITES]))),
      )
    }
    const settled = await Promise.allSettled([approving.tests.desk.approve({ id, hash }), answer])
    expect(settled[1]).toMatchObject({ value: OUTDATED })

    const forbidding = new Setting()
    const last = await forbidding.held()
    forbidding.gate.replace(forbidding.policies([SEE, WRITES, FRIDAY]))
    expect(await last.answer).toMatchObject(OUTDATED)
  },
)

test.for([
  ['a link in place of the file', 'a', 'a', 'other/a'],
  ['the link, to another file', 'link', 'link', 'b'],
  ['the target of the link', 'link', 'a', 'other/a'],
] as const)(
  'after %s was exchanged, the call is refused',
  { tags: ['APR-3', 'THR-54'] },
  async ([, path, name, target]) => {
    for (const forward of [{}, { forward: 'canonical' }]) {
      const setting = new Setting([SEE, WRITES], forward)
      const { id, hash, answer } = await setting.held(write({ path, text: 'x' }))
      rmSync(join(setting.root, name))
      symlinkSync(target, join(setting.root, name))
      expect(await setting.tests.desk.approve({ id, hash })).toMatchObject({
        code: expect.stringMatching(/^fact-/),
      })
      expect(await answer).toMatchObject({ allowed: false })
    }
  },
)

test(
  'after the file was exchanged by one that has its inode, the call is refused',
  { tags: ['APR-3', 'THR-54'] },
  async () => {
    for (const forward of [{}, { forward: 'canonical' }]) {
      const setting = new Setting([SEE, WRITES], forward)
      const { id, hash, answer } = await setting.held()
      reborn(join(setting.root, 'a'), (at) => writeFileSync(at, 'another'))
      expect(await setting.tests.desk.approve({ id, hash })).toMatchObject({
        code: 'fact-path-changed',
      })
      expect(await answer).toMatchObject({ allowed: false })
    }
  },
)

test('a file that is written while its call waits is the same', { tags: ['APR-3'] }, async () => {
  const setting = new Setting([SEE, WRITES])
  const { id, hash, answer } = await setting.held()
  writeFileSync(join(setting.root, 'a'), 'written')
  await setting.tests.desk.approve({ id, hash })
  expect(await answer).toMatchObject({ allowed: true })
})

test(
  'an approval for more calls is not good for a path that leads elsewhere',
  { tags: ['APR-3', 'APR-8'] },
  async () => {
    const setting = new Setting()
    const { id, hash, answer } = await setting.held(write({ path: 'link', text: 'x' }))
    await setting.tests.desk.approve({ id, hash, times: 5 })
    expect(await answer).toMatchObject({ allowed: true })
    rmSync(join(setting.root, 'link'))
    symlinkSync('b', join(setting.root, 'link'))
    expect((await setting.held(write({ path: 'link', text: 'x' }))).hash).not.toBe(hash)
  },
)

test('what is approved is what the server gets', { tags: ['APR-2'] }, async () => {
  const setting = new Setting([SEE, WRITES], { forward: 'canonical' })
  const { id, hash, answer } = await setting.held(write({ path: 'link', text: 'x' }))
  const [call] = setting.tests.desk.waiting
  const given = { path: join(setting.root, 'a'), text: 'x' }
  expect(call?.question.subject.arguments).toEqual(given)
  await setting.tests.desk.approve({ id, hash })
  expect(await answer).toMatchObject({ allowed: true, arguments: given })
})

test('a call that is taken back does not go on', { tags: ['APR-7'] }, async () => {
  const setting = new Setting()
  const { answer } = await setting.held()
  setting.gone.abort()
  expect(await answer).toMatchObject({ allowed: false, code: 'approval-cancelled' })
  expect(setting.tests.desk.waiting).toEqual([])
})

test.for([
  [262_144, true],
  [262_145, false],
] as const)(
  'a message of %i bytes waits: %s',
  { tags: ['APR-6', 'THR-56'] },
  async ([bytes, waits]) => {
    const setting = new Setting()
    const question = { caller: { did: ALICE }, server: 'fs', message: write(), bytes }
    const answer = await setting.gate.decide(question)
    const why = waits ? 'nobody would wait' : 'too long'
    expect(answer).toMatchObject({
      code: 'approval-unavailable',
      sentence: expect.stringContaining(why),
    })
  },
)
