/**
 * Transparency logs: RFC 6962 trees with their proofs, and C2SP signed notes over them.
 *
 * Pure. Specified in docs/specs/tlog.md.
 *
 * @packageDocumentation
 */
export {
  type Checkpoint,
  decodeCheckpoint,
  formatCheckpoint,
  formatHead,
  NOTE_BYTES_MAX,
  parseCheckpoint,
  SIGNATURE_LINES_MAX,
  type TreeHead,
} from './note/checkpoint.ts'
export type { HybridKeys, HybridSigners, KnownSigner, NoteSigner } from './note/hybrid-keys.ts'
export {
  cosign,
  type CosignInput,
  signCheckpoint,
  type SignCheckpointInput,
} from './note/sign-checkpoint.ts'
export type { SignatureLine } from './note/signature-line.ts'
export {
  type SignedHead,
  verifyCheckpoint,
  type VerifyCheckpointInput,
} from './note/verify-checkpoint.ts'
export {
  addCosignature,
  type AddCosignatureInput,
  type Cosignature,
  verifyCosignatures,
  type VerifyCosignaturesInput,
} from './note/verify-cosignatures.ts'
export type { HybridSignature } from './note/verify-lines.ts'
export { TlogError, type TlogErrorCode } from './tlog-error.ts'
export {
  type ConsistencyClaim,
  consistencyProof,
  consistencySubtrees,
  type Growth,
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
