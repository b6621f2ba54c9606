import type { Clock, RandomSource } from '@warren/core'
import { CandidateBook } from './candidate-book.ts'
import type { Dialer } from './dialer.ts'
import { GoalWatch, type MissedGoal } from './goal-watch.ts'
import type { Peer } from './network-events.ts'
import type { NetworkLimits } from './network-limits.ts'
import type { NetworkLogger } from './network-logger.ts'
import {
  asChosen,
  chooseDials,
  type ConnectedPeer,
  type Diversity,
  type DiversityGoals,
  diversityOf,
  missedGoals,
  type PlacedPeer,
} from './peer-diversity.ts'
import { candidateOf, connectedPeer } from './placed-peers.ts'
import type { MeshPort, PinnedContact } from './ports.ts'
import { type NamedPeer, RandomWalk } from './random-walk.ts'

export interface DiversityStatus extends Diversity {
  readonly wanted: DiversityGoals
  /** Whom this node always tries to be connected to. */
  readonly pinned: { readonly did: string; readonly isConnected: boolean } | undefined
  /** What it has lacked for longer than it takes to get, although somebody is there to give it. */
  readonly missed: readonly MissedGoal[]
}

export interface PeerSeekerComponents {
  readonly clock: Clock
  readonly random: RandomSource
  readonly limits: NetworkLimits
  readonly logger: NetworkLogger
  readonly mesh: MeshPort
  readonly ownPeerId: string
  readonly dialer: Pick<Dialer, 'addChosen' | 'failuresOf' | 'giveUp' | 'pin'>
  readonly peers: () => readonly Peer[]
  /** Asks peers who is near a key, nearer and nearer. */
  readonly lookUp: (key: Uint8Array, signal: AbortSignal) => AsyncIterable<NamedPeer>
  /** What to look up to find a peer. */
  readonly keyOf: (peerId: string) => Uint8Array
  /** Sees to it that the connection to this peer is not the one that is given up where there are too many. */
  readonly protect: (peerId: string) => Promise<void>
}

/**
 * Keeps what this node sees of the mesh from being chosen by others: looks for members that nobody around it has
 * chosen for it, dials some of them, and never ceases to try one witness.
 *
 * Works at its own pace, in bounded rounds. A mesh that has no more to offer is left alone.
 */
export class PeerSeeker {
  readonly #components: PeerSeekerComponents
  readonly #walk: RandomWalk
  readonly #book: CandidateBook
  readonly #stopping = new AbortController()
  readonly #goals: GoalWatch
  #timer: NodeJS.Timeout | undefined
  #walking: Promise<void> | undefined
  #rounds: Promise<void> = Promise.resolve()

  constructor(components: PeerSeekerComponents) {
    const { clock, limits } = components
    this.#components = components
    const isWanted = (peerId: string): boolean =>
      peerId !== components.ownPeerId && this.#isMember(peerId)
    this.#walk = new RandomWalk({ ...components, isWanted }, clock.monotonicMs())
    this.#book = new CandidateBook(limits)
    this.#goals = new GoalWatch(limits.diversityGraceMs)
  }

  start(): void {
    this.#timer = setInterval(() => void this.round(), this.#components.limits.seekIntervalMs)
    this.#timer.unref()
    void this.round()
  }

