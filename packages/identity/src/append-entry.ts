import type { CryptoSuite } from '@warren/crypto'
import { buildNextEntry } from './build-entry.ts'
import type { VerifiedLog } from './did-log.ts'
import {
  type ControlledSeeds,
  type IdentitySeeds,
  SEED_BYTES,
  wipeSeeds,
} from './identity-seeds.ts'
import type { ControlledIdentity, Identity } from './identity.ts'
import { openControlledIdentity, openIdentity } from './open-identity.ts'
import { controlledDocument, nodeDocument } from './own-document.ts'
import { updateKeyHash } from './seed-keys.ts'

/** The keys of a node that a rotation can replace. */
export type ReplaceableKey = 'node' | 'assertion' | 'mlDsa'

export interface AppendInit<Subject> {
  readonly suite: CryptoSuite
  readonly identity: Subject
  /** Milliseconds since 1970. The entry is dated at least one second after the one before. */
  readonly nowMs: number
}

export interface ControlledRotationInit extends AppendInit<ControlledIdentity> {
  /** Those of the newest entry when absent. A hash that is left out is a key that can no longer recover the DID. */
  readonly recoveryKeyHashes?: readonly string[]
}

export interface RotationInit extends AppendInit<Identity> {
  /** Replaced by fresh keys. With none, the update key alone is renewed. */
  readonly replace: readonly ReplaceableKey[]
  /** Whether the node key of before stays listed behind the new one, until connections have moved over. */
  readonly keepNodeKeys?: boolean
  /** Those of the newest entry when absent. A hash that is left out is a key that can no longer recover the DID. */
  readonly recoveryKeyHashes?: readonly string[]
}

/**
 * Replaces keys of a node; its DID stays. Wipe the identity of before once the new seeds are stored.
 *
 * @throws IdentityError `identity-wiped`, `log-deactivated`, `log-too-long`, `entry-in-future`
 */
export function appendRotation(init: RotationInit): Identity {
  const { suite, identity, replace, keepNodeKeys = false } = init
  const old = identity.seeds()
  const renew = (name: ReplaceableKey): Uint8Array =>
    replace.includes(name) ? suite.randomBytes(SEED_BYTES) : old[name].slice()
  const seeds: IdentitySeeds = {
    node: renew('node'),
    assertion: renew('assertion'),
    mlDsa: renew('mlDsa'),
    nextUpdate: suite.randomBytes(SEED_BYTES),
  }
  try {
    const previous = identity.log.document
    const state = nodeDocument({ suite, seeds, previous, keepNodeKeys })(identity.did)
    const log = append(init, { old, nextKeyHashes: nextKeyHashes(init, old, seeds), state })
    return openIdentity({ suite, seeds, log })
  } finally {
    wipeSeeds(old)
    wipeSeeds(seeds)
  }
}

/**
 * Replaces the key of a tool or agent; its DID stays.
 *
 * @throws IdentityError as `appendRotation`
 */
export function appendControlledRotation(init: ControlledRotationInit): ControlledIdentity {
  const { suite, identity } = init
  const old = identity.seeds()
  const seeds: ControlledSeeds = {
    assertion: suite.randomBytes(SEED_BYTES),
    nextUpdate: suite.randomBytes(SEED_BYTES),
  }
  try {
    const previous = identity.log.document
    const controller = previous.controller ?? identity.did
    const state = controlledDocument({ suite, seeds, previous, controller })(identity.did)
    const log = append(init, { old, nextKeyHashes: nextKeyHashes(init, old, seeds), state })
    return openControlledIdentity({ suite, seeds, log })
  } finally {
    wipeSeeds(old)
    wipeSeeds(seeds)
  }
}

/**
 * Gives a DID up, for good. The identity has nothing to sign with any more; the caller wipes it.
 *
 * @throws IdentityError as `appendRotation`
 */
export function appendDeactivation(init: AppendInit<Identity | ControlledIdentity>): VerifiedLog {
  const old = init.identity.seeds()
  try {
    return append(init, { old, nextKeyHashes: [], state: init.identity.log.document })
  } finally {
    wipeSeeds(old)
  }
}

function append(
  { suite, identity, nowMs }: AppendInit<ControlledIdentity>,
  entry: {
    readonly old: ControlledSeeds
    readonly nextKeyHashes: readonly string[]
    readonly state: VerifiedLog['document'] | ReturnType<ReturnType<typeof nodeDocument>>
  },
): VerifiedLog {
  const updateSigner = suite.ed25519.signer(entry.old.nextUpdate)
  try {
    const { nextKeyHashes: hashes, state } = entry
    return buildNextEntry({
      suite,
      nowMs,
      log: identity.log,
      updateSigner,
      nextKeyHashes: hashes,
      state,
    })
  } finally {
    updateSigner.wipe()
  }
}

/** The hash of the next update key, and those of the keys that lie elsewhere. */
function nextKeyHashes(
  init: ControlledRotationInit | RotationInit,
  old: ControlledSeeds,
  seeds: ControlledSeeds,
): readonly string[] {
  const { suite, identity, recoveryKeyHashes } = init
  const spent = updateKeyHash(suite, old.nextUpdate)
  const committed = identity.log.entries.at(-1)?.parameters.nextKeyHashes ?? []
  const kept = recoveryKeyHashes ?? committed.filter((hash) => hash !== spent)
  return [updateKeyHash(suite, seeds.nextUpdate), ...kept]
}
