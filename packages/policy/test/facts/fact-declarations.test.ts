import { FactDeclarations, factTypeOf } from '@warren/policy'
import type { JsonValue } from '@warren/core'
import { expect, test } from 'vitest'

const PATH = { type: 'path', base: '/data' }

function argumentsOf(value: JsonValue): readonly string[] {
  const declared = FactDeclarations.read(value).argumentsOf('fs', 'read')
  return declared.map((argument) => `${argument.address.text}: ${factTypeOf(argument)}`)
}

test('every kind of argument can be declared, at any place', { tags: ['FCT-2'] }, () => {
  const declared = {
    path: { ...PATH, forward: 'canonical' },
    'options.file': { type: 'path', base: '/' },
    'paths[]': PATH,
    'edits[].target.file': PATH,
    url: { type: 'url' },
    sql: { type: 'sql', dialect: 'postgres' },
    'urls[][]': { type: 'url', schemes: ['https', 'git+ssh'], resolve: true },
    command: { type: 'shell' },
    'a\\.b\\[0\\]\\\\': { type: 'regex' },
    'Größe in %': { type: 'json' },
  }
  expect(argumentsOf({ 'fs/read': declared })).toEqual([
    'path: path',
    'options.file: path',
    'paths[]: paths',
    'edits[].target.file: paths',
    'url: url',
    'sql: sql',
    'urls[][]: urls',
    'command: shell',
    'a\\.b\\[0\\]\\\\: regex',
    'Größe in %: json',
  ])
})

test('a tool is found under its server and its exact name alone', { tags: ['FCT-1'] }, () => {
  const declarations = FactDeclarations.read({ 'fs/read': { path: PATH }, 'fs/a/b': { p: PATH } })
  expect(declarations.tools()).toEqual(['fs/read', 'fs/a/b'])
  expect(declarations.argumentsOf('fs', 'read')).toHaveLength(1)
  expect(declarations.argumentsOf('fs', 'a/b')).toHaveLength(1)
  for (const [server, tool] of [
    ['fs', 'Read'],
    ['fs', 'read '],
    ['other', 'read'],
    ['fs/a', 'c'],
    ['', '__proto__'],
  ] as const) {
    expect(declarations.argumentsOf(server, tool)).toEqual([])
  }
})

test.for<readonly [value: JsonValue, message: RegExp]>([
  [[], /^the file holds/],
  [null, /^the file holds/],
  ['fs/read', /^the file holds/],
  [{ read: { path: PATH } }, /^"read" is not the name of a tool/],
  [{ 'FS/read': { path: PATH } }, /^"FS\/read" is not the name of a tool/],
  [{ 'fs/': { path: PATH } }, /^"fs\/" is not the name of a tool/],
  [{ 'fs/a\u200Bb': { path: PATH } }, /is not the name of a tool/],
  [{ 'fs/read': null }, /^fs\/read: a tool is declared as/],
  [{ 'fs/read': [PATH] }, /^fs\/read: a tool is declared as/],
  [{ 'fs/read': { path: 'path' } }, /^fs\/read: path: an argument is declared as/],
  [{ 'fs/read': { path: {} } }, /^fs\/read: path: the type is one of path, url/],
  [{ 'fs/read': { path: { type: 'file' } } }, /^fs\/read: path: the type is one of/],
  [{ 'fs/read': { path: { type: ['path'] } } }, /the type is one of/],
  [{ 'fs/read': { path: { type: 'constructor' } } }, /the type is one of/],
  [{ 'fs/read': { path: { type: 'path' } } }, /^fs\/read: path: the base is an absolute path/],
  [{ 'fs/read': { path: { type: 'path', base: 'data' } } }, /the base is/],
  [{ 'fs/read': { path: { type: 'path', base: '/data/' } } }, /the base is/],
  [{ 'fs/read': { path: { type: 'path', base: '/data/../etc' } } }, /the base is/],
  [{ 'fs/read': { path: { type: 'path', base: '~/data' } } }, /the base is/],
  [{ 'fs/read': { path: { type: 'path', base: '$HOME' } } }, /the base is/],
  [{ 'fs/read': { path: { ...PATH, forward: true } } }, /what is forwarded is "canonical"/],
  [{ 'fs/read': { path: { ...PATH, root: '/' } } }, /"root" is none of type, base, forward/],
  [{ 'fs/read': { url: { type: 'url', schemes: [] } } }, /schemes are 1 to 16 names/],
  [{ 'fs/read': { url: { type: 'url', schemes: 'https' } } }, /schemes are/],
  [{ 'fs/read': { url: { type: 'url', schemes: ['HTTPS'] } } }, /schemes are/],
  [{ 'fs/read': { url: { type: 'url', schemes: ['https:'] } } }, /schemes are/],
  [{ 'fs/read': { url: { type: 'url', schemes: Array.from({ length: 17 }, () => 'a') } } }, /are/],
  [{ 'fs/read': { url: { type: 'url', resolve: 'yes' } } }, /resolve is true or false/],
  [{ 'fs/read': { c: { type: 'shell', base: '/' } } }, /"base" is none of type/],
  [{ 'fs/read': { 'c[]': { type: 'shell' } } }, /c\[\]: a list holds path or url, nothing else/],
  [{ 'fs/read': { 'c[].d': { type: 'regex' } } }, /a list holds path or url/],
  ...['', '.', 'a.', '.a', 'a..b', '[]', 'a[0]', 'a[', 'a]', 'a[]b', 'a\\b', 'a\\', 'a\n'].map(
    (argument) =>
      [{ 'fs/read': { [argument]: PATH } }, /^fs\/read: ".*" is not the name of an arg/] as const,
  ),
  [{ 'fs/read': { 'a.constructor': PATH } }, /is not the name of an argument/],
  [JSON.parse('{"fs/read":{"__proto__":{"type":"shell"}}}'), /is not the name of an argument/],
  [{ 'fs/read': { 'a.b.c.d.e.f.g.h.i': PATH } }, /is not the name of an argument/],
  [{ 'fs/read': { ['x'.repeat(257)]: PATH } }, /is not the name of an argument/],
])('%j is an error', { tags: ['FCT-2'] }, ([value, message]) => {
  expect(() => FactDeclarations.read(value)).toThrow(
    expect.objectContaining({
      name: 'FactError',
      code: 'facts-malformed',
      message: expect.stringMatching(message) as string,
    }),
  )
})

test('an error knows its place', { tags: ['FCT-2'] }, () => {
  const value = { 'fs/read': { path: PATH }, 'fs/write': { 'options.file': { type: 'path' } } }
  expect(() => FactDeclarations.read(value)).toThrow(
    expect.objectContaining({ place: { tool: 'fs/write', argument: 'options.file' } }),
  )
})

test('so many tools and arguments are declared, and not one more', { tags: ['FCT-2'] }, () => {
  const many = (count: number, each: JsonValue, name: string): Record<string, JsonValue> =>
    Object.fromEntries(Array.from({ length: count }, (_, index) => [`${name}${index}`, each]))
  const tooMany = expect.objectContaining({ code: 'facts-too-many' })

  expect(FactDeclarations.read(many(1024, {}, 'fs/t')).tools()).toHaveLength(1024)
  expect(() => FactDeclarations.read(many(1025, {}, 'fs/t'))).toThrow(tooMany)
  expect(argumentsOf({ 'fs/read': many(32, PATH, 'p') })).toHaveLength(32)
  expect(() => argumentsOf({ 'fs/read': many(33, PATH, 'p') })).toThrow(tooMany)
})
