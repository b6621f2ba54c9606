import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { PolicyRequest } from '@warren/policy'
import { ActionSchemas } from '../src/action-schemas.ts'
import { cedarQuestion, cedarScope } from '../src/cedar-request.ts'
import { CedarSet, type CedarVerdict } from '../src/cedar-set.ts'
import { writeContext } from '../src/context/write-context.ts'
import { readRules, type Rule } from '../src/policy-source.ts'
import { Slices } from '../src/slicing/slices.ts'
import { Vocabulary } from '../src/vocabulary/vocabulary.ts'
import { BELOW_DATA, callOf, QUERY, READ_FILE } from './tool-calls.ts'

const VOCABULARY = new Vocabulary([READ_FILE, QUERY], [])

const principal = fc.constantFrom(
  'principal',
  'principal == Warren::Caller::"did:a"',
  'principal in Warren::Role::"operator"',
  'principal in Warren::Role::"viewer"',
  'principal is Warren::Caller',
  'principal is Warren::Caller in Warren::Role::"viewer"',
)
const action = fc.constantFrom(
  'action',
  'action == Warren::Action::"list"',
  'action == Warren::Action::"fs/read_file"',
  'action in Warren::Action::"call"',
  'action in [Warren::Action::"db/query", Warren::Action::"read"]',
  'action in []',
)
const resource = fc.constantFrom(
  'resource',
  'resource == Warren::Tool::"fs/read_file"',
  'resource == Warren::Server::"db"',
  'resource in Warren::Server::"fs"',
  'resource is Warren::Tool',
  'resource is Warren::Tool in Warren::Server::"db"',
  'resource is Warren::Server',
)
/** The sum leaves 64 bits a millisecond after midnight. */
const condition = fc.constantFrom(
  '',
  'when { principal.enclave == "a" }',
  'unless { context.at < datetime("2026-01-01") }',
  'when { 9223372036854775807 + context.at.toTime().toMilliseconds() == 1 }',
  'when { context has input && context.input has path && context.input.path == "x" }',
)
const rule = fc
  .tuple(fc.constantFrom('permit', 'forbid'), principal, action, resource, condition)
  .map(([effect, who, what, which, when]) => `${effect} (${who}, ${what}, ${which}) ${when};`)

const request = fc
  .record({
    did: fc.constantFrom('did:a', 'did:b'),
    roles: fc.subarray(['operator', 'viewer', 'other']),
    enclave: fc.constantFrom('a', 'b'),
    asked: fc.constantFrom(
      { action: 'list', server: 'fs' },
      { action: 'read', server: 'db' },
      { action: 'call', server: 'other' },
      { action: 'call', server: 'fs', tool: 'write_file' },
      { action: 'call', server: 'fs', tool: 'read_file', input: { path: 'x' } },
      { action: 'call', server: 'fs', tool: 'read_file', input: { path: 'y' } },
    ),
    atMs: fc.constantFrom(0, 1, Date.UTC(2026, 10, 22, 10)),
  })
  .map(({ did, roles, enclave, asked, atMs }): PolicyRequest => {
    const facts = asked.tool === 'read_file' ? { path: BELOW_DATA } : {}
    return {
      tool: undefined,
      ...asked,
      caller: { did, roles, enclave },
      facts,
      atMs,
    }
  })

function rulesOf(texts: readonly string[]): readonly Rule[] {
  return readRules({ name: 'rules.cedar', text: texts.join('\n') })
}

interface Asked {
  readonly sliced: CedarVerdict
  readonly whole: CedarVerdict
}

/** Asks the slices of requests, and all rules. */
function askAll(
  rules: readonly Rule[],
  requests: readonly PolicyRequest[],
  slicesMax: number | undefined,
): readonly Asked[] {
  const schemas = new ActionSchemas(VOCABULARY, rules)
  const slices = new Slices(rules, slicesMax)
  const all = new CedarSet(new Map(rules.map(({ id, text }) => [id, text])))
  const answers = requests.map((question) => {
    const plan = schemas.planFor(question)
    const scope = cedarScope(question, plan.action)
    const asked = cedarQuestion(question, scope, writeContext(question, plan))
    const whole = all.ask(asked, plan.schema)
    return { sliced: sorted(slices.of(scope).set.ask(asked, plan.schema)), whole: sorted(whole) }
  })
  all.retire()
  slices.retire()
  schemas.retire()
  return answers
}

