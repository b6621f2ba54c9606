import { type CapabilityChain, covers, parseArgumentSchema } from '@warren/capability'
import type { JsonObject, JsonValue } from '@warren/core'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { chainOfLength } from './builders.ts'

const part: fc.Arbitrary<JsonObject> = fc.oneof(
  fc.record({ type: fc.constant('string'), enum: fc.constantFrom(['a'], ['a', 'b'], ['c']) }),
  fc.record({ type: fc.constant('string'), maxLength: fc.nat(3) }),
  fc.record({ type: fc.constant('integer'), minimum: fc.nat(2), maximum: fc.nat(5) }),
  fc.record({ type: fc.constantFrom('string', 'integer') }),
)
const schema: fc.Arbitrary<JsonObject> = fc.record({
  type: fc.constant('object'),
  properties: fc.dictionary(fc.constantFrom('x', 'y'), part, { maxKeys: 2 }),
  required: fc.oneof(fc.constant([]), fc.subarray(['x', 'y'])),
  additionalProperties: fc.boolean(),
})
const tools = fc.subarray(['search', 'count', 'drop'], { minLength: 1 })
const value: fc.Arbitrary<JsonValue> = fc.constantFrom('a', 'b', 'abc', 1, 2, 4, true)
const call = fc.record({
  server: fc.constant('orders'),
  tool: fc.constantFrom('search', 'count'),
  arguments: fc.dictionary(fc.constantFrom('x', 'y', 'z'), value, { maxKeys: 2 }),
})
const said = fc.array(fc.record({ schema, tools }), { minLength: 2, maxLength: 5 })
const FIVE = chainOfLength(5)

/** A chain whose links say anything, also what no chain that is decoded may say. */
function saying(links: readonly { schema: JsonObject; tools: string[] }[]): CapabilityChain {
  const changed = FIVE.links.slice(0, links.length).map((link, at) => ({
    ...link,
    tools: links[at]?.tools ?? [],
    schema: parseArgumentSchema(links[at]?.schema),
  }))
  return { ...FIVE, links: changed }
}

test('a further link, whatever it says, never covers more', { tags: ['CAP-4', 'THR-48'] }, () => {
  let covered = 0
  fc.assert(
    fc.property(said, call, (links, asked) => {
      if (!covers(saying(links), asked)) return
      covered += 1
      for (let at = 0; at < links.length; at += 1) {
        expect(covers(saying(links.toSpliced(at, 1)), asked)).toBe(true)
      }
    }),
    { numRuns: 5_000 },
  )
  // Otherwise it would have shown nothing.
  expect(covered).toBeGreaterThan(50)
})

test('what one link does not cover, no chain with it does', { tags: ['CAP-4'] }, () => {
  let refused = 0
  fc.assert(
    fc.property(said, call, (links, asked) => {
      const each = links.map((link) => covers(saying([link]), asked))
      if (!each.every(Boolean)) refused += 1
      expect(covers(saying(links), asked)).toBe(each.every(Boolean))
    }),
    { numRuns: 2_000 },
  )
  expect(refused).toBeGreaterThan(50)
})
