import { type Note } from '@warren/testkit'
import { REFUSES } from './record-actor.ts'
import { type IsHonest } from './record-invariants.ts'

/** How long after a time each honest node that ever refused the target began to. */
export function refusalDelays(
  notes: readonly Note[],
  { sinceMs, isHonest }: { readonly sinceMs: number; readonly isHonest: IsHonest },
): readonly number[] {
  const delaysMs = new Map<number, number>()
  for (const { node, text, atMs } of notes) {
    if (text !== REFUSES || !isHonest(node) || delaysMs.has(node)) continue
    delaysMs.set(node, atMs - sinceMs)
  }
  return [...delaysMs.values()]
}
