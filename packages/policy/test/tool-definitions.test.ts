import type { JsonObject, JsonValue } from '@warren/core'
import type { ToolDefinition } from '@warren/policy'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { BELOW_DATA, callOf, engineOf, loadErrorOf, READ_FILE } from './tool-calls.ts'

const BELOW =
  '@id("below") permit (principal, action == Warren::Action::"fs/read_file", resource) when { context.fact.path.dirs.contains("/data") && context.input.path != "" };'
const READ = callOf({ input: { path: 'x' }, facts: { path: BELOW_DATA } })

function toolOf(inputSchema: JsonValue, name = 'odd'): ToolDefinition {
  return { server: 'fs', name, inputSchema: inputSchema as JsonObject }
}

function withField(schema: JsonValue): JsonObject {
  return { type: 'object', properties: { x: schema } }
}

/** A schema that stands so deep in others. */
function nested(depth: number): JsonObject {
  return depth === 0 ? { type: 'string' } : withField(nested(depth - 1))
}

describe('a part that rules cannot name', () => {
  test.for<{ what: string; schema: JsonValue; why: RegExp }>([
    { what: 'anything', schema: {}, why: /type is not given/ },
    { what: 'true', schema: true, why: /may be anything/ },
    { what: 'an object of anything', schema: { type: 'object' }, why: /fields are not listed/ },
    { what: 'a list of anything', schema: { type: 'array' }, why: /not of one type/ },
    {
      what: 'a tuple',
      schema: { type: 'array', prefixItems: [{ type: 'string' }], items: { type: 'string' } },
      why: /not of one type/,
    },
    {
      what: 'a list that may hold null',
      schema: { type: 'array', items: { type: ['string', 'null'] } },
      why: /may be null/,
    },
    { what: 'values of several types', schema: { enum: ['a', 1] }, why: /not all texts/ },
    { what: 'null alone', schema: { const: null }, why: /not all texts/ },
    {
      what: 'two kinds of object',
      schema: { anyOf: [withField({ type: 'string' }), withField({ type: 'integer' })] },
      why: /cannot be told apart/,
    },
    { what: 'several joined', schema: { allOf: [{ type: 'string' }, {}] }, why: /joins several/ },
    {
      what: 'a type that does not exist',
      schema: { type: 'date' },
      why: /none that a rule can read/,
    },
    { what: 'a file elsewhere', schema: { $ref: 'other.json' }, why: /not a pointer/ },
    { what: 'a pointer to nothing', schema: { $ref: '#/$defs/x' }, why: /not a pointer/ },
    { what: 'itself', schema: { $ref: '#' }, why: /within itself/ },
  ])('is $what', { tags: ['POL-16'] }, ({ schema, why }) => {
    const engine = engineOf([BELOW], { tools: [READ_FILE, toolOf(withField(schema))] })
    expect(engine.opaque.length).toBeGreaterThan(0)
    expect(engine.opaque.map((part) => part.tool)).toEqual(engine.opaque.map(() => 'fs/odd'))
    expect(engine.opaque[0]?.argument).toMatch(/^x(\.x)*$/)
    expect(engine.opaque[0]?.why).toMatch(why)
    expect(engine.decide(READ)).toMatchObject({ allowed: true, rule: 'below' })
  })

  test.for([
    '__entity',
    '__extn',
    '__expr',
    '__proto__',
    'a\u0000',
    'a\u202E',
    '\uD800',
    'x'.repeat(129),
  ])('is a field named %j', { tags: ['POL-16', 'POL-18'] }, (name) => {
    const properties = Object.fromEntries([[name, { type: 'string' }]])
    const engine = engineOf([BELOW], { tools: [READ_FILE, toolOf({ type: 'object', properties })] })
    expect(engine.opaque).toEqual([
      { tool: 'fs/odd', argument: '', why: 'a field has a name that no rule can use' },
    ])
    expect(engine.decide(READ).allowed).toBe(true)
  })

  test.for<{ what: string; inside: JsonObject; outside: JsonObject }>([
    { what: 'nesting', inside: nested(8), outside: nested(9) },
    {
      what: 'fields',
      inside: { type: 'object', properties: manyFields(256) },
      outside: { type: 'object', properties: manyFields(257) },
    },
    {
      what: 'values',
      inside: withField({ enum: Array.from({ length: 256 }, String) }),
      outside: withField({ enum: Array.from({ length: 257 }, String) }),
    },
    {
      what: 'alternatives',
      inside: withField({ anyOf: Array.from({ length: 16 }, () => ({ type: 'string' })) }),
      outside: withField({ anyOf: Array.from({ length: 17 }, () => ({ type: 'string' })) }),
    },
  ])('is what goes beyond the limit of $what', { tags: ['POL-16'] }, ({ inside, outside }) => {
    expect(engineOf([], { tools: [toolOf(inside)] }).opaque).toEqual([])
    expect(engineOf([], { tools: [toolOf(outside)] }).opaque).toHaveLength(1)
  })
})

