import { expect, test } from 'vitest'
import { factOf } from './fact-layer-of.ts'

const JSON_ARGUMENT = { type: 'json' }

test.for<readonly [text: string, kind: string, members: readonly string[]]>([
  ['{}', 'object', []],
  ['{"a": {"b": 1}, "c": [{"b": 1}, {"b": 2}]}', 'object', ['a', 'c']],
  ['{"a": "\\": 1, \\"a\\": 2"}', 'object', ['a']],
  ['{"a\\"": 1, "a": 2}', 'object', ['a"', 'a']],
  ['[1, 1.5, "x:"]', 'array', []],
  ['"x"', 'string', []],
  [' 1e3 ', 'number', []],
  ['true', 'boolean', []],
  ['null', 'null', []],
])('%s is told', { tags: ['FCT-20'] }, async ([text, kind, members]) => {
  expect(await factOf(JSON_ARGUMENT, text)).toEqual({
    ok: true,
    kind,
    length: text.length,
    members,
  })
})

test.for([
  '',
  '{',
  "{'a': 1}",
  '{"a": 1,}',
  '// x\n1',
  'NaN',
  '{"a": 1, "a": 2}',
  '{"a": 1, "\\u0061": 2}',
  '[{"x": {"a": 1, "b": 1, "a": 1}}]',
  '{"__proto__": 1}',
  '9007199254740993',
  '1e400',
  '['.repeat(33) + ']'.repeat(33),
  `"${'x'.repeat(65_535)}"`,
])('%j is refused', { tags: ['FCT-20', 'FCT-5'] }, async (text) => {
  expect(await factOf(JSON_ARGUMENT, text)).toBe('fact-json-malformed')
})

test('as long and as deep as it may be', { tags: ['FCT-5'] }, async () => {
  expect(await factOf(JSON_ARGUMENT, `"${'x'.repeat(65_534)}"`)).toMatchObject({ kind: 'string' })
  expect(await factOf(JSON_ARGUMENT, '['.repeat(32) + ']'.repeat(32))).toMatchObject({ ok: true })
})
