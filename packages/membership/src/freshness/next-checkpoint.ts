import { canonicalJson } from '@warren/core'
import type { Did } from '@warren/identity'
import { CHECKPOINT_IDS_MAX } from '../records/read-checkpoint.ts'
import { writeCheckpoint } from '../records/write-records.ts'
import type { RecordSet } from '../set/record-set.ts'

/** A checkpoint that is to be signed: what it says, in canonical form, without proofs. */
export interface CheckpointDraft {
  readonly epoch: number
  readonly text: string
}

/** The next checkpoint of a witness: what its set has and its log has not. Undefined where there is nothing new. */
export function nextCheckpoint(
  set: RecordSet,
  witness: Did,
  timeMs: number,
): CheckpointDraft | undefined {
  const added = unseen(set, witness)
  if (added.length === 0) return undefined
  const latest = set.logs.latest(witness)
  const epoch = (latest?.epoch ?? 0) + 1
  const removals = set.trie('removal')
  const document = writeCheckpoint({
    meshId: set.charter.meshId,
    witness,
    claimedMs: timeMs,
    epoch,
    prev: latest?.id,
    size: (latest?.size ?? 0) + added.length,
    added,
    removalRoot: removals.root,
    removalCount: removals.count,
    adminHead: set.tree.tip.head,
  })
  return { epoch, text: canonicalJson(document) }
}

/** Removals first, so that no number of grants keeps one waiting; then by id. */
function unseen(set: RecordSet, witness: Did): readonly string[] {
  return (['removal', 'grant'] as const)
    .flatMap((part) =>
      set
        .trie(part)
        .idsBelow('')
        .filter((id) => !set.logs.witnessesOf(id).includes(witness))
        .toSorted(),
    )
    .slice(0, CHECKPOINT_IDS_MAX)
}
