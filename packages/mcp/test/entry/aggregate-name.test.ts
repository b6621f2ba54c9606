import { AGGREGATE_NAME_LENGTH_MAX, aggregateName, type NamedThing } from '@warren/mcp'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { sha256 } from './support/stream-endpoint.ts'

function thing(extra: Partial<NamedThing> = {}): NamedThing {
  return {
    alias: 'pump',
    did: 'did:webvh:Qm1:warren.internal',
    server: 'files',
    name: 'read',
    ...extra,
  }
}

const nameOf = (extra: Partial<NamedThing> = {}): string => aggregateName(thing(extra), sha256)

test('a name is alias, separator and tool', { tags: ['MCP-46'] }, () => {
  expect(nameOf()).toBe('pump__read')
})

test('a name of exactly the limit stays, one more character cuts it', { tags: ['MCP-46'] }, () => {
  const longest = 'a'.repeat(AGGREGATE_NAME_LENGTH_MAX - 'pump__'.length)
  expect(nameOf({ name: longest })).toBe(`pump__${longest}`)
  const cut = nameOf({ name: `${longest}a` })
  expect(cut).toHaveLength(AGGREGATE_NAME_LENGTH_MAX)
  expect(cut).toMatch(/^pump__a+_[a-z2-7]{6}$/)
})

test.for(['file.read', 'datei/lesen', 'größe', 'a b', '你好'])(
  'the illegal name %s gets a legal one',
  { tags: ['MCP-46'] },
  (name) => {
    expect(nameOf({ name })).toMatch(/^[A-Za-z][A-Za-z0-9_-]{0,47}$/)
    expect(nameOf({ name })).toMatch(/_[a-z2-7]{6}$/)
  },
)

test(
  'the digest tells owner, server and name apart, and not their seams',
  { tags: ['MCP-46'] },
  () => {
    const dotted = { name: 'a.b' }
    const names = [
      nameOf(dotted),
      nameOf({ ...dotted, did: 'did:webvh:Qm2:warren.internal' }),
      nameOf({ ...dotted, server: 'other' }),
      nameOf({ name: 'a/b' }),
      nameOf({ server: 'file', name: 's.a.b' }),
    ]
    expect(new Set(names).size).toBe(names.length)
  },
)

test.for([
  [
    { alias: 'a', name: 'b__c' },
    { alias: 'a__b', name: 'c' },
  ],
  [
    { alias: 'a', name: '_b' },
    { alias: 'a_', name: 'b' },
  ],
] as const)('two readings of one text are two names: %j', { tags: ['MCP-46'] }, ([one, other]) => {
  expect(nameOf(one)).not.toBe(nameOf(other))
})

test(
  'any text makes a legal name, the same each time, and another one for another owner',
  { tags: ['MCP-46'] },
  () => {
    fc.assert(
      fc.property(
        fc.string({ unit: 'binary', minLength: 1 }),
        fc.string({ minLength: 1 }),
        (alias, name) => {
          const made = nameOf({ alias, name })
          expect(made).toMatch(/^[A-Za-z][A-Za-z0-9_-]{0,47}$/)
          expect(nameOf({ alias, name })).toBe(made)
        },
      ),
    )
  },
)
