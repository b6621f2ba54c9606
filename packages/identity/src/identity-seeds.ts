import { IdentityError } from './identity-error.ts'

/**
 * The secrets of a node, 32 bytes each: what its sealed key file holds.
 *
 * The key that signed the newest entry of the log is not among them: it signs nothing ever again.
 */
export type IdentitySeeds = {
  /** Ed25519: the libp2p identity. */
  readonly node: Uint8Array
  /** Ed25519: signs what the node asserts. */
  readonly assertion: Uint8Array
  /** ML-DSA-44: authenticates and signs beside the two others. */
  readonly mlDsa: Uint8Array
  /** Ed25519: signs the next entry of the log. Until then the world knows its hash alone. */
  readonly nextUpdate: Uint8Array
}

/** The secrets of a tool or agent, 32 bytes each. */
export type ControlledSeeds = Pick<IdentitySeeds, 'assertion' | 'nextUpdate'>

type NamedBytes = Readonly<Record<string, Uint8Array>>

/** Bytes of every seed. */
export const SEED_BYTES = 32

/**
 * Reads the seeds of a node from what a key file held under their names. The bytes are shared, not copied.
 *
 * @throws IdentityError `seeds-malformed` when one is missing or has a wrong length
 */
export function parseIdentitySeeds(record: NamedBytes): IdentitySeeds {
  return {
    ...parseControlledSeeds(record),
    node: seedOf(record, 'node'),
    mlDsa: seedOf(record, 'mlDsa'),
  }
}

/**
 * Reads the seeds of a tool or agent from what a key file held under their names. The bytes are shared, not copied.
 *
 * @throws IdentityError `seeds-malformed` when one is missing or has a wrong length
 */
export function parseControlledSeeds(record: NamedBytes): ControlledSeeds {
  return { assertion: seedOf(record, 'assertion'), nextUpdate: seedOf(record, 'nextUpdate') }
}

/** Overwrites seeds that are not needed any more. */
export function wipeSeeds(seeds: NamedBytes): void {
  for (const seed of Object.values(seeds)) seed.fill(0)
}

function seedOf(record: NamedBytes, name: string): Uint8Array {
  const seed = record[name]
  if (seed?.length !== SEED_BYTES) {
    throw new IdentityError('seeds-malformed', `there is no seed "${name}" of ${SEED_BYTES} bytes`)
  }
  return seed
}
