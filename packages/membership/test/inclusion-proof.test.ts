import {
  IdTrie,
  type InclusionProof,
  MembershipError,
  PROOF_LENGTH_MAX,
  verifyInclusion,
} from '@warren/membership'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { suite } from './builders.ts'

const ids = fc.uniqueArray(fc.string({ minLength: 1, maxLength: 8 }), { maxLength: 60 })
const OTHER_ROOT = 'a'.repeat(64)

function trieOf(elements: readonly string[]): IdTrie {
  return elements.reduce((trie, id) => trie.with(id), IdTrie.empty(suite))
}

function code(root: string, id: string, proof: InclusionProof): string | undefined {
  try {
    verifyInclusion({ suite, root, id, proof })
    return undefined
  } catch (error) {
    if (error instanceof MembershipError) return error.code
    throw error
  }
}

/** Elements of a set of which each has its own proof. */
function proofsOf(elements: readonly string[]): ReadonlyMap<string, InclusionProof> {
  const trie = trieOf(elements)
  return new Map(elements.map((id) => [id, trie.prove(id)!]))
}

/** A set in which the way to two elements goes through a branch with one child: their keys share two digits, and nobody else has the first. */
function distantPair(): readonly [string, string] {
  const byPrefix = new Map<string, string>()
  const trie = IdTrie.empty(suite)
  for (let at = 0; ; at += 1) {
    const id = `element ${at}`
    const prefix = trie.keyOf(id).slice(0, 2)
    const known = byPrefix.get(prefix)
    if (known !== undefined) return [known, id]
    byPrefix.set(prefix, id)
  }
}

test('every element of a set proves to be in it, by its root alone', { tags: ['REC-40'] }, () => {
  fc.assert(
    fc.property(ids, (elements) => {
      const { root } = trieOf(elements)
      for (const [id, proof] of proofsOf(elements)) {
        expect(code(root, id, proof)).toBeUndefined()
        expect(proof.length).toBeLessThanOrEqual(PROOF_LENGTH_MAX)
      }
    }),
  )
})

test('nothing else does, by whatever proof of an element', { tags: ['REC-40'] }, () => {
  fc.assert(
    fc.property(ids, fc.string({ maxLength: 8 }), (elements, stranger) => {
      fc.pre(!elements.includes(stranger))
      const trie = trieOf(elements)
      expect(trie.prove(stranger)).toBeUndefined()
      for (const proof of [...proofsOf(elements).values(), '']) {
        expect(code(trie.root, stranger, proof)).toBe('inclusion-unproved')
      }
    }),
  )
})

test('a proof is good for one element and one root', { tags: ['REC-40'] }, () => {
  fc.assert(
    fc.property(ids, fc.string({ minLength: 9, maxLength: 12 }), (elements, later) => {
      const { root } = trieOf(elements)
      const grown = trieOf([...elements, later])
      for (const [id, proof] of proofsOf(elements)) {
        expect(code(OTHER_ROOT, id, proof)).toBe('inclusion-unproved')
        expect(code(grown.root, id, proof)).toBe('inclusion-unproved')
        for (const other of elements.filter((each) => each !== id)) {
          expect(code(root, other, proof)).toBe('inclusion-unproved')
        }
      }
    }),
    { numRuns: 30 },
  )
})

test('a proof that is changed anywhere proves nothing', { tags: ['REC-40'] }, () => {
  fc.assert(
    fc.property(
      ids.filter((elements) => elements.length > 1),
      fc.nat(),
      fc.constantFrom('0', '1', 'f', '.', 'g', ''),
      (elements, position, digit) => {
        const { root } = trieOf(elements)
        const [[id, proof] = ['', '']] = proofsOf(elements)
        const at = position % proof.length
        const changed = `${proof.slice(0, at)}${digit}${proof.slice(at + 1)}`
        fc.pre(changed !== proof)
        expect(code(root, id, changed)).toBe('inclusion-unproved')
      },
    ),
    { numRuns: 300 },
  )
})

test('a set of one needs no proof, and has no longer one', { tags: ['REC-40'] }, () => {
  const trie = trieOf(['alone'])
  expect(trie.prove('alone')).toBe('')
  expect(code(trie.root, 'alone', '')).toBeUndefined()
  expect(code(trie.root, 'alone', '0001')).toBe('inclusion-unproved')
  expect(IdTrie.empty(suite).prove('alone')).toBeUndefined()
  expect(code(IdTrie.empty(suite).root, 'alone', '')).toBe('inclusion-unproved')
})

test('a branch with one child is proved, and never the last', { tags: ['REC-40'] }, () => {
  const [left, right] = distantPair()
  const trie = trieOf([left, right])
  const proof = trie.prove(left)!
  expect(proof.split('.')[0]).toHaveLength(4)
  expect(code(trie.root, left, proof)).toBeUndefined()
  expect(code(trie.root, right, proof)).toBe('inclusion-unproved')
  // The same element one branch deeper, as nobody builds a set: its digest is not looked at.
  const mask = (
    1 << Number.parseInt(trie.keyOf(left).charAt(proof.split('.').length), 16)
  ).toString(16)
  expect(code(trie.root, left, `${proof}.${mask.padStart(4, '0')}`)).toBe('inclusion-unproved')
})

test('a child that is not there is not written as zeros', { tags: ['REC-40'] }, () => {
  const [left, right] = distantPair()
  const trie = trieOf([left, right])
  const [first = '', ...rest] = trie.prove(left)!.split('.')
  const own = Number.parseInt(first, 16)
  const spare = own === 1 ? 2 : 1
  const mask = (own | spare).toString(16).padStart(4, '0')
  const padded = [`${mask}${'0'.repeat(64)}`, ...rest].join('.')
  // It would lead to the same root.
  expect(code(trie.root, left, padded)).toBe('inclusion-unproved')
})

test.for([
  {
    what: 'more branches than a key has digits',
    proof: Array.from({ length: 65 }, () => 'ffff').join('.'),
  },
  { what: 'more characters than any proof has', proof: 'f'.repeat(PROOF_LENGTH_MAX + 1) },
  { what: 'an empty part', proof: '.' },
  { what: 'capital digits', proof: `FFFF${'A'.repeat(64 * 15)}` },
  { what: 'the way itself left out', proof: `0000` },
  { what: 'a digest that is cut short', proof: `ffff${'a'.repeat(64 * 15 - 1)}` },
])('$what is refused', { tags: ['REC-40'] }, ({ proof }) => {
  expect(code(OTHER_ROOT, 'anything', proof)).toBe('inclusion-unproved')
})
