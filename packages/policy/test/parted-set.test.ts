import type { JsonObject } from '@warren/core'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { CedarSchema, CedarSet, type CedarVerdict } from '../src/cedar-set.ts'
import { cedarQuestion, cedarScope } from '../src/cedar-request.ts'
import { readRules, type Rule } from '../src/policy-source.ts'
import { Conditions } from '../src/slicing/conditions.ts'
import { PartedSet } from '../src/slicing/parted-set.ts'
import { recordType } from '../src/vocabulary/cedar-type.ts'
import { ENTITY_TYPES } from '../src/vocabulary/policy-schema.ts'
import { BELOW_DATA, callOf, engineOf, READ_FILE } from './tool-calls.ts'

const STRING = { type: 'String' }
const LONG = { type: 'Long' }
/** What `context` has in these tests; `deep` and `more` may be absent. */
const SCHEMA = new CedarSchema({
  Warren: {
    entityTypes: ENTITY_TYPES,
    actions: {
      list: {
        appliesTo: {
          principalTypes: ['Caller'],
          resourceTypes: ['Server'],
          context: recordType(
            [
              ['text', STRING],
              ['count', LONG],
              ['flag', { type: 'Boolean' }],
              ['set', { type: 'Set', element: STRING }],
              ['counts', { type: 'Set', element: LONG }],
            ],
            [
              ['deep', recordType([['text', STRING]])],
              ['more', STRING],
            ],
          ),
        },
      },
    },
  },
})

type Context = JsonObject & Parameters<typeof cedarQuestion>[2]
const CONTEXT: Context = { text: 'a', count: 3, flag: true, set: ['a', 'b'], counts: [1, 2] }

function rulesOf(texts: readonly string[]): readonly Rule[] {
  return readRules({ name: 'rules.cedar', text: texts.join('\n') })
}

function when(condition: string, effect = 'permit'): string {
  return `${effect} (principal, action, resource) when { ${condition} };`
}

/** What one set says in some contexts. */
function askAll(set: CedarSet | PartedSet, contexts: readonly Context[]): readonly CedarVerdict[] {
  const verdicts = contexts.map((context) => sorted(set.ask(questionOf(context), SCHEMA)))
  set.retire()
  return verdicts
}

function wholeSet(rules: readonly Rule[]): CedarSet {
  return new CedarSet(new Map(rules.map(({ id, text }) => [id, text])))
}

function questionOf(context: Context): ReturnType<typeof cedarQuestion> {
  const request = callOf({ action: 'list', tool: undefined })
  return cedarQuestion(request, cedarScope(request, 'list'), context)
}

function sorted(verdict: CedarVerdict): CedarVerdict {
  if (verdict.type === 'failure') return verdict
  const { reasons, errors } = verdict
  return { ...verdict, reasons: reasons.toSorted(), errors: errors.toSorted() }
}

function mayApply(rule: string): boolean | undefined {
  return new Conditions(rulesOf([rule]).map(({ json }) => json)).mayApply(CONTEXT)[0]
}

/** Expressions of a type that the engine may evaluate to anything, an error among it. */
const { truth } = fc.letrec<{ truth: string; text: string; count: string; set: string }>((tie) => ({
  text: fc.constantFrom('"a"', '"b"', '""', 'context.text', 'context.more', 'context.deep.text'),
  count: fc.oneof(
    fc.constantFrom('3', '0', '-1', '9007199254740993', 'context.count'),
    fc.constant('(9223372036854775807 + context.count)'),
  ),
  set: fc.constantFrom('["a", "b"]', '["b"]', 'context.set', '["a", context.text]'),
  truth: fc.oneof(
    { maxDepth: 4, depthSize: 'small' },
    fc.constantFrom(
      'true',
      'false',
      'context.flag',
      'context has more',
      'context has deep',
      'context has deep.text',
      'context has nothing',
      'principal.enclave == "plant-a"',
      'principal in Warren::Role::"operator"',
      'context.text like "a*"',
      'context.counts.contains(2)',
      'context.set.isEmpty()',
      'context.set == ["b", "a"]',
      'context.nothing == "a"',
      'context.text < 3',
      'context == context',
    ),
    fc.tuple(tie('text'), fc.constantFrom('==', '!='), tie('text')).map((parts) => parts.join(' ')),
    fc
      .tuple(tie('count'), fc.constantFrom('==', '!=', '<', '<=', '>', '>='), tie('count'))
      .map((parts) => parts.join(' ')),
    fc.tuple(tie('set'), tie('text')).map(([set, text]) => `${set}.contains(${text})`),
    fc
      .tuple(tie('set'), fc.constantFrom('containsAll', 'containsAny'), tie('set'))
      .map(([set, method, other]) => `${set}.${method}(${other})`),
    tie('truth').map((truthOf) => `!(${truthOf})`),
    fc
      .tuple(tie('truth'), fc.constantFrom('&&', '||'), tie('truth'))
      .map(([left, operator, right]) => `(${left}) ${operator} (${right})`),
    fc
      .tuple(tie('truth'), tie('truth'), tie('truth'))
      .map(([condition, yes, no]) => `if ${condition} then ${yes} else ${no}`),
  ),
}))

