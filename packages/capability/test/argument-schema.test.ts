import { fitsSchema, parseArgumentSchema } from '@warren/capability'
import type { JsonObject, JsonValue } from '@warren/core'
import { expect, test } from 'vitest'
import { refusal } from './builders.ts'

/** A schema of one required property. */
function of(part: JsonObject): JsonObject {
  return { type: 'object', properties: { x: part }, required: ['x'], additionalProperties: false }
}

test.for<[JsonObject, readonly JsonValue[], readonly JsonValue[]]>([
  [{ type: 'string' }, ['', 'a'], [1, null, true, [], {}]],
  [{ type: 'string', minLength: 1, maxLength: 2 }, ['a', 'ab', '😀😀'], ['', 'abc', '😀😀😀']],
  [{ type: 'string', enum: ['a', 'b'] }, ['a', 'b'], ['c', 'A', ['a']]],
  [{ type: 'string', const: 'a' }, ['a'], ['b', '']],
  [{ type: 'integer' }, [0, -1, 1e15], [0.5, '1', null]],
  [{ type: 'integer', minimum: 1, maximum: 3 }, [1, 2, 3], [0, 4]],
  [{ type: 'integer', const: 0 }, [0], [1, false, null]],
  [{ type: 'number', minimum: 0.5 }, [0.5, 1], [0.4, '1']],
  [{ type: 'boolean' }, [true, false], [0, 'true', null]],
  [{ type: 'boolean', const: false }, [false], [true, 0]],
  [{ type: 'null' }, [null], [0, false, {}]],
  [
    { type: 'array', items: { type: 'integer' }, minItems: 1, maxItems: 2 },
    [[1], [1, 2]],
    [[], [1, 2, 3], ['1'], 1, {}],
  ],
  [{ type: 'object', additionalProperties: false }, [{}], [{ a: 1 }, [], null]],
  [{ type: 'object', additionalProperties: true }, [{}, { a: 1 }], [[]]],
  [of({ type: 'string' }), [{ x: 'a' }], [{}, { x: 1 }, { x: 'a', y: 1 }, { X: 'a' }]],
])('%j fits what JSON Schema says it does', { tags: ['CAP-9'] }, ([part, fitting, others]) => {
  const schema = parseArgumentSchema(of(part))
  for (const value of fitting) expect(fitsSchema(schema, { x: value })).toBe(true)
  for (const value of others) expect(fitsSchema(schema, { x: value })).toBe(false)
})

test('names of the language are no properties', { tags: ['CAP-9'] }, () => {
  const schema = parseArgumentSchema({ ...of({ type: 'string' }), required: ['toString'] })
  expect(fitsSchema(schema, {})).toBe(false)
  const open: JsonObject = { type: 'object', properties: {}, additionalProperties: false }
  expect(fitsSchema(open, { valueOf: 1 })).toBe(false)
})

function nested(depth: number): JsonObject {
  return depth === 1 ? { type: 'string' } : { type: 'array', items: nested(depth - 1) }
}

test('a schema is at most eight deep and has at most 256 parts', { tags: ['CAP-9'] }, () => {
  expect(parseArgumentSchema(of(nested(7))).type).toBe('object')
  expect(() => parseArgumentSchema(of(nested(8)))).toThrow(refusal('capability-schema'))
  const wide = (count: number): JsonObject => ({
    type: 'object',
    properties: Object.fromEntries(
      Array.from({ length: count }, (_, at) => [`p${at}`, { type: 'null' }]),
    ),
    additionalProperties: false,
  })
  expect(parseArgumentSchema(wide(255)).type).toBe('object')
  expect(() => parseArgumentSchema(wide(256))).toThrow(refusal('capability-schema'))
})

test.for<[string, JsonValue | undefined]>([
  ['nothing', undefined],
  ['true', true],
  ['no type', { additionalProperties: true }],
  ['several types', { type: ['object', 'null'], additionalProperties: true }],
  ['arguments that are no object', { type: 'string' }],
  ['an open object that does not say so', { type: 'object', properties: {} }],
  ['a list without items', of({ type: 'array' })],
  ['a pattern', of({ type: 'string', pattern: '^(a+)+$' })],
  ['a format', of({ type: 'string', format: 'uri' })],
  ['a reference', of({ $ref: '#' })],
  ['an alternative', { type: 'object', additionalProperties: true, anyOf: [] }],
  ['a negation', { type: 'object', additionalProperties: true, not: {} }],
  ['a bound that is text', of({ type: 'integer', maximum: '5' })],
  ['a length below nothing', of({ type: 'string', maxLength: -1 })],
  ['a choice of nothing', of({ type: 'string', enum: [] })],
  ['a choice of objects', of({ type: 'string', enum: [{}] })],
  ['a bound of another type', of({ type: 'string', maximum: 5 })],
  ['required names twice', { type: 'object', required: ['a', 'a'], additionalProperties: true }],
  ['a schema for what is added', { type: 'object', additionalProperties: { type: 'string' } }],
  ['an unknown type', of({ type: 'toString' })],
  [
    'a property that is no schema',
    of(JSON.parse('{"type":"object","properties":{"a":1},"additionalProperties":true}')),
  ],
])('%s is refused', { tags: ['CAP-9'] }, ([, schema]) => {
  expect(() => parseArgumentSchema(schema)).toThrow(refusal('capability-schema'))
})
