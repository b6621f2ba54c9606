import { nobleSuite, nodeSuite } from '@warren/crypto'
import {
  consistencyProof,
  consistencySubtrees,
  historyProof,
  historySubtrees,
  emptyRoot,
  inclusionProof,
  inclusionSubtrees,
  leafHash,
  TreeFrontier,
  verifyConsistency,
  verifyInclusion,
} from '@warren/tlog'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { entries, MemoryTree, refusal, rfc6962, suite } from './trees.ts'

const SIZE_MAX = 300
const ENTRIES = entries(SIZE_MAX)
const tree = new MemoryTree(ENTRIES)

/** The eight entries that implementations of RFC 6962 are tested with, and the roots of the trees of one to eight of them. */
const VECTOR: readonly (readonly [entry: string, root: string])[] = [
  ['', '6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d'],
  ['00', 'fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125'],
  ['10', 'aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77'],
  ['2021', 'd37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7'],
  ['3031', '4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4'],
  ['40414243', '76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef'],
  ['5051525354555657', 'ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c'],
  [
    '606162636465666768696a6b6c6d6e6f',
    '5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328',
  ],
]

describe.for([nodeSuite, nobleSuite])('with the $name suite', (by) => {
  test('the roots are those of RFC 6962', { tags: ['TLG-1'] }, () => {
    let frontier = TreeFrontier.empty(by)
    expect(frontier.root().toHex()).toBe(
      'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855',
    )
    for (const [entry, root] of VECTOR) {
      frontier = frontier.append(leafHash(by, Uint8Array.fromHex(entry)))
      expect(frontier.root().toHex()).toBe(root)
    }
  })
})

test('roots and proofs are those of the recursive definitions', { tags: ['TLG-1'] }, () => {
  for (const size of [0, 1, 2, 3, 7, 8, 9, 31, 33, 100]) {
    const texts = ENTRIES.slice(0, size)
    expect(tree.root(size)).toEqual(rfc6962.treeHash(texts))
    for (let index = 0; index < size; index += 1) {
      expect(inclusionProof(suite, tree, { index, size })).toEqual(rfc6962.path(index, texts))
    }
    for (let oldSize = 1; oldSize <= size; oldSize += 1) {
      const growth = { oldSize, size }
      expect(consistencyProof(suite, tree, growth)).toEqual(rfc6962.proof(oldSize, texts))
    }
  }
})

test(
  'every inclusion proof of every tree up to 300 verifies',
  { tags: ['TLG-2'], timeout: 60_000 },
  () => {
    let verified = 0
    for (let size = 1; size <= SIZE_MAX; size += 1) {
      const root = tree.root(size)
      for (let index = 0; index < size; index += 1) {
        const proof = inclusionProof(suite, tree, { index, size })
        verifyInclusion(suite, proof, { leaf: tree.leaf(index), index, size, root })
        verified += 1
      }
    }
    expect(verified).toBe((SIZE_MAX * (SIZE_MAX + 1)) / 2)
  },
)

test(
  'every consistency proof of every tree up to 300 verifies',
  { tags: ['TLG-3'], timeout: 60_000 },
  () => {
    let verified = 0
    for (let size = 0; size <= SIZE_MAX; size += 1) {
      for (let oldSize = 0; oldSize <= size; oldSize += 1) {
        const growth = { oldSize, size }
        const roots = { oldRoot: tree.root(oldSize), root: tree.root(size) }
        verifyConsistency(suite, consistencyProof(suite, tree, growth), { ...growth, ...roots })
        verified += 1
      }
    }
    expect(verified).toBe(((SIZE_MAX + 1) * (SIZE_MAX + 2)) / 2)
  },
)

/** Proofs with something wrong about their hashes: one too many, one too few, one bit, another order. */
function damaged(proof: readonly Uint8Array[], bit: number): readonly (readonly Uint8Array[])[] {
  const longer = [...proof, new Uint8Array(32)]
  if (proof.length === 0) return [longer]
  const place = bit % proof.length
  const flipped = proof.map((hash, index) => (index === place ? flip(hash, bit) : hash))
  const reversed = proof.length > 1 ? [proof.toReversed()] : []
  return [longer, proof.slice(0, -1), proof.slice(1), flipped, ...reversed]
}

function flip(hash: Uint8Array, bit: number): Uint8Array {
  const changed = Uint8Array.from(hash)
  changed[(bit >> 3) % changed.length]! ^= 1 << (bit & 7)
  return changed
}

const sizes = fc.integer({ min: 2, max: SIZE_MAX })
const twoSizes = fc.tuple(sizes, sizes)
const anywhere = fc.nat(SIZE_MAX)
const refused: unknown = expect.objectContaining({ name: 'TlogError' })

