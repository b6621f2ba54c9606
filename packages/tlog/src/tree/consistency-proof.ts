import { equals } from 'uint8arrays/equals'
import { TlogError } from '../tlog-error.ts'
import { type ProofStep, requireProofLength } from './inclusion-proof.ts'
import { emptyRoot, nodeHash, requireHashes, type Sha256 } from './node-hash.ts'
import {
  type LeafRange,
  perfectSubtrees,
  requireSize,
  splitPoint,
  type SubtreeAddress,
} from './subtree-address.ts'
import { rangeHash, type TreeHashes } from './tree-hashes.ts'

/** Two sizes of one tree, `oldSize` not above `size`. */
export interface Growth {
  readonly oldSize: number
  readonly size: number
}

/** That the tree of this size and root begins with the one of the old size and root. */
export interface ConsistencyClaim extends Growth {
  readonly oldRoot: Uint8Array
  readonly root: Uint8Array
}

/**
 * The proof that a tree begins with what it was at an old size (RFC 6962 §2.1.2). Of a tree that has not grown, or was
 * empty, there is nothing to prove.
 *
 * @throws TlogError `size-malformed`, `index-out-of-range`, and whatever `hashes` throws
 */
export function consistencyProof(
  suite: Sha256,
  hashes: TreeHashes,
  growth: Growth,
): readonly Uint8Array[] {
  return proofRanges(growth).map((range) => rangeHash(suite, hashes, range))
}

/**
 * The subtrees whose hashes that proof is made of.
 *
 * @throws TlogError `size-malformed`, `index-out-of-range`
 */
export function consistencySubtrees(growth: Growth): readonly SubtreeAddress[] {
  return proofRanges(growth).flatMap((range) => perfectSubtrees(range))
}

/**
 * Checks that a proof proves a tree to begin with an older one. Only the one proof that RFC 6962 defines is accepted.
 *
 * @throws TlogError `size-malformed`, `index-out-of-range`, `proof-length`, `hash-malformed`, `consistency-unproven`
 */
export function verifyConsistency(
  suite: Sha256,
  proof: readonly Uint8Array[],
  claim: ConsistencyClaim,
): void {
  requireProofLength(proof, proofRanges(claim).length)
  requireHashes([...proof, claim.oldRoot, claim.root])
  const { oldRoot, root } = provenRoots(suite, proof, claim)
  if (equals(oldRoot, claim.oldRoot) && equals(root, claim.root)) return
  throw new TlogError('consistency-unproven', 'the proof leads to another root')
}

/**
 * The proof with the hash of the old tree's last part in front even where that part is the whole old tree and RFC 6962
 * leaves it out. It shows what the tree was at the old size to somebody who does not know it, or knows otherwise.
 *
 * @throws TlogError `size-malformed`, `index-out-of-range`, and whatever `hashes` throws
 */
export function historyProof(
  suite: Sha256,
  hashes: TreeHashes,
  growth: Growth,
): readonly Uint8Array[] {
  return historyRanges(growth).map((range) => rangeHash(suite, hashes, range))
}

/**
 * The subtrees whose hashes that proof is made of.
 *
 * @throws TlogError `size-malformed`, `index-out-of-range`
 */
export function historySubtrees(growth: Growth): readonly SubtreeAddress[] {
  return historyRanges(growth).flatMap((range) => perfectSubtrees(range))
}

/** The roots to which such a proof leads: of the tree at the old size, and of the tree as it is. */
export interface HistoryRoots {
  readonly oldRoot: Uint8Array
  readonly root: Uint8Array
}

/**
 * What a tree whose root is the second one was at the old size.
 *
 * @throws TlogError `size-malformed`, `index-out-of-range`, `proof-length`, `hash-malformed`
 */
export function historyRoots(
  suite: Sha256,
  proof: readonly Uint8Array[],
  growth: Growth,
): HistoryRoots {
  requireProofLength(proof, historyRanges(growth).length)
  requireHashes(proof)
  const [own, ...siblings] = proof
  // Only the proof from the empty tree has no hash, and it is of nothing.
  if (own === undefined) throw new TlogError('index-out-of-range', 'the empty tree has no history')
  return climb(suite, { own, siblings, steps: consistencyPath(growth).steps })
}

function provenRoots(
  suite: Sha256,
  proof: readonly Uint8Array[],
  claim: ConsistencyClaim,
): HistoryRoots {
  const { oldSize, oldRoot, root } = claim
  if (oldSize === 0) return { oldRoot: emptyRoot(suite), root }
  const { own, steps } = consistencyPath(claim)
  const [first = oldRoot, ...siblings] = own.start === 0 ? [oldRoot, ...proof] : proof
  return climb(suite, { own: first, siblings, steps })
}

interface Climb {
  readonly own: Uint8Array
  readonly siblings: readonly Uint8Array[]
  readonly steps: readonly ProofStep[]
}

/** What stands to the left belongs to both trees, what stands to the right to the new one alone. */
function climb(suite: Sha256, { own, siblings, steps }: Climb): HistoryRoots {
  let oldRoot = own
  let root = own
  for (const [at, sibling] of siblings.entries()) {
    if (steps[at]?.side === 'left') {
      oldRoot = nodeHash(suite, sibling, oldRoot)
      root = nodeHash(suite, sibling, root)
    } else {
      root = nodeHash(suite, root, sibling)
    }
  }
  return { oldRoot, root }
}

/** The old tree itself is left out where it is a subtree of the new one: who verifies has its root. */
function proofRanges(growth: Growth): readonly LeafRange[] {
  const ranges = historyRanges(growth)
  return ranges[0]?.start === 0 ? ranges.slice(1) : ranges
}

function historyRanges(growth: Growth): readonly LeafRange[] {
  requireGrowth(growth)
  if (growth.oldSize === 0) return []
  const { own, steps } = consistencyPath(growth)
  return [own, ...steps.map(({ range }) => range)]
}

/** The way from the last perfect subtree of the old tree to the root of the new one. */
function consistencyPath({ oldSize, size }: Growth): {
  readonly own: LeafRange
  readonly steps: readonly ProofStep[]
} {
  const steps: ProofStep[] = []
  let { start, end }: LeafRange = { start: 0, end: size }
  while (end !== oldSize) {
    const middle = start + splitPoint(end - start)
    if (oldSize <= middle) {
      steps.push({ range: { start: middle, end }, side: 'right' })
      end = middle
    } else {
      steps.push({ range: { start, end: middle }, side: 'left' })
      start = middle
    }
  }
  return { own: { start, end }, steps: steps.toReversed() }
}

/** Refuses two sizes between which no tree can have grown. */
export function requireGrowth({ oldSize, size }: Growth): void {
  requireSize(oldSize)
  requireSize(size)
  if (oldSize <= size) return
  throw new TlogError('index-out-of-range', 'the old size of a tree is not above the new one')
}
