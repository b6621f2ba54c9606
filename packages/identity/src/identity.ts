import type { Signer } from '@warren/crypto'
import type { Did } from './did.ts'
import type { VerifiedLog } from './did-log.ts'
import type { ControlledSeeds, IdentitySeeds } from './identity-seeds.ts'

/** A tool or agent that we speak for. */
export interface ControlledIdentity {
  readonly did: Did
  readonly log: VerifiedLog
  /** Ed25519. */
  readonly assertionSigner: Signer
  /** Copies, which the caller wipes. Throws IdentityError `identity-wiped`. */
  readonly seeds: () => ControlledSeeds
  /** Erases the secrets; afterwards nothing can be signed. */
  readonly wipe: () => void
}

/** A node that we are. */
export interface Identity extends ControlledIdentity {
  /** Ed25519; its public key is the PeerId. */
  readonly nodeSigner: Signer
  /** ML-DSA-44. */
  readonly mlDsaSigner: Signer
  readonly seeds: () => IdentitySeeds
}
