import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { nodeSuite as suite } from '@warren/crypto'
import { contentId, createIdentity, type Identity, peerIdOf, verifyLog } from '@warren/identity'
import {
  adminSigner,
  type CharterAdmin,
  createRequest,
  type FreshnessSeconds,
  publicPair,
  randomUuid,
  type SigningRequest,
  writeCharter,
  writeEnroller,
  writeMembership,
} from '@warren/membership'
import { ensurePrivateDirectory } from '@warren/storage'
import { dataPaths, refuseOccupied } from '../data-directory.ts'
import { checkEnclave, checkName, checkRoles } from '../label.ts'
import { MEMBERSHIP_LIFETIME_MS } from '../membership-lifetime.ts'
import { NodeError } from '../node-error.ts'
import { checkSettings, type NodeSettings, writeNodeFiles } from '../node-files.ts'
import { systemClock } from '../system-clock.ts'
import { type MadeAdminKeys, makeAdminKeys, openAdminKeys } from './admin-keys.ts'
import { dropPendingNode, readPendingNode, writePendingNode } from './pending-node.ts'
import { recordsOf, signWith, writeRequestFile } from './request-file.ts'

export interface FoundingInit extends NodeSettings {
  readonly directory: string
  readonly enclave: string
  readonly roles: readonly string[]
  /** Seals the node's key files. The caller wipes it. */
  readonly passphrase: Uint8Array
  /** How many admins it takes to admit or to revoke. */
  readonly threshold: number
  /** Other nodes that are witnesses from the beginning. */
  readonly witnesses: readonly CharterAdmin[]
  /** Whether this node is one too. */
  readonly isWitness: boolean
  /** How old what a node knows may be; the charter's defaults when absent. */
  readonly freshness?: Partial<FreshnessSeconds>
}

/** A mesh that has just been founded. */
export interface FoundedMesh {
  readonly meshId: string
  readonly did: string
  readonly peerId: string
}

/** Members that the founding node may let in by invitation, with no admin at hand. */
export const ENROLLER_QUOTA = 1_000

/**
 * Founds a mesh whose admins are made here, each in a key file under a passphrase of its own.
 *
 * The key files come first, the node's last; an attempt that breaks off leaves no node, and keys that nobody knows.
 *
 * @throws NodeError, ConfigError, StorageError, MembershipError
 */
export async function foundMeshHere(
  init: FoundingInit & { readonly adminPassphrases: readonly Uint8Array[] },
): Promise<FoundedMesh & { readonly admins: readonly MadeAdminKeys[] }> {
  checkFounding(init, init.adminPassphrases.length)
  const { directory, adminPassphrases } = init
  const nowMs = systemClock.wallMs()
  await ensurePrivateDirectory(directory)
  await ensurePrivateDirectory(dataPaths(directory).admins)
  const admins: MadeAdminKeys[] = []
  for (const [at, passphrase] of adminPassphrases.entries()) {
    const path = join(dataPaths(directory).admins, `admin-${at + 1}`)
    admins.push(await makeAdminKeys({ path, passphrase, nowMs }))
  }
  const node = createIdentity({ suite, nowMs })
  try {
    let request = foundingRequest(
      init,
      node,
      admins.map(({ pair }) => pair),
    )
    for (const [at, { keyFile }] of admins.entries()) {
      const keys = await openAdminKeys(keyFile, adminPassphrases[at] ?? new Uint8Array())
      request = signWith(request, keys)
      keys.wipe()
    }
    return { ...(await writeFounded(init, node, request)), admins }
  } finally {
    node.wipe()
  }
}

/**
 * Asks admins whose keys lie elsewhere to found a mesh, in a file: this node's keys wait here for the signatures of all of them.
 *
 * @throws NodeError, ConfigError, StorageError, MembershipError
 */
