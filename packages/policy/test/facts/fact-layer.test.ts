import type { JsonObject } from '@warren/core'
import type { FactPorts, FactReading } from '@warren/policy'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { EMPTY_MACHINE, layerOf, read } from './fact-layer-of.ts'

const PATH = { type: 'path', base: '/data' }
const CANONICAL = { ...PATH, forward: 'canonical' }

async function known(declared: JsonObject, args: JsonObject): Promise<FactReading> {
  const reading = await read(layerOf(declared), args)
  if (reading.status === 'refused') throw new Error(reading.sentence)
  return reading
}

test('what is not declared stays opaque', { tags: ['FCT-1'] }, async () => {
  const args = { path: '/etc/passwd', sql: 'DROP TABLE x', nested: { path: '../..' } }
  const reading = await known({ file: PATH }, args)
  expect([...reading.facts]).toEqual([])
  expect(reading.forward).toBe(args)
})

test.for<readonly [address: string, args: JsonObject]>([
  ['path', {}],
  ['path', { Path: 'x' }],
  ['options.file', {}],
  ['options.file', { options: {} }],
  ['a[].b', {}],
  ['toString', {}],
])('without %s in %j there is no fact', { tags: ['FCT-1'] }, async ([address, args]) => {
  const { facts } = await known({ [address]: PATH }, args)
  expect(facts.size).toBe(0)
})

test(
  'an argument is found at its place, and its fact bears its name',
  { tags: ['FCT-1'] },
  async () => {
    const { facts } = await known(
      { 'options.file': PATH, 'a\\.b': PATH, 'edits[].path': PATH },
      {
        options: { file: 'x' },
        'a.b': 'y',
        a: { b: 1 },
        edits: [{ path: 'p' }, {}, { path: 'q' }],
      },
    )
    expect([...facts.keys()]).toEqual(['options.file', 'a\\.b', 'edits[].path'])
    expect(facts.get('options.file')).toMatchObject({ real: '/data/x' })
    expect(facts.get('a\\.b')).toMatchObject({ real: '/data/y' })
    expect(facts.get('edits[].path')).toMatchObject({ count: 2, reals: ['/data/p', '/data/q'] })
  },
)

test.for<readonly [address: string, args: JsonObject]>([
  ['path', { path: 1 }],
  ['path', { path: null }],
  ['path', { path: ['x'] }],
  ['path', { path: { toString: 'x' } }],
  ['paths[]', { paths: 'x' }],
  ['paths[]', { paths: { 0: 'x', length: 1 } }],
  ['paths[]', { paths: ['x', 1] }],
  ['paths[]', { paths: ['x', ['y']] }],
  ['options.file', { options: 'x' }],
  ['options.file', { options: null }],
  ['options.file', { options: ['x'] }],
])('%s refuses %j', { tags: ['FCT-3'] }, async ([address, args]) => {
  expect(await read(layerOf({ [address]: PATH }), args)).toMatchObject({
    status: 'refused',
    code: 'fact-argument-shape',
    argument: address,
  })
})

test('a list has so many elements, and not one more', { tags: ['FCT-5'] }, async () => {
  const layer = layerOf({ 'paths[]': PATH, 'deep[][]': PATH })
  const texts = (count: number): readonly string[] => Array.from({ length: count }, () => 'x')
  const tooMany = { status: 'refused', code: 'fact-too-many' }
  expect(await read(layer, { paths: texts(64) })).toMatchObject({ status: 'known' })
  expect(await read(layer, { paths: texts(65) })).toMatchObject(tooMany)
  expect(await read(layer, { deep: [texts(32), texts(32)] })).toMatchObject({ status: 'known' })
  expect(await read(layer, { deep: [texts(32), texts(33)] })).toMatchObject(tooMany)
})

