import { nodeSuite as suite } from '@warren/crypto'
import { createIdentity, peerIdOf, verifyLog } from '@warren/identity'
import {
  adminSigner,
  createCharter,
  type FreshnessSeconds,
  issueMembership,
  publicPair,
} from '@warren/membership'
import { ensurePrivateDirectory, writeKeyFile, writePrivateFile } from '@warren/storage'
import { freshSeeds, hashOf } from './ceremony/admin-keys.ts'
import { dataPaths, refuseOccupied } from './data-directory.ts'
import { checkEnclave, checkName, checkRoles } from './label.ts'
import { MEMBERSHIP_LIFETIME_MS } from './membership-lifetime.ts'
import { checkSettings, type NodeSettings, writeNodeFiles } from './node-files.ts'
import { systemClock } from './system-clock.ts'

export interface InitMeshInit extends NodeSettings {
  readonly directory: string
  readonly enclave: string
  readonly roles: readonly string[]
  /** Seals the key files. The caller wipes it. */
  readonly passphrase: Uint8Array
  /** Whether the node is the witness of the mesh, so that what nodes know can be known to be fresh; it is when absent. */
  readonly isWitness?: boolean
  /** How old what a node knows may be; the charter's defaults when absent. */
  readonly freshness?: Partial<FreshnessSeconds>
}

/** A mesh that has just been founded. */
export interface FoundedMesh {
  readonly meshId: string
  readonly did: string
  readonly peerId: string
  readonly adminDid: string
}

/**
 * Founds a mesh: makes an administrator and a node, the charter, and the node's membership.
 *
 * The administrator is an identity of its own, so that its keys can move off this machine. Here one
 * of one signs; the charter's format holds k of n.
 *
 * @throws NodeError `already-initialised`, `init-unfinished`, `name-malformed`, `role-malformed`, `enclave-malformed`; ConfigError for settings
 * that no node could start with; StorageError when a file cannot be written
 */
export async function initMesh(init: InitMeshInit): Promise<FoundedMesh> {
  const { directory, passphrase } = init
  refuseOccupied(directory)
  checkName(init.name)
  checkRoles(init.roles)
  checkEnclave(init.enclave)
  checkSettings(directory, init)
  await ensurePrivateDirectory(directory)
  const nowMs = systemClock.wallMs()
  const admin = createIdentity({ suite, nowMs })
  const node = createIdentity({ suite, nowMs })
  const { nextAssertion, nextMlDsa } = freshSeeds()
  try {
    const charter = createCharter({
      suite,
      name: init.name,
      admins: [{ ...adminSigner(admin), nextKeysHash: hashOf(nextAssertion, nextMlDsa) }],
      k: 1,
      witnesses: init.isWitness === false ? [] : [publicPair(adminSigner(node))],
      ...(init.freshness === undefined ? {} : { freshness: init.freshness }),
      nowMs,
    })
    const membership = issueMembership({
      suite,
      charter,
      admins: [adminSigner(admin)],
      member: verifyLog({ suite, text: node.log.text, nowMs }),
      name: init.name,
      enclave: init.enclave,
      roles: init.roles,
      notBeforeMs: nowMs,
      notAfterMs: nowMs + MEMBERSHIP_LIFETIME_MS,
      nowMs,
    })
    const { assertion, mlDsa, nextUpdate } = admin.seeds()
    const paths = dataPaths(directory)
    await ensurePrivateDirectory(paths.keys)
    const seeds = { assertion, mlDsa, nextAssertion, nextMlDsa }
    await writeKeyFile({ suite, path: paths.adminKeys, passphrase, seeds })
    const bytes = Buffer.from(admin.log.text)
    await writePrivateFile({ path: `${paths.keys}/admin-log.jsonl`, bytes, replace: true })
    await writeNodeFiles({
      directory,
      settings: init,
      passphrase,
      identity: node,
      moreUpdateSeeds: { adminNextUpdate: nextUpdate },
      charter: charter.text,
      membership: membership.text,
    })
    const peerId = peerIdOf(node.nodeSigner.publicKey)
    return { meshId: charter.meshId, did: node.did, peerId, adminDid: admin.did }
  } finally {
    nextAssertion.fill(0)
    nextMlDsa.fill(0)
    admin.wipe()
    node.wipe()
  }
}
