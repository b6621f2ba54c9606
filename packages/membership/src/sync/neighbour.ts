import { BoundedMap } from '@warren/core'
import type { RecordClass } from '../records/mesh-record.ts'
import { Allowance } from './allowance.ts'
import type { Pull } from './pull.ts'
import { relayAllowance } from './relay-shares.ts'
import type { SyncLimits } from './sync-limits.ts'
import type { Heads } from './sync-message.ts'

/**
 * Parts in the order in which they are fetched: what others rest on first, what gives last.
 *
 * Witnesses vouch for removals, so their checkpoints come first; witnesses and admins who came later are
 * known by admin changes, which are removals, so what rested on them is looked at a second time. What is said of the
 * audit log of a member stands with the checkpoints and rests on a membership: so these are looked at last, once more.
 */
export const PULL_ORDER: readonly RecordClass[] = [
  'checkpoint',
  'removal',
  'checkpoint',
  'removal',
  'grant',
  'checkpoint',
]

/** Heads that a neighbour has shown, and the pushed records that have to be in what they stand for. */
export interface Shown {
  readonly heads: Heads
  readonly due: readonly string[]
}

/** One connection, as far as records are concerned. */
export class Neighbour {
  readonly link: string
  readonly did: string
  /** Whether everything may pass already. */
  isSettled = false
  /** Since when what has to be fetched first is there. */
  readyMs: number | undefined
  pull: Pull | undefined
  /** What is being compared, and the parts that are left, the next one first. */
  round: Shown | undefined
  readonly queue: RecordClass[] = []
  /** The newest heads that the neighbour has shown and that nothing has been fetched for yet. */
  shown: Shown | undefined
  /** Whether it has been asked for its heads. */
  owesHeads = true
  /** Whether it is to see this node's heads in a moment. */
  isToSeeHeads = false
  /** Ids that it has pushed and that rest on what this node does not know: its next heads must bring all of that. */
  waiting: readonly string[] = []
  /** When the neighbour has to have answered; undefined while it owes nothing. */
  owesByMs: number | undefined
  /** Ids that it is known to have, so that they need not be told it. */
  readonly #known: BoundedMap<string, true>
  readonly #announced = new Set<string>()
  /** Challenges of this neighbour that are dealt with. */
  readonly asks: Allowance
  /** Challenges of others that it is passed. */
  readonly relays: Allowance

  readonly #limits: SyncLimits

  constructor(link: string, did: string, limits: SyncLimits) {
    this.link = link
    this.did = did
    this.#limits = limits
    const { challengesMax: countMax, challengePauseMs: pauseMs } = limits
    this.asks = new Allowance({ countMax, pauseMs })
    this.relays = relayAllowance(limits)
    this.#known = new BoundedMap(limits.knownMax)
  }

  /** Whether everything may pass from now on. */
  maySettle(isBooting: boolean, nowMs: number): boolean {
    if (this.isSettled || this.readyMs === undefined) return false
    return !isBooting || nowMs >= this.readyMs + this.#limits.bootPatienceMs
  }

  /** When there is something to do about it; infinite where there is nothing. */
  dueMs(): number {
    const { owesByMs = Number.POSITIVE_INFINITY, readyMs, isSettled } = this
    if (isSettled || readyMs === undefined) return owesByMs
    return Math.min(owesByMs, readyMs + this.#limits.bootPatienceMs)
  }

  knows(id: string): boolean {
    return this.#known.has(id)
  }

  learnt(ids: readonly string[]): void {
    for (const id of ids) {
      this.#known.set(id, true)
      this.#announced.delete(id)
    }
  }

  /** Notes ids to be announced later; at most so many, the rest is found when heads are compared. */
  announceLater(ids: readonly string[], idsMax: number): void {
    for (const id of ids) {
      if (this.#announced.size < idsMax && !this.#known.has(id)) this.#announced.add(id)
    }
  }

  /** What is to be announced now. */
  takeAnnounced(): readonly string[] {
    const ids = [...this.#announced].filter((id) => !this.#known.has(id))
    this.#announced.clear()
    return ids
  }

  /** Notes ids that rest on what is not known here; gives how many it has pushed that wait for it to be fetched. */
  waitsFor(ids: readonly string[]): number {
    const due = new Set(this.shown?.due)
    this.waiting = [...new Set([...this.waiting, ...ids])].filter((id) => !due.has(id))
    return due.size + this.waiting.length
  }

  /** Notes heads; everything that it pushed before them has to be in them. */
  hasShown(heads: Heads): void {
    this.shown = { heads, due: [...(this.shown?.due ?? []), ...this.waiting] }
    this.waiting = []
    this.owesHeads = false
  }
}
