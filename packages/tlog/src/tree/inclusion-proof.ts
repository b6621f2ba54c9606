import { equals } from 'uint8arrays/equals'
import { TlogError } from '../tlog-error.ts'
import { nodeHash, requireHashes, type Sha256 } from './node-hash.ts'
import {
  type LeafRange,
  perfectSubtrees,
  requireSize,
  splitPoint,
  type SubtreeAddress,
} from './subtree-address.ts'
import { rangeHash, type TreeHashes } from './tree-hashes.ts'

/** One step from a leaf towards the root: the subtree beside the way, and on which side of it. */
export interface ProofStep {
  readonly range: LeafRange
  readonly side: 'left' | 'right'
}

/** That an entry with this leaf hash stands at this index of the tree of this size and root. */
export interface InclusionClaim {
  readonly leaf: Uint8Array
  readonly index: number
  readonly size: number
  readonly root: Uint8Array
}

/**
 * The proof that the entry at an index is in the tree of a size (RFC 6962 §2.1.1), from the leaf upwards.
 *
 * @throws TlogError `size-malformed`, `index-out-of-range`, and whatever `hashes` throws
 */
export function inclusionProof(
  suite: Sha256,
  hashes: TreeHashes,
  at: { readonly index: number; readonly size: number },
): readonly Uint8Array[] {
  return inclusionSteps(at.index, at.size).map(({ range }) => rangeHash(suite, hashes, range))
}

/**
 * The subtrees whose hashes that proof is made of.
 *
 * @throws TlogError `size-malformed`, `index-out-of-range`
 */
export function inclusionSubtrees(index: number, size: number): readonly SubtreeAddress[] {
  return inclusionSteps(index, size).flatMap(({ range }) => perfectSubtrees(range))
}

/**
 * Checks that a proof proves an entry to be in a tree. Only the one proof that RFC 6962 defines is accepted.
 *
 * @throws TlogError `size-malformed`, `index-out-of-range`, `proof-length`, `hash-malformed`, `inclusion-unproven`
 */
export function verifyInclusion(
  suite: Sha256,
  proof: readonly Uint8Array[],
  claim: InclusionClaim,
): void {
  const steps = inclusionSteps(claim.index, claim.size)
  requireProofLength(proof, steps.length)
  requireHashes([...proof, claim.leaf])
  const root = proof.reduce(
    (hash, sibling, at) =>
      steps[at]?.side === 'left' ? nodeHash(suite, sibling, hash) : nodeHash(suite, hash, sibling),
    claim.leaf,
  )
  if (equals(root, claim.root)) return
  throw new TlogError('inclusion-unproven', 'the proof leads to another root')
}

/** Refuses a proof with a hash too few or too many, before anything is hashed. */
export function requireProofLength(proof: readonly Uint8Array[], length: number): void {
  if (proof.length === length) return
  throw new TlogError('proof-length', `this proof has ${length} hashes, not ${proof.length}`)
}

function inclusionSteps(index: number, size: number): readonly ProofStep[] {
  requireSize(size)
  if (!Number.isSafeInteger(index) || index < 0 || index >= size) {
    throw new TlogError(
      'index-out-of-range',
      'an index is a whole number below the size of its tree',
    )
  }
  const steps: ProofStep[] = []
  let { start, end }: LeafRange = { start: 0, end: size }
  while (end - start > 1) {
    const middle = start + splitPoint(end - start)
    if (index < middle) {
      steps.push({ range: { start: middle, end }, side: 'right' })
      end = middle
    } else {
      steps.push({ range: { start, end: middle }, side: 'left' })
      start = middle
    }
  }
  return steps.toReversed()
}
