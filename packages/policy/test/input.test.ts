import type { JsonObject } from '@warren/core'
import type { Decision } from '@warren/policy'
import { describe, expect, test } from 'vitest'
import { callOf, engineOf } from './tool-calls.ts'

const SCHEMA: JsonObject = {
  type: 'object',
  properties: {
    path: { type: 'string' },
    mode: { enum: ['read', 'write'] },
    count: { type: 'integer' },
    ratio: { type: 'number' },
    deep: { type: 'boolean' },
    tags: { type: 'array', items: { type: 'string' } },
    note: { type: ['string', 'null'] },
    target: { anyOf: [{ type: 'string' }, { type: 'array', items: { type: 'integer' } }] },
    options: {
      type: 'object',
      properties: { file: { type: 'string' }, 'a-b': { $ref: '#/$defs/flag' } },
      required: ['file'],
      additionalProperties: false,
    },
    anything: {},
  },
  required: ['path'],
  additionalProperties: false,
  $defs: { flag: { type: 'boolean' } },
}

function decide(condition: string, input: JsonObject, inputSchema: JsonObject = SCHEMA): Decision {
  const rule = `permit (principal, action == Warren::Action::"fs/tool", resource) when { ${condition} };`
  const engine = engineOf([rule], { tools: [{ server: 'fs', name: 'tool', inputSchema }] })
  const decision = engine.decide(callOf({ tool: 'tool', input }))
  engine.retire()
  return decision
}

const TRUE = 'true'

test.for<{ condition: string; inside: JsonObject; outside: JsonObject }>([
  {
    condition: 'context.input.path like "/data/*"',
    inside: { path: '/data/x' },
    outside: { path: '/dat' },
  },
  {
    condition: 'context.input has count && context.input.count <= 10',
    inside: { path: '', count: 10 },
    outside: { path: '', count: 11 },
  },
  {
    condition: 'context.input has ratio && context.input.ratio == 0',
    inside: { path: '', ratio: -0 },
    outside: { path: '', ratio: 1 },
  },
  {
    condition: 'context.input has mode && context.input.mode == "read"',
    inside: { path: '', mode: 'read' },
    outside: { path: '', mode: 'write' },
  },
  {
    condition: 'context.input has tags && ["a", "b"].containsAll(context.input.tags)',
    inside: { path: '', tags: ['b', 'a', 'b'] },
    outside: { path: '', tags: ['a', 'c'] },
  },
  {
    condition: 'context.input has options && context.input.options.file == "x"',
    inside: { path: '', options: { file: 'x' } },
    outside: { path: '', options: { file: 'y' } },
  },
  {
    condition:
      'context.input has options && context.input.options has "a-b" && context.input.options["a-b"]',
    inside: { path: '', options: { file: 'x', 'a-b': true } },
    outside: { path: '', options: { file: 'x', 'a-b': false } },
  },
  {
    condition:
      'context.input has target && context.input.target has array && context.input.target.array.contains(7)',
    inside: { path: '', target: [7] },
    outside: { path: '', target: '7' },
  },
  {
    condition: 'context.input has note',
    inside: { path: '', note: '' },
    outside: { path: '', note: null },
  },
  {
    condition: '!(context.input has deep)',
    inside: { path: '' },
    outside: { path: '', deep: false },
  },
])('$condition', { tags: ['POL-15', 'POL-18'] }, ({ condition, inside, outside }) => {
  expect(decide(condition, inside)).toMatchObject({ allowed: true })
  expect(decide(condition, outside)).toMatchObject({ allowed: false, reason: 'no-rule' })
})