  async stop(): Promise<void> {
    clearInterval(this.#timer)
    this.#stopping.abort(new Error('the seeker has been stopped'))
    await this.#rounds
    await this.#walking
  }

  /** One look at who is connected, and what follows from it; a walk that is due begins and is not waited for. */
  round(): Promise<void> {
    this.#rounds = this.#rounds.then(async () => this.#look())
    return this.#rounds
  }

  status(): DiversityStatus {
    const { mesh, clock } = this.#components
    const pinned = mesh.pinned()
    return {
      ...diversityOf(this.#connected()),
      wanted: this.#wanted(),
      pinned: pinned && { did: pinned.did, isConnected: this.#isMemberConnected(pinned.did) },
      missed: this.#goals.lasting(this.#missedNow(pinned), clock.monotonicMs()),
    }
  }

  async #look(): Promise<void> {
    if (this.#stopping.signal.aborted) return
    try {
      await this.#keepPinned()
      const pinned = this.#components.mesh.pinned()
      this.#beginWalk(pinned)
      await this.#dialChosen()
      this.#watchGoals(pinned)
    } catch (error) {
      // The next round starts from what is then.
      this.#components.logger.log('error', 'seek-failed', { message: String(error) })
    }
  }

  /** Tried first, and without end, wherever it was said to be. */
  async #keepPinned(): Promise<void> {
    const { dialer, mesh, protect } = this.#components
    for (const { peerId } of mesh.pinned()?.peers ?? []) await protect(peerId)
    // Asked again: it may have been taken away meanwhile, and then nothing of it may be left with the dialler.
    const pinned = mesh.pinned()
    const isConnected = pinned === undefined || this.#isMemberConnected(pinned.did)
    const found = (pinned?.peers ?? []).map(({ peerId, addresses }) => ({
      peerId,
      addresses,
      heard: this.#book.get(peerId)?.addresses ?? [],
    }))
    dialer.pin(isConnected ? [] : found)
  }

  #beginWalk(pinned: PinnedContact | undefined): void {
    const { clock, peers, keyOf, logger } = this.#components
    if (this.#walking !== undefined || peers().length === 0) return
    const [sought] = pinned === undefined || this.#isMemberConnected(pinned.did) ? [] : pinned.peers
    const key = this.#walk.nextKey(clock.monotonicMs(), sought && keyOf(sought.peerId))
    if (key === undefined) return
    this.#walking = this.#walk
      .walk(key, this.#stopping.signal)
      .then((named) => this.#hear(named))
      .catch((error: unknown) => logger.log('debug', 'walk-failed', { message: String(error) }))
      .finally(() => {
        this.#walking = undefined
      })
  }

  #hear(named: readonly NamedPeer[]): void {
    for (const { peerId, addresses } of named) this.#book.hear(peerId, addresses)
    void this.round()
  }

  async #dialChosen(): Promise<void> {
    const { dialer, limits, clock, random, protect } = this.#components
    for (const { peerId } of this.#book.all()) {
      if (dialer.failuresOf(peerId) < limits.candidateFailuresMax) continue
      this.#book.rest(peerId, clock.monotonicMs())
      dialer.giveUp(peerId)
    }
    const candidates = this.#candidates()
    const isPending = ({ peerId }: PlacedPeer): boolean => dialer.failuresOf(peerId) >= 0
    const pending = candidates.filter(isPending).map(asChosen)
    const chosen = chooseDials({
      connected: [...this.#connected(), ...pending],
      candidates: candidates.filter((peer) => !isPending(peer)),
      goals: this.#wanted(),
      random,
    })
    for (const peerId of chosen) {
      await protect(peerId)
      if (this.#isMember(peerId)) dialer.addChosen(peerId, this.#book.get(peerId)?.addresses ?? [])
    }
  }

  /** Members that are known, are not connected and have not just failed to answer. */
  #candidates(): readonly PlacedPeer[] {
    const { mesh, clock, peers } = this.#components
    const nowMs = clock.monotonicMs()
    const peerIds = new Set(peers().map(({ peerId }) => peerId))
    return this.#book.all().flatMap((candidate) => {
      const did = mesh.didOf(candidate.peerId)
      const member = did === undefined ? undefined : mesh.member(did)
      if (did === undefined || member === undefined) return []
      if (candidate.restsUntilMs > nowMs || this.#isMemberConnected(did)) return []
      if (peerIds.has(candidate.peerId)) return []
      return [candidateOf(candidate, member)]
    })
  }

  #connected(): readonly ConnectedPeer[] {
    const { peers, mesh } = this.#components
    return peers().map((peer) => connectedPeer(peer, mesh.member(peer.did)))
  }

  #isMember(peerId: string): boolean {
    const { mesh } = this.#components
    const did = mesh.didOf(peerId)
    return did !== undefined && mesh.member(did) !== undefined
  }

  #isMemberConnected(did: string): boolean {
    return this.#components.peers().some((peer) => peer.did === did)
  }

  #wanted(): DiversityGoals {
    const { chosenConnectionsMin: connections, chosenGroupsMin: groups } = this.#components.limits
    return { connections, groups }
  }

  #missedNow(pinned: PinnedContact | undefined): readonly MissedGoal[] {
    const isLost = pinned !== undefined && !this.#isMemberConnected(pinned.did)
    const connected = this.#connected()
    const missed = missedGoals({ connected, candidates: this.#candidates(), goals: this.#wanted() })
    return [...(isLost ? (['pinned'] as const) : []), ...missed]
  }

  #watchGoals(pinned: PinnedContact | undefined): void {
    const { clock, logger } = this.#components
    const lasting = this.#goals.observe(this.#missedNow(pinned), clock.monotonicMs())
    if (lasting !== undefined) logger.log('warn', 'view-narrow', { missed: [...lasting] })
  }
}
