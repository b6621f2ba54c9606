import { rm } from 'node:fs/promises'
import { dirname } from 'node:path'
import { nodeSuite as suite, type Signer } from '@warren/crypto'
import { createIdentity, type Did, encodeMultikey } from '@warren/identity'
import {
  type CharterAdmin,
  decodePublicPair,
  encodePublicPair,
  keysHash,
  PUBLIC_PAIR_LENGTH_MAX,
  publicPair,
} from '@warren/membership'
import {
  ensurePrivateDirectory,
  readKeyFile,
  readSharedFile,
  writeKeyFile,
  writeSharedFile,
} from '@warren/storage'
import { NodeError } from '../node-error.ts'

/** Two signers that one key file holds. */
export interface KeyPair {
  readonly ed25519: Signer
  readonly mlDsa44: Signer
}

/** The keys of an admin, opened; wipe them when they have signed. */
export interface AdminKeys extends KeyPair {
  /** What a mesh commits to: the keys that this admin will use next. */
  readonly nextKeysHash: string | undefined
  wipe(): void
}

/** The secrets of an admin: the pair in use, and the one that comes after it. */
export interface AdminSeeds {
  readonly assertion: Uint8Array
  readonly mlDsa: Uint8Array
  readonly nextAssertion: Uint8Array
  readonly nextMlDsa: Uint8Array
}

export interface AdminKeysInit {
  /** Name of both files, without `.keys` and `.pub.json`; the directory is made, for its owner alone. */
  readonly path: string
  /** Seals the key file. The caller wipes it. */
  readonly passphrase: Uint8Array
  readonly nowMs: number
}

/** Files of keys that were just made. */
export interface MadeAdminKeys {
  readonly did: Did
  readonly keyFile: string
  readonly publicFile: string
  readonly pair: CharterAdmin
}

const SEED_BYTES = 32

/**
 * Makes an admin: a DID, a pair of keys and the pair that comes next, sealed in one file; what others may know in another.
 *
 * @throws StorageError `file-exists`, `directory-open`, `file-unwritable`
 */
export async function makeAdminKeys(init: AdminKeysInit): Promise<MadeAdminKeys> {
  const seeds = freshSeeds()
  try {
    return await writeAdmin(init, seeds, newDid(seeds, init.nowMs))
  } finally {
    wipeSeeds(seeds)
  }
}

export interface NextAdminKeysInit extends AdminKeysInit {
  /** The key file whose next keys come into use, its passphrase, and its public file. */
  readonly after: {
    readonly keyFile: string
    readonly passphrase: Uint8Array
    readonly publicFile: string
  }
}

/**
 * Takes the next keys of an admin into use, in a new file: the DID stays, and a new pair comes after them.
 *
 * The mesh knows them only after an admin change that rotates to the new public file.
 *
 * @throws StorageError, MembershipError `public-keys-malformed`, NodeError `keys-foreign`
 */
export async function makeNextAdminKeys(init: NextAdminKeysInit): Promise<MadeAdminKeys> {
  const { keyFile, passphrase, publicFile } = init.after
  const before = await readPublicFile(publicFile)
  const old = await readAdminSeeds(keyFile, passphrase)
  const fresh = freshSeeds()
  try {
    const { nextAssertion, nextMlDsa } = old
    if (nextAssertion === undefined || nextMlDsa === undefined) {
      throw new NodeError('keys-foreign', `"${keyFile}" holds no keys that come next`)
    }
    if (before.nextKeysHash !== hashOf(nextAssertion, nextMlDsa)) {
      throw new NodeError('keys-foreign', `"${publicFile}" does not belong to "${keyFile}"`)
    }
    const seeds = { ...fresh, assertion: nextAssertion, mlDsa: nextMlDsa }
    return await writeAdmin(init, seeds, before.did)
  } finally {
    wipeSeeds(old)
    wipeSeeds(fresh)
  }
}

/**
 * Opens the key file of an admin.
 *
 * @throws StorageError, NodeError `keys-foreign` when it holds other keys
 */
export async function openAdminKeys(keyFile: string, passphrase: Uint8Array): Promise<AdminKeys> {
  const seeds = await readAdminSeeds(keyFile, passphrase)
  try {
    const { assertion, mlDsa, nextAssertion, nextMlDsa } = seeds
    const ed25519 = suite.ed25519.signer(assertion)
    const mlDsa44 = suite.mlDsa44.signer(mlDsa)
    return {
      ed25519,
      mlDsa44,
      nextKeysHash:
        nextAssertion === undefined || nextMlDsa === undefined
          ? undefined
          : hashOf(nextAssertion, nextMlDsa),
      wipe: () => {
        ed25519.wipe()
        mlDsa44.wipe()
      },
    }
  } finally {
    wipeSeeds(seeds)
  }
}

