import { expect, test } from 'vitest'
import { factOf } from './fact-layer-of.ts'

const REGEX = { type: 'regex' }

test.for([
  '',
  'abc',
  'a|b|c',
  '^a.*$',
  '^\\s*x',
  '^(?:ab)+$',
  '^(a|b)x*',
  '\\d{4}-\\d{2}-\\d{2}',
  'colou?r',
  '[a-z]{1,8}',
  '[^\\]"]{3}',
  '(?<year>\\d{4})',
  '(?P<year>\\d{4})',
  '(?i)error',
  '(?i:error)',
  '\\p{L}\\u{1F600}\\x41\\u0041\\n\\.\\/',
  '\\bword\\b',
  '[[:alpha:]]x',
  'a{b',
  '^\\A?x',
  '(a|b)?c',
])('%j is linear', { tags: ['FCT-19'] }, async (text) => {
  const fact = await factOf(REGEX, text)
  if (text === '^\\A?x') expect(fact).toBe('fact-regex-malformed')
  else expect(fact).toEqual({ ok: true, length: text.length, isRegular: true, isLinear: true })
})

test.for([
  '(a+)+$',
  '^(a+)+$',
  '^(a*)*$',
  '^(a|a)*$',
  '^(a|aa)+$',
  '^(a?){30}a{30}$',
  '^([a-z]+)*@',
  '^(?:a{1,3})*$',
  '^((ab)*)*$',
  '^(.*,){5}x',
  // Quadratic and worse.
  '\\s+$',
  'foo.*bar',
  '^.*a.*b$',
  '^a*a*$',
  '^a|b*c',
  'x*',
  // Constant, but large.
  'a?a?a?a?a?a?a?a?a?a?a?a?a?a?',
  '(?:a{100}){101}',
  'a{10001}',
  'a{99999999999999999999}b{2}',
  '^(a|b){2}$',
  '^a{1,}b{,}$',
])('%s is not, for an engine that backtracks', { tags: ['FCT-19'] }, async (text) => {
  expect(await factOf(REGEX, text)).toMatchObject({ isRegular: true, isLinear: false })
})

test.for([
  '(a)\\1',
  '(?<x>a)\\k<x>',
  'a(?=b)',
  'a(?!b)',
  '(?<=a)b',
  '(?<!a)b',
  '(?>a+)b',
  'a++b',
  'a*+',
  'a{2}{3}',
  'a+*',
  '(?R)',
  '(?1)',
  '(?|a|b)',
  '(?(1)a|b)',
  '(?#comment)',
  '(?x) a b',
  '(?m)^a*b',
  '(?-i)a',
  '\\Qa+\\E',
  '\\Ka',
  '\\R',
  '\\8',
  '[]a]',
  '[^]a]',
  '[a[b]]',
  '[a',
])('%s is not regular for certain', { tags: ['FCT-19'] }, async (text) => {
  expect(await factOf(REGEX, text)).toMatchObject({ isRegular: false, isLinear: false })
})

test.for([
  ['(a', 'fact-regex-malformed'],
  ['a)', 'fact-regex-malformed'],
  ['*a', 'fact-regex-malformed'],
  ['a|+', 'fact-regex-malformed'],
  ['(?:+)', 'fact-regex-malformed'],
  ['(*SKIP)a', 'fact-regex-malformed'],
  ['a\\', 'fact-regex-malformed'],
  [`${'('.repeat(64)}${')'.repeat(64)}`, 'fact-regex-malformed'],
  ['x'.repeat(4097), 'fact-too-long'],
  ['\uD800', 'fact-characters'],
] as const)('%s: %s', { tags: ['FCT-19', 'FCT-5'] }, async ([text, code]) => {
  expect(await factOf(REGEX, text)).toBe(code)
})

test.for([
  'x'.repeat(4096),
  `${'('.repeat(63)}${')'.repeat(63)}`,
  '['.repeat(4096),
  '{1'.repeat(2048),
  '\\p{'.repeat(1024),
])('a long one is read to its end (%#)', { tags: ['FCT-5'] }, async (text) => {
  expect(await factOf(REGEX, text)).toMatchObject({ length: text.length })
})
