import type { JsonObject } from '@warren/core'
import type { CryptoSuite } from '@warren/crypto'
import { buildGenesis } from './build-entry.ts'
import type { Did } from './did.ts'
import type { VerifiedLog } from './did-log.ts'
import {
  type ControlledSeeds,
  type IdentitySeeds,
  parseControlledSeeds,
  parseIdentitySeeds,
  SEED_BYTES,
  wipeSeeds,
} from './identity-seeds.ts'
import type { ControlledIdentity, Identity } from './identity.ts'
import { openControlledIdentity, openIdentity } from './open-identity.ts'
import { controlledDocument, nodeDocument } from './own-document.ts'
import { updateKeyHash } from './seed-keys.ts'

export interface CreateIdentityInit<Seeds = IdentitySeeds> {
  readonly suite: CryptoSuite
  /** Milliseconds since 1970. */
  readonly nowMs: number
  /** Fresh when absent. Copied; the caller wipes its own. */
  readonly seeds?: Seeds
  /** Seed of the key that signs the first entry and nothing after it; fresh when absent. */
  readonly firstUpdate?: Uint8Array
  /** Hashes of update keys that lie elsewhere, for the day when `nextUpdate` is lost; see `updateKeyHash`. */
  readonly recoveryKeyHashes?: readonly string[]
}

export interface CreateControlledIdentityInit extends CreateIdentityInit<ControlledSeeds> {
  /** The node that answers for the tool or agent. */
  readonly controller: Did
}

/**
 * Makes a node: its secrets, and the first entry of its log.
 *
 * @throws IdentityError `seeds-malformed`, `key-reused` when an update key has another use too
 */
export function createIdentity(init: CreateIdentityInit): Identity {
  const { suite } = init
  const seeds = parseIdentitySeeds(init.seeds ?? freshIdentitySeeds(suite))
  const log = createLog(init, seeds.nextUpdate, nodeDocument({ suite, seeds }))
  const identity = openIdentity({ suite, seeds, log })
  if (init.seeds === undefined) wipeSeeds(seeds)
  return identity
}

/**
 * Makes a tool or agent with a log of its own, so that its key is replaced or given up without touching its node.
 *
 * @throws IdentityError `seeds-malformed`, `key-reused` when an update key has another use too
 */
export function createControlledIdentity(init: CreateControlledIdentityInit): ControlledIdentity {
  const { suite, controller } = init
  const seeds = parseControlledSeeds(init.seeds ?? freshControlledSeeds(suite))
  const state = controlledDocument({ suite, seeds, controller })
  const log = createLog(init, seeds.nextUpdate, state)
  const identity = openControlledIdentity({ suite, seeds, log })
  if (init.seeds === undefined) wipeSeeds(seeds)
  return identity
}

function createLog(
  init: CreateIdentityInit<unknown>,
  nextUpdate: Uint8Array,
  state: (did: Did) => JsonObject,
): VerifiedLog {
  const { suite, nowMs, firstUpdate, recoveryKeyHashes = [] } = init
  const updateSigner = suite.ed25519.signer(firstUpdate)
  try {
    const nextKeyHashes = [updateKeyHash(suite, nextUpdate), ...recoveryKeyHashes]
    return buildGenesis({ suite, nowMs, updateSigner, nextKeyHashes, state })
  } finally {
    updateSigner.wipe()
  }
}

function freshIdentitySeeds(suite: CryptoSuite): IdentitySeeds {
  return {
    ...freshControlledSeeds(suite),
    node: suite.randomBytes(SEED_BYTES),
    mlDsa: suite.randomBytes(SEED_BYTES),
  }
}

function freshControlledSeeds(suite: CryptoSuite): ControlledSeeds {
  return { assertion: suite.randomBytes(SEED_BYTES), nextUpdate: suite.randomBytes(SEED_BYTES) }
}