/**
 * Reads a file of public keys.
 *
 * @throws StorageError, MembershipError `public-keys-malformed`
 */
export async function readPublicFile(path: string): Promise<CharterAdmin> {
  return decodePublicPair(await readSharedFile(path, PUBLIC_PAIR_LENGTH_MAX))
}

/** Secrets for a new admin. The caller wipes them. */
export function freshSeeds(): AdminSeeds {
  return {
    assertion: freshSeed(),
    mlDsa: freshSeed(),
    nextAssertion: freshSeed(),
    nextMlDsa: freshSeed(),
  }
}

function freshSeed(): Uint8Array {
  return suite.randomBytes(SEED_BYTES)
}

/** The public half of an admin's secrets. */
export function publicPairOf(did: Did, seeds: AdminSeeds): CharterAdmin {
  const { assertion, mlDsa, nextAssertion, nextMlDsa } = seeds
  const ed25519 = suite.ed25519.signer(assertion)
  const mlDsa44 = suite.mlDsa44.signer(mlDsa)
  try {
    return publicPair({ did, ed25519, mlDsa44, nextKeysHash: hashOf(nextAssertion, nextMlDsa) })
  } finally {
    ed25519.wipe()
    mlDsa44.wipe()
  }
}

async function writeAdmin(
  { path, passphrase }: AdminKeysInit,
  seeds: AdminSeeds,
  did: Did,
): Promise<MadeAdminKeys> {
  const keyFile = `${path}.keys`
  const publicFile = `${path}.pub.json`
  const pair = publicPairOf(did, seeds)
  await ensurePrivateDirectory(dirname(path))
  await writeSharedFile({ path: publicFile, text: encodePublicPair(pair), replace: false })
  try {
    await writeKeyFile({ suite, path: keyFile, passphrase, seeds: { ...seeds } })
  } catch (error) {
    await rm(publicFile, { force: true })
    throw error
  }
  return { did, keyFile, publicFile, pair }
}

/** A DID that these keys are the first of. Its log is not kept: a mesh reads the keys of admins from its own records. */
function newDid({ assertion, mlDsa }: AdminSeeds, nowMs: number): Did {
  const seeds = {
    assertion,
    mlDsa,
    node: freshSeed(),
    nextUpdate: freshSeed(),
  }
  const identity = createIdentity({ suite, nowMs, seeds })
  try {
    return identity.did
  } finally {
    identity.wipe()
    seeds.node.fill(0)
    seeds.nextUpdate.fill(0)
  }
}

type ReadSeeds = Pick<AdminSeeds, 'assertion' | 'mlDsa'> &
  Partial<Pick<AdminSeeds, 'nextAssertion' | 'nextMlDsa'>>

async function readAdminSeeds(keyFile: string, passphrase: Uint8Array): Promise<ReadSeeds> {
  const seeds = await readKeyFile({ suite, path: keyFile, passphrase })
  const { assertion, mlDsa, nextAssertion, nextMlDsa, ...others } = seeds
  if (assertion === undefined || mlDsa === undefined || Object.keys(others).length > 0) {
    wipeSeeds(seeds)
    throw new NodeError('keys-foreign', `"${keyFile}" is not the key file of an admin`)
  }
  return {
    assertion,
    mlDsa,
    ...(nextAssertion === undefined ? {} : { nextAssertion }),
    ...(nextMlDsa === undefined ? {} : { nextMlDsa }),
  }
}

/** The commitment to a pair of keys that comes into use later. */
export function hashOf(ed25519Seed: Uint8Array, mlDsa44Seed: Uint8Array): string {
  const ed25519 = suite.ed25519.signer(ed25519Seed)
  const mlDsa44 = suite.mlDsa44.signer(mlDsa44Seed)
  try {
    return keysHash(suite, [
      encodeMultikey({ type: 'ed25519', bytes: ed25519.publicKey }),
      encodeMultikey({ type: 'mldsa44', bytes: mlDsa44.publicKey }),
    ])
  } finally {
    ed25519.wipe()
    mlDsa44.wipe()
  }
}

/** Overwrites secrets. */
export function wipeSeeds(seeds: object): void {
  for (const seed of Object.values(seeds)) if (seed instanceof Uint8Array) seed.fill(0)
}
