import type { PolicyRequest } from '@warren/policy'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { ActionSchemas } from '../src/action-schemas.ts'
import { cedarQuestion, cedarScope } from '../src/cedar-request.ts'
import { CedarSchema, CedarSet, type CedarVerdict } from '../src/cedar-set.ts'
import { writeContext } from '../src/context/write-context.ts'
import { readRules, type Rule } from '../src/policy-source.ts'
import { Vocabulary } from '../src/vocabulary/vocabulary.ts'
import { BELOW_DATA, callOf, engineOf, QUERY, READ_FILE } from './tool-calls.ts'

const SUPPLIES = ['session', 'tool', 'credentials'] as const
const PAST = new Map([['secretRead', 'truth' as const]])
const VOCABULARY = new Vocabulary([READ_FILE, QUERY], SUPPLIES, PAST)
/** The latest time that a request may have. */
const LAST_MS = Date.UTC(10_000, 0, 1) - 1

const SESSION = {
  sameCall: 0,
  pingPong: 0,
  errors: 0,
  calls: 1,
  fanOut: 1,
  bytesIn: 10,
  bytesOut: 20,
  concurrent: 1,
  secretRead: true,
}

function known(changes: Partial<PolicyRequest> = {}): PolicyRequest {
  return callOf({
    input: { path: 'pumps/7.md', head: 3 },
    facts: { path: BELOW_DATA },
    session: SESSION,
    toolState: { pinned: true, confinement: 'namespaces' },
    credentials: ['Badge'],
    ...changes,
  })
}

function ruleOf(effect: string, conditions: readonly string[]): string {
  const when = conditions.length === 0 ? '' : `when { ${conditions.join(' && ')} }`
  return `${effect} (principal, action == Warren::Action::"fs/read_file", resource) ${when};`
}

function rulesOf(texts: readonly string[]): readonly Rule[] {
  return readRules({ name: 'rules.cedar', text: texts.join('\n') })
}

function sorted(verdict: CedarVerdict): CedarVerdict {
  if (verdict.type === 'failure') return verdict
  const { reasons, errors } = verdict
  return { ...verdict, reasons: reasons.toSorted(), errors: errors.toSorted() }
}

/** What one set of rules says of a request that has what they read, and of one that has everything. */
function askBoth(
  rules: readonly Rule[],
  request: PolicyRequest,
): { readonly read: CedarVerdict; readonly whole: CedarVerdict } {
  const schemas = new ActionSchemas(VOCABULARY, rules)
  const schema = new CedarSchema(VOCABULARY.schema())
  const set = new CedarSet(new Map(rules.map(({ id, text }) => [id, text])))
  const plan = schemas.planFor(request)
  const scope = cedarScope(request, plan.action)
  const ask = (reads: typeof plan.reads, by: CedarSchema): CedarVerdict =>
    sorted(set.ask(cedarQuestion(request, scope, writeContext(request, { ...plan, reads })), by))
  const answers = { read: ask(plan.reads, plan.schema), whole: ask('all', schema) }
  set.retire()
  schema.retire()
  schemas.retire()
  return answers
}

const condition = fc.constantFrom(
  'context.fact.path.ok',
  'context.fact.path.dirs.contains("/data")',
  'context.fact.path has extension && context.fact.path.extension == "md"',
  'context.fact.path has extension',
  'context.fact has path',
  '!context.fact.path.special',
  'context.fact.path.hardlinks <= 1',
  'context.session.sameCall < 5',
  'context.session.secretRead',
  'context.session == context.session',
  '9223372036854775807 + context.session.calls > 0',
  'context.tool.pinned',
  'context has tool',
  'context.credentials.contains("Badge")',
  'context.at < datetime("2026-12-01")',
  'context.input.path == "pumps/7.md"',
  'context.input has head && context.input.head == 3',
  'context has input',
  'context == context',
  'principal.enclave == "plant-a"',
  'resource.name == "read_file"',
)
const text = fc
  .tuple(fc.constantFrom('permit', 'forbid'), fc.array(condition, { maxLength: 3 }))
  .map(([effect, conditions]) => ruleOf(effect, conditions))
