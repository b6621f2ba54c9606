import {
  type Checkpoint,
  emptyRoot,
  historyProof,
  historyRoots,
  historySubtrees,
  type Sha256,
  type SubtreeAddress,
  type TreeFrontier,
  type TreeHashes,
} from '@warren/tlog'
import { equals } from 'uint8arrays/equals'
import type { FindingList } from './finding.ts'
import type { StoredTree } from './stored-tree.ts'

/** A tree of this log that somebody has seen: a cosigner, or whoever holds another copy. */
export interface KnownHead {
  readonly size: number
  readonly root: Uint8Array
  /** Who has seen it. */
  readonly by: string
}

export interface KnownHeadsInit {
  readonly suite: Sha256
  readonly findings: FindingList
  readonly heads: readonly KnownHead[]
  readonly tree: StoredTree | undefined
  /** Takes each head that the log was found to agree with. */
  readonly onMatch: ((head: KnownHead) => void) | undefined
}

/** Compares a log with what others have seen of it. */
export class KnownHeads {
  readonly #init: KnownHeadsInit
  readonly #waiting: KnownHead[]
  #matched = 0

  constructor(init: KnownHeadsInit) {
    this.#init = init
    // The next one is the last.
    this.#waiting = init.heads.toSorted((a, b) => b.size - a.size)
  }

  /** Heads that the log was found to agree with. */
  get matched(): number {
    return this.#matched
  }

  /** Whether one of them is waiting for a tree of at most this size. */
  awaits(size: number): boolean {
    return (this.#waiting.at(-1)?.size ?? Infinity) <= size
  }

  /** Compares with what the stored tree tells of the time before a signed head, where the entries are not there. */
  skipTo(signed: Checkpoint): void {
    while (this.awaits(signed.size - 1)) {
      const head = this.#waiting.pop()
      if (head !== undefined) this.#compare(head, this.#rootBefore(signed, head.size))
    }
  }

  /** Compares with the tree as it grows by these leaves. */
  grow(start: TreeFrontier, leaves: readonly Uint8Array[]): void {
    if (!this.awaits(start.size + leaves.length)) return
    let tree = start
    this.#compareAll(tree)
    for (const leaf of leaves) {
      tree = tree.append(leaf)
      this.#compareAll(tree)
    }
  }

  /** Whatever is waiting still is larger than the log, which ends with so many entries; undefined: its tree got lost. */
  finish(size: number | undefined): void {
    for (const head of this.#waiting.toReversed()) {
      if (size === undefined) {
        this.#compare(head, undefined)
        continue
      }
      this.#init.findings.add({
        code: 'rolled-back',
        severity: 'error',
        seq: size,
        to: head.size,
        sentence: `The log has ${size} entries, but ${head.by} has seen ${head.size} of it.`,
      })
    }
  }

  /** The root at an older size, by a proof from stored hashes that leads to the signed root; undefined where none does. */
  #rootBefore({ size, root }: Checkpoint, oldSize: number): Uint8Array | undefined {
    const { suite, tree } = this.#init
    if (oldSize === 0) return emptyRoot(suite)
    const growth = { oldSize, size }
    const stored = new Map<string, Uint8Array>()
    for (const address of historySubtrees(growth)) {
      const hash = tree?.hash(address)
      if (hash === undefined) return undefined
      stored.set(keyOf(address), hash)
    }
    const roots = historyRoots(suite, historyProof(suite, hashesIn(stored), growth), growth)
    return equals(roots.root, root) ? roots.oldRoot : undefined
  }

  #compareAll(tree: TreeFrontier): void {
    if (!this.awaits(tree.size)) return
    const root = tree.root()
    while (this.awaits(tree.size)) {
      const head = this.#waiting.pop()
      if (head !== undefined) this.#compare(head, head.size === tree.size ? root : undefined)
    }
  }

  /** `root`: what the log was at that size; undefined where nothing tells. */
  #compare(head: KnownHead, root: Uint8Array | undefined): void {
    const { findings, onMatch } = this.#init
    const { size, by } = head
    if (root === undefined) {
      const sentence = `Of the first ${size} entries ${by} has seen the tree, but nothing that is at hand tells whether it is the one of this log.`
      findings.add({ code: 'cosigned-unchecked', severity: 'error', seq: size, sentence })
    } else if (equals(root, head.root)) {
      this.#matched += 1
      onMatch?.(head)
    } else {
      const sentence = `Of the first ${size} entries ${by} has seen another tree: something among them was changed after it was signed, or the node keeps two logs.`
      findings.add({ code: 'forked', severity: 'error', seq: size, sentence })
    }
  }
}

function hashesIn(stored: ReadonlyMap<string, Uint8Array>): TreeHashes {
  return {
    hash: (address) => {
      const hash = stored.get(keyOf(address))
      if (hash === undefined) throw new Error('a subtree was asked for that was not loaded')
      return hash
    },
  }
}

function keyOf({ level, index }: SubtreeAddress): string {
  return `${level}/${index}`
}
