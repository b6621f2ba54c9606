import type { RandomSource } from '@warren/core'
import type { Did } from '@warren/identity'
import type { FreshResponse } from '../freshness/fresh-response.ts'
import type { RecordSet } from '../set/record-set.ts'
import { ChallengeRoutes } from './challenge-routes.ts'
import { chooseSome } from './choose-some.ts'
import type { Neighbour } from './neighbour.ts'
import { RelayShares } from './relay-shares.ts'
import type { SyncLimits } from './sync-limits.ts'
import type { SyncMessage } from './sync-message.ts'

export interface ChallengeRelayInit {
  readonly neighbours: ReadonlyMap<string, Neighbour>
  readonly random: RandomSource
  readonly limits: SyncLimits
}

/** A challenge of somebody else, as a neighbour has brought it. */
export interface BroughtChallenge {
  readonly nonce: string
  readonly text: string
  readonly hops: number
}

/** A message, and to whom it goes. */
export interface Relayed {
  readonly to: readonly Neighbour[]
  readonly message: SyncMessage
}

/** How challenges come to witnesses, and their answers back to whoever has asked. */
export class ChallengeRelay {
  readonly #init: ChallengeRelayInit
  readonly #routes: ChallengeRoutes
  readonly #shares: RelayShares

  constructor(init: ChallengeRelayInit) {
    this.#init = init
    this.#routes = new ChallengeRoutes(init.limits.routesMax)
    this.#shares = new RelayShares(init.limits)
  }

  /** Notes over which link a challenge came; says whether that is to be dealt with. */
  came(nonce: string, { link }: Neighbour, nowMs: number): boolean {
    return this.#routes.came(nonce, link, nowMs)
  }

  /**
   * Towards whom a challenge goes on, each at most once, whoever brings it.
   *
   * One that could not go on, since it had no way left, its neighbour no share or nobody else room for it, goes on when
   * another neighbour brings it: else whoever is the first to bring a challenge of somebody else could end it here.
   */
  passOn({ nonce, text, hops }: BroughtChallenge, from: Neighbour, at: RelayMoment): Relayed {
    const { neighbours, limits } = this.#init
    const hopsLeft = Math.min(hops, limits.challengeHops) - 1
    const message: SyncMessage = { type: 'challenge', text, hops: hopsLeft }
    const mayPass =
      hopsLeft >= 0 &&
      !this.#routes.isPassedOn(nonce) &&
      this.#shares.take(from.did, neighbours.size, at.nowMs)
    if (!mayPass) return { to: [], message }
    const others = this.towardsWitnesses(at.set, from)
    const to = others.filter(({ relays }) => relays.take(at.nowMs))
    if (to.length > 0) this.#routes.passedOn(nonce)
    return { to, message }
  }

  /** Every neighbour that is a witness, and a few others by chance: they may know one, and the next time others may. */
  towardsWitnesses({ tree }: RecordSet, except?: Neighbour): readonly Neighbour[] {
    const witnesses: ReadonlySet<string> = new Set<Did>(tree.tip.witnesses.map(({ did }) => did))
    const { neighbours, random, limits } = this.#init
    const others = [...neighbours.values()].filter((each) => each !== except)
    const isWitness = ({ did }: Neighbour): boolean => witnesses.has(did)
    const strangers = others.filter((each) => !isWitness(each))
    return [...others.filter(isWitness), ...chooseSome(random, strangers, limits.challengeFanout)]
  }

  /** Whether a witness has yet to answer a challenge that has come by. */
  awaits(nonce: string, witness: Did, nowMs: number): boolean {
    return this.#routes.awaits(nonce, witness, nowMs)
  }

  /** To whom the answer of a witness goes back. */
  passBack({ nonce, witness }: FreshResponse, nowMs: number): readonly Neighbour[] {
    return this.#routes
      .answered(nonce, witness, nowMs)
      .flatMap((link) => this.#init.neighbours.get(link) ?? [])
  }
}

interface RelayMoment {
  readonly set: RecordSet
  readonly nowMs: number
}
