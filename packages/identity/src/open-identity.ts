import type { CryptoSuite } from '@warren/crypto'
import { equals } from 'uint8arrays/equals'
import type { VerifiedLog } from './did-log.ts'
import { assertionKeys, authenticationKeys } from './document-keys.ts'
import { IdentityError } from './identity-error.ts'
import {
  type ControlledSeeds,
  type IdentitySeeds,
  parseControlledSeeds,
  parseIdentitySeeds,
} from './identity-seeds.ts'
import type { ControlledIdentity, Identity } from './identity.ts'
import { updateKeyHash } from './seed-keys.ts'
import { SeedVault } from './seed-vault.ts'

export interface OpenIdentityInput<Seeds> {
  readonly suite: CryptoSuite
  /** Copied; the caller wipes its own. */
  readonly seeds: Seeds
  readonly log: VerifiedLog
}

/**
 * Puts the secrets of a node beside its log.
 *
 * @throws IdentityError `seeds-malformed`, `seeds-mismatch` when they are not those of the newest entry
 */
export function openIdentity(input: OpenIdentityInput<IdentitySeeds>): Identity {
  const { suite, log } = input
  const seeds = parseIdentitySeeds(input.seeds)
  const controlled = openControlledIdentity(input)
  const vault = new SeedVault(seeds)
  const nodeSigner = suite.ed25519.signer(seeds.node)
  const mlDsaSigner = suite.mlDsa44.signer(seeds.mlDsa)
  const identity: Identity = {
    ...controlled,
    nodeSigner,
    mlDsaSigner,
    seeds: () => parseIdentitySeeds(vault.read()),
    wipe: () => {
      for (const secret of [controlled, vault, nodeSigner, mlDsaSigner]) secret.wipe()
    },
  }
  const authenticating = authenticationKeys(log.document)
  if (
    !holds(authenticating.ed25519, nodeSigner.publicKey) ||
    !holds(authenticating.mlDsa44, mlDsaSigner.publicKey) ||
    !holds(assertionKeys(log.document).mlDsa44, mlDsaSigner.publicKey)
  ) {
    throw refused(identity)
  }
  return identity
}

/**
 * Puts the secrets of a tool or agent beside its log.
 *
 * @throws IdentityError `seeds-malformed`, `seeds-mismatch` when they are not those of the newest entry
 */
export function openControlledIdentity(
  input: OpenIdentityInput<ControlledSeeds>,
): ControlledIdentity {
  const { suite, log } = input
  const seeds = parseControlledSeeds(input.seeds)
  const vault = new SeedVault(seeds)
  const assertionSigner = suite.ed25519.signer(seeds.assertion)
  const identity: ControlledIdentity = {
    did: log.did,
    log,
    assertionSigner,
    seeds: () => parseControlledSeeds(vault.read()),
    wipe: () => {
      vault.wipe()
      assertionSigner.wipe()
    },
  }
  const newest = [...log.entries, ...log.pending].at(-1)
  const committed = newest?.parameters.nextKeyHashes ?? []
  if (
    !holds(assertionKeys(log.document).ed25519, assertionSigner.publicKey) ||
    !(log.deactivated || committed.includes(updateKeyHash(suite, seeds.nextUpdate)))
  ) {
    throw refused(identity)
  }
  return identity
}

function holds(keys: readonly Uint8Array[], wanted: Uint8Array): boolean {
  return keys.some((key) => equals(key, wanted))
}

function refused(identity: ControlledIdentity): IdentityError {
  identity.wipe()
  return new IdentityError('seeds-mismatch', 'the secrets are not those of the newest log entry')
}
