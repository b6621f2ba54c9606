import { BoundedMap } from '@warren/core'
import { Allowance } from './allowance.ts'
import type { SyncLimits } from './sync-limits.ts'

/** How much of what a neighbour deals with may be challenges of others. */
const RELAY_SHARE = 0.75
/** How much of that is there for whoever comes first; the rest is divided among the neighbours. */
const COMMON_SHARE = 2 / 3

/** What one neighbour is passed of the challenges of others: fewer than it deals with, which leaves room for those of this node. */
export function relayAllowance({ challengesMax, challengePauseMs }: SyncLimits): Allowance {
  return new Allowance({
    countMax: Math.ceil(challengesMax * RELAY_SHARE),
    pauseMs: challengePauseMs / RELAY_SHARE,
  })
}

/**
 * Whose challenges are passed on.
 *
 * Two thirds of what may be passed on are anybody's. Of the rest each neighbour has a part of its own, and the more
 * neighbours there are the smaller it is: so that those who ask without end cannot, however many they are, use up what an honest one has.
 */
export class RelayShares {
  readonly #pauseMs: number
  readonly #common: Allowance
  /** When each neighbour has used its own part last, by its DID: a new connection is no new neighbour. */
  readonly #usedMs: BoundedMap<string, number>

  constructor({ challengesMax, challengePauseMs, linksMax }: SyncLimits) {
    const share = RELAY_SHARE * COMMON_SHARE
    this.#pauseMs = challengePauseMs / (RELAY_SHARE - share)
    this.#common = new Allowance({
      countMax: Math.ceil(challengesMax * share),
      pauseMs: challengePauseMs / share,
    })
    this.#usedMs = new BoundedMap(linksMax)
  }

  /** Takes what it costs to pass on one challenge that a neighbour, one of so many, has brought, where that is left. */
  take(did: string, neighbours: number, nowMs: number): boolean {
    const usedMs = this.#usedMs.get(did)
    if (usedMs === undefined || nowMs - usedMs >= this.#pauseMs * neighbours) {
      this.#usedMs.set(did, nowMs)
      return true
    }
    return this.#common.take(nowMs)
  }
}
