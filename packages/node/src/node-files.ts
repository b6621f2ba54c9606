import { existsSync, mkdirSync } from 'node:fs'
import { resolve } from 'node:path'
import { nodeSuite as suite } from '@warren/crypto'
import type { Identity } from '@warren/identity'
import {
  adminSigner,
  encodePublicPair,
  parseCharter,
  publicPair,
  RecordSet,
} from '@warren/membership'
import {
  ensurePrivateDirectory,
  openStore,
  type Store,
  type StoredPeer,
  writeKeyFile,
  writePrivateFile,
  writeSharedFile,
} from '@warren/storage'
import { checkListen } from './config/check-listen.ts'
import { defaultConfigText } from './config/default-config.ts'
import { loadConfig, parseConfig } from './config/load-config.ts'
import { dataPaths } from './data-directory.ts'
import { storedOf } from './records/record-desk.ts'

/** What a person may choose when a node is made. */
export interface NodeSettings {
  /** What people call the node. */
  readonly name: string
  /** File from which `warren up` reads the passphrase; asked for when absent. */
  readonly passphraseFile?: string
  /** Multiaddrs to listen on. */
  readonly listen?: readonly string[]
}

export interface NodeFilesInit {
  readonly directory: string
  readonly settings: NodeSettings
  readonly passphrase: Uint8Array
  readonly identity: Identity
  /** Further seeds for the file of update keys. */
  readonly moreUpdateSeeds?: Readonly<Record<string, Uint8Array>>
  readonly charter: string
  readonly membership: string
  /** Other signed records of the mesh that the node knows from the beginning. */
  readonly records?: readonly string[]
  /** Whether this is a node that has been here before and has new keys; else there must be none. */
  readonly returns?: boolean
  /** The member that let this node in, and where it was reached. */
  readonly inviter?: StoredPeer
}

/**
 * Refuses settings with which the node could not start, before anything is made of them; also those
 * of a file that lies there already, which is kept.
 *
 * @throws NodeError `listen-malformed`, ConfigError `config-invalid`
 */
export function checkSettings(directory: string, settings: NodeSettings): void {
  if (settings.listen !== undefined) checkListen(settings.listen)
  parseConfig(configText(settings))
  if (existsSync(dataPaths(directory).config)) loadConfig(directory)
}

/**
 * Writes a new node's directory: store, configuration, an empty policy directory, sealed keys.
 *
 * The node's keys come last: a directory without them counts as empty, so a crash on the way leaves
 * nothing that looks like a node.
 */
export async function writeNodeFiles(init: NodeFilesInit): Promise<void> {
  const { directory, settings, passphrase, identity, charter, membership, inviter } = init
  const paths = dataPaths(directory)
  await ensurePrivateDirectory(directory)
  await ensurePrivateDirectory(paths.keys)
  mkdirSync(paths.policies, { recursive: true, mode: 0o700 })
  const store = openStore(paths.store)
  try {
    store.charter.write(charter)
    store.identityLog.write(identity.log.text)
    store.membership.write(membership)
    keepRecords(store, init)
    if (inviter !== undefined) store.peers.remember(inviter)
  } finally {
    store.close()
  }
  await writeConfig(directory, settings)
  const publicKeys = encodePublicPair(publicPair(adminSigner(identity)))
  await writeSharedFile({ path: paths.publicKeys, text: publicKeys, replace: true })
  const { node, assertion, mlDsa, nextUpdate } = identity.seeds()
  const updateSeeds = { nextUpdate, ...init.moreUpdateSeeds }
  await writeKeyFile({
    suite,
    path: paths.updateKeys,
    passphrase,
    seeds: updateSeeds,
    replace: true,
  })
  await writeKeyFile({
    suite,
    path: paths.nodeKeys,
    passphrase,
    seeds: { node, assertion, mlDsa },
    replace: init.returns === true,
  })
}

/** What the node knows from the beginning has to be as good as what it learns later. */
function keepRecords(store: Store, { charter, membership, records = [] }: NodeFilesInit): void {
  if (records.length === 0) return
  const empty = RecordSet.empty(suite, parseCharter(suite, charter))
  const { added, refused } = empty.accept([membership, ...records])
  for (const { error } of refused) throw error
  store.records.add(added.map(storedOf))
}

/** Writes the configuration of a new node, unless one lies there already. */
export async function writeConfig(directory: string, settings: NodeSettings): Promise<void> {
  const { config } = dataPaths(directory)
  if (existsSync(config)) return
  const bytes = Buffer.from(configText(settings))
  await writePrivateFile({ path: config, bytes, replace: false })
}

function configText({ name, listen, passphraseFile }: NodeSettings): string {
  return defaultConfigText({
    name,
    ...(listen === undefined ? {} : { listen }),
    ...(passphraseFile === undefined ? {} : { passphraseFile: resolve(passphraseFile) }),
  })
}
