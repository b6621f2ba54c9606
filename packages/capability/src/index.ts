/**
 * Capabilities: this agent may call that tool with arguments that fit this schema until then, and may pass some of it on.
 *
 * Pure. Specified in docs/specs/capability.md.
 *
 * @packageDocumentation
 */
export { type ArgumentSchema, fitsSchema, parseArgumentSchema } from './argument-schema.ts'
export {
  type Capability,
  CAPABILITY_ID_PATTERN,
  DELEGABLE_MAX,
  LIFETIME_MS_MAX,
} from './capability.ts'
export {
  type CapabilityChain,
  CHAIN_LENGTH_MAX,
  chainOf,
  decodeChain,
  encodeChain,
} from './capability-chain.ts'
export { CapabilityError, type CapabilityErrorCode } from './capability-error.ts'
export {
  type CapabilityRevocation,
  type DecodedRevocation,
  decodeRevocation,
  issueRevocation,
  REVOCATION_TYPE,
  verifyRevocation,
} from './capability-revocation.ts'
export { type CapabilityCall, covers } from './covers.ts'
export {
  type CapabilityWish,
  issueCapability,
  type IssueCapabilityInput,
} from './issue-capability.ts'
export {
  createPresentation,
  decodePresentation,
  type Presentation,
  PRESENTATION_LENGTH_MAX,
  type PresentationTerms,
  verifyPresentation,
} from './presentation.ts'
export {
  type CapabilityKnowledge,
  checkStillHolds,
  verifyChain,
  type VerifiedChain,
} from './verify-chain.ts'
