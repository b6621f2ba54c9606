import type { MeshRecord } from '../records/mesh-record.ts'
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

/** What is on its way to the disk, and what could not be written yet. Bounded by what the set takes up. */
export class StoreQueue {
  readonly #batches = new Map<number, Batch>()
  readonly #failed: Batch[] = []
  #number = 0

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

  /** Keeps a batch for another attempt. */
  keep({ records }: Batch): void {
    this.#failed.push({ records, source: { from: 'here', ref: undefined } })
  }

  /** Asks once more for all that failed. */
  retry(): readonly SyncEffect[] {
    return this.#failed.splice(0).map((batch) => this.store(batch))
  }
}

/** What whoever brought a batch is told about it. */
export function toldAbout({ source }: Batch, verdict: GossipWord): readonly SyncEffect[] {
  if (source.from === 'gossip') return [{ type: 'verdict', ref: source.ref, verdict }]
  if (source.from === 'here' && source.ref !== undefined) {
    return [{ type: 'submitted', ref: source.ref, durable: verdict === 'accept' }]
  }
  return []
}
