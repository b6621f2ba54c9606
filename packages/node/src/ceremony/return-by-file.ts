import { rm } from 'node:fs/promises'
import { nodeSuite as suite } from '@warren/crypto'
import {
  appendRotation,
  type Identity,
  openIdentity,
  parseIdentitySeeds,
  verifyLog,
} from '@warren/identity'
import { readJoinFile, writeJoinFile } from '@warren/membership'
import { lockDirectory, openStore, readKeyFile, writeSharedFile } from '@warren/storage'
import { loadConfig } from '../config/load-config.ts'
import { dataPaths, isInitialised, notInitialised, refuseUnfinished } from '../data-directory.ts'
import { NodeError } from '../node-error.ts'
import { systemClock } from '../system-clock.ts'
import { writePendingNode } from './pending-node.ts'

export interface ReturnInit {
  readonly directory: string
  readonly passphrase: Uint8Array
  /** A new file for the request. */
  readonly requestFile: string
}

/**
 * Asks to return after a revocation, by a file: the node gets new keys for all that it signs with, under its DID.
 *
 * They wait beside the old ones, which stay in use until the readmission comes back signed.
 *
 * @throws NodeError `not-initialised`, `init-unfinished`; StorageError `directory-in-use`, `passphrase-wrong`
 */
export async function requestReturn(
  init: ReturnInit,
): Promise<{ readonly did: string; readonly id: string }> {
  const { directory, passphrase, requestFile } = init
  if (!isInitialised(directory)) throw notInitialised(directory)
  refuseUnfinished(directory)
  const { name } = loadConfig(directory)
  const lock = lockDirectory(directory)
  try {
    const identity = await rotated(directory, passphrase)
    try {
      const nowMs = systemClock.wallMs()
      const text = writeJoinFile({ suite, identity, name, nowMs })
      await writeSharedFile({ path: requestFile, text, replace: false })
      await keep({ ...init, name }, identity)
      return { did: identity.did, id: readJoinFile(suite, text, nowMs).id }
    } finally {
      identity.wipe()
    }
  } finally {
    lock.release()
  }
}

async function keep(
  { directory, passphrase, requestFile, name }: ReturnInit & { readonly name: string },
  identity: Identity,
): Promise<void> {
  try {
    await writePendingNode({ directory, settings: { name }, passphrase, identity, records: [] })
  } catch (error) {
    await rm(requestFile, { force: true })
    throw error
  }
}

/** The node's identity with new keys. */
async function rotated(directory: string, passphrase: Uint8Array): Promise<Identity> {
  const { nodeKeys, updateKeys, store: path } = dataPaths(directory)
  const store = openStore(path)
  const text = store.identityLog.read()
  store.close()
  if (text === undefined) throw new NodeError('not-initialised', 'warren.db holds no key log')
  const nowMs = systemClock.wallMs()
  const log = verifyLog({ suite, text, nowMs })
  const seeds = {
    ...(await readKeyFile({ suite, path: nodeKeys, passphrase })),
    ...(await readKeyFile({ suite, path: updateKeys, passphrase })),
  }
  const identity = openIdentity({ suite, seeds: parseIdentitySeeds(seeds), log })
  for (const seed of Object.values(seeds)) seed.fill(0)
  try {
    return appendRotation({ suite, identity, nowMs, replace: ['node', 'assertion', 'mlDsa'] })
  } finally {
    identity.wipe()
  }
}
