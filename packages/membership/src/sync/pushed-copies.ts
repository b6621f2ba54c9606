import { BoundedMap } from '@warren/core'
import type { CryptoSuite } from '@warren/crypto'
import { toString } from 'uint8arrays/to-string'
import type { SyncLimits } from './sync-limits.ts'

/**
 * Messages with new records that have been dealt with, so that a copy of one is told before it is read.
 *
 * Every neighbour writes a new record in the same bytes, and gossip does: most of what comes of one are copies.
 */
export class PushedCopies {
  readonly #suite: Pick<CryptoSuite, 'sha256'>
  readonly #bytesMax: number
  readonly #ids: BoundedMap<string, readonly string[]>

  constructor(
    suite: Pick<CryptoSuite, 'sha256'>,
    { copiesMax, copyBytesMax }: Pick<SyncLimits, 'copiesMax' | 'copyBytesMax'>,
  ) {
    this.#suite = suite
    this.#bytesMax = copyBytesMax
    this.#ids = new BoundedMap(copiesMax)
  }

  /** The ids of the records in a message that is a copy; undefined for every other. */
  idsIn(bytes: Uint8Array): readonly string[] | undefined {
    return this.takes(bytes) ? this.#ids.get(this.#digestOf(bytes)) : undefined
  }

  /** Whether a message is short enough to be remembered. */
  takes(bytes: Uint8Array): boolean {
    return bytes.length <= this.#bytesMax
  }

  /** Remembers a message all of whose records are in the set now, where they stay. */
  add(bytes: Uint8Array, ids: readonly string[]): void {
    if (this.takes(bytes)) this.#ids.set(this.#digestOf(bytes), ids)
  }

  #digestOf(bytes: Uint8Array): string {
    return toString(this.#suite.sha256(bytes), 'base64url')
  }
}
