import { nodeHash, type Sha256 } from './node-hash.ts'
import { type LeafRange, perfectSubtrees, type SubtreeAddress } from './subtree-address.ts'

/** Where proofs take the hashes of a stored tree from; whoever needs I/O for them loads them before. */
export interface TreeHashes {
  /** The hash of a perfect subtree; throws when it is not at hand. */
  hash(address: SubtreeAddress): Uint8Array
}

/** The hash of the subtree over a range, which need not be perfect at the right edge of its tree. */
export function rangeHash(suite: Sha256, hashes: TreeHashes, range: LeafRange): Uint8Array {
  return foldRight(
    suite,
    perfectSubtrees(range).map((address) => hashes.hash(address)),
  )
}

/** The root over perfect subtrees of falling size, left to right: the smallest two join first. */
export function foldRight(suite: Sha256, hashes: readonly Uint8Array[]): Uint8Array {
  return hashes.reduceRight((right, left) => nodeHash(suite, left, right))
}