test('an inclusion proof proves nothing else', { tags: ['TLG-2'] }, () => {
  fc.assert(
    fc.property(twoSizes, anywhere, anywhere, ([size, otherSize], where, bit) => {
      const index = where % size
      const claim = { leaf: tree.leaf(index), index, size, root: tree.root(size) }
      const proof = inclusionProof(suite, tree, { index, size })
      for (const wrong of damaged(proof, bit)) {
        expect(() => verifyInclusion(suite, wrong, claim)).toThrow(refused)
      }
      const others = [
        { ...claim, leaf: flip(claim.leaf, bit) },
        { ...claim, root: flip(claim.root, bit) },
        { ...claim, index: (index + 1) % size },
      ]
      if (otherSize !== size) {
        others.push({ ...claim, size: otherSize, root: tree.root(otherSize) })
        others.push({ ...claim, root: tree.root(otherSize) })
      }
      for (const other of others) {
        expect(() => verifyInclusion(suite, proof, other)).toThrow(refused)
      }
    }),
  )
})

test('a consistency proof proves nothing else', { tags: ['TLG-3'] }, () => {
  fc.assert(
    fc.property(twoSizes, anywhere, anywhere, ([size, otherSize], where, bit) => {
      const oldSize = 1 + (where % (size - 1))
      const claim = { oldSize, oldRoot: tree.root(oldSize), size, root: tree.root(size) }
      const proof = consistencyProof(suite, tree, { oldSize, size })
      for (const wrong of damaged(proof, bit)) {
        expect(() => verifyConsistency(suite, wrong, claim)).toThrow(refused)
      }
      const others = [
        { ...claim, oldRoot: flip(claim.oldRoot, bit) },
        { ...claim, root: flip(claim.root, bit) },
        { ...claim, oldSize: oldSize - 1, oldRoot: tree.root(oldSize - 1) },
        { ...claim, oldSize: oldSize + 1, oldRoot: tree.root(oldSize + 1) },
      ]
      if (otherSize > oldSize && otherSize !== size) {
        others.push({ ...claim, size: otherSize, root: tree.root(otherSize) })
      }
      for (const other of others) {
        expect(() => verifyConsistency(suite, proof, other)).toThrow(refused)
      }
    }),
  )
})

test('an entry that was changed in the old tree leaves no proof', { tags: ['TLG-3'] }, () => {
  fc.assert(
    fc.property(sizes, anywhere, anywhere, (size, where, at) => {
      const oldSize = 1 + (where % (size - 1))
      const changed = ENTRIES.slice(0, size).with(at % oldSize, new Uint8Array(1))
      const fork = new MemoryTree(changed)
      const claim = { oldSize, oldRoot: tree.root(oldSize), size, root: fork.root(size) }
      const proof = consistencyProof(suite, fork, { oldSize, size })
      expect(() => verifyConsistency(suite, proof, claim)).toThrow(refusal('consistency-unproven'))
    }),
  )
})

test('from the empty tree, and to the same tree, the proof is empty', { tags: ['TLG-3'] }, () => {
  const root = tree.root(7)
  const nothing = emptyRoot(suite)
  const grown = { oldSize: 0, oldRoot: nothing, size: 7, root }
  const same = { oldSize: 7, oldRoot: root, size: 7, root }
  for (const claim of [grown, same]) {
    expect(consistencyProof(suite, tree, claim)).toEqual([])
    expect(() => verifyConsistency(suite, [], claim)).not.toThrow()
    expect(() => verifyConsistency(suite, [root], claim)).toThrow(refusal('proof-length'))
    const wrong = { ...claim, oldRoot: tree.root(6) }
    expect(() => verifyConsistency(suite, [], wrong)).toThrow(refusal('consistency-unproven'))
  }
})

test.for([
  { index: 7, size: 7, code: 'index-out-of-range' },
  { index: -1, size: 7, code: 'index-out-of-range' },
  { index: 0.5, size: 7, code: 'index-out-of-range' },
  { index: 0, size: 0, code: 'index-out-of-range' },
  { index: 0, size: -1, code: 'size-malformed' },
  { index: 0, size: 1.5, code: 'size-malformed' },
  { index: 0, size: 2 ** 53, code: 'size-malformed' },
  { index: 0, size: Number.NaN, code: 'size-malformed' },
])('index $index of $size is refused with $code', { tags: ['TLG-4'] }, ({ index, size, code }) => {
  const claim = { leaf: tree.leaf(0), index, size, root: tree.root(7) }
  expect(() => verifyInclusion(suite, [], claim)).toThrow(refusal(code))
  expect(() => inclusionSubtrees(index, size)).toThrow(refusal(code))
})

