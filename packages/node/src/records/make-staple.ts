import { setImmediate } from 'node:timers/promises'
import { type Did } from '@warren/identity'
import { type MadeStaple, StapleDraft } from '@warren/membership'
import type { MeshKnowledge } from './mesh-knowledge.ts'

/**
 * Makes a staple for a member from what this node knows; calls meanwhile wait for a few milliseconds at a time, however many members there are.
 *
 * @throws MembershipError as `StapleDraft`
 */
export async function makeStaple(
  { records, freshness }: Pick<MeshKnowledge, 'records' | 'freshness'>,
  did: Did,
): Promise<MadeStaple> {
  const draft = new StapleDraft({
    set: records.set,
    did,
    beacons: records.beacons(),
    nowMs: freshness.meshTimeMs(),
  })
  for (;;) {
    const made = draft.advance()
    if (made !== undefined) return made
    await setImmediate()
  }
}
