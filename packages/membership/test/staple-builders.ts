import type { Did } from '@warren/identity'
import {
  type AdminSigner,
  type Beacon,
  MembershipError,
  type RecordSet,
  StapleDraft,
  type StapleQuestion,
  type VerifiedStaple,
  verifyStaple,
  WitnessDuty,
} from '@warren/membership'
import { NOW_MS, suite } from './builders.ts'
import type { WitnessedMesh } from './record-builders.ts'

/** What a witness that knows a set says at a time, as its duty says it. */
export function wordOf(set: RecordSet, witness: AdminSigner, timeMs = NOW_MS): Beacon {
  const from = { seq: 1, timeMs, checkpoint: undefined }
  const duty = new WitnessDuty({ witness, from, nowMs: 0 })
  for (;;) {
    const state = duty.prepareBeacon({ set, nowMs: 0, meshTime: undefined })
    const own = state === undefined ? undefined : duty.signBeacon(set, state)
    if (own !== undefined) return own.beacon
  }
}

/** The words of the first kw witnesses of a mesh, at one time. */
export function wordsOf(
  { witnesses, charter }: WitnessedMesh,
  set: RecordSet,
  timeMs = NOW_MS,
): readonly Beacon[] {
  return witnesses.slice(0, charter.kWitness).map((witness) => wordOf(set, witness, timeMs))
}

/** A staple for a member by what a node knows. */
export function stapleOf(
  set: RecordSet,
  did: Did,
  { beacons, nowMs = NOW_MS }: { readonly beacons: readonly Beacon[]; readonly nowMs?: number },
): string {
  const draft = new StapleDraft({ set, did, beacons, nowMs })
  for (;;) {
    const made = draft.advance()
    if (made !== undefined) return made.text
  }
}

/** A staple as it is verified where nothing but the mesh id is known. */
export function verified(
  { charter }: WitnessedMesh,
  text: string,
  clock?: StapleQuestion['clock'],
): VerifiedStaple {
  return verifyStaple({ suite, meshId: charter.meshId, text, clock })
}

/** With which code a staple is refused; undefined where it is not. */
export function stapleRefusal(...question: Parameters<typeof verified>): string | undefined {
  try {
    verified(...question)
    return undefined
  } catch (error) {
    if (error instanceof MembershipError) return error.code
    throw error
  }
}
