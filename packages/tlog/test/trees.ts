import { createHash } from 'node:crypto'
import { nodeSuite } from '@warren/crypto'
import {
  leafHash,
  nodeHash,
  type SubtreeAddress,
  TreeFrontier,
  type TreeHashes,
} from '@warren/tlog'
import { expect } from 'vitest'

export const suite: typeof nodeSuite = nodeSuite

export function refusal(code: string): unknown {
  return expect.objectContaining({ name: 'TlogError', code })
}

/** Entries that all differ. */
export function entries(count: number): readonly Uint8Array[] {
  return Array.from({ length: count }, (_, index) => new TextEncoder().encode(`entry ${index}`))
}

/** A whole tree in memory: every perfect subtree by its level. */
export class MemoryTree implements TreeHashes {
  readonly frontiers: readonly TreeFrontier[]
  readonly #levels: Uint8Array[][]

  constructor(texts: readonly Uint8Array[]) {
    const leaves = texts.map((entry) => leafHash(suite, entry))
    const frontiers = [TreeFrontier.empty(suite)]
    for (const leaf of leaves) frontiers.push(frontiers.at(-1)!.append(leaf))
    this.frontiers = frontiers
    this.#levels = [leaves]
    for (let below = leaves; below.length > 1; below = this.#levels.at(-1)!) {
      const pairs = Math.floor(below.length / 2)
      const level = Array.from({ length: pairs }, (_, at) =>
        nodeHash(suite, below[2 * at]!, below[2 * at + 1]!),
      )
      this.#levels.push(level)
    }
  }

  leaf(index: number): Uint8Array {
    return this.hash({ level: 0, index })
  }

  root(size: number): Uint8Array {
    return this.frontiers[size]!.root()
  }

  hash({ level, index }: SubtreeAddress): Uint8Array {
    return this.#levels[level]![index]!
  }
}

/** RFC 6962 §2.1 word for word, on node:crypto alone: MTH, PATH and SUBPROOF over the entries themselves. */
export const rfc6962 = {
  treeHash(texts: readonly Uint8Array[]): Uint8Array {
    if (texts.length === 0) return sha256()
    if (texts.length === 1) return sha256(Uint8Array.of(0), texts[0]!)
    const [left, right] = halves(texts)
    return sha256(Uint8Array.of(1), rfc6962.treeHash(left), rfc6962.treeHash(right))
  },

  path(index: number, texts: readonly Uint8Array[]): Uint8Array[] {
    if (texts.length === 1) return []
    const [left, right] = halves(texts)
    return index < left.length
      ? [...rfc6962.path(index, left), rfc6962.treeHash(right)]
      : [...rfc6962.path(index - left.length, right), rfc6962.treeHash(left)]
  },

  proof(oldSize: number, texts: readonly Uint8Array[]): Uint8Array[] {
    return rfc6962.subproof(oldSize, texts, true)
  },

  subproof(oldSize: number, texts: readonly Uint8Array[], whole: boolean): Uint8Array[] {
    if (oldSize === texts.length) return whole ? [] : [rfc6962.treeHash(texts)]
    const [left, right] = halves(texts)
    return oldSize <= left.length
      ? [...rfc6962.subproof(oldSize, left, whole), rfc6962.treeHash(right)]
      : [...rfc6962.subproof(oldSize - left.length, right, false), rfc6962.treeHash(left)]
  },
}

function halves(
  texts: readonly Uint8Array[],
): readonly [readonly Uint8Array[], readonly Uint8Array[]] {
  const power = 2 ** (32 - Math.clz32(texts.length - 1) - 1)
  return [texts.slice(0, power), texts.slice(power)]
}

function sha256(...parts: readonly Uint8Array[]): Uint8Array {
  const hash = createHash('sha256')
  for (const part of parts) hash.update(part)
  return new Uint8Array(hash.digest())
}
