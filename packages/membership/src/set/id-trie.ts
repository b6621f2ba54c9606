import type { CryptoSuite } from '@warren/crypto'
import { toString } from 'uint8arrays/to-string'
import { type BranchOnTheWay, type InclusionProof, writeInclusion } from './inclusion-proof.ts'
import { ABSENT, branchDigest, digitAt, FANOUT, leafDigest, trieKey } from './trie-digest.ts'

/** One element: its key, 64 hexadecimal digits, and the id that it stands for. */
interface Leaf {
  readonly key: string
  readonly id: string
}

interface Branch {
  readonly children: readonly (TrieNode | undefined)[]
  readonly count: number
}

type TrieNode = Leaf | Branch

/** What stands below a prefix, without naming it. */
export interface TrieSummary {
  readonly prefix: string
  readonly count: number
  /** 64 hexadecimal digits; of nothing, 64 zeros. */
  readonly digest: string
}

/**
 * A set of record ids as a Merkle trie of 16 ways: an immutable value whose shape depends on the set alone.
 *
 * The key of an id is the SHA-256 of its text. A subtree of one element is its leaf, `SHA-256(0 ‖ key)`; a larger one
 * is `SHA-256(1 ‖ digests of its 16 children)`, absent ones as zeros. Equal roots mean equal sets, so a signed root
 * commits to the set, and two sides that compare digests by prefix find what differs in a few rounds.
 */
export class IdTrie {
  readonly #suite: CryptoSuite
  readonly #root: TrieNode | undefined
  /** Shared by all values that grew from one empty trie: digests belong to nodes, which never change. */
  readonly #digests: WeakMap<TrieNode, Uint8Array>

  private constructor(
    suite: CryptoSuite,
    root: TrieNode | undefined,
    digests: WeakMap<TrieNode, Uint8Array>,
  ) {
    this.#suite = suite
    this.#root = root
    this.#digests = digests
  }

  static empty(suite: CryptoSuite): IdTrie {
    return new IdTrie(suite, undefined, new WeakMap())
  }

  get count(): number {
    return countOf(this.#root)
  }

  /** 64 hexadecimal digits. */
  get root(): string {
    return toString(this.#digestOf(this.#root), 'hex')
  }

  /** The set with one id more; itself when the id is in it. */
  with(id: string): IdTrie {
    const leaf = { key: this.keyOf(id), id }
    const root = insert(this.#root, leaf, 0)
    return root === this.#root ? this : new IdTrie(this.#suite, root, this.#digests)
  }

  /** What stands below a prefix of up to 64 hexadecimal digits. */
  summary(prefix: string): TrieSummary {
    const node = find(this.#root, prefix)
    return { prefix, count: countOf(node), digest: toString(this.#digestOf(node), 'hex') }
  }

  /** The ids below a prefix, in the order of their keys. */
  idsBelow(prefix: string): readonly string[] {
    const ids: string[] = []
    collect(find(this.#root, prefix), ids)
    return ids
  }

  /** The key of an id: 64 hexadecimal digits. */
  keyOf(id: string): string {
    return trieKey(this.#suite, id)
  }

  /** Proves to whoever knows the root that an id is in the set; undefined where it is not. */
  prove(id: string): InclusionProof | undefined {
    const key = this.keyOf(id)
    const way: BranchOnTheWay[] = []
    let node = this.#root
    while (node !== undefined && !('key' in node)) {
      const through = digitAt(key, way.length)
      way.push({ children: node.children.map((child) => this.#digestOf(child)), through })
      node = node.children[through]
    }
    return node?.key === key ? writeInclusion(way) : undefined
  }

  #digestOf(node: TrieNode | undefined): Uint8Array {
    if (node === undefined) return ABSENT
    const known = this.#digests.get(node)
    if (known !== undefined) return known
    const digest =
      'key' in node
        ? leafDigest(this.#suite, node.key)
        : branchDigest(
            this.#suite,
            node.children.map((child) => this.#digestOf(child)),
          )
    this.#digests.set(node, digest)
    return digest
  }
}

function countOf(node: TrieNode | undefined): number {
  if (node === undefined) return 0
  return 'key' in node ? 1 : node.count
}

function insert(node: TrieNode | undefined, leaf: Leaf, depth: number): TrieNode {
  if (node === undefined) return leaf
  if ('key' in node) {
    if (node.key === leaf.key) return node
    const branch: Branch = { children: placed([], node, depth), count: 1 }
    return insert(branch, leaf, depth)
  }
  const digit = digitAt(leaf.key, depth)
  const old = node.children[digit]
  const grown = insert(old, leaf, depth + 1)
  if (grown === old) return node
  return { children: node.children.with(digit, grown), count: node.count + 1 }
}

function placed(
  children: readonly TrieNode[],
  leaf: Leaf,
  depth: number,
): readonly (TrieNode | undefined)[] {
  const row: (TrieNode | undefined)[] = Array.from({ length: FANOUT }, (_, at) => children[at])
  row[digitAt(leaf.key, depth)] = leaf
  return row
}

/** The node that holds exactly what stands below a prefix. */
function find(node: TrieNode | undefined, prefix: string, depth = 0): TrieNode | undefined {
  if (node === undefined) return undefined
  if ('key' in node) return node.key.startsWith(prefix) ? node : undefined
  if (depth === prefix.length) return node
  return find(node.children[digitAt(prefix, depth)], prefix, depth + 1)
}

function collect(node: TrieNode | undefined, ids: string[]): void {
  if (node === undefined) return
  if ('key' in node) ids.push(node.id)
  else for (const child of node.children) collect(child, ids)
}
