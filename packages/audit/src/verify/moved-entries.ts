import { damageFinding } from './damage-finding.ts'
import { type Damage, missing } from './explain-damage.ts'
import type { Finding, FindingList } from './finding.ts'

/** Leaf hashes that are remembered; damage beyond is told batch by batch. */
const HASHES_MAX = 65_536

/**
 * Entries that stand in another batch than their own: there each is a line that nobody signed, and in its own it is missing.
 *
 * Both are told apart from a change and a loss by the leaf hashes that lead to the signed roots.
 */
export class MovedEntries {
  readonly #findings: FindingList
  readonly #damages = new Map<Finding, Damage>()
  #hashes = 0

  constructor(findings: FindingList) {
    this.#findings = findings
  }

  /** Takes what is wrong with one batch. */
  add(damage: Damage): void {
    const finding = damageFinding(damage)
    this.#findings.add(finding)
    this.#hashes += (damage.absent?.length ?? 0) + 1
    if (this.#hashes <= HASHES_MAX) this.#damages.set(finding, damage)
  }

  /** Says what was moved, once every batch was read. */
  settle(): void {
    const absent = this.#absent()
    const moved = new Map<Damage, number>()
    const found = new Set<number>()
    for (const damage of this.#damages.values()) {
      const seq = absent.get(damage.stranger ?? '')?.shift()
      if (seq === undefined) continue
      moved.set(damage, seq)
      found.add(seq)
    }
    if (found.size === 0) return
    this.#findings.revise((finding) => {
      const damage = this.#damages.get(finding)
      if (damage === undefined) return [finding]
      return revised(damage, moved.get(damage), found).map((each) => damageFinding(each))
    })
  }

  /** The places of entries that are missing in their batch, by their leaf hashes. */
  #absent(): Map<string, number[]> {
    const places = new Map<string, number[]>()
    for (const { seq, absent = [] } of this.#damages.values()) {
      if (seq === undefined) continue
      for (const [index, hash] of absent.entries()) {
        places.set(hash, [...(places.get(hash) ?? []), seq + index])
      }
    }
    return places
  }
}

/** `movedFrom`: the place of the entry that the line is; `found`: the places of all entries that stand elsewhere. */
function revised(
  damage: Damage,
  movedFrom: number | undefined,
  found: ReadonlySet<number>,
): readonly Damage[] {
  const { code, seq, to, place, absent } = damage
  if (code === 'entry-missing' && seq !== undefined) {
    // What hash each of them had is not known, so none of them was found.
    if (absent === undefined) return [damage]
    const here = absent.map((_hash, index) => seq + index).filter((each) => found.has(each))
    return missing({ from: seq, to: to ?? seq + 1 }, new Set(here))
  }
  if (place === undefined) return [damage]
  if (movedFrom === undefined) {
    const isElsewhere = code === 'entry-changed' && seq !== undefined && found.has(seq)
    return isElsewhere ? [{ code: 'entry-inserted', place }] : [damage]
  }
  const reordered: Damage = { code: 'entry-reordered', seq: movedFrom, place }
  const isLost = seq !== undefined && !found.has(seq)
  return isLost ? [reordered, { code: 'entry-missing', seq, to: seq + 1 }] : [reordered]
}
