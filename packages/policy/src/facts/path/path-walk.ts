import { FactFlaw } from '../fact-flaw.ts'
import type { FileStatus, FileTreeSnapshot } from './file-tree.ts'
import { segmentsOf } from './path-text.ts'
import { requireOneSpelling } from './path-spelling.ts'

/** Where a path leads, as the kernel would follow it. */
export interface PathWalk {
  /** Absolute, without links, dots or doubled slashes. */
  readonly real: string
  /** What stands there; absent when there is nothing. */
  readonly status?: FileStatus
  readonly viaSymlink: boolean
  /** The walk went through `/proc`, `/sys` or `/dev`. */
  readonly pseudo: boolean
  /** Everything that was looked at, in order: path and what tells it from all that come after it, or that nothing was there. */
  readonly trail: readonly string[]
}

/** As Linux counts (path_resolution(7)). */
const LINKS_MAX = 40
const STEPS_MAX = 512
const TARGET_LENGTH_MAX = 4096
const PSEUDO = /^\/(?:proc|sys|dev)(?:\/|$)/
const PROCESS = /^\/proc(?:\/|$)/

/**
 * Walks an absolute path as path_resolution(7) says: component by component, links followed
 * before the `..` after them, a dangling link to where it points. Unlike the kernel, refuses
 * what cannot be told for another process (links in `/proc`) or for another spelling.
 *
 * @throws FactFlaw
 */
export async function walkPath(tree: FileTreeSnapshot, path: string): Promise<PathWalk> {
  const walker = new Walker(tree)
  return walker.walk(path)
}

class Walker {
  readonly #tree: FileTreeSnapshot
  readonly #trail: string[] = []
  /** Names that are still to come, the next one last. */
  readonly #pending: string[] = []
  #names: string[] = []
  /** Of each of the names; of those behind a missing one there is none. */
  #statuses: FileStatus[] = []
  #links = 0
  #pseudo = false

  constructor(tree: FileTreeSnapshot) {
    this.#tree = tree
  }

  async walk(path: string): Promise<PathWalk> {
    this.#follow(path)
    let steps = 0
    for (let name = this.#pending.pop(); name !== undefined; name = this.#pending.pop()) {
      steps += 1
      this.#tree.step()
      if (steps > STEPS_MAX) {
        throw new FactFlaw('fact-path-steps', `leads through more than ${STEPS_MAX} names`)
      }
      if (name === '' || name === '.') this.#requireDirectory()
      else if (name === '..') this.#ascend()
      else await this.#descend(name)
    }
    const status = this.#isMissing ? undefined : (this.#statuses.at(-1) ?? (await this.#root()))
    return {
      real: `/${this.#names.join('/')}`,
      ...(status !== undefined && { status }),
      viaSymlink: this.#links > 0,
      pseudo: this.#pseudo,
      trail: this.#trail,
    }
  }

  get #isMissing(): boolean {
    return this.#statuses.length < this.#names.length
  }

  async #root(): Promise<FileStatus | undefined> {
    return this.#tree.lstat('/')
  }

  #follow(path: string): void {
    if (path.startsWith('/')) {
      this.#names = []
      this.#statuses = []
    }
    this.#pending.push(...segmentsOf(path).toReversed())
  }

  #requireDirectory(): void {
    const status = this.#statuses.at(-1)
    if (!this.#isMissing && status !== undefined && status.kind !== 'directory') {
      throw new FactFlaw(
        'fact-path-not-directory',
        'goes on behind a file as if it were a directory',
      )
    }
  }

  #ascend(): void {
    if (this.#isMissing) {
      throw new FactFlaw('fact-path-missing-parent', 'has a ".." behind a name that does not exist')
    }
    this.#requireDirectory()
    this.#names.pop()
    this.#statuses.pop()
  }

  async #descend(name: string): Promise<void> {
    this.#requireDirectory()
    const path = `/${[...this.#names, name].join('/')}`
    if (PSEUDO.test(path)) this.#pseudo = true
    if (this.#isMissing) {
      this.#names.push(name)
      return
    }
    const status = await this.#tree.lstat(path)
    this.#trail.push(entryOf(path, status))
    if (status === undefined) {
      this.#names.push(name)
      return
    }
    await requireOneSpelling(this.#tree, { path, name, status })
    if (status.kind === 'link') {
      await this.#followLink(path)
      return
    }
    this.#names.push(name)
    this.#statuses.push(status)
  }

  async #followLink(path: string): Promise<void> {
    this.#links += 1
    if (this.#links > LINKS_MAX) {
      throw new FactFlaw('fact-path-links', `leads through more than ${LINKS_MAX} symbolic links`)
    }
    if (PROCESS.test(path)) {
      throw new FactFlaw(
        'fact-path-process',
        'leads through a link that is another one for each process',
      )
    }
    const target = await this.#tree.readlink(path)
    if (target === '' || target.length > TARGET_LENGTH_MAX || !target.isWellFormed()) {
      throw new FactFlaw('fact-path-unreadable', 'leads through a link that cannot be read as text')
    }
    this.#trail.push(`${path} -> ${target}`)
    this.#follow(target)
  }
}

/**
 * A file that is made where another was deleted often has its inode, and never its time of birth. That of the last
 * change is no help but for links, which nobody writes: whatever is written honestly changes it.
 */
function entryOf(path: string, status: FileStatus | undefined): string {
  if (status === undefined) return `${path} missing`
  const { device, inode, kind, bornNs, changedNs } = status
  const entry = `${path} ${device}:${inode} ${kind} ${bornNs}`
  return kind === 'link' ? `${entry} ${changedNs}` : entry
}