test.for([
  { oldSize: 8, size: 7, code: 'index-out-of-range' },
  { oldSize: -1, size: 7, code: 'size-malformed' },
  { oldSize: 1, size: 2 ** 53, code: 'size-malformed' },
])('growth from $oldSize to $size is refused', { tags: ['TLG-4'] }, ({ oldSize, size, code }) => {
  const claim = { oldSize, oldRoot: tree.root(1), size, root: tree.root(7) }
  expect(() => verifyConsistency(suite, [], claim)).toThrow(refusal(code))
  expect(() => consistencySubtrees({ oldSize, size })).toThrow(refusal(code))
})

test('the largest tree there can be has proofs of at most 53 hashes', { tags: ['TLG-4'] }, () => {
  const size = Number.MAX_SAFE_INTEGER
  const proof = Array.from({ length: 53 }, () => new Uint8Array(32))
  const claim = { leaf: tree.leaf(0), index: 0, size, root: tree.root(1) }
  expect(() => verifyInclusion(suite, proof, claim)).toThrow(refusal('inclusion-unproven'))
  expect(() => verifyInclusion(suite, [...proof, proof[0]!], claim)).toThrow(
    refusal('proof-length'),
  )
})

test('what has not 32 bytes is no hash', { tags: ['TLG-4'] }, () => {
  const short = new Uint8Array(31)
  const claim = { leaf: tree.leaf(0), index: 0, size: 2, root: tree.root(2) }
  const growth = { oldSize: 1, oldRoot: tree.root(1), size: 2, root: tree.root(2) }
  const malformed = refusal('hash-malformed')
  expect(() => verifyInclusion(suite, [short], claim)).toThrow(malformed)
  expect(() => verifyInclusion(suite, [tree.leaf(1)], { ...claim, leaf: short })).toThrow(malformed)
  expect(() => verifyConsistency(suite, [short], growth)).toThrow(malformed)
  expect(() => TreeFrontier.empty(suite).append(short)).toThrow(malformed)
  expect(() => TreeFrontier.of(suite, 1, [short])).toThrow(malformed)
})

test(
  'a frontier taken from storage goes on as if it had never stopped',
  { tags: ['TLG-5'] },
  () => {
    for (const size of [0, 1, 5, 8, 255, 256]) {
      const { hashes } = tree.frontiers[size]!
      const again = TreeFrontier.of(suite, size, hashes).append(tree.leaf(size))
      expect(again.size).toBe(size + 1)
      expect(again.root()).toEqual(tree.root(size + 1))
    }
  },
)

test('a frontier does not change when another grows from it', { tags: ['TLG-5'] }, () => {
  const before = tree.frontiers[7]!
  const root = before.root()
  const one = before.append(tree.leaf(0))
  const other = before.append(tree.leaf(1))
  expect(before.size).toBe(7)
  expect(before.root()).toEqual(root)
  expect(one.root()).not.toEqual(other.root())
})

test('a frontier of another size is refused', { tags: ['TLG-5'] }, () => {
  const { hashes } = tree.frontiers[7]!
  const malformed = refusal('frontier-malformed')
  expect(() => TreeFrontier.of(suite, 8, hashes)).toThrow(malformed)
  expect(() => TreeFrontier.of(suite, 6, hashes)).toThrow(malformed)
  expect(() => TreeFrontier.of(suite, 0, hashes)).toThrow(malformed)
  expect(() => TreeFrontier.of(suite, -1, [])).toThrow(refusal('size-malformed'))
  const largest = TreeFrontier.of(
    suite,
    Number.MAX_SAFE_INTEGER,
    Array.from({ length: 53 }, () => tree.leaf(0)),
  )
  expect(() => largest.append(tree.leaf(0))).toThrow(refusal('size-malformed'))
})

test('the named subtrees are all that a proof asks for', { tags: ['TLG-6'] }, () => {
  const at = { index: 70, size: 203 }
  const growth = { oldSize: 70, size: 203 }
  const only =
    (allowed: readonly unknown[]): typeof tree.hash =>
    (address) => {
      expect(allowed).toContainEqual(address)
      return tree.hash(address)
    }
  const inclusion = inclusionSubtrees(at.index, at.size)
  const consistency = consistencySubtrees(growth)
  const history = historySubtrees({ oldSize: 64, size: 203 })
  expect(inclusionProof(suite, { hash: only(inclusion) }, at)).toHaveLength(8)
  expect(consistencyProof(suite, { hash: only(consistency) }, growth)).toHaveLength(8)
  const shown = historyProof(suite, { hash: only(history) }, { oldSize: 64, size: 203 })
  expect(shown[0]).toEqual(tree.root(64))
  expect(inclusion.length).toBeLessThan(16)
  expect(consistency.length).toBeLessThan(16)
  expect(history.length).toBeLessThan(16)
})
