import type { RandomSource } from '@warren/core'
import { shuffled } from './shuffled.ts'

/** Where a peer stands: in which enclave by its membership, in which network by its address. */
export interface PlacedPeer {
  readonly peerId: string
  readonly enclave: string | undefined
  /** The /24 of an IPv4 address, the /64 of an IPv6 address. */
  readonly network: string | undefined
  readonly isWitness: boolean
}

/** A peer that is connected, or that is being dialled and may be in a moment. */
export interface ConnectedPeer extends PlacedPeer {
  /** Whether this node dialled it: who dials in is chosen by others. */
  readonly isChosen: boolean
}

export interface DiversityGoals {
  /** Connections that this node has chosen. */
  readonly connections: number
  /** Different enclaves, or different networks, among them. */
  readonly groups: number
}

export interface DiversityQuestion {
  readonly connected: readonly ConnectedPeer[]
  /** Members that are known and not connected. */
  readonly candidates: readonly PlacedPeer[]
  readonly goals: DiversityGoals
  readonly random: RandomSource
}

/** How diverse the view of a node is. */
export interface Diversity {
  readonly connections: number
  readonly chosen: number
  /** Among the chosen ones. */
  readonly enclaves: number
  readonly networks: number
  /** Among all: a witness shows by its keys that it is one, whoever dialled. */
  readonly witnesses: number
}

/** The peer as it counts once this node has dialled it. */
export function asChosen(peer: PlacedPeer): ConnectedPeer {
  return { ...peer, isChosen: true }
}

/** Counts what a node is connected to. */
export function diversityOf(connected: readonly ConnectedPeer[]): Diversity {
  const chosen = connected.filter(({ isChosen }) => isChosen)
  return {
    connections: connected.length,
    chosen: chosen.length,
    enclaves: known(chosen.map(({ enclave }) => enclave)).size,
    networks: known(chosen.map(({ network }) => network)).size,
    witnesses: connected.filter(({ isWitness }) => isWitness).length,
  }
}

/** Which goals are missed although candidates could bring them nearer; what the known mesh cannot offer is no fault. */
export function missedGoals({
  connected,
  candidates,
  goals,
}: Omit<DiversityQuestion, 'random'>): ReadonlySet<keyof DiversityGoals> {
  const missed = new Set<keyof DiversityGoals>()
  if (candidates.length > 0 && diversityOf(connected).chosen < goals.connections) {
    missed.add('connections')
  }
  const isNarrow = groupsOf(connected) < goals.groups
  if (isNarrow && candidates.some((peer) => newGroups(connected, peer) > 0)) missed.add('groups')
  return missed
}

/**
 * Whom to dial next: a witness where none is connected, then other enclaves and networks, then anybody, until the
 * goals are met or nobody is left who would bring them nearer. Chance decides between equals.
 *
 * Only what this node has dialled counts. Whoever wants to be all that it sees can dial in as often as it likes.
 */
export function chooseDials(question: DiversityQuestion): readonly string[] {
  const { connected, goals, random } = question
  const left = shuffled(question.candidates, random)
  const taken: ConnectedPeer[] = [...connected]
  const take = (peer: PlacedPeer): void => {
    left.splice(left.indexOf(peer), 1)
    taken.push(asChosen(peer))
  }
  const witness = left.find(({ isWitness }) => isWitness)
  if (witness !== undefined && diversityOf(taken).witnesses === 0) take(witness)
  while (groupsOf(taken) < goals.groups) {
    const next = mostDifferent(taken, left)
    if (next === undefined || newGroups(taken, next) === 0) break
    take(next)
  }
  while (diversityOf(taken).chosen < goals.connections) {
    const next = mostDifferent(taken, left)
    if (next === undefined) break
    take(next)
  }
  return taken.slice(connected.length).map(({ peerId }) => peerId)
}

function mostDifferent(
  taken: readonly ConnectedPeer[],
  left: readonly PlacedPeer[],
): PlacedPeer | undefined {
  const [first, ...others] = left
  if (first === undefined) return undefined
  return others.reduce(
    (best, peer) => (newGroups(taken, peer) > newGroups(taken, best) ? peer : best),
    first,
  )
}

function groupsOf(connected: readonly ConnectedPeer[]): number {
  const { enclaves, networks } = diversityOf(connected)
  return Math.max(enclaves, networks)
}

/** How many groups a peer would add: its enclave, its network, both or none. */
function newGroups(taken: readonly ConnectedPeer[], { enclave, network }: PlacedPeer): number {
  const chosen = taken.filter(({ isChosen }) => isChosen)
  const isNewEnclave = enclave !== undefined && !chosen.some((other) => other.enclave === enclave)
  const isNewNetwork = network !== undefined && !chosen.some((other) => other.network === network)
  return Number(isNewEnclave) + Number(isNewNetwork)
}

function known(names: readonly (string | undefined)[]): ReadonlySet<string> {
  return new Set(names.filter((name) => name !== undefined))
}
