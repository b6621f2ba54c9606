import { closeSync, constants, fstatSync, openSync, readFileSync, type Stats } from 'node:fs'
import { foreignHands } from '../foreign-hands.ts'
import { NodeError } from '../node-error.ts'

/** Whether a file may be a symbolic link. */
export type Links = 'followed' | 'refused'

const FILE_BYTES_MAX = 1024 * 1024

/**
 * Reads a text file of at most 1,048,576 bytes which says what a node allows: nobody but the node's own user, and root, may write it.
 *
 * @throws NodeError `policies-open`, `policies-foreign`, `policies-unreadable`
 */
export function readGuardedFile(path: string, links: Links): string {
  const fd = open(path, links)
  try {
    const stats = fstatSync(fd)
    if (!stats.isFile()) throw new NodeError('policies-unreadable', `${path} is not a file`)
    requireOwnHands(path, stats)
    if (stats.size > FILE_BYTES_MAX) {
      throw new NodeError('policies-unreadable', `${path} is larger than ${FILE_BYTES_MAX} bytes`)
    }
    return readFileSync(fd, 'utf8')
  } finally {
    closeSync(fd)
  }
}

/**
 * Requires that nobody but the node's own user, and root, may write a file or in a directory.
 *
 * @throws NodeError `policies-open`, `policies-foreign`
 */
export function requireOwnHands(path: string, stats: Stats): void {
  const hands = foreignHands(stats)
  if (hands === undefined) return
  if (hands === 'owner') throw foreign(path, stats.uid)
  throw new NodeError(
    'policies-open',
    stats.isDirectory()
      ? `others may write in ${path} (chmod 700)`
      : `others may write ${path} (chmod 600)`,
  )
}

function foreign(path: string, uid: number): NodeError {
  const message = `${path} belongs to another user (uid ${uid}), who could change it; it has to belong to the user that runs the node, or to root (chown)`
  return new NodeError('policies-foreign', message)
}

/** The error about a symbolic link where none may be. */
export function isLink(path: string, cause?: unknown): NodeError {
  const message = `${path} is a symbolic link; a signed policy set has none`
  return new NodeError('policies-unreadable', message, { cause })
}

function open(path: string, links: Links): number {
  const follow = links === 'followed' ? 0 : constants.O_NOFOLLOW
  try {
    // Without waiting: a pipe would hold up the whole node.
    return openSync(path, constants.O_RDONLY | constants.O_NONBLOCK | follow)
  } catch (cause) {
    if (cause instanceof Error && 'code' in cause && cause.code === 'ELOOP') {
      throw isLink(path, cause)
    }
    throw new NodeError('policies-unreadable', `${path} cannot be read`, { cause })
  }
}