const clauses = fc
  .array(fc.tuple(fc.constantFrom('when', 'unless'), truth), { minLength: 1, maxLength: 2 })
  .map((parts) => parts.map(([kind, condition]) => `${kind} { ${condition} }`).join(' '))
const context = fc.record(
  {
    text: fc.constantFrom('a', 'b', ''),
    count: fc.constantFrom(0, 3, -1),
    flag: fc.boolean(),
    set: fc.subarray(['a', 'b', 'c']),
    counts: fc.subarray([1, 2]),
    deep: fc.record({ text: fc.constantFrom('a', 'b') }),
    more: fc.constantFrom('a', 'b'),
  },
  { requiredKeys: ['text', 'count', 'flag', 'set', 'counts'] },
)

test(
  'a rule that is said not to apply is one that the engine neither applies nor errs on',
  { tags: ['POL-21'] },
  () => {
    let ruledOut = 0
    let left = 0
    fc.assert(
      fc.property(
        fc.array(clauses, { minLength: 20, maxLength: 40 }),
        fc.array(context, { minLength: 4, maxLength: 4 }),
        (texts, contexts) => {
          const rules = rulesOf(
            texts.map((text) => `permit (principal, action, resource) ${text};`),
          )
          const conditions = new Conditions(rules.map(({ json }) => json))
          for (const [index, verdict] of askAll(wholeSet(rules), contexts).entries()) {
            if (verdict.type === 'failure') throw new Error('the engine has not answered')
            const concerned = new Set([...verdict.reasons, ...verdict.errors])
            const may = conditions.mayApply(contexts[index] ?? {})
            const out = rules.filter((_, rule) => may[rule] === false)
            ruledOut += out.length
            left += rules.length - out.length
            expect(out.filter(({ id }) => concerned.has(id))).toEqual([])
          }
        },
      ),
      { numRuns: 25 },
    )
    expect(ruledOut).toBeGreaterThan(100)
    expect(left).toBeGreaterThan(100)
  },
)

test('parts of a set say what the whole set says', { tags: ['POL-21', 'POL-2', 'POL-3'] }, () => {
  const never = rulesOf(
    Array.from({ length: 64 }, (_, index) =>
      when(`context.text == "never-${index}"`, index % 4 === 3 ? 'forbid' : 'permit'),
    ),
  )
  const seen = new Set<string>()
  fc.assert(
    fc.property(
      fc.array(fc.tuple(fc.constantFrom('permit', 'forbid'), clauses), { maxLength: 4 }),
      fc.array(fc.nat({ max: never.length }), { minLength: 4, maxLength: 4 }),
      fc.array(context, { minLength: 6, maxLength: 6 }),
      (some, places, contexts) => {
        const rules = [...never]
        const texts = some.map(
          ([effect, text]) => `${effect} (principal, action, resource) ${text};`,
        )
        for (const [index, rule] of readRules({
          name: 'some.cedar',
          text: texts.join('\n'),
        }).entries()) {
          rules.splice(places[index] ?? 0, 0, rule)
        }
        // In parts so small that each of these few is in one of its own.
        const verdicts = askAll(new PartedSet(rules, 2), contexts)
        expect(verdicts).toEqual(askAll(wholeSet(rules), contexts))
        for (const verdict of verdicts) {
          if (verdict.type === 'failure') continue
          seen.add(`${verdict.allowed} ${verdict.reasons.length > 0} ${verdict.errors.length > 0}`)
        }
      },
    ),
    { numRuns: 25 },
  )
  expect([...seen]).toEqual(
    expect.arrayContaining(['true true false', 'false true false', 'false false false']),
  )
})

test.for<[what: string, condition: string, changes: JsonObject, may: boolean]>([
  ['64 elements', 'context.set.containsAny(["z"])', { set: elements(64) }, false],
  ['65 elements', 'context.set.containsAny(["z"])', { set: elements(65) }, true],
  ['65 elements of a rule', `${JSON.stringify(elements(65))}.contains(context.text)`, {}, true],
  ['a text of 256 characters', 'context.text == "z"', { text: 'x'.repeat(256) }, false],
  ['a text of 257 characters', 'context.text == "z"', { text: 'x'.repeat(257) }, true],
  ['a long text in a set', 'context.set.contains("z")', { set: ['x'.repeat(257)] }, true],
])(
  'what a caller can make long is left to the engine, which looks at each rule once: %s',
  { tags: ['POL-21'] },
  ([, condition, changes, may]) => {
    const conditions = new Conditions(rulesOf([when(condition)]).map(({ json }) => json))
    expect(conditions.mayApply({ ...CONTEXT, ...changes })).toEqual([may])
  },
)

