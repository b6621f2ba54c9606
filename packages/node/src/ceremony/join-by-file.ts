import { rm } from 'node:fs/promises'
import { nodeSuite as suite } from '@warren/crypto'
import { createIdentity, peerIdOf } from '@warren/identity'
import {
  memberKeys,
  type MembershipRecord,
  parseCharter,
  type RecordSet,
  type SigningRequest,
  readJoinFile,
  writeJoinFile,
} from '@warren/membership'
import { lockDirectory, openStore, readKeyFile, writeSharedFile } from '@warren/storage'
import { dataPaths, isInitialised, refuseOccupied } from '../data-directory.ts'
import type { NewMember } from '../join-mesh.ts'
import { checkName } from '../label.ts'
import { NodeError } from '../node-error.ts'
import {
  checkSettings,
  type NodeFilesInit,
  type NodeSettings,
  writeNodeFiles,
} from '../node-files.ts'
import { systemClock } from '../system-clock.ts'
import {
  dropPendingNode,
  type PendingNode,
  readPendingNode,
  writePendingNode,
} from './pending-node.ts'
import { recordsOf } from './request-file.ts'

export interface JoinFileInit extends NodeSettings {
  readonly directory: string
  readonly passphrase: Uint8Array
  /** A new file for the request. */
  readonly requestFile: string
}

/**
 * Asks to be admitted by a file: makes the keys of this machine's node, which wait here for the membership.
 *
 * @throws NodeError, ConfigError, StorageError
 */
export async function requestJoin(
  init: JoinFileInit,
): Promise<{ readonly did: string; readonly id: string }> {
  const { directory, passphrase, requestFile, name } = init
  refuseOccupied(directory)
  checkName(name)
  checkSettings(directory, init)
  const nowMs = systemClock.wallMs()
  const identity = createIdentity({ suite, nowMs })
  try {
    const text = writeJoinFile({ suite, identity, name, nowMs })
    await writeSharedFile({ path: requestFile, text, replace: false })
    try {
      await writePendingNode({ directory, settings: init, passphrase, identity, records: [] })
    } catch (error) {
      await rm(requestFile, { force: true })
      throw error
    }
    return { did: identity.did, id: readJoinFile(suite, text, nowMs).id }
  } finally {
    identity.wipe()
  }
}

/**
 * Becomes a member, or one again, by the signed request that came back. Which mesh it is, the caller has had agreed to.
 *
 * @throws NodeError `nothing-pending`, `membership-missing`; MembershipError `request-incomplete`; StorageError `directory-in-use`
 */
export async function finishJoin(
  place: { readonly directory: string; readonly passphrase: Uint8Array },
  request: SigningRequest,
): Promise<NewMember> {
  const lock = lockDirectory(place.directory)
  try {
    return await finish(place, request)
  } finally {
    lock.release()
  }
}

async function finish(
  { directory, passphrase }: { readonly directory: string; readonly passphrase: Uint8Array },
  request: SigningRequest,
): Promise<NewMember> {
  const pending = await readPendingNode(directory, passphrase)
  try {
    const texts = recordsOf(request)
    const { set, membership } = ownMembership(request, texts, pending)
    const before = await nodeBefore({ directory, passphrase }, request.meshId)
    await writeNodeFiles({
      directory,
      ...before,
      settings: { name: membership.membership.name ?? directory },
      passphrase,
      identity: pending.identity,
      charter: set.charter.text,
      membership: membership.text,
      records: [...set.records()].map(({ text }) => text),
    })
    await dropPendingNode(directory)
    const { did, nodeSigner } = pending.identity
    const { enclave, roles } = membership.membership
    const peerId = peerIdOf(nodeSigner.publicKey)
    return { meshId: request.meshId, did, peerId, enclave, roles }
  } finally {
    pending.identity.wipe()
  }
}

/** What has to stay of a node that returns: it is of the same mesh, and its file of update keys may hold others too. */
async function nodeBefore(
  { directory, passphrase }: { readonly directory: string; readonly passphrase: Uint8Array },
  meshId: string,
): Promise<Pick<NodeFilesInit, 'returns' | 'moreUpdateSeeds'>> {
  if (!isInitialised(directory)) return {}
  const { store: path, updateKeys } = dataPaths(directory)
  const store = openStore(path)
  const charter = store.charter.read()
  store.close()
  if (charter === undefined || parseCharter(suite, charter).meshId !== meshId) {
    throw new NodeError('membership-missing', 'the node that waits here belongs to another mesh')
  }
  const { nextUpdate, ...moreUpdateSeeds } = await readKeyFile({
    suite,
    path: updateKeys,
    passphrase,
  })
  nextUpdate?.fill(0)
  return { returns: true, moreUpdateSeeds }
}

/** The membership of the node that waits here, for the very keys that wait with it. */
function ownMembership(
  request: SigningRequest,
  texts: readonly string[],
  { identity }: PendingNode,
): { readonly set: RecordSet; readonly membership: MembershipRecord } {
  const set = request.set?.accept(texts).set
  const membership = set?.tables.memberships.get(identity.log.scid)?.[0]
  const keys = memberKeys(identity.log).join(' ')
  if (
    set !== undefined &&
    membership !== undefined &&
    membership.membership.keys.join(' ') === keys
  ) {
    return { set, membership }
  }
  throw new NodeError(
    'membership-missing',
    'the request holds no membership for the node that waits here',
  )
}