function sorted(verdict: CedarVerdict): CedarVerdict {
  if (verdict.type === 'failure') return verdict
  const { reasons, errors } = verdict
  return { ...verdict, reasons: reasons.toSorted(), errors: errors.toSorted() }
}

test.for([
  { name: 'slices', slicesMax: undefined },
  { name: 'few slices', slicesMax: 2 },
  { name: 'no slices', slicesMax: 0 },
])('$name say what all rules together say', { tags: ['POL-21'] }, ({ slicesMax }) => {
  let answers = 0
  fc.assert(
    fc.property(
      fc.array(rule, { maxLength: 12 }),
      fc.array(request, { minLength: 1, maxLength: 4 }),
      (texts, requests) => {
        const rules = rulesOf(texts)
        for (const { sliced, whole } of askAll(rules, requests, slicesMax)) {
          expect(sliced).toEqual(whole)
          if (sliced.type === 'answer') answers += 1
        }
      },
    ),
    { numRuns: 30 },
  )
  expect(answers).toBeGreaterThan(30)
})

test('a slice holds only rules whose head can match', { tags: ['POL-21'] }, () => {
  const rules = rulesOf([
    'permit (principal, action, resource);',
    'permit (principal in Warren::Role::"operator", action in Warren::Action::"call", resource in Warren::Server::"fs");',
    'permit (principal in Warren::Role::"viewer", action in Warren::Action::"call", resource in Warren::Server::"fs");',
    'permit (principal, action == Warren::Action::"list", resource);',
    'permit (principal, action, resource in Warren::Server::"db");',
    'permit (principal, action, resource == Warren::Tool::"fs/write_file");',
    'forbid (principal, action == Warren::Action::"fs/read_file", resource) when { context.input.path == "x" };',
  ])
  const slices = new Slices(rules)
  const sliceOf = (question: PolicyRequest, name: string): ReturnType<Slices['of']> =>
    slices.of(cedarScope(question, name))
  const idsOf = (question: PolicyRequest, name: string): readonly string[] =>
    sliceOf(question, name).rules.map(({ id }) => id.replace('rules.cedar:policy', ''))
  expect(idsOf(callOf(), 'fs/read_file')).toEqual(['0', '1', '6'])
  expect(sliceOf(callOf(), 'fs/read_file').readsContext).toBe(true)
  expect(idsOf(callOf({ tool: 'write_file' }), 'call')).toEqual(['0', '1', '5'])
  expect(sliceOf(callOf({ tool: 'write_file' }), 'call').readsContext).toBe(false)
  expect(idsOf(callOf({ tool: undefined }), 'list')).toEqual(['0', '3'])
})

test('names that no rule speaks of share one slice', { tags: ['POL-21'] }, () => {
  const slices = new Slices(
    rulesOf([
      'permit (principal in Warren::Role::"operator", action, resource == Warren::Tool::"fs/read_file");',
      'permit (principal, action, resource in Warren::Server::"fs");',
    ]),
  )
  const sliceOf = (tool: string, did: string): unknown => {
    const caller = { did, roles: [did], enclave: '' }
    return slices.of(cedarScope(callOf({ tool, caller }), 'call')).set
  }
  expect(sliceOf('a', 'did:a')).toBe(sliceOf('b', 'did:b'))
  expect(sliceOf('a', 'operator')).toBe(sliceOf('b', 'did:b'))
  expect(sliceOf('read_file', 'operator')).not.toBe(sliceOf('a', 'operator'))
})

test(
  'a retired set answers nothing, even when its name is used again',
  { tags: ['POL-11'] },
  () => {
    const rules = rulesOf(['permit (principal, action, resource);'])
    const schemas = new ActionSchemas(VOCABULARY, rules)
    const question = callOf({ tool: 'write_file' })
    const plan = schemas.planFor(question)
    const asked = cedarQuestion(
      question,
      cedarScope(question, plan.action),
      writeContext(question, plan),
    )
    const old = new CedarSet(new Map([['old', 'permit (principal, action, resource);']]))
    expect(old.ask(asked, plan.schema)).toMatchObject({ allowed: true })
    old.retire()
    const next = new CedarSet(new Map([['next', 'permit (principal, action, resource);']]))
    expect(old.ask(asked, plan.schema)).toEqual({ type: 'failure' })
    old.retire()
    expect(next.ask(asked, plan.schema)).toMatchObject({ allowed: true, reasons: ['next'] })
  },
)