test(
  'the paths of one call lead through 8,192 names together, and not one more',
  { tags: ['FCT-5'] },
  async () => {
    const layer = layerOf({ 'paths[]': { type: 'path', base: '/data' } })
    // Each is walked as it is, behind the base, which is walked as well: two names more, and two of the base.
    const paths = (last: number): string[] => [
      ...Array.from({ length: 15 }, () => `x${'/y'.repeat(507)}`),
      `x${'/y'.repeat(last)}`,
    ]
    const reading = await read(layer, { paths: paths(507) })
    expect(reading).toMatchObject({ status: 'known' })
    expect(await read(layer, { paths: paths(508) })).toMatchObject({ code: 'fact-path-steps' })
    const many = Array.from({ length: 64 }, (_, at) => `${at}${'/abcdef'.repeat(500)}`)
    expect(await read(layer, { paths: many })).toMatchObject({ code: 'fact-path-steps' })
  },
)

test('of a list is said what holds for all and what for one', { tags: ['FCT-14'] }, async () => {
  const { facts } = await known(
    { 'paths[]': PATH },
    { paths: ['a/x.txt', '/data/a/.y', '/outside/z.TXT', 'a/x.txt'] },
  )
  expect(facts.get('paths[]')).toEqual({
    ok: true,
    count: 4,
    reals: ['/data/a/x.txt', '/data/a/.y', '/outside/z.TXT'],
    allDirs: ['/'],
    anyDirs: ['/', '/data', '/data/a', '/data/a/x.txt', '/data/a/.y', '/outside', '/outside/z.TXT'],
    names: ['x.txt', '.y', 'z.TXT'],
    extensions: ['txt'],
    allExist: false,
    anyViaSymlink: false,
    anyHidden: true,
    anySpecial: false,
    anyPseudo: false,
  })
  const below = await known({ 'paths[]': PATH }, { paths: ['a/x', 'a/y'] })
  expect(below.facts.get('paths[]')).toMatchObject({ allDirs: ['/', '/data', '/data/a'] })
  const empty = await known({ 'paths[]': PATH }, { paths: [] })
  expect(empty.facts.get('paths[]')).toMatchObject({ count: 0, allDirs: [], anyDirs: [] })
})

test('one bad element refuses the whole call', { tags: ['FCT-3'] }, async () => {
  const reading = await read(layerOf({ 'paths[]': PATH }), { paths: ['x', '~/y'] })
  expect(reading).toEqual({
    status: 'refused',
    code: 'fact-path-expansion',
    argument: 'paths[]',
    sentence:
      'refused: the argument "paths[]" holds "~", "$" or a back-quote that a server might expand',
  })
})

test('nothing is rewritten without a word in the declaration', { tags: ['FCT-6'] }, async () => {
  const args = { path: './a//b', other: [1, { x: null }] }
  const reading = await known({ path: PATH }, args)
  expect(reading.facts.get('path')).toMatchObject({ asked: './a//b', real: '/data/a/b' })
  expect(reading.forward).toBe(args)
  expect(reading.rewrites).toEqual([])
})

test('a canonical path is forwarded where that is declared', { tags: ['FCT-6'] }, async () => {
  const args = {
    path: './x//y',
    paths: ['/data/z', 'z', { not: 'touched' }.not],
    edits: [{ file: 'file:///data/a%20b', text: './x//y' }, { text: 'q' }],
    keep: ['./x//y'],
  }
  const frozen = structuredClone(args)
  const declared = { path: PATH, 'paths[]': CANONICAL, 'edits[].file': CANONICAL }
  const { forward, rewrites } = await known(declared, args)
  expect(forward).toEqual({
    path: './x//y',
    paths: ['/data/z', '/data/z', '/data/touched'],
    edits: [{ file: '/data/a b', text: './x//y' }, { text: 'q' }],
    keep: ['./x//y'],
  })
  expect(rewrites).toEqual([
    { argument: 'paths[]', asked: 'z', forwarded: '/data/z' },
    { argument: 'paths[]', asked: 'touched', forwarded: '/data/touched' },
    { argument: 'edits[].file', asked: 'file:///data/a%20b', forwarded: '/data/a b' },
  ])
  expect(args).toEqual(frozen)
})

test('a path that is canonical is forwarded as it came', { tags: ['FCT-6'] }, async () => {
  const args = { path: '/data/x' }
  const { forward, rewrites } = await known({ path: CANONICAL }, args)
  expect(forward).toBe(args)
  expect(rewrites).toEqual([])
})

