import { checkBatch, RECORDS_PER_BATCH_MAX, type Records, type StoredRecord } from './records.ts'
import { StorageError } from './storage-error.ts'

interface Waiting {
  readonly batch: readonly StoredRecord[]
  readonly resolve: (added: number) => void
  readonly reject: (error: unknown) => void
}

/**
 * Writes what arrives within one turn of the event loop in one transaction, so that many small batches cost one flush
 * of the disk (group commit), and tells each caller when its own is durable.
 *
 * Nothing is refused for want of room in the queue: one that would come to hold more records than a batch may have is
 * written at once.
 */
export class RecordWriter {
  readonly #records: Records
  #waiting: Waiting[] = []
  #waitingRecords = 0
  #turn: NodeJS.Immediate | undefined

  constructor(records: Records) {
    this.#records = records
  }

  /**
   * Adds a batch as `Records.add` does; resolves when it is durable.
   *
   * @throws StorageError as `Records.add`, by a rejection
   */
  async add(batch: readonly StoredRecord[]): Promise<number> {
    checkBatch(batch)
    if (batch.length === 0) return 0
    if (this.#waitingRecords + batch.length > RECORDS_PER_BATCH_MAX) this.flush()
    return new Promise((resolve, reject) => {
      this.#waiting.push({ batch, resolve, reject })
      this.#waitingRecords += batch.length
      this.#turn ??= setImmediate(() => this.flush())
    })
  }

  /** Writes what waits, before the store is closed for example. Never throws: each caller gets its own error. */
  flush(): void {
    const group = this.#waiting
    clearImmediate(this.#turn)
    this.#turn = undefined
    this.#waiting = []
    this.#waitingRecords = 0
    if (group.length > 0) this.#write(group)
  }

  #write(group: readonly Waiting[]): void {
    try {
      const outcomes = this.#records.addAll(group.map(({ batch }) => batch))
      for (const [index, outcome] of outcomes.entries()) {
        if (outcome.status === 'added') group[index]?.resolve(outcome.count)
        else group[index]?.reject(outcome.error)
      }
    } catch (error) {
      if (group.length > 1 && isOfTheDisk(error)) this.#writeOneByOne(group)
      else for (const { reject } of group) reject(error)
    }
  }

  /** On a disk with little room a short batch must not fail for a long one that came with it. */
  #writeOneByOne(group: readonly Waiting[]): void {
    for (const { batch, resolve, reject } of group) {
      try {
        resolve(this.#records.add(batch))
      } catch (error) {
        reject(error)
      }
    }
  }
}

function isOfTheDisk(error: unknown): boolean {
  return (
    error instanceof StorageError && (error.code === 'store-full' || error.code === 'store-failed')
  )
}
