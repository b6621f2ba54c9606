import { TlogError } from '../tlog-error.ts'
import { emptyRoot, nodeHash, requireHashes, type Sha256 } from './node-hash.ts'
import { perfectSubtrees, requireSize } from './subtree-address.ts'
import { foldRight } from './tree-hashes.ts'

/**
 * The right edge of a tree, which is all that it takes to let it grow: the hashes of the perfect subtrees that its leaves
 * make up, left to right, one for each binary digit 1 of its size.
 *
 * An immutable value: a batch that came to nothing leaves the frontier from which it started as it was.
 */
export class TreeFrontier {
  readonly #suite: Sha256
  readonly size: number
  readonly hashes: readonly Uint8Array[]

  private constructor(suite: Sha256, size: number, hashes: readonly Uint8Array[]) {
    this.#suite = suite
    this.size = size
    this.hashes = hashes
  }

  static empty(suite: Sha256): TreeFrontier {
    return new TreeFrontier(suite, 0, [])
  }

  /**
   * The frontier of a stored tree. That the hashes are those of the tree shows its root, which the caller compares.
   *
   * @throws TlogError `size-malformed`, `frontier-malformed`, `hash-malformed`
   */
  static of(suite: Sha256, size: number, hashes: readonly Uint8Array[]): TreeFrontier {
    requireSize(size)
    if (hashes.length !== perfectSubtrees({ start: 0, end: size }).length) {
      throw new TlogError(
        'frontier-malformed',
        'a frontier has one hash for each digit 1 of its size',
      )
    }
    requireHashes(hashes)
    return new TreeFrontier(suite, size, [...hashes])
  }

  /**
   * The frontier of the tree with one leaf more.
   *
   * @throws TlogError `size-malformed`, `hash-malformed`
   */
  append(leaf: Uint8Array): TreeFrontier {
    requireSize(this.size + 1)
    requireHashes([leaf])
    const hashes = [...this.hashes]
    let hash = leaf
    // As in binary counting: each digit 1 at the end of the size is a subtree that the new one completes.
    for (let rest = this.size; rest % 2 === 1; rest = (rest - 1) / 2) {
      const left = hashes.pop()
      if (left === undefined) break
      hash = nodeHash(this.#suite, left, hash)
    }
    hashes.push(hash)
    return new TreeFrontier(this.#suite, this.size + 1, hashes)
  }

  root(): Uint8Array {
    return this.size === 0 ? emptyRoot(this.#suite) : foldRight(this.#suite, this.hashes)
  }
}
