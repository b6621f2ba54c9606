import { classOf, type MeshRecord } from '../records/mesh-record.ts'
import type { RecordSet } from '../set/record-set.ts'
import type { GossipWord, SyncEffect } from './sync-effect.ts'

/** Where records came from. */
export type Source =
  | { readonly from: 'link' }
  | { readonly from: 'gossip'; readonly ref: number }
  | { readonly from: 'here'; readonly ref: number | undefined }

/** Records that are written together. */
export interface Batch {
  readonly records: readonly MeshRecord[]
  readonly source: Source
}

/** A batch that is durable, and what may be passed on now: not always all of it, and sometimes more. */
export interface Stored {
  readonly batch: Batch
  readonly records: readonly MeshRecord[]
}

/** What is on its way to the disk, and what could not be written yet. Bounded by what the set takes up. */
export class StoreQueue {
  readonly #batches = new Map<number, Batch>()
  readonly #failed: Batch[] = []
  /** Durable, and resting perhaps on something that is not yet. */
  #early: readonly { readonly number: number; readonly record: MeshRecord }[] = []
  #durable: RecordSet
  #number = 0

  constructor(durable: RecordSet) {
    this.#durable = durable
  }

  /** What neighbours are shown: all of it is durable, and so is what it rests on. */
  get durable(): RecordSet {
    return this.#durable
  }

  /** Asks for a batch to be made durable. */
  store(batch: Batch): SyncEffect {
    this.#number += 1
    this.#batches.set(this.#number, batch)
    return { type: 'store', batch: this.#number, records: batch.records }
  }

  /** The batch of a number, once: it is durable, or it has failed. */
  take(number: number): Batch | undefined {
    const batch = this.#batches.get(number)
    this.#batches.delete(number)
    return batch
  }

  /** As `take`, where the batch is durable; `set` is all that is in force. */
  stored(number: number, set: RecordSet): Stored | undefined {
    const batch = this.take(number)
    if (batch === undefined) return undefined
    const all = [...this.#early, ...batch.records.map((record) => ({ number, record }))]
    const [missing = Number.POSITIVE_INFINITY] =
      this.#failed.length > 0 ? [0] : this.#batches.keys()
    // A record rests on earlier ones. What takes away waits for none of them but the admins who may do it.
    const isReady = (each: { number: number; record: MeshRecord }): boolean =>
      each.number < missing || mayGoAhead(this.#durable, each.record)
    const records = all.filter(isReady).map(({ record }) => record)
    this.#early = all.filter((each) => !isReady(each))
    const isAll = this.#batches.size === 0 && this.#failed.length === 0
    this.#durable = isAll ? set : this.#durable.with(records)
    return { batch, records }
  }

  /** Keeps a batch for another attempt. */
  keep({ records }: Batch): void {
    this.#failed.push({ records, source: { from: 'here', ref: undefined } })
  }

  /** Asks once more for all that failed, each record as the set has it now: it may have got more signers. */
  retry(set: RecordSet): readonly SyncEffect[] {
    return this.#failed.splice(0).map(({ records, source }) => {
      const current = records.map((record) => set.get(record.id) ?? record)
      return this.store({ records: current, source })
    })
  }
}

function mayGoAhead({ tree }: RecordSet, record: MeshRecord): boolean {
  if (record.type === 'admin-change') return tree.knows(record.prev)
  return classOf(record.type) === 'removal'
}

/** What whoever brought a batch is told about it. */
export function toldAbout({ source }: Batch, verdict: GossipWord): readonly SyncEffect[] {
  if (source.from === 'gossip') return [{ type: 'verdict', ref: source.ref, verdict }]
  if (source.from === 'here' && source.ref !== undefined) {
    return [{ type: 'submitted', ref: source.ref, durable: verdict === 'accept' }]
  }
  return []
}
