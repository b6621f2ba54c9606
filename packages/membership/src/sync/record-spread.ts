import type { RandomSource } from '@warren/core'
import type { MeshRecord } from '../records/mesh-record.ts'
import type { RecordSet } from '../set/record-set.ts'
import { chooseSome, pickBelow } from './choose-some.ts'
import { announceRecords, headsOf } from './answer-neighbour.ts'
import type { Neighbour } from './neighbour.ts'
import type { SyncEffect } from './sync-effect.ts'
import type { SyncLimits } from './sync-limits.ts'
import { encodeSyncMessage } from './sync-message.ts'

/** Passes on what is new: the whole to some neighbours now, its name to the rest in a moment. */
export class RecordSpread {
  readonly #neighbours: ReadonlyMap<string, Neighbour>
  readonly #random: RandomSource
  readonly #limits: SyncLimits

  constructor(
    neighbours: ReadonlyMap<string, Neighbour>,
    random: RandomSource,
    limits: SyncLimits,
  ) {
    this.#neighbours = neighbours
    this.#random = random
    this.#limits = limits
  }

  /**
   * What was made here goes to everybody, by gossip too; what came from elsewhere to some at once. Many at
   * a time, as after a partition, are not pushed at all: neighbours see the new heads and fetch what they lack.
   */
  passOn(records: readonly MeshRecord[], isOrigin: boolean): readonly SyncEffect[] {
    const ids = records.map(({ id }) => id)
    const others = [...this.#neighbours.values()].filter((neighbour) =>
      ids.some((id) => !neighbour.knows(id)),
    )
    if (records.length > this.#limits.pushedMax) {
      for (const neighbour of others) neighbour.isToSeeHeads = true
      return []
    }
    const chosen = isOrigin ? others : chooseSome(this.#random, others, this.#limits.relayMax)
    const effects: SyncEffect[] = []
    for (const bytes of announceRecords(records, this.#limits)) {
      for (const { link } of chosen) effects.push({ type: 'send', link, bytes })
      if (isOrigin) effects.push({ type: 'gossip', bytes })
    }
    for (const neighbour of others) {
      if (chosen.includes(neighbour)) neighbour.learnt(ids)
      else neighbour.announceLater(ids, this.#limits.idsMax)
    }
    return effects
  }

  /** Tells the rest what there is. */
  announce(set: RecordSet): readonly SyncEffect[] {
    const effects: SyncEffect[] = []
    for (const neighbour of this.#neighbours.values()) {
      const { link } = neighbour
      const ids = neighbour.takeAnnounced()
      if (neighbour.isToSeeHeads) {
        const bytes = encodeSyncMessage({ type: 'heads', heads: headsOf(set), reply: false })
        effects.push({ type: 'send', link, bytes })
      } else if (ids.length > 0) {
        effects.push({ type: 'send', link, bytes: encodeSyncMessage({ type: 'have', ids }) })
      }
      neighbour.isToSeeHeads = false
    }
    return effects
  }

  /** One neighbour, by chance. */
  anyone(): Neighbour | undefined {
    const neighbours = [...this.#neighbours.values()]
    return neighbours[pickBelow(this.#random, neighbours.length)]
  }
}