describe('the definition', () => {
  test.for<{ what: string; input: JsonObject }>([
    { what: 'a field that it does not have', input: { path: '', paht: '' } },
    { what: 'such a field further in', input: { path: '', options: { file: '', more: 1 } } },
    { what: 'a missing field', input: {} },
    { what: 'a missing field further in', input: { path: '', options: {} } },
    { what: 'another type', input: { path: 1 } },
    { what: 'null where it allows none', input: { path: null } },
    { what: 'a value that it does not list', input: { path: '', mode: 'append' } },
    { what: 'a fraction for an integer', input: { path: '', count: 1.5 } },
    { what: 'another type in a list', input: { path: '', tags: ['a', 1] } },
    { what: 'a text for a list', input: { path: '', tags: 'a' } },
    { what: 'an object for a text', input: { path: { __extn: { fn: 'ip', arg: '::1' } } } },
    { what: 'a kind that no alternative has', input: { path: '', target: true } },
    { what: 'another type within an alternative', input: { path: '', target: ['7'] } },
  ])('$what is refused, whether a rule reads it or not', { tags: ['POL-17'] }, ({ input }) => {
    expect(decide(TRUE, input)).toMatchObject({
      allowed: false,
      reason: 'input-mismatch',
      rules: [],
    })
  })

  test.for<{ what: string; input: JsonObject }>([
    { what: 'every field', input: { path: 'x', mode: 'read', count: 1, ratio: 0.5, deep: true } },
    { what: 'what may be anything', input: { path: 'x', anything: { a: [null, 0.1] } } },
    { what: 'null where it is allowed', input: { path: 'x', note: null } },
    { what: 'an empty list', input: { path: 'x', tags: [] } },
    { what: 'either alternative', input: { path: 'x', target: [1] } },
  ])('$what fits', { tags: ['POL-17'] }, ({ input }) => {
    expect(decide(TRUE, input)).toMatchObject({ allowed: true })
  })

  test('lets pass what it does not exclude', { tags: ['POL-17'] }, () => {
    const open = { type: 'object', properties: { path: { type: 'string' } } }
    expect(decide(TRUE, { other: 1 }, open)).toMatchObject({ allowed: true })
    const byPattern = { ...open, additionalProperties: false, patternProperties: { '^x-': {} } }
    expect(decide(TRUE, { 'x-a': 1 }, byPattern)).toMatchObject({ allowed: true })
    expect(decide(TRUE, { other: 1 }, { ...open, additionalProperties: false })).toMatchObject({
      reason: 'input-mismatch',
    })
  })

  test('is not told to those who may not use the tool at all', { tags: ['POL-17'] }, () => {
    const engine = engineOf(
      [
        'permit (principal in Warren::Role::"operator", action == Warren::Action::"fs/tool", resource);',
      ],
      { tools: [{ server: 'fs', name: 'tool', inputSchema: SCHEMA }] },
    )
    const wrong = callOf({ tool: 'tool', input: { paht: '' } })
    expect(engine.decide(wrong)).toMatchObject({
      sentence:
        'refused to call tool "fs/tool": the argument "paht" is not in the definition of the tool',
    })
    const stranger = { ...wrong, caller: { did: 'did:x', roles: [], enclave: '' } }
    expect(engine.decide(stranger)).toMatchObject({ reason: 'no-rule' })
  })
})

