import { FactFlaw } from '../fact-flaw.ts'

/** What stands under one name. */
export interface FileStatus {
  readonly kind: 'file' | 'directory' | 'link' | 'other'
  /** Device and inode as decimal digits: they do not always fit into a number. */
  readonly device: string
  readonly inode: string
  /**
   * When it was made, and when something about it was changed last, in nanoseconds since 1970 as decimal digits; "0"
   * where the file system does not say.
   */
  readonly bornNs: string
  readonly changedNs: string
  /** How many names the file has. */
  readonly names: number
}

/**
 * The file system, as much of it as a path fact needs. Every method answers within a bounded time
 * or throws, and throws when it cannot tell for certain.
 */
export interface FileTree {
  /** What stands under an absolute path, a link at its end not followed; undefined when there is nothing. */
  lstat(path: string): Promise<FileStatus | undefined>
  /** The text of a link, exactly. */
  readlink(path: string): Promise<string>
}

/** Names that the paths of one call lead through together: 64 paths of 500 missing names each would be 32,000. */
const STEPS_MAX = 8192

/** The file system for one call: asks everything once, so that all that is said is said about one moment. */
export class FileTreeSnapshot implements FileTree {
  readonly #tree: FileTree
  readonly #statuses = new Map<string, Promise<FileStatus | undefined>>()
  readonly #targets = new Map<string, Promise<string>>()

  #steps = 0

  constructor(tree: FileTree) {
    this.#tree = tree
  }

  /**
   * Counts a step of a walk.
   *
   * @throws FactFlaw `fact-path-steps`
   */
  step(): void {
    this.#steps += 1
    if (this.#steps > STEPS_MAX) {
      throw new FactFlaw(
        'fact-path-steps',
        `leads, with the other paths of the call, through more than ${STEPS_MAX} names`,
      )
    }
  }

  async lstat(path: string): Promise<FileStatus | undefined> {
    return remembered(this.#statuses, path, () => this.#tree.lstat(path))
  }

  async readlink(path: string): Promise<string> {
    return remembered(this.#targets, path, () => this.#tree.readlink(path))
  }
}

async function remembered<T>(
  answers: Map<string, Promise<T>>,
  path: string,
  ask: () => Promise<T>,
): Promise<T> {
  const known = answers.get(path)
  if (known !== undefined) return known
  const answer = ask()
  answers.set(path, answer)
  return answer
}
