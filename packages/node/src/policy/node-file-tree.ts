import type { BigIntStats } from 'node:fs'
import { lstat, readlink } from 'node:fs/promises'
import type { FileStatus, FileTree } from '@warren/policy'
import { boundedStep } from './bounded-step.ts'

export interface NodeFileTreeInit {
  /** How long one look at the file system may take: a network share may never answer. */
  readonly stepMs?: number
}

const STEP_MS = 2000

/** The file system of this machine, as the node sees it; nothing in it is opened. */
export class NodeFileTree implements FileTree {
  readonly #stepMs: number

  constructor({ stepMs = STEP_MS }: NodeFileTreeInit = {}) {
    this.#stepMs = stepMs
  }

  async lstat(path: string): Promise<FileStatus | undefined> {
    try {
      return statusOf(await boundedStep(lstat(path, { bigint: true }), this.#stepMs))
    } catch (error) {
      // Only this says that nothing is there; without rights, for one, nobody knows.
      if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined
      throw error
    }
  }

  async readlink(path: string): Promise<string> {
    const target = await boundedStep(readlink(path, 'buffer'), this.#stepMs)
    // A target that is not UTF-8 would become another path on its way through a string.
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(target)
  }
}

function statusOf(stats: BigIntStats): FileStatus {
  return {
    kind: kindOf(stats),
    device: `${stats.dev}`,
    inode: `${stats.ino}`,
    bornNs: `${stats.birthtimeNs}`,
    changedNs: `${stats.ctimeNs}`,
    names: Number(stats.nlink),
  }
}

function kindOf(stats: BigIntStats): FileStatus['kind'] {
  if (stats.isFile()) return 'file'
  if (stats.isDirectory()) return 'directory'
  return stats.isSymbolicLink() ? 'link' : 'other'
}