function elements(count: number): string[] {
  return Array.from({ length: count }, (_, at) => `element-${at}`)
}

test.for<[condition: string, applies: boolean]>([
  ['context.text == "a"', true],
  ['context.text == "b"', false],
  ['context.text != "a"', false],
  ['context.count < 3', false],
  ['context.count <= 3', true],
  ['context.count > 3', false],
  ['context.count >= 3', true],
  ['!context.flag', false],
  ['context.set.contains("b")', true],
  ['context.set.contains("c")', false],
  ['["a"].containsAll(context.set)', false],
  ['["a", "b", "c"].containsAll(context.set)', true],
  ['context.set.containsAny(["c", "d"])', false],
  ['context has more', false],
  ['context has more && context.more == "a"', false],
  ['context.flag || context.nothing', true],
  // What errs has to be told by the engine, also where something beside it is false.
  ['context.more == "a"', true],
  ['context.more == "a" && false', true],
  ['false && context.more == "a"', false],
  // What is not understood may hold.
  ['context.text like "b*"', true],
  ['context.text like "b*" && false', true],
  ['false && context.text like "b*"', false],
  ['if context.flag then false else false', true],
  ['context.set == ["c"]', true],
  ['context.count == 9007199254740993', true],
])('%s may apply: %s', { tags: ['POL-21'] }, ([condition, applies]) => {
  expect(mayApply(when(condition))).toBe(applies)
})

test(
  'each clause of a rule counts, and none that may err is passed over',
  { tags: ['POL-21'] },
  () => {
    const rule = (...parts: readonly string[]): string =>
      `permit (principal, action, resource) ${parts.join(' ')};`
    expect(mayApply(rule())).toBe(true)
    expect(mayApply(rule('unless { context.flag }'))).toBe(false)
    expect(mayApply(rule('unless { !context.flag }'))).toBe(true)
    expect(mayApply(rule('when { context.flag }', 'unless { context.flag }'))).toBe(false)
    expect(mayApply(rule('when { false }', 'when { context.more == "a" }'))).toBe(true)
  },
)

describe('among many rules on one tool', () => {
  const filler = Array.from(
    { length: 300 },
    (_, index) =>
      `permit (principal, action == Warren::Action::"fs/read_file", resource) when { context.input.path == "${index}" };`,
  )
  const head = '(principal, action == Warren::Action::"fs/read_file", resource)'
  const engine = engineOf(
    [
      filler.slice(0, 150).join('\n'),
      `@id("deny") forbid ${head} when { context.fact.path.special };
       @id("err") forbid ${head} when { context.input has head && 9223372036854775807 + context.input.head == 1 };`,
      filler.slice(150).join('\n'),
      `@id("below") permit ${head} when { context.fact.path.dirs.contains("/data") };`,
    ],
    { tools: [READ_FILE] },
  )
  const decide = (path: string, changes: object = {}): ReturnType<typeof engine.decide> =>
    engine.decide(
      callOf({
        input: { path, ...('head' in changes ? { head: changes.head as number } : {}) },
        facts: { path: { ...BELOW_DATA, ...('head' in changes ? {} : changes) } },
      }),
    )

  test.for([
    ['a permit that applies allows', 'x', {}, { allowed: true, rule: 'below' }],
    ['the first and the last allow', '0', { dirs: [] }, { allowed: true }],
    ['the last of the others allows', '299', { dirs: [] }, { allowed: true }],
    ['none refuses', '300', { dirs: [] }, { allowed: false, reason: 'no-rule' }],
    ['a forbid beats them', '299', { special: true }, { allowed: false, rule: 'deny' }],
    [
      'one that errs refuses',
      '299',
      { head: 1 },
      { allowed: false, reason: 'engine-failure', rule: 'err' },
    ],
    ['one that does not err lets be', '299', { head: 0 }, { allowed: true }],
  ] as const)('%s', { tags: ['POL-21'] }, ([, path, changes, decision]) => {
    expect(decide(path, changes)).toMatchObject(decision)
  })
})

test('a retired set answers nothing', { tags: ['POL-11'] }, () => {
  const set = new PartedSet(rulesOf(Array.from({ length: 40 }, () => when('true'))))
  expect(set.ask(questionOf(CONTEXT), SCHEMA)).toMatchObject({ allowed: true })
  set.retire()
  expect(set.ask(questionOf(CONTEXT), SCHEMA)).toEqual({ type: 'failure' })
  const never = new PartedSet(rulesOf(Array.from({ length: 40 }, () => when('false'))))
  never.retire()
  expect(never.ask(questionOf(CONTEXT), SCHEMA)).toEqual({ type: 'failure' })
})
