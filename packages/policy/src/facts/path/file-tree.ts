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

/** Asks everything once, so that all that is said about one call is said about one moment. */
export class FileTreeSnapshot implements FileTree {
  readonly #tree: FileTree
  readonly #statuses = new Map<string, Promise<FileStatus | undefined>>()
  readonly #targets = new Map<string, Promise<string>>()

  constructor(tree: FileTree) {
    this.#tree = tree
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
