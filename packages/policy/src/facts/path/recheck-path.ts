import type { PathDeclaration } from '../declaration.ts'
import { FactFlaw } from '../fact-flaw.ts'
import type { FileTreeSnapshot } from './file-tree.ts'
import { type PathReading, readPath } from './read-path.ts'

/**
 * Walks a path once more and requires that every name on the way still is what it was: the same
 * device, inode and time of birth, the same link, unchanged, or still nothing.
 *
 * @throws FactFlaw `fact-path-changed`, or why the path cannot be read any more
 */
export async function recheckPath(
  tree: FileTreeSnapshot,
  before: PathReading,
  declaration: PathDeclaration,
): Promise<void> {
  const now = await readPath(tree, before.fact.asked, declaration)
  const isSame =
    now.fact.real === before.fact.real &&
    now.fact.hardlinks === before.fact.hardlinks &&
    now.trail.length === before.trail.length &&
    now.trail.every((entry, index) => entry === before.trail[index])
  if (!isSame) {
    throw new FactFlaw('fact-path-changed', 'leads through something that has been exchanged')
  }
}
