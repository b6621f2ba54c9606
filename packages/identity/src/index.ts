/**
 * Who a node, tool or agent is: DIDs with their key logs and documents, and the proofs by which they sign.
 *
 * Pure. Specified in docs/specs/identity.md.
 *
 * @packageDocumentation
 */
export { addProofs, type AddProofsInput, type ProofSigner } from './add-proofs.ts'
export {
  appendControlledRotation,
  appendDeactivation,
  type AppendInit,
  appendRotation,
  type ControlledRotationInit,
  type ReplaceableKey,
  type RotationInit,
} from './append-entry.ts'
export { contentId, withoutProof } from './content-id.ts'
export {
  createControlledIdentity,
  type CreateControlledIdentityInit,
  createIdentity,
  type CreateIdentityInit,
} from './create-identity.ts'
export { type Credential, parseCredential } from './credential.ts'
export { type Did, isDid, parseDid, scidOf } from './did.ts'
export type { DidDocument, KeyUse, VerificationMethod } from './did-document.ts'
export type { DidLog, VerifiedLog } from './did-log.ts'
export {
  assertionKeys,
  authenticationKeys,
  type DocumentKeys,
  requiredProofs,
} from './document-keys.ts'
export { IdentityError, type IdentityErrorCode, LogForkError } from './identity-error.ts'
export {
  type ControlledSeeds,
  type IdentitySeeds,
  parseControlledSeeds,
  parseIdentitySeeds,
} from './identity-seeds.ts'
export type { ControlledIdentity, Identity } from './identity.ts'
export {
  type CredentialClaim,
  issueCredential,
  type IssueCredentialInput,
} from './issue-credential.ts'
export type { LogEntry } from './log-entry.ts'
export { multihashOf } from './multihash.ts'
export { decodeMultikey, encodeMultikey, type KeyType, type PublicKey } from './multikey.ts'
export { openControlledIdentity, openIdentity, type OpenIdentityInput } from './open-identity.ts'
export { noteIdentity, type NoteIdentity, noteName } from './note-signer.ts'
export { ed25519KeyOfPeerId, peerIdOf } from './peer-id.ts'
export type { Proof, SignedDocument } from './proof.ts'
export { type KeyHolder, proofSigners } from './proof-signers.ts'
export type { Cryptosuite } from './proof-suite.ts'
export { updateKeyHash } from './seed-keys.ts'
export { signSidecar, type SignSidecarInput } from './sign-sidecar.ts'
export { formatTimestamp, parseTimestamp } from './timestamp.ts'
export { verifyCredential, type VerifyCredentialInput } from './verify-credential.ts'
export { verifyLog, type VerifyLogInput } from './verify-log.ts'
export { type RequiredProof, verifyProofs, type VerifyProofsInput } from './verify-proofs.ts'
export { verifySidecar } from './verify-sidecar.ts'
