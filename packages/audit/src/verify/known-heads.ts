import type { TreeFrontier } from '@warren/tlog'
import { equals } from 'uint8arrays/equals'
import type { FindingList } from './finding.ts'

/** A tree of this log that somebody has seen: a cosigner, or whoever holds another copy. */
export interface KnownHead {
  readonly size: number
  readonly root: Uint8Array
  /** Who has seen it. */
  readonly by: string
}

/** Compares a log with what others have seen of it. */
export class KnownHeads {
  readonly #findings: FindingList
  readonly #waiting: KnownHead[]
  #matched = 0

  constructor(findings: FindingList, heads: readonly KnownHead[]) {
    this.#findings = findings
    // The next one is the last.
    this.#waiting = heads.toSorted((a, b) => b.size - a.size)
  }

  /** Heads that the log was found to agree with. */
  get matched(): number {
    return this.#matched
  }

  /** Whether one of them is waiting for a tree of at most this size. */
  awaits(size: number): boolean {
    return (this.#waiting.at(-1)?.size ?? Infinity) <= size
  }

  /** Passes over heads of trees that cannot be computed: they are neither right nor wrong. */
  skipTo(size: number): void {
    while (this.awaits(size - 1)) this.#waiting.pop()
  }

  /** Compares with the tree as it grows by these leaves. */
  grow(start: TreeFrontier, leaves: readonly Uint8Array[]): void {
    if (!this.awaits(start.size + leaves.length)) return
    let tree = start
    this.#compare(tree)
    for (const leaf of leaves) {
      tree = tree.append(leaf)
      this.#compare(tree)
    }
  }

  /** Whatever is waiting still is larger than the log, which ends with so many entries. */
  finish(size: number): void {
    for (const head of this.#waiting.toReversed()) {
      if (head.size <= size) continue
      this.#findings.add({
        code: 'rolled-back',
        severity: 'error',
        seq: size,
        to: head.size,
        sentence: `The log has ${size} entries, but ${head.by} has seen ${head.size} of it.`,
      })
    }
  }

  #compare(tree: TreeFrontier): void {
    while (this.awaits(tree.size)) {
      const head = this.#waiting.pop()
      if (head === undefined || head.size < tree.size) continue
      if (equals(tree.root(), head.root)) {
        this.#matched += 1
        continue
      }
      this.#findings.add({
        code: 'forked',
        severity: 'error',
        seq: head.size,
        sentence: `Of the first ${head.size} entries ${head.by} has seen another tree: something among them was changed after it was signed, or the node keeps two logs.`,
      })
    }
  }
}