test.for<readonly [what: string, ports: Partial<FactPorts>]>([
  [
    'the file system fails',
    {
      files: {
        ...EMPTY_MACHINE.files,
        lstat: async () => {
          throw new Error('EACCES: /data/private')
        },
      },
    },
  ],
  [
    'the file system fails at once',
    {
      files: {
        ...EMPTY_MACHINE.files,
        lstat: () => {
          throw new TypeError('broken')
        },
      },
    },
  ],
  [
    'a link has no target',
    {
      files: {
        ...EMPTY_MACHINE.files,
        lstat: async (path) => {
          const kind = path === '/data/x' ? 'link' : 'directory'
          return /^\/(?:data(?:\/x)?)?$/.test(path)
            ? { kind, device: '1', inode: path, bornNs: '1', changedNs: '1', names: 1 }
            : undefined
        },
      },
    },
  ],
])('a call is refused when %s', { tags: ['FCT-4'] }, async ([, ports]) => {
  expect(await read(layerOf({ path: PATH }, ports), { path: 'x' })).toEqual({
    status: 'refused',
    code: 'fact-failure',
    argument: 'path',
    sentence: 'refused: the argument "path" could not be examined',
  })
})

test('a resolver that fails refuses the call', { tags: ['FCT-4'] }, async () => {
  const layer = layerOf(
    { url: { type: 'url', resolve: true } },
    {
      resolveName: async () => {
        throw new Error('broken')
      },
    },
  )
  expect(await read(layer, { url: 'http://a.example/' })).toMatchObject({ code: 'fact-failure' })
})

test(
  'whatever the call holds, it has facts or a refusal with a sentence',
  { tags: ['FCT-3'] },
  async () => {
    const layer = layerOf({
      p: PATH,
      'ps[]': CANONICAL,
      u: { type: 'url', schemes: ['http', 'https', 'ftp', 'redis'] },
      s: { type: 'shell' },
      r: { type: 'regex' },
      j: { type: 'json' },
    })
    const words = String.raw`.. . / \ %2e $ ' " | ( ) [ ] { } * http:// redis:// @ : # ? 127.1 localhost`
    const more = String.raw`ü a 1 , + ^ << && (?: (?= \1 null x=1`
    const pieces = [...`${words} ${more}`.split(' '), ' ', 'b c', '\n', '`', '\u200B', '\uD800']
    const text = fc
      .array(
        fc.oneof(
          fc.constantFrom(...pieces),
          fc.nat(0x10_ffff).map((point) => String.fromCodePoint(point)),
        ),
        {
          maxLength: 12,
        },
      )
      .map((parts) => parts.join(''))
    const value = fc.oneof({ weight: 9, arbitrary: text }, fc.constantFrom(1, null, true))
    const args = fc.oneof(
      fc
        .tuple(fc.constantFrom('p', 'u', 's', 'r', 'j'), value)
        .map(([name, each]) => ({ [name]: each })),
      fc.record({ ps: fc.array(value, { maxLength: 3 }) }),
    )
    await fc.assert(
      fc.asyncProperty(args, async (each) => {
        const reading = await read(layer, each)
        if (reading.status === 'known') {
          for (const fact of reading.facts.values()) {
            expect(Object.isFrozen(fact)).toBe(true)
            for (const part of Object.values(fact)) expectPlain(part)
          }
        } else {
          expect(reading.code).toMatch(/^fact-(?!failure)[a-z-]+$/)
          expect(reading.sentence).toMatch(/^refused: the argument "[a-z]+(?:\[\])?" [ -~]+$/)
        }
      }),
      { seed: 1804, numRuns: 1000 },
    )
  },
)

function expectPlain(part: unknown): void {
  if (Array.isArray(part)) {
    expect(Object.isFrozen(part)).toBe(true)
    expect(new Set(part).size).toBe(part.length)
    expect(part.every((text) => typeof text === 'string' && text.isWellFormed())).toBe(true)
  } else {
    expect(
      typeof part === 'boolean' ||
        (typeof part === 'string' && part.isWellFormed()) ||
        (Number.isSafeInteger(part) && !Object.is(part, -0)),
    ).toBe(true)
  }
}
