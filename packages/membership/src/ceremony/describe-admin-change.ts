import type { CharterAdmin } from '../charter.ts'
import type { AdminChangeRecord } from '../records/mesh-record.ts'
import type { Said } from '../records/said.ts'
import type { RecordSet } from '../set/record-set.ts'
import { named, seenBefore, shortKey } from './wording.ts'

/** What an admin change means: everybody who comes or goes in a sentence of their own. */
export function describeAdminChange(
  change: Said<AdminChangeRecord>,
  set: RecordSet | undefined,
): readonly string[] {
  const { add, remove, rotate, addWitnesses, removeWitnesses, k, kAdmin, kWitness } = change
  return [
    ...add.map((pair) => `ADD AN ADMIN: ${withKeys(pair, set)}`),
    ...remove.map((did) => `REMOVE AN ADMIN: ${named(did, set)}.`),
    ...rotate.map((pair) => `NEW KEYS FOR AN ADMIN: ${withKeys(pair, set)}`),
    ...addWitnesses.map((pair) => `ADD A WITNESS: ${withKeys(pair, set)}`),
    ...removeWitnesses.map((did) => `REMOVE A WITNESS: ${named(did, set)}.`),
    `From then on it takes ${k} admins to admit or to revoke, ${kAdmin} to change the admins or to revoke one, and ${kWitness} witnesses for a proof of freshness.`,
    ...describeUnsettled(change, set),
    `It follows ${change.prev} and is signed by all of: ${change.approvers.join(', ')}.`,
    `What the admins before it granted goes on counting where witnesses logged it in time: ${seenBefore(change.since)}.`,
    'It takes effect at every node that learns of it and cannot be taken back; another change can follow it.',
  ]
}

/**
 * What is to be said of a change on which its own witnesses will not be able to settle: those who go write nothing down
 * any more, so that too few are left to say that it is in force, and not a rival of it.
 */
function describeUnsettled(
  { addWitnesses, removeWitnesses }: Said<AdminChangeRecord>,
  set: RecordSet | undefined,
): readonly string[] {
  if (set === undefined) return []
  const { witnesses, kWitness, kAdmin } = set.tree.tip
  const back = new Set(addWitnesses.map(({ did }) => did))
  const staying = witnesses.filter(({ did }) => !removeWitnesses.includes(did) || back.has(did))
  if (staying.length >= kWitness) return []
  return [
    `IT CAN NEVER BE SETTLED: of the witnesses before it ${staying.length} stay, and it takes ${kWitness} of them. For good, ${kAdmin} keys of the admins before it, retired or stolen, can bring a rival of it.`,
    `Change fewer witnesses at a time: first add those who come, then, by another change, remove those who go, and let at least as many stay each time as it takes.`,
  ]
}

function withKeys(pair: CharterAdmin, set: RecordSet | undefined): string {
  const { did, ed25519, mlDsa44, nextKeysHash } = pair
  const keys = `${shortKey(ed25519.multikey)}, ${shortKey(mlDsa44.multikey)}`
  return `${named(did, set)}, keys ${keys}, next keys ${nextKeysHash ?? 'not committed to'}.`
}
