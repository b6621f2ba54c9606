import { FactFlaw } from '../fact-flaw.ts'
import type { FileStatus, FileTree } from './file-tree.ts'
import { withoutJoiners } from './path-text.ts'

/** One name of a path, and what stands under it. */
interface SpelledName {
  readonly path: string
  readonly name: string
  readonly status: FileStatus
}

/**
 * Requires that a name which exists can be reached by one spelling alone. Where a directory takes
 * `Secret` for `secret`, or composed for decomposed accents, a rule about names would be evaded.
 *
 * @throws FactFlaw `fact-path-spelling`
 */
export async function requireOneSpelling(tree: FileTree, spelled: SpelledName): Promise<void> {
  const { path, name, status } = spelled
  const directory = path.slice(0, -name.length)
  for (const other of otherSpellings(name)) {
    const found = await tree.lstat(`${directory}${other}`)
    if (found?.device === status.device && found.inode === status.inode) {
      throw new FactFlaw(
        'fact-path-spelling',
        'stands in a directory that takes different spellings for one name',
      )
    }
  }
}

function otherSpellings(name: string): ReadonlySet<string> {
  const others = new Set([
    swapCase(name),
    name.normalize('NFC'),
    name.normalize('NFD'),
    withoutJoiners(name),
  ])
  others.delete(name)
  return others
}

/** Every letter that has exactly one other case, in that case. */
function swapCase(name: string): string {
  return Array.from(name, (character) => {
    const lower = character.toLowerCase()
    const other = lower === character ? character.toUpperCase() : lower
    return other.length === character.length ? other : character
  }).join('')
}
