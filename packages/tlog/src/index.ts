/**
 * Transparency logs: RFC 6962 trees with their proofs, and C2SP signed notes over them.
 *
 * Pure. Specified in docs/specs/tlog.md.
 *
 * @packageDocumentation
 */
export { TlogError, type TlogErrorCode } from './tlog-error.ts'
export {
  type ConsistencyClaim,
  consistencyProof,
  consistencySubtrees,
  verifyConsistency,
} from './tree/consistency-proof.ts'
export {
  type InclusionClaim,
  inclusionProof,
  inclusionSubtrees,
  verifyInclusion,
} from './tree/inclusion-proof.ts'
export { HASH_BYTES, emptyRoot, leafHash, nodeHash, type Sha256 } from './tree/node-hash.ts'
export type { SubtreeAddress } from './tree/subtree-address.ts'
export { TreeFrontier } from './tree/tree-frontier.ts'
export type { TreeHashes } from './tree/tree-hashes.ts'
