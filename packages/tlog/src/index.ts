/**
 * Transparency logs: RFC 6962 trees with their proofs, and C2SP signed notes over them.
 *
 * Pure. Specified in docs/specs/tlog.md.
 *
 * @packageDocumentation
 */
export {
  ADD_CHECKPOINT_BYTES_MAX,
  type AddCheckpoint,
  decodeAddCheckpoint,
  encodeAddCheckpoint,
} from './cosign/add-checkpoint.ts'
export {
  COSIGN_ANSWER_BYTES_MAX,
  type CosignAnswer,
  type CosignRefusal,
  decodeCosignAnswer,
  encodeCosignAnswer,
} from './cosign/cosign-answer.ts'
export type { CosignedTree, CosignOutcome, CosignQuestion } from './cosign/cosign-question.ts'
export { Cosigner, type CosignerInit } from './cosign/cosigner.ts'
export {
  type Evidence,
  evidenceJson,
  type EvidenceKind,
  parseEvidence,
} from './evidence/evidence.ts'
export {
  findEvidence,
  type FindEvidenceInput,
  verifyEvidence,
  type VerifyEvidenceInput,
} from './evidence/verify-evidence.ts'
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
export { formatPolicy } from './policy/format-policy.ts'
export { parsePolicy, POLICY_BYTES_MAX } from './policy/policy-text.ts'
export {
  applyPolicy,
  type ApplyPolicyInput,
  type QuorumPart,
  type TrustedHead,
  type TrustPolicy,
} from './policy/trust-policy.ts'
export { formatVerifierKey, parseVerifierKey, type VerifierKey } from './policy/verifier-key.ts'
export {
  formatProof,
  parseProof,
  type TlogProof,
  verifyProof,
  type VerifyProofInput,
} from './proof/tlog-proof.ts'
export { decodeEntryBundle, encodeEntryBundle, ENTRY_BYTES_MAX } from './tiles/entry-bundle.ts'
export { decodeTile, encodeTile, tileRoot, TileTree } from './tiles/tile.ts'
export {
  completedTiles,
  entryBundlePath,
  partialTiles,
  TILE_WIDTH,
  type TileAddress,
  tilePath,
  tilesOf,
} from './tiles/tile-address.ts'
export { TlogError, type TlogErrorCode } from './tlog-error.ts'
export {
  type ConsistencyClaim,
  consistencyProof,
  consistencySubtrees,
  type Growth,
  historyProof,
  historyRoots,
  historySubtrees,
  verifyConsistency,
} from './tree/consistency-proof.ts'
export {
  type InclusionClaim,
  inclusionProof,
  inclusionSubtrees,
  verifyInclusion,
} from './tree/inclusion-proof.ts'
export { HASH_BYTES, emptyRoot, leafHash, nodeHash, type Sha256 } from './tree/node-hash.ts'
export { perfectSubtrees, type SubtreeAddress } from './tree/subtree-address.ts'
export { TreeFrontier } from './tree/tree-frontier.ts'
export type { TreeHashes } from './tree/tree-hashes.ts'
