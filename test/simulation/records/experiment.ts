import {
  type Fault,
  lanLatency,
  type NetworkOptions,
  type SeedRun,
  Simulation,
  type Violation,
  wanLatency,
} from '@warren/testkit'
import { percentile } from '../percentile.ts'
import { type HostileShares } from './hostile.ts'
import { CONNECTED, REFUSES } from './record-actor.ts'
import { recordInvariants } from './record-invariants.ts'
import { type RecordMesh, recordMesh, type RecordSimulation } from './record-mesh.ts'
import { refusalDelays } from './refusal-delays.ts'

/** By which way records travel. */
export type Way = 'records' | 'gossipsub'

/** Something that a revocation has to get through, and what is measured then. */
export interface Condition {
  readonly name: string
  readonly network?: Partial<NetworkOptions>
  readonly hostile?: HostileShares
  readonly faults?: (mesh: RecordMesh) => readonly Fault[]
  readonly untilMs: number
  measure(run: Measured): Readonly<Record<string, number>>
}

/** A run that is over. */
export interface Measured {
  readonly simulation: RecordSimulation
  readonly mesh: RecordMesh
  /** Packets and their bytes that a node sent on average, from the submission on. */
  readonly packets: number
  readonly bytes: number
}

/** All links have been dialled, and gossip has built its mesh. */
const SUBMITTED_MS = 3000
const BEGUN_MS = 2000
const SPREAD_MS = 12_000
const ABSENT_MS = 180_000
const PARTED_MS = 30_000
const ROUGH = { dropping: 0.3, lying: 0 }

/** A record on a good network, on a bad one, and to those who were not there. */
export const CONDITIONS: readonly Condition[] = [
  ...[
    { place: 'LAN', latency: lanLatency(), uplinkBytesPerMs: 125_000 },
    { place: 'WAN', latency: wanLatency(), uplinkBytesPerMs: 12_500 },
  ].flatMap(({ place, ...network }): readonly Condition[] => [
    { name: place, network, untilMs: SUBMITTED_MS + SPREAD_MS, measure: measureSpread },
    {
      name: `${place}, 30 % silent, 5 % lost`,
      network: { ...network, lossProbability: 0.05 },
      hostile: ROUGH,
      untilMs: SUBMITTED_MS + SPREAD_MS,
      measure: measureSpread,
    },
  ]),
  {
    name: 'one absent for 3 minutes',
    faults: (mesh) => [{ type: 'crash', atMs: BEGUN_MS, node: absentOf(mesh), forMs: ABSENT_MS }],
    untilMs: BEGUN_MS + ABSENT_MS + SPREAD_MS,
    measure: ({ simulation, mesh }) => {
      const absent = absentOf(mesh)
      const refusal = simulation.notes.find(({ node, text }) => node === absent && text === REFUSES)
      return { 'after its return ms': (refusal?.atMs ?? Infinity) - BEGUN_MS - ABSENT_MS }
    },
  },
  {
    name: 'healed partition',
    faults: ({ options: { nodes } }) => {
      const half = Array.from({ length: Math.floor(nodes / 2) }, (_, node) => node)
      return [{ type: 'partition', atMs: BEGUN_MS, groups: [half], forMs: PARTED_MS }]
    },
    untilMs: BEGUN_MS + PARTED_MS + SPREAD_MS,
    measure: ({ simulation, mesh }) => {
      const healedMs = BEGUN_MS + PARTED_MS
      const linked = simulation.notes.find(
        ({ atMs, text }) => atMs >= healedMs && text === CONNECTED,
      )
      const delaysMs = delaysOf(simulation, mesh, linked?.atMs ?? Infinity)
      return { 'from first link to last node ms': percentile(delaysMs, 100) }
    },
  },
]

/** The same record under all conditions and by all ways asked for, one after the other. */
export class Experiment implements SeedRun {
  readonly plannedFaults: readonly Fault[] = []
  readonly #init: { readonly nodes: number; readonly seed: number; readonly ways: readonly Way[] }
  readonly #figures: Record<string, number> = {}
  #steps = 0

  constructor(init: {
    readonly nodes: number
    readonly seed: number
    readonly ways: readonly Way[]
  }) {
    this.#init = init
  }

  get steps(): number {
    return this.#steps
  }

  get figures(): Readonly<Record<string, number>> {
    return this.#figures
  }

  /** Runs everything to its own end. */
  runUntil(): Violation | undefined {
    for (const condition of CONDITIONS) {
      const measured = new Map<Way, Readonly<Record<string, number>>>()
      for (const way of this.#init.ways) {
        const found = this.#run(condition, way)
        if ('message' in found) return found
        measured.set(way, found.figures)
      }
      const names = new Set([...measured.values()].flatMap((figures) => Object.keys(figures)))
      for (const name of names) {
        for (const [way, figures] of measured) {
          this.#figures[`${condition.name}: ${name}, ${way}`] = figures[name] ?? Number.NaN
        }
      }
    }
    return undefined
  }

  #run(
    condition: Condition,
    way: Way,
  ): Violation | { readonly figures: Readonly<Record<string, number>> } {
    const { nodes, seed } = this.#init
    const { network = {}, hostile, faults } = condition
    const gossipAlone = way === 'gossipsub'
    const mesh = recordMesh({
      seed,
      nodes,
      network,
      gossipAlone,
      ...(hostile && { hostile }),
      ...(gossipAlone && { gossip: {} }),
    })
    const { options, cast, honest, isHonest } = mesh
    const [administrator = 0] = honest
    const command = { texts: [cast.revocation] }
    const simulation: RecordSimulation = new Simulation({
      ...options,
      faults: faults?.(mesh) ?? [],
      commands: [{ atMs: SUBMITTED_MS, node: administrator, command }],
      invariants: recordInvariants(cast, isHonest),
    })
    let violation = simulation.runUntil(SUBMITTED_MS - 1)
    const before = sent(simulation)
    violation ??= simulation.runUntil(condition.untilMs)
    this.#steps += simulation.steps
    if (violation !== undefined) return violation
    const after = sent(simulation)
    const packets = (after.packets - before.packets) / nodes
    const bytes = (after.bytes - before.bytes) / nodes
    return { figures: condition.measure({ simulation, mesh, packets, bytes }) }
  }
}

function measureSpread({ simulation, mesh, packets, bytes }: Measured): Record<string, number> {
  const delaysMs = delaysOf(simulation, mesh, SUBMITTED_MS)
  return {
    'p50 ms': percentile(delaysMs, 50),
    'p99 ms': percentile(delaysMs, 99),
    'last ms': percentile(delaysMs, 100),
    'packets per node': packets,
    'kB per node': bytes / 1000,
  }
}

/** Of every honest node; infinite for those that never refused. */
function delaysOf(
  { notes }: RecordSimulation,
  { honest, isHonest }: RecordMesh,
  sinceMs: number,
): readonly number[] {
  const delaysMs = refusalDelays(notes, { sinceMs, isHonest })
  const never = Array.from({ length: honest.length - delaysMs.length }, () => Infinity)
  return [...delaysMs, ...never]
}

function absentOf({ honest }: RecordMesh): number {
  return honest.at(-1) ?? 0
}

function sent({ traffic }: RecordSimulation): { readonly packets: number; readonly bytes: number } {
  return {
    packets: traffic.messages + traffic.gossipPackets,
    bytes: traffic.messageBytes + traffic.gossipBytes,
  }
}
