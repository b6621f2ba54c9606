import { existsSync } from 'node:fs'
import type { Clock } from '@warren/core'
import { nodeSuite as suite, type Signer } from '@warren/crypto'
import { authenticationKeys, type VerifiedLog, verifyLog } from '@warren/identity'
import {
  type AdminSigner,
  type Membership,
  parseCharter,
  type RecordSet,
  type VerifiedCharter,
} from '@warren/membership'
import {
  type InstanceLock,
  lockDirectory,
  openStore,
  readKeyFile,
  type Store,
} from '@warren/storage'
import { auditSecret } from './audit/audit-secret.ts'
import { type DataPaths, dataPaths, isInitialised, notInitialised } from './data-directory.ts'
import { NodeError } from './node-error.ts'
import { loadRecords } from './records/load-records.ts'

/** A data directory that this process alone works on, with everything in it read and verified. */
export interface OpenedNode {
  readonly paths: DataPaths
  readonly store: Store
  readonly charter: VerifiedCharter
  readonly log: VerifiedLog
  /** What the node knew of its mesh when it last ran. */
  readonly set: RecordSet
  /** The membership that it was given. Whether it is in force is a question of the set and the time. */
  readonly membership: Membership
  readonly keys: NodeKeys
  /** The keys with which this node speaks as a witness or an enroller, where it is one. */
  readonly signer: AdminSigner
  /** Where an administrator works here. */
  readonly admin: AdminSigner | undefined
  /** What opens the values that the audit log keeps. */
  readonly auditSecret: Uint8Array
  /** Wipes the keys, closes the store and releases the directory. */
  close(): void
}

/** The keys that a running node needs. */
export interface NodeKeys {
  readonly ed25519: Signer
  readonly mlDsa44: Signer
}

/**
 * Opens a node's directory: lock, keys, store, and the proof that they belong together.
 *
 * @throws StorageError, MembershipError, IdentityError, NodeError `not-initialised`, `keys-foreign`
 */
export async function openNode(
  directory: string,
  passphrase: Uint8Array,
  clock: Clock,
): Promise<OpenedNode> {
  if (!isInitialised(directory)) throw notInitialised(directory)
  const paths = dataPaths(directory)
  const lock = lockDirectory(directory)
  const open: Opening = { lock, signers: [], secrets: [] }
  try {
    return await readAll(open, paths, { passphrase, nowMs: clock.wallMs() })
  } catch (error) {
    close(open)
    throw error
  }
}

interface Opening {
  readonly lock: InstanceLock
  readonly signers: Signer[]
  readonly secrets: Uint8Array[]
  store?: Store
}

async function readAll(
  open: Opening,
  paths: DataPaths,
  { passphrase, nowMs }: { readonly passphrase: Uint8Array; readonly nowMs: number },
): Promise<OpenedNode> {
  const { node, assertion, mlDsa44 } = await readNodeSigners(paths.nodeKeys, passphrase)
  const keys = { ed25519: node, mlDsa44 }
  open.signers.push(node, assertion, mlDsa44)
  const store = openStore(paths.store)
  open.store = store
  const charter = parseCharter(suite, required(store.charter.read(), 'charter'))
  const log = verifyLog({ suite, text: required(store.identityLog.read(), 'key log'), nowMs })
  checkKeys(keys, log)
  const text = required(store.membership.read(), 'membership')
  const set = loadRecords(suite, charter, store.records)
  const membership = ownMembership(set, text)
  const admin = existsSync(paths.adminKeys)
    ? await readAdmin(paths, passphrase, charter)
    : undefined
  if (admin !== undefined) open.signers.push(admin.ed25519, admin.mlDsa44)
  const signer = { did: log.did, ed25519: assertion, mlDsa44 }
  const secret = await auditSecret(paths.auditKeys, passphrase)
  open.secrets.push(secret)
  return {
    paths,
    store,
    charter,
    log,
    set,
    membership,
    keys,
    signer,
    admin,
    auditSecret: secret,
    close: () => close(open),
  }
}

function close({ lock, signers, secrets, store }: Opening): void {
  for (const signer of signers) signer.wipe()
  for (const secret of secrets) secret.fill(0)
  store?.close()
  lock.release()
}

interface NodeSigners {
  readonly node: Signer
  readonly assertion: Signer
  readonly mlDsa44: Signer
}

/** The keys of a node: who it is on the wire, what it signs with, and the post-quantum half of both. */
async function readNodeSigners(path: string, passphrase: Uint8Array): Promise<NodeSigners> {
  return withSeeds(path, passphrase, (seedOf) => ({
    node: suite.ed25519.signer(seedOf('node')),
    assertion: suite.ed25519.signer(seedOf('assertion')),
    mlDsa44: suite.mlDsa44.signer(seedOf('mlDsa')),
  }))
}

/** Reads a sealed key file, and wipes what was read once `use` has made signers of it. */
async function withSeeds<Made>(
  path: string,
  passphrase: Uint8Array,
  use: (seedOf: (name: string) => Uint8Array) => Made,
): Promise<Made> {
  const seeds = await readKeyFile({ suite, path, passphrase })
  try {
    return use((name) => {
      const seed = seeds[name]
      if (seed !== undefined) return seed
      throw new NodeError('keys-foreign', `the key file ${path} does not hold the keys it should`)
    })
  } finally {
    for (const seed of Object.values(seeds)) seed.fill(0)
  }
}

async function readAdmin(
  paths: DataPaths,
  passphrase: Uint8Array,
  charter: VerifiedCharter,
): Promise<AdminSigner> {
  const keys = await withSeeds(paths.adminKeys, passphrase, (seedOf) => ({
    ed25519: suite.ed25519.signer(seedOf('assertion')),
    mlDsa44: suite.mlDsa44.signer(seedOf('mlDsa')),
  }))
  const admin = charter.admins.find(
    ({ ed25519, mlDsa44 }) =>
      same(ed25519.bytes, keys.ed25519.publicKey) && same(mlDsa44.bytes, keys.mlDsa44.publicKey),
  )
  if (admin !== undefined) return { did: admin.did, ...keys }
  keys.ed25519.wipe()
  keys.mlDsa44.wipe()
  throw new NodeError(
    'keys-foreign',
    `the keys in ${paths.adminKeys} are not those of an admin of this mesh`,
  )
}

/**
 * Reads the membership as the set would take it up; what the mesh would not take up is no membership.
 *
 * @throws MembershipError
 */
function ownMembership(set: RecordSet, text: string): Membership {
  const record = set.decode(text)
  if (record.type === 'membership') return record.membership
  throw new NodeError('not-initialised', 'what warren.db holds as the membership is none')
}

function checkKeys(keys: NodeKeys, log: VerifiedLog): void {
  const { ed25519, mlDsa44 } = authenticationKeys(log.document)
  const fit =
    ed25519.some((key) => same(key, keys.ed25519.publicKey)) &&
    mlDsa44.some((key) => same(key, keys.mlDsa44.publicKey))
  if (!fit)
    throw new NodeError('keys-foreign', 'the key file does not belong to the identity in warren.db')
}

function same(a: Uint8Array, b: Uint8Array): boolean {
  return Buffer.compare(a, b) === 0
}

function required(text: string | undefined, what: string): string {
  if (text !== undefined) return text
  throw new NodeError(
    'not-initialised',
    `warren.db holds no ${what}; the node was never fully made`,
  )
}
