import { existsSync } from 'node:fs'
import { rm } from 'node:fs/promises'
import { canonicalJson, isJsonObject, parseJson } from '@warren/core'
import { nodeSuite as suite } from '@warren/crypto'
import { type Identity, openIdentity, parseIdentitySeeds, verifyLog } from '@warren/identity'
import {
  ensurePrivateDirectory,
  readKeyFile,
  readPrivateFile,
  writeKeyFile,
  writePrivateFile,
} from '@warren/storage'
import { dataPaths } from '../data-directory.ts'
import { NodeError } from '../node-error.ts'
import { type NodeSettings, writeConfig } from '../node-files.ts'
import { systemClock } from '../system-clock.ts'

/** A node whose keys are made and whose membership is not signed yet. */
export interface PendingNode {
  readonly identity: Identity
  /** What this machine asked for: content ids of records, or nothing where it asked for a membership alone. */
  readonly records: readonly string[]
}

export interface PendingNodeInit {
  readonly directory: string
  readonly settings: NodeSettings
  readonly passphrase: Uint8Array
  readonly identity: Identity
  readonly records: readonly string[]
}

const PENDING_BYTES_MAX = 524_288
const LIMITS = { lengthMax: PENDING_BYTES_MAX, depthMax: 4, keysMax: 64 }

/**
 * Keeps the keys of a node that is to be, until its membership comes back signed. They leave this machine at no time.
 *
 * The sealed keys come last: a directory without them waits for nothing.
 */
export async function writePendingNode(init: PendingNodeInit): Promise<void> {
  const { directory, settings, passphrase, identity, records } = init
  const { keys, pending, pendingKeys } = dataPaths(directory)
  await ensurePrivateDirectory(directory)
  await ensurePrivateDirectory(keys)
  await writeConfig(directory, settings)
  const bytes = Buffer.from(canonicalJson({ log: identity.log.text, records }))
  await writePrivateFile({ path: pending, bytes, replace: true })
  await writeKeyFile({ suite, path: pendingKeys, passphrase, seeds: { ...identity.seeds() } })
}

/**
 * Opens the keys that wait in a directory.
 *
 * @throws NodeError `nothing-pending`, `keys-foreign`; StorageError
 */
export async function readPendingNode(
  directory: string,
  passphrase: Uint8Array,
): Promise<PendingNode> {
  const { pending, pendingKeys } = dataPaths(directory)
  if (!existsSync(pendingKeys)) {
    throw new NodeError(
      'nothing-pending',
      `no node waits in ${directory} for its signatures; choose the --dir in which the request was made`,
    )
  }
  const bytes = await readPrivateFile(pending, PENDING_BYTES_MAX)
  const { log: text, records } = readPending(Buffer.from(bytes).toString())
  const log = verifyLog({ suite, text, nowMs: systemClock.wallMs() })
  const seeds = await readKeyFile({ suite, path: pendingKeys, passphrase })
  try {
    return { identity: openIdentity({ suite, seeds: parseIdentitySeeds(seeds), log }), records }
  } finally {
    for (const seed of Object.values(seeds)) seed.fill(0)
  }
}

/** Forgets what waited, once the node is there. */
export async function dropPendingNode(directory: string): Promise<void> {
  const { pending, pendingKeys } = dataPaths(directory)
  await rm(pendingKeys, { force: true })
  await rm(pending, { force: true })
}

function readPending(text: string): { readonly log: string; readonly records: readonly string[] } {
  const value = parseJson(text, LIMITS)
  const { log, records } = isJsonObject(value) ? value : {}
  if (typeof log === 'string' && Array.isArray(records)) {
    return { log, records: records.map(String) }
  }
  throw new NodeError('keys-foreign', 'what waits in the data directory is not what was put there')
}
