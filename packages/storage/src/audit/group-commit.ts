import { StorageError } from '../storage-error.ts'

const BATCH_MAX = 256
const BATCH_BYTES_MAX = 1_048_576
const QUEUE_MAX = 16_384
const UNDER_LOAD_MS = 3
const PATIENCE_MS = 500

export interface GroupCommitLimits {
  /** Items of one batch. */
  readonly batchMax: number
  /** Bytes of one batch, by `bytesOf`; one item alone may have more. */
  readonly batchBytesMax: number
  /** Items that wait; one more is refused. */
  readonly queueMax: number
  /** After a batch of more than one item that could not wait, the next does not begin sooner than so long after its beginning. */
  readonly underLoadMs: number
  /** How long an item that can wait does so for a batch that is written for others. */
  readonly patienceMs: number
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

/** An item that waits for a batch of others, and from when on it does not. */
interface Patient<Item, Receipt> extends Waiting<Item, Receipt> {
  readonly dueMs: number
}

/**
 * Lets all that wait share one write: one batch at a time, the next one when the last is done. An item for which nobody
 * waits goes with a batch that is written anyway, or after a while with one of its own.
 *
 * Every promise is settled: with its receipt, with the error of its batch, or at once with a refusal.
 */
export class GroupCommit<Item, Receipt> {
  readonly #init: GroupCommitInit<Item, Receipt>
  readonly #limits: GroupCommitLimits
  #waiting: Waiting<Item, Receipt>[] = []
  /** The one that is due first comes first. */
  #patient: Patient<Item, Receipt>[] = []
  #isWatched = false
  #running: Promise<void> | undefined
  #stopped = false

  constructor(init: GroupCommitInit<Item, Receipt>) {
    this.#init = init
    this.#limits = {
      batchMax: BATCH_MAX,
      batchBytesMax: BATCH_BYTES_MAX,
      queueMax: QUEUE_MAX,
      underLoadMs: UNDER_LOAD_MS,
      patienceMs: PATIENCE_MS,
      ...init.limits,
    }
  }

  /**
   * Resolves when the item is durable.
   *
   * @throws StorageError `audit-closed`, `audit-queue-full`, by a rejection, and whatever `commit` threw for its batch
   */
  async submit(item: Item): Promise<Receipt> {
    this.#checkRoom()
    return new Promise((resolve, reject) => {
      this.#waiting.push({ item, resolve, reject })
      this.#running ??= this.#run()
    })
  }

  /**
   * Resolves when the item is durable. No batch is begun for it before `patienceMs` are over, or as many wait as fill one.
   *
   * @throws as `submit`
   */
  async submitLater(item: Item): Promise<Receipt> {
    this.#checkRoom()
    const dueMs = this.#init.monotonicMs() + this.#limits.patienceMs
    return new Promise((resolve, reject) => {
      this.#patient.push({ item, resolve, reject, dueMs })
      // As many as fill a batch are worth one.
      if (this.#patient.length >= this.#limits.batchMax) this.#begin()
      else void this.#watchPatient()
    })
  }

  /** Writes what waits, and refuses whatever comes after. */
  async stop(): Promise<void> {
    this.#stopped = true
    this.#begin()
    await this.#running
  }

  #checkRoom(): void {
    if (this.#stopped) throw new StorageError('audit-closed', 'the audit log is closed')
    if (this.#waiting.length + this.#patient.length >= this.#limits.queueMax) {
      throw new StorageError(
        'audit-queue-full',
        `${this.#limits.queueMax} entries wait for the audit log already`,
      )
    }
  }

  /** Begins a batch where anything that waits is due. */
  #begin(): void {
    this.#hurryDue()
    if (this.#waiting.length > 0) this.#running ??= this.#run()
  }

  /** Waits until the first of those that can wait is due, one wait at a time. */
  async #watchPatient(): Promise<void> {
    if (this.#isWatched) return
    this.#isWatched = true
    let [first] = this.#patient
    while (first !== undefined && !this.#stopped) {
      await this.#init.pause(Math.max(1, first.dueMs - this.#init.monotonicMs()))
      this.#begin()
      ;[first] = this.#patient
    }
    this.#isWatched = false
  }

  /** Whoever is due waits like everybody else, so that no number of others keeps it from being written. */
  #hurryDue(): void {
    const nowMs = this.#init.monotonicMs()
    const areAllDue = this.#stopped || this.#patient.length >= this.#limits.batchMax
    const firstPatient = areAllDue ? -1 : this.#patient.findIndex(({ dueMs }) => dueMs > nowMs)
    const due = this.#patient.splice(0, firstPatient === -1 ? this.#patient.length : firstPatient)
    this.#waiting.push(...due)
  }

  async #run(): Promise<void> {
    // What is submitted in the same turn goes in the same batch.
    await new Promise((resolve) => setImmediate(resolve))
    while (this.#waiting.length > 0) {
      const begunMs = this.#init.monotonicMs()
      const { batch, pressing } = this.#takeBatch()
      await this.#commit(batch)
      const restMs = this.#limits.underLoadMs - (this.#init.monotonicMs() - begunMs)
      if (pressing > 1 && restMs > 0) await this.#init.pause(restMs)
    }
    this.#running = undefined
  }

  /** Those that could not wait come first; the others fill what is left. */
  #takeBatch(): {
    readonly batch: readonly Waiting<Item, Receipt>[]
    readonly pressing: number
  } {
    const { batchMax, batchBytesMax } = this.#limits
    let bytes = 0
    let count = 0
    const patient = this.#patient.slice(0, batchMax)
    for (const { item } of [...this.#waiting.slice(0, batchMax), ...patient].slice(0, batchMax)) {
      bytes += this.#init.bytesOf(item)
      if (count > 0 && bytes > batchBytesMax) break
      count += 1
    }
    const pressing = this.#waiting.splice(0, count)
    const filling = this.#patient.splice(0, count - pressing.length)
    return { batch: [...pressing, ...filling], pressing: pressing.length }
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
