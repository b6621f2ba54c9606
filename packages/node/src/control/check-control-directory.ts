import { lstatSync, statSync } from 'node:fs'
import { dirname } from 'node:path'
import { NodeError } from '../node-error.ts'

/** Rights with which others could put a socket of theirs in the place of ours. */
const FOREIGN_WRITE = 0o022

/**
 * Checks that nobody else decides what lies at the path of the control socket. Under the temporary
 * directory, where a long path ends up, anybody can make the directory first.
 *
 * @throws NodeError `control-unsafe`
 */
export function checkControlDirectory(socketPath: string): void {
  const directory = dirname(socketPath)
  // A link is as good as what it points to, where the link is ours as well.
  const [link, target] = [lstatSync, statSync].map((stat) =>
    stat(directory, { throwIfNoEntry: false }),
  )
  if (link === undefined || target === undefined) return
  const owner = process.geteuid?.() ?? link.uid
  const isOurs = link.uid === owner && target.uid === owner
  if (isOurs && target.isDirectory() && (target.mode & FOREIGN_WRITE) === 0) return
  throw new NodeError(
    'control-unsafe',
    `"${directory}" is not a directory of this user that nobody else may write to; remove it or choose a shorter --dir`,
  )
}