function manyFields(count: number): JsonObject {
  return Object.fromEntries(
    Array.from({ length: count }, (_, index) => [`f${index}`, { type: 'string' }]),
  )
}

test.for([
  'a-b',
  'if',
  'in',
  '__cedar',
  '',
  'a"b',
  'a b',
  '日本',
  'constructor',
  'toJSON',
  'has',
  'type',
])('a field named %j can be named in quotes', { tags: ['POL-15', 'POL-16'] }, (name) => {
  const properties = Object.fromEntries([[name, { type: 'string' }]])
  const quoted = JSON.stringify(name)
  const engine = engineOf(
    [
      `permit (principal, action == Warren::Action::${JSON.stringify(`fs/${name}`)}, resource) when { context.input has ${quoted} && context.input[${quoted}] == "x" };`,
    ],
    { tools: [toolOf({ type: 'object', properties }, name)] },
  )
  const decide = (value: string): boolean =>
    engine.decide(callOf({ tool: name, input: Object.fromEntries([[name, value]]) })).allowed
  expect([decide('x'), decide('y')]).toEqual([true, false])
})

test('a definition that grows by references is given up', { tags: ['POL-16'] }, () => {
  const $defs = Object.fromEntries(
    Array.from({ length: 7 }, (_, level) => [
      `d${level}`,
      {
        type: 'object',
        properties: Object.fromEntries(
          Array.from({ length: 10 }, (_each, index) => [
            `p${index}`,
            { $ref: `#/$defs/d${level + 1}` },
          ]),
        ),
      },
    ]),
  )
  const bomb = toolOf({ type: 'object', properties: { x: { $ref: '#/$defs/d0' } }, $defs })
  const engine = engineOf([BELOW], { tools: [bomb, READ_FILE] })
  expect(engine.opaque).toHaveLength(64)
  expect(engine.decide(READ).allowed).toBe(true)
})

test.for<{ what: string; tools: readonly ToolDefinition[]; why: RegExp }>([
  { what: 'a name that is too long', tools: [toolOf(nested(1), 'x'.repeat(257))], why: /too long/ },
  { what: 'a name that is no text', tools: [toolOf(nested(1), '\uD800')], why: /malformed/ },
  { what: 'a name that stands twice', tools: [toolOf(nested(1)), toolOf(nested(2))], why: /twice/ },
  { what: 'no definition', tools: [{ server: 'fs', name: 'odd' }], why: /not pinned/ },
  { what: 'arguments that are no object', tools: [toolOf({ type: 'array', items: {} })], why: /./ },
])('a tool with $what is listed and the others load', { tags: ['POL-16'] }, ({ tools, why }) => {
  const engine = engineOf([BELOW], { tools: [...tools, READ_FILE] })
  expect(engine.opaque).toMatchObject([{ argument: '', why: expect.stringMatching(why) }])
  expect(engine.decide(READ).allowed).toBe(true)
})

test('1,024 tools load, one more does not', { tags: ['POL-16'] }, () => {
  const tools = Array.from({ length: 1024 }, (_, index) => toolOf(nested(1), `t${index}`))
  expect(loadErrorOf([], { tools })).toBeUndefined()
  expect(loadErrorOf([], { tools: [...tools, READ_FILE] })).toMatchObject({
    code: 'policy-too-large',
  })
})

const keyword = fc.constantFrom(
  'type',
  'properties',
  'items',
  'enum',
  'anyOf',
  'oneOf',
  'allOf',
  '$ref',
  'required',
  'additionalProperties',
  '__entity',
  '__proto__',
  'x',
)
const { schema } = fc.letrec<{ schema: JsonValue }>((tie) => ({
  schema: fc.oneof(
    { maxDepth: 4, withCrossShrink: true },
    fc.constantFrom<JsonValue>(
      'string',
      'integer',
      'object',
      'array',
      null,
      true,
      0.5,
      '#',
      '#/x',
      'x',
    ),
    fc.dictionary(keyword, tie('schema'), { maxKeys: 4 }),
    fc.array(tie('schema'), { maxLength: 3 }),
    fc.record({
      type: fc.constant('object'),
      properties: fc.dictionary(fc.string(), tie('schema')),
    }),
  ),
}))

test('no definition keeps the others from loading', { tags: ['POL-16', 'POL-22'] }, () => {
  fc.assert(
    fc.property(schema, fc.string({ unit: 'binary' }), fc.jsonValue(), (odd, name, input) => {
      const engine = engineOf([BELOW, '@id("all") permit (principal, action, resource);'], {
        tools: [
          toolOf(odd),
          toolOf(odd, name),
          toolOf({ type: 'object', properties: { x: odd } }, 'x'),
          READ_FILE,
        ],
      })
      expect(engine.decide(READ)).toMatchObject({ allowed: true, rule: 'below' })
      const args = { x: input } as JsonObject
      for (const tool of ['odd', 'x']) {
        const decision = engine.decide(callOf({ tool, input: args }))
        expect(decision.allowed || decision.reason).toSatisfy(
          (told) => told === true || told === 'input-mismatch',
        )
      }
      engine.retire()
    }),
    { numRuns: 15 },
  )
})
