import { canonicalJson, type JsonObject } from '@warren/core'
import { type MeshRecord, RecordSync } from '@warren/membership'
import { expect, test } from 'vitest'
import { suite } from './builders.ts'
import { grant, person, witnessedMesh } from './record-builders.ts'

const mesh = witnessedMesh({ witnesses: 0 })
const whole = JSON.parse(grant(mesh, person(0), { admins: mesh.admins }).text) as JsonObject & {
  readonly proof: readonly JsonObject[]
}

/** The grant with the proofs of some of its three signers, two of each. */
function copy(from: number, to: number): string {
  return canonicalJson({ ...whole, proof: whole.proof.slice(from, to) })
}

/** What a node is to write after an event. */
function written(
  sync: RecordSync,
  event: Parameters<RecordSync['handle']>[0],
  nowMs = 0,
): { readonly batch: number; readonly texts: readonly string[] } {
  const stores = sync
    .handle(event, nowMs)
    .flatMap((effect) => (effect.type === 'store' ? [effect] : []))
  const records: readonly MeshRecord[] = stores.flatMap((effect) => effect.records)
  return { batch: stores[0]?.batch ?? 0, texts: records.map(({ text }) => text) }
}

test(
  'a grant that could not be written is written later as the set has it then',
  { tags: ['SYN-3', 'SYN-4'] },
  () => {
    const sync = new RecordSync({ set: mesh.empty, random: suite, nowMs: 0 })
    const first = written(sync, { type: 'submit', ref: 1, texts: [copy(0, 4)] })
    sync.handle({ type: 'store-failed', batch: first.batch }, 0)
    const second = written(sync, { type: 'submit', ref: 2, texts: [copy(2, 6)] })
    const [text] = second.texts
    expect(JSON.parse(text ?? '')).toMatchObject({ proof: [{}, {}, {}, {}, {}, {}] })
    sync.handle({ type: 'stored', batch: second.batch }, 0)
    expect(written(sync, { type: 'wake' }, 60_000).texts).toEqual([text])
  },
)
