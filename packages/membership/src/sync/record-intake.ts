import { BoundedMap } from '@warren/core'
import { toString } from 'uint8arrays/to-string'
import { utf8Bytes } from '../byte-text.ts'
import { classOf, type MeshRecord } from '../records/mesh-record.ts'
import type { AcceptOptions, RecordSet, Refusal } from '../set/record-set.ts'
import type { SyncLimits } from './sync-limits.ts'

/** What came of texts. */
export interface Intake {
  /** Of those that are in the set now, or were before. */
  readonly ids: readonly string[]
  readonly added: readonly MeshRecord[]
  readonly refused: readonly Refusal[]
}

/** The set as it grows: what was verified once is not verified again, and the roots that it has had are remembered. */
export class RecordIntake {
  readonly #seen: BoundedMap<string, string>
  readonly #roots: BoundedMap<string, true>
  #set: RecordSet

  constructor(set: RecordSet, { seenMax, rootsMax }: SyncLimits) {
    this.#set = set
    this.#seen = new BoundedMap(seenMax)
    this.#roots = new BoundedMap(rootsMax)
    this.#roots.set(set.trie('removal').root, true)
  }

  get set(): RecordSet {
    return this.#set
  }

  /** Whether the removals are, or once were, exactly those of a root. */
  hasHadRoot(removalRoot: string): boolean {
    return this.#roots.has(removalRoot)
  }

  /** The ids of texts that are in the set as they stand there; undefined where one of them is not, or is remembered no more. */
  knownIds(texts: readonly string[]): readonly string[] | undefined {
    const ids = texts.flatMap((text) => this.#seen.get(this.#digestOf(text)) ?? [])
    return ids.length === texts.length ? ids : undefined
  }

  accept(texts: readonly string[], options?: AcceptOptions): Intake {
    const ids: string[] = []
    const fresh: string[] = []
    for (const text of texts) {
      const id = this.#seen.get(this.#digestOf(text))
      if (id === undefined) fresh.push(text)
      else ids.push(id)
    }
    if (fresh.length === 0) return { ids, added: [], refused: [] }
    const { set, added, known, refused } = this.#set.accept(fresh, options)
    this.#set = set
    for (const { id, text } of [...added, ...known]) {
      ids.push(id)
      this.#seen.set(this.#digestOf(text), id)
    }
    if (added.some(({ type }) => classOf(type) === 'removal'))
      this.#roots.set(set.trie('removal').root, true)
    return { ids, added, refused }
  }

  #digestOf(text: string): string {
    return toString(this.#set.suite.sha256(utf8Bytes(text)), 'base64url')
  }
}
