import type { AbortOptions } from '@libp2p/interface'
import { MemoryDatastore } from 'datastore-core'
import { NetworkError } from './network-error.ts'

export interface DatastoreLimits {
  readonly storedRecordsMax: number
  readonly storedRecordBytesMax: number
}

type Key = Parameters<MemoryDatastore['put']>[0]

/**
 * Where libp2p keeps what peers say of each other: addresses, and who provides what in the DHT.
 *
 * libp2p's own store in memory grows for as long as somebody goes on naming peers or things. Here the
 * record that was used longest ago goes first, and a record that is too long is not taken.
 */
export class BoundedDatastore extends MemoryDatastore {
  readonly #limits: DatastoreLimits
  /** In the order of their last use. */
  readonly #keys = new Map<string, Key>()

  constructor(limits: DatastoreLimits) {
    super()
    this.#limits = limits
  }

  /** @throws NetworkError `message-too-long` */
  override put(
    key: Key,
    value: Uint8Array,
    options?: AbortOptions,
  ): ReturnType<MemoryDatastore['put']> {
    if (value.byteLength > this.#limits.storedRecordBytesMax) {
      throw new NetworkError(
        'message-too-long',
        `a record has at most ${this.#limits.storedRecordBytesMax} bytes`,
      )
    }
    const put = super.put(key, value, options)
    this.#use(key)
    for (const oldest of this.#keys.values()) {
      if (this.#keys.size <= this.#limits.storedRecordsMax) break
      void this.delete(oldest)
    }
    return put
  }

  override get(key: Key, options?: AbortOptions): ReturnType<MemoryDatastore['get']> {
    const value = super.get(key, options)
    this.#use(key)
    return value
  }

  override delete(key: Key, options?: AbortOptions): ReturnType<MemoryDatastore['delete']> {
    this.#keys.delete(key.toString())
    return super.delete(key, options)
  }

  #use(key: Key): void {
    this.#keys.delete(key.toString())
    this.#keys.set(key.toString(), key)
  }
}