export async function requestFounding(
  init: FoundingInit & {
    readonly admins: readonly CharterAdmin[]
    /** A new file for the request. */
    readonly requestFile: string
  },
): Promise<SigningRequest> {
  checkFounding(init, init.admins.length)
  const node = createIdentity({ suite, nowMs: systemClock.wallMs() })
  try {
    const request = foundingRequest(init, node, init.admins)
    const { directory, passphrase, requestFile } = init
    const records = request.records.map(({ id }) => id)
    await writeRequestFile(requestFile, request)
    try {
      await writePendingNode({ directory, settings: init, passphrase, identity: node, records })
    } catch (error) {
      await rm(requestFile, { force: true })
      throw error
    }
    return request
  } finally {
    node.wipe()
  }
}

/**
 * Founds the mesh that was asked for, when all its admins have signed.
 *
 * @throws NodeError `nothing-pending`, `keys-foreign`; MembershipError `request-incomplete`
 */
export async function finishFounding(
  { directory, passphrase }: { readonly directory: string; readonly passphrase: Uint8Array },
  request: SigningRequest,
): Promise<FoundedMesh> {
  const pending = await readPendingNode(directory, passphrase)
  try {
    const ids = request.records.map(({ id }) => id).join(' ')
    if (ids !== pending.records.join(' ')) {
      throw new NodeError('keys-foreign', `this is not the request that was made in ${directory}`)
    }
    const settings = { directory, passphrase, name: nameOf(request) }
    const founded = await writeFounded(settings, pending.identity, request)
    await dropPendingNode(directory)
    return founded
  } finally {
    pending.identity.wipe()
  }
}

/** What the founding node is called, and the mesh with it. */
function nameOf({ records: [first] }: SigningRequest): string {
  return first?.says.type === 'charter' ? first.says.name : ''
}

function checkFounding(init: FoundingInit, admins: number): void {
  const { directory, name, roles, enclave, threshold } = init
  refuseOccupied(directory)
  checkName(name)
  checkRoles(roles)
  checkEnclave(enclave)
  checkSettings(directory, init)
  if (threshold >= 1 && threshold <= admins) return
  throw new NodeError('threshold-impossible', `a threshold of ${admins} admins is 1 to ${admins}`)
}

/** Charter, the node's membership, and the credential by which it lets others in: signed together. */
function foundingRequest(
  init: FoundingInit,
  node: Identity,
  admins: readonly CharterAdmin[],
): SigningRequest {
  const { name, enclave, roles, threshold, witnesses, isWitness } = init
  const nowMs = systemClock.wallMs()
  const self = publicPair(adminSigner(node))
  const charter = writeCharter({
    name,
    admins,
    k: threshold,
    witnesses: isWitness ? [self, ...witnesses] : witnesses,
    ...(init.freshness === undefined ? {} : { freshness: init.freshness }),
    nowMs,
  })
  const meshId = contentId(suite, charter)
  const place = { meshId, enclave, roles }
  const notAfterMs = nowMs + MEMBERSHIP_LIFETIME_MS
  const member = verifyLog({ suite, text: node.log.text, nowMs })
  const records = [
    charter,
    writeMembership({ suite, ...place, member, name, notBeforeMs: nowMs, notAfterMs }),
    writeEnroller({
      ...place,
      uuid: randomUuid(suite),
      claimedMs: nowMs,
      notAfterMs,
      enroller: self,
      quota: ENROLLER_QUOTA,
    }),
  ]
  return createRequest({ suite, records })
}

async function writeFounded(
  init: NodeSettings & { readonly directory: string; readonly passphrase: Uint8Array },
  node: Identity,
  request: SigningRequest,
): Promise<FoundedMesh> {
  const [charter = '', membership = '', ...records] = recordsOf(request)
  const { directory, passphrase } = init
  await writeNodeFiles({
    directory,
    settings: init,
    passphrase,
    identity: node,
    charter,
    membership,
    records,
  })
  const peerId = peerIdOf(node.nodeSigner.publicKey)
  return { meshId: request.meshId, did: node.did, peerId }
}