const request = fc
  .record({
    special: fc.boolean(),
    extension: fc.constantFrom('md', 'txt', undefined),
    hardlinks: fc.constantFrom(1, 2),
    calls: fc.constantFrom(0, 1),
    pinned: fc.boolean(),
    credentials: fc.subarray(['Badge', 'Other']),
    head: fc.constantFrom(3, 4, undefined),
    atMs: fc.constantFrom(0, Date.UTC(2026, 10, 30), LAST_MS),
  })
  .map(({ special, extension, hardlinks, calls, pinned, credentials, head, atMs }) => {
    const { extension: _, ...path } = { ...BELOW_DATA, special, hardlinks }
    return known({
      facts: { path: extension === undefined ? path : { ...path, extension } },
      input: head === undefined ? { path: 'pumps/7.md' } : { path: 'pumps/7.md', head },
      session: { ...SESSION, calls },
      toolState: { pinned, confinement: 'namespaces' },
      credentials,
      atMs,
    })
  })

test(
  'what rules read decides as all that is known would, whatever they read',
  { tags: ['POL-40', 'POL-21'] },
  () => {
    const seen = new Set<string>()
    fc.assert(
      fc.property(fc.array(text, { minLength: 1, maxLength: 6 }), request, (texts, question) => {
        const { read, whole } = askBoth(rulesOf(texts), question)
        expect(read).toEqual(whole)
        seen.add(read.type === 'failure' ? 'failure' : `${read.allowed} ${read.errors.length > 0}`)
      }),
      { numRuns: 150 },
    )
    expect([...seen].toSorted()).toEqual(
      expect.arrayContaining(['false false', 'false true', 'true false']),
    )
  },
)

test(
  'the engine is given what rules read, and nothing else',
  { tags: ['POL-40', 'POL-19'] },
  () => {
    const contextFor = (...conditions: readonly string[]): unknown => {
      const schemas = new ActionSchemas(VOCABULARY, rulesOf([ruleOf('permit', conditions)]))
      const question = known()
      const context = writeContext(question, schemas.planFor(question))
      schemas.retire()
      return context
    }
    expect(contextFor()).toEqual({})
    expect(contextFor('context has session', 'context.fact.path.ok')).toEqual({
      session: {},
      fact: { path: { ok: true } },
    })
    expect(contextFor('context.at < datetime("2026-12-01")', 'context.tool.pinned')).toEqual({
      at: expect.anything(),
      tool: { pinned: true },
    })
    expect(contextFor('context == context')).toMatchObject({
      session: SESSION,
      fact: { path: BELOW_DATA },
      credentials: ['Badge'],
    })
  },
)

describe('what the node says of a call and no rule reads', () => {
  const engine = engineOf(['permit (principal, action, resource);'], {
    tools: [READ_FILE],
    supplies: SUPPLIES,
    past: PAST,
  })
  const { special: _, ...lacking } = BELOW_DATA
  const { extension: __, ...without } = BELOW_DATA
  const { calls: ___, ...uncounted } = SESSION

  test.for([known(), known({ facts: { path: without } }), known({ credentials: [] })])(
    'is let be where it is as declared: request %#',
    { tags: ['POL-40'] },
    (question) => {
      expect(engine.decide(question).allowed).toBe(true)
    },
  )

  test.for<Partial<PolicyRequest>>([
    { facts: { path: { ...BELOW_DATA, hardlinks: 'one' } } },
    { facts: { path: { ...BELOW_DATA, dirs: '/data' } } },
    { facts: { path: { ...BELOW_DATA, more: true } } },
    { facts: { path: lacking } },
    { facts: { path: { ...BELOW_DATA, ['__proto__']: true } } },
    { session: uncounted },
    { session: { ...SESSION, more: 1 } },
    { session: { ...SESSION, secretRead: 1 } },
  ])('refuses where it is not: %j', { tags: ['POL-40', 'POL-20'] }, (changes) => {
    expect(engine.decide(known(changes))).toMatchObject({
      allowed: false,
      reason: 'engine-failure',
    })
  })
})
