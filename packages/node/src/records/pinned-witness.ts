import type { RandomSource } from '@warren/core'
import type { Did } from '@warren/identity'
import { panelOf, type RecordSet } from '@warren/membership'
import type { TextRecord } from '@warren/storage'
import type { MemberStandings } from './member-standings.ts'

export interface PinnedWitnessInit {
  readonly self: Did
  readonly random: RandomSource
  readonly set: () => RecordSet
  readonly standings: Pick<MemberStandings, 'membershipOf'>
  readonly kept: Pick<TextRecord, 'read' | 'write'>
}

/**
 * The one witness to which this node always tries to be connected.
 *
 * Each node chooses by its own randomness, once: nobody can foresee or steer whom, and whoever stands around the node
 * later does not change it. Another one is chosen only when the mesh itself has taken it away.
 */
export class PinnedWitness {
  readonly #init: PinnedWitnessInit
  #pinned: string | undefined

  constructor(init: PinnedWitnessInit) {
    this.#init = init
    this.#pinned = init.kept.read()
  }

  /** Undefined where there is no witness but this node, or none of whom a membership is known. */
  current(): Did | undefined {
    const sound = soundWitnesses(this.#init.set()).filter((did) => this.#isEligible(did))
    const kept = sound.find((did) => did === this.#pinned)
    return kept ?? this.#choose(sound)
  }

  #isEligible(did: Did): boolean {
    const { self, standings } = this.#init
    return did !== self && standings.membershipOf(did) !== undefined
  }

  #choose(among: readonly Did[]): Did | undefined {
    const { random, kept } = this.#init
    const chosen = among[uniform(random, among.length)]
    if (chosen === undefined) return undefined
    this.#pinned = chosen
    kept.write(chosen)
    return chosen
  }
}

/** The witnesses in force that have not contradicted themselves. */
export function soundWitnesses(set: RecordSet): readonly Did[] {
  const forked = forkedWitnesses(set)
  return set.tree.tip.witnesses.map(({ did }) => did).filter((did) => !forked.has(did))
}

/** The witnesses in force of whom there is a proof that they have said two things under one number. */
export function forkedWitnesses(set: RecordSet): ReadonlySet<Did> {
  return panelOf(set, () => false).forked
}

/** A place in a list of that length; at most 16 witnesses, so that two bytes leave no bias that matters. */
function uniform(random: RandomSource, length: number): number {
  const [high = 0, low = 0] = random.randomBytes(2)
  return Math.floor((length * (high * 256 + low)) / 65_536)
}