describe('what a rule reads', () => {
  const TEXT = 'context.input.path != "none"'
  const NUMBER = 'context.input has ratio && context.input.ratio != 7'
  const LIST = 'context.input has tags && !context.input.tags.contains("none")'

  test.for<{
    what: string
    condition: string
    inside: JsonObject
    outside: JsonObject
    reason: string
  }>([
    {
      what: 'a long text',
      condition: TEXT,
      inside: { path: 'x'.repeat(16_384) },
      outside: { path: 'x'.repeat(16_385) },
      reason: 'input-too-large',
    },
    {
      what: 'text that is not well-formed',
      condition: TEXT,
      inside: { path: '\u{1F600}' },
      outside: { path: '\uD83D' },
      reason: 'input-text',
    },
    {
      what: 'a fraction',
      condition: NUMBER,
      inside: { path: '', ratio: 2 },
      outside: { path: '', ratio: 0.5 },
      reason: 'input-number',
    },
    {
      what: 'a large number',
      condition: NUMBER,
      inside: { path: '', ratio: 2 ** 53 - 1 },
      outside: { path: '', ratio: 2 ** 53 },
      reason: 'input-number',
    },
    {
      what: 'many values',
      condition: LIST,
      inside: { path: '', tags: Array.from({ length: 4095 }, String) },
      outside: { path: '', tags: Array.from({ length: 4096 }, String) },
      reason: 'input-too-large',
    },
    {
      what: 'many characters',
      condition: LIST,
      inside: { path: '', tags: Array.from({ length: 8 }, () => 'x'.repeat(16_384)) },
      outside: { path: '', tags: ['x', ...Array.from({ length: 8 }, () => 'x'.repeat(16_384))] },
      reason: 'input-too-large',
    },
  ])(
    '$what: up to the limit only',
    { tags: ['POL-19'] },
    ({ condition, inside, outside, reason }) => {
      expect(decide(condition, inside)).toMatchObject({ allowed: true })
      expect(decide(condition, outside)).toMatchObject({ allowed: false, reason })
    },
  )

  test.for<JsonObject>([
    { path: 'x'.repeat(1_000_000) },
    { path: '\uD83D' },
    { path: '', ratio: 0.5 },
    { path: '', ratio: 1e21 },
    { path: '', tags: Array.from({ length: 10_000 }, String) },
    { path: '', anything: { __entity: { type: 'Warren::Role', id: 'admin' } } },
  ])('and nothing else is given to the engine (case %#)', { tags: ['POL-19'] }, (input) => {
    expect(
      decide('context.input has deep || context.at > datetime("2026-01-01")', input),
    ).toMatchObject({
      allowed: true,
    })
    expect(decide('context has input && context.input has count || true', input)).toMatchObject({
      allowed: true,
    })
  })

  test('is found through every form of the language', { tags: ['POL-19'] }, () => {
    const long = { path: 'x'.repeat(16_385) }
    for (const condition of [
      'context.input.path == "x"',
      'context["input"]["path"] == "x"',
      '(if context has at then context.input else context.input).path == "x"',
      '{Value: context}.Value.input.path == "x"',
      '{Value: context.input.path}.Value == "x"',
      '[context.input.path].contains("x")',
      '!(context.input has path) || context.input.path == "x"',
      'context.input has path && ["y"].contains(context.input.path)',
    ]) {
      expect(decide(condition, long), condition).toMatchObject({ reason: 'input-too-large' })
      expect(decide(condition, { path: 'y' }).allowed, condition).toBe(condition.includes('"y"'))
    }
  })
})

test.for([
  '{"__entity": {"type": "Warren::Role", "id": "admin"}}',
  '{"__extn": {"fn": "ip", "arg": "127.0.0.1"}}',
  '{"__expr": "true"}',
  '{"fn": "ip", "arg": "127.0.0.1"}',
  '{"type": "Warren::Role", "id": "admin"}',
  '{"toJSON": "x"}',
  '{"__proto__": {"file": "x"}}',
])('%s in the arguments is nothing to the engine', { tags: ['POL-18', 'THR-12'] }, (hostile) => {
  const value: JsonObject = JSON.parse(hostile)
  const open = {
    type: 'object',
    properties: {
      path: { type: 'string' },
      options: {
        type: 'object',
        properties: { file: { type: 'string' }, size: { type: 'integer' } },
      },
    },
  }
  const condition = 'context.input has options && context.input.options has file'
  expect(decide(condition, { path: '', options: value }, open)).toMatchObject({ reason: 'no-rule' })
  expect(decide(condition, { ...value, options: { file: '' } }, open)).toMatchObject({
    allowed: true,
  })
  const text = decide(
    'context.input has path && context.input.path like "{*"',
    { path: hostile },
    open,
  )
  expect(text).toMatchObject({ allowed: true })
})

test('arguments that are no object are refused', { tags: ['POL-17'] }, () => {
  for (const odd of [null, 1, 'x', ['path']]) {
    expect(decide(TRUE, odd as unknown as JsonObject)).toMatchObject({ reason: 'input-mismatch' })
  }
})
