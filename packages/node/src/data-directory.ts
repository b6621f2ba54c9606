import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { nodeSuite } from '@warren/crypto/node-suite'
import { controlPath } from './control/control-path.ts'
import { NodeError } from './node-error.ts'

/** Where each thing of a node lies. */
export interface DataPaths {
  readonly directory: string
  readonly config: string
  readonly policies: string
  readonly keys: string
  /** Seeds of the node: its libp2p identity and its signing keys. */
  readonly nodeKeys: string
  /** Keys that control the DID logs; unlocked only to rotate. */
  readonly updateKeys: string
  /** Present where an administrator of the mesh works. */
  readonly adminKeys: string
  /** What opens the values that the audit log keeps. */
  readonly auditKeys: string
  /** Keys of a node whose membership is not signed yet, and what it asked for. */
  readonly pendingKeys: string
  readonly pending: string
  /** Keys of the administrators of a mesh that was founded here, until they are moved away. */
  readonly admins: string
  /** What others may know of this node: enough to make it a witness. */
  readonly publicKeys: string
  readonly store: string
  /** The audit log. */
  readonly audit: string
  readonly httpToken: string
}

/** The paths inside a data directory. */
export function dataPaths(directory: string): DataPaths {
  const keys = join(directory, 'keys')
  return {
    directory,
    config: join(directory, 'warren.yaml'),
    policies: join(directory, 'policies'),
    keys,
    nodeKeys: join(keys, 'node.json'),
    updateKeys: join(keys, 'update.json'),
    adminKeys: join(keys, 'admin.json'),
    auditKeys: join(keys, 'audit.json'),
    pendingKeys: join(keys, 'pending.json'),
    pending: join(directory, 'pending.json'),
    admins: join(directory, 'admins'),
    publicKeys: join(directory, 'node.pub.json'),
    store: join(directory, 'warren.db'),
    audit: join(directory, 'audit'),
    httpToken: join(directory, 'http-token'),
  }
}

/** Whether a node lives in this data directory. */
export function isInitialised(directory: string): boolean {
  return existsSync(dataPaths(directory).nodeKeys)
}

/**
 * Refuses to make a node in a directory in which one lives or waits for its signatures, or where the keys of
 * an administrator lie that would be lost or would be taken for those of the new mesh.
 *
 * @throws NodeError `already-initialised`, `init-unfinished`
 */
export function refuseOccupied(directory: string): void {
  if (isInitialised(directory)) {
    throw new NodeError(
      'already-initialised',
      `a node lives in ${directory} already; choose another --dir`,
    )
  }
  refuseUnfinished(directory)
  const { adminKeys, admins } = dataPaths(directory)
  if (existsSync(admins)) throw unfinished(admins)
  if (!existsSync(adminKeys)) return
  throw new NodeError(
    'init-unfinished',
    `${adminKeys} holds an administrator's keys, but no node lives in ${directory}: ` +
      `if that is what an interrupted "warren init" left, remove ${adminKeys} and try again; ` +
      'if the keys are in use, keep them and choose another --dir',
  )
}

/**
 * Refuses to begin what waits for signatures already: its keys would be lost.
 *
 * @throws NodeError `init-unfinished`
 */
export function refuseUnfinished(directory: string): void {
  const { pendingKeys } = dataPaths(directory)
  if (existsSync(pendingKeys)) throw unfinished(pendingKeys)
}

function unfinished(path: string): NodeError {
  return new NodeError(
    'init-unfinished',
    `${path} holds keys that were made here before: finish what was begun with "warren admin finish" or ` +
      '"warren join --membership", choose another --dir, or remove them if nobody needs them',
  )
}

/** There is no node in this data directory. */
export function notInitialised(directory: string): NodeError {
  return new NodeError(
    'not-initialised',
    `there is no node in ${directory}; use "warren init" or "warren join", or choose another --dir`,
  )
}

/** The key file of the administrator who works in a data directory, where one does. */
export function adminKeyFileOf(directory: string): string | undefined {
  const { adminKeys } = dataPaths(directory)
  return existsSync(adminKeys) ? adminKeys : undefined
}

/** The control socket of a data directory. */
export function controlSocketOf(directory: string): string {
  return controlPath(directory, nodeSuite)
}
