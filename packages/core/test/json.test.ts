import { canonicalJson, parseCanonicalJson, parseJson } from '@warren/core'
import { expect, test } from 'vitest'

const LIMITS = { lengthMax: 1000, depthMax: 3, keysMax: 5 }

test.for([
  { name: 'at the length limit', text: `"${'a'.repeat(998)}"`, code: undefined },
  { name: 'one past the length limit', text: `"${'a'.repeat(999)}"`, code: 'json-too-long' },
  { name: 'at the depth limit', text: '[[[1]]]', code: undefined },
  { name: 'one past the depth limit', text: '[[[[1]]]]', code: 'json-too-deep' },
  { name: 'brackets in a string', text: '"[[[[[[[["', code: undefined },
  { name: 'brackets behind an escaped quote', text: String.raw`"\"[[[[[\\"`, code: undefined },
  {
    name: 'brackets behind a real end of string',
    text: String.raw`["\\",[[[1]]]]`,
    code: 'json-too-deep',
  },
  { name: 'a million levels', text: '['.repeat(900), code: 'json-too-deep' },
  { name: 'at the key limit', text: '{"a":1,"b":2,"c":{"d":3,"e":4}}', code: undefined },
  {
    name: 'one past the key limit',
    text: '{"a":1,"b":2,"c":{"d":3,"e":4},"f":1}',
    code: 'json-too-many-keys',
  },
  { name: 'with as many items', text: '[1,[2,"x",null]]', code: undefined },
  { name: 'with one item more', text: '[1,[2,"x",null,true]]', code: 'json-too-many-keys' },
  { name: 'with an empty name among too many', text: '[1,2,3,{"":1}]', code: undefined },
  { name: 'with an empty name too many', text: '[1,2,3,4,{"":1}]', code: 'json-too-many-keys' },
])('a text $name gives $code', { tags: ['CORE-1'] }, ({ text, code }) => {
  if (code === undefined) expect(parseJson(text, LIMITS)).toEqual(JSON.parse(text))
  else
    expect(() => parseJson(text, LIMITS)).toThrow(
      expect.objectContaining({ name: 'JsonError', code }),
    )
})

test.for([
  { text: '{"__proto__":1}', code: 'json-forbidden-key' },
  { text: '{"a":{"constructor":1}}', code: 'json-forbidden-key' },
  { text: '[1,{"prototype":null}]', code: 'json-forbidden-key' },
  { text: '{"a":[0,{"b":9007199254740993}]}', code: 'json-number-inexact' },
  { text: '9007199254740991', code: undefined },
  { text: '9007199254740993', code: 'json-number-inexact' },
  { text: '1e400', code: 'json-number-inexact' },
  { text: '0.1', code: undefined },
  { text: '{"a":', code: 'json-malformed' },
])('$text gives $code', { tags: ['CORE-2'] }, ({ text, code }) => {
  if (code === undefined) expect(parseJson(text, LIMITS)).toEqual(JSON.parse(text))
  else expect(() => parseJson(text, LIMITS)).toThrow(expect.objectContaining({ code }))
})

test(
  'the canonical form sorts by UTF-16 code units and escapes as RFC 8785 says',
  { tags: ['CORE-3'] },
  () => {
    // RFC 8785 §3.2.3, the example with the script-sorted keys.
    const value = {
      '\u20ac': 'Euro Sign',
      '\r': 'CR',
      '\ufb33': 'Hebrew',
      '1': 'One',
      '\u{1f600}': 'Smiley',
      '\u0080': 'Control',
      '\u00f6': 'o',
    }
    expect(Object.keys(JSON.parse(canonicalJson(value)) as object)).toEqual([
      '1',
      '\r',
      '\u0080',
      '\u00f6',
      '\u20ac',
      '\u{1f600}',
      '\ufb33',
    ])
    expect(canonicalJson({ b: [1e21 / 1e6, -0, 4.5, '\u000f'], a: null })).toBe(
      String.raw`{"a":null,"b":[1000000000000000,0,4.5,"\u000f"]}`,
    )
    expect(() => canonicalJson('\ud800')).toThrow(
      expect.objectContaining({ code: 'json-not-well-formed' }),
    )
    expect(() => canonicalJson(2 ** 53)).toThrow(
      expect.objectContaining({ code: 'json-number-inexact' }),
    )
  },
)

test.for([
  { text: '{"a":1,"b":2}', code: undefined },
  { text: '{"b":2,"a":1}', code: 'json-not-canonical' },
  { text: '{"a":1,"a":1}', code: 'json-not-canonical' },
  { text: '{"a": 1}', code: 'json-not-canonical' },
  { text: '-0', code: 'json-not-canonical' },
])('$text as a canonical text gives $code', { tags: ['CORE-4'] }, ({ text, code }) => {
  if (code === undefined) expect(canonicalJson(parseCanonicalJson(text, LIMITS))).toBe(text)
  else expect(() => parseCanonicalJson(text, LIMITS)).toThrow(expect.objectContaining({ code }))
})
