import type { Did } from '@warren/identity'
import type { FreshnessLimits } from '../charter.ts'
import type { IslandRecord } from '../records/mesh-record.ts'

/**
 * How far a node may trust what it knows: all; all, with a warning; what has begun and nothing new; nothing.
 * `unwitnessed`: the mesh has no witnesses, so nobody can tell, and nothing is refused for it.
 */
export type FreshnessState = 'fresh' | 'aging' | 'deny-new' | 'stop' | 'unwitnessed'

export interface FreshnessJudgement {
  readonly state: FreshnessState
  /** `boot`: not yet enough challenges of this boot answered; `witnesses`: fewer than kw count; `age`: what the age says. */
  readonly why: 'boot' | 'witnesses' | 'age' | 'unwitnessed'
  /** Of the kw-th newest beacon that counts. */
  readonly ageMs: number | undefined
  readonly meshTimeMs: number | undefined
  /** The witnesses that it rests on, the newest first. */
  readonly counted: readonly CountedWitness[]
  /** The witnesses in force that do not count, and why. */
  readonly missing: readonly MissingWitness[]
  /** The servers that island grants name, and how each stands by them. */
  readonly servers: readonly IslandServer[]
}

export interface CountedWitness {
  readonly witness: Did
  /** The number of its beacon. */
  readonly seq: number
  readonly ageMs: number
}

export interface MissingWitness {
  readonly witness: Did
  /** `uncovered`: its beacons have a root that we do not have: something is kept from us. */
  readonly why: 'forked' | 'silent' | 'unanswered' | 'uncovered' | 'future'
}

export interface IslandServer {
  readonly server: string
  readonly state: FreshnessState
}

const SEVERITY: readonly FreshnessState[] = ['unwitnessed', 'fresh', 'aging', 'deny-new', 'stop']

/** What an age means. On a limit is still within it; no age at all is beyond each of them. */
export function stateOfAge(
  ageMs: number | undefined,
  { warnMs, denyMs, stopMs }: Pick<FreshnessLimits, 'warnMs' | 'denyMs' | 'stopMs'>,
): FreshnessState {
  if (ageMs === undefined || ageMs > stopMs) return 'stop'
  if (ageMs > denyMs) return 'deny-new'
  return ageMs > warnMs ? 'aging' : 'fresh'
}

/** The one of two states that allows more. */
export function betterOf(left: FreshnessState, right: FreshnessState): FreshnessState {
  return worseOf(left, right) === left ? right : left
}

/** The one of two states that allows less. */
export function worseOf(left: FreshnessState, right: FreshnessState): FreshnessState {
  return SEVERITY.indexOf(left) > SEVERITY.indexOf(right) ? left : right
}

/** What island grants make of an age for each server that they name. They lengthen limits and never shorten one. */
export function serversOf(
  islands: readonly IslandRecord[],
  question: {
    readonly ageMs: number | undefined
    readonly meshTimeMs: number
    readonly limits: FreshnessLimits
  },
): readonly IslandServer[] {
  const { ageMs, meshTimeMs, limits } = question
  const longest = new Map<string, number>()
  for (const island of islands) {
    const { claimedMs, notAfterMs, servers, maxStalenessMs } = island
    const isInForce = meshTimeMs >= claimedMs - limits.skewMs && meshTimeMs < notAfterMs
    for (const server of isInForce ? servers : []) {
      longest.set(server, Math.max(longest.get(server) ?? 0, maxStalenessMs))
    }
  }
  return [...longest].map(([server, staleMs]) => {
    const denyMs = Math.max(limits.denyMs, staleMs)
    const stopMs = Math.max(limits.stopMs, staleMs)
    return { server, state: stateOfAge(ageMs, { warnMs: limits.warnMs, denyMs, stopMs }) }
  })
}

/**
 * Mesh time of a mesh without witnesses: the wall clock, and never earlier than it was seen.
 *
 * Where there are witnesses no wall clock has a say: `Freshness` takes none.
 */
export function unwitnessedTime(wallMs: number, seenMs: number): number {
  return Math.max(wallMs, seenMs)
}
