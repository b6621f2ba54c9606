import type { SubtreeAddress, TreeFrontier } from '@warren/tlog'

/** The tree that was stored beside the log; nothing of it is believed but what leads to a signed root. */
export interface StoredTree {
  /** Undefined where it is not at hand. */
  leafHash(seq: number): Uint8Array | undefined
  /** The hash of a perfect subtree; undefined where it is not at hand. */
  hash(address: SubtreeAddress): Uint8Array | undefined
  /** The frontier of the tree of the first `size` entries; undefined where it is not at hand. */
  frontier(size: number): TreeFrontier | undefined
}
