import { StorageError } from '../storage-error.ts'

const BATCH_MAX = 256
const BATCH_BYTES_MAX = 1_048_576
const QUEUE_MAX = 16_384
const UNDER_LOAD_MS = 3

export interface GroupCommitLimits {
  /** Items of one batch. */
  readonly batchMax: number
  /** Bytes of one batch, by `bytesOf`; one item alone may have more. */
  readonly batchBytesMax: number
  /** Items that wait; one more is refused. */
  readonly queueMax: number
  /** After a batch of more than one item, the next does not begin sooner than so long after its beginning. */
  readonly underLoadMs: number
}

/** What became of one item of a batch. */
export type Outcome<Receipt> = { readonly receipt: Receipt } | { readonly error: unknown }

export interface GroupCommitInit<Item, Receipt> {
  /** Makes a batch durable: an outcome for each item, in order; what it throws is the outcome of all. */
  readonly commit: (items: readonly Item[]) => Promise<readonly Outcome<Receipt>[]>
  /** About how many bytes an item takes. */
  readonly bytesOf: (item: Item) => number
  readonly monotonicMs: () => number
  readonly pause: (ms: number) => Promise<void>
  readonly limits?: Partial<GroupCommitLimits>
}

interface Waiting<Item, Receipt> {
  readonly item: Item
  readonly resolve: (receipt: Receipt) => void
  readonly reject: (error: unknown) => void
}

/**
 * Lets all that wait share one write: one batch at a time, the next one when the last is done.
 *
 * Every promise is settled: with its receipt, with the error of its batch, or at once with a refusal.
 */
export class GroupCommit<Item, Receipt> {
  readonly #init: GroupCommitInit<Item, Receipt>
  readonly #limits: GroupCommitLimits
  #waiting: Waiting<Item, Receipt>[] = []
  #running: Promise<void> | undefined
  #stopped = false

  constructor(init: GroupCommitInit<Item, Receipt>) {
    this.#init = init
    this.#limits = {
      batchMax: BATCH_MAX,
      batchBytesMax: BATCH_BYTES_MAX,
      queueMax: QUEUE_MAX,
      underLoadMs: UNDER_LOAD_MS,
      ...init.limits,
    }
  }

  /**
   * Resolves when the item is durable.
   *
   * @throws StorageError `audit-closed`, `audit-queue-full`, by a rejection, and whatever `commit` threw for its batch
   */
  async submit(item: Item): Promise<Receipt> {
    if (this.#stopped) throw new StorageError('audit-closed', 'the audit log is closed')
    if (this.#waiting.length >= this.#limits.queueMax) {
      throw new StorageError(
        'audit-queue-full',
        `${this.#limits.queueMax} entries wait for the audit log already`,
      )
    }
    return new Promise((resolve, reject) => {
      this.#waiting.push({ item, resolve, reject })
      this.#running ??= this.#run()
    })
  }

  /** Writes what waits, and refuses whatever comes after. */
  async stop(): Promise<void> {
    this.#stopped = true
    await this.#running
  }

  async #run(): Promise<void> {
    // What is submitted in the same turn goes in the same batch.
    await new Promise((resolve) => setImmediate(resolve))
    while (this.#waiting.length > 0) {
      const begunMs = this.#init.monotonicMs()
      const batch = this.#takeBatch()
      await this.#commit(batch)
      const restMs = this.#limits.underLoadMs - (this.#init.monotonicMs() - begunMs)
      if (batch.length > 1 && restMs > 0) await this.#init.pause(restMs)
    }
    this.#running = undefined
  }

  #takeBatch(): readonly Waiting<Item, Receipt>[] {
    const { batchMax, batchBytesMax } = this.#limits
    let bytes = 0
    let count = 0
    for (const { item } of this.#waiting.slice(0, batchMax)) {
      bytes += this.#init.bytesOf(item)
      if (count > 0 && bytes > batchBytesMax) break
      count += 1
    }
    return this.#waiting.splice(0, count)
  }

  async #commit(batch: readonly Waiting<Item, Receipt>[]): Promise<void> {
    try {
      const outcomes = await this.#init.commit(batch.map(({ item }) => item))
      for (const [index, { resolve, reject }] of batch.entries()) {
        const outcome = outcomes[index]
        if (outcome === undefined) reject(new Error('a batch came back without an outcome'))
        else if ('error' in outcome) reject(outcome.error)
        else resolve(outcome.receipt)
      }
    } catch (error) {
      for (const { reject } of batch) reject(error)
    }
  }
}
