import { type RecordSyncInit } from '@warren/membership'
import {
  fixedLatency,
  fullTopology,
  type Life,
  randomTopology,
  SeededRandom,
  type Simulation,
  type SimulationOptions,
  type Topology,
} from '@warren/testkit'
import { type Cast, theCast } from './cast.ts'
import { FSYNC_MS, MESSAGE_MS } from './costs.ts'
import { drawHostile, type HostileShares } from './hostile.ts'
import { type KeptRecord, RecordActor, type RecordMachine, type Submit } from './record-actor.ts'
import { type IsHonest } from './record-invariants.ts'
import { SharedRecords } from './shared-records.ts'
import { Listener } from './spoken.ts'

export type RecordSimulation = Simulation<KeptRecord, Submit, RecordActor>
type Options = SimulationOptions<KeptRecord, Submit, RecordActor>

/** How a scenario wants its mesh. */
export interface RecordMeshInit extends Partial<Omit<Options, 'createActor' | 'behaviours'>> {
  readonly seed: number
  readonly nodes: number
  readonly hostile?: HostileShares
  readonly gossipAlone?: boolean
  /** Instead of `RecordSync`, for tests of the scenarios themselves. */
  readonly createMachine?: (init: RecordSyncInit, life: Life<KeptRecord>) => RecordMachine
}

/** The options of a run, with what scenarios need to know of it. */
export interface RecordMesh {
  readonly options: Options
  readonly cast: Cast
  readonly isHonest: IsHonest
  /** Honest nodes in a random order. */
  readonly honest: readonly number[]
}

const DEGREE = 16
const FULL_MAX = 100
const GIGABIT_BYTES_PER_MS = 125_000
const NOBODY: HostileShares = { dropping: 0, lying: 0 }

/** A mesh of nodes that exchange records: everybody with everybody up to 100 nodes, of degree 16 above. */
export function recordMesh(init: RecordMeshInit): RecordMesh {
  const { hostile = NOBODY, gossipAlone = false, createMachine, ...options } = init
  const { seed, nodes } = options
  const cast = theCast()
  const records = new SharedRecords(cast)
  const listener = new Listener(records)
  const random = new SeededRandom(seed).fork('records')
  const behaviours = drawHostile(random.fork('hostile'), {
    ...hostile,
    nodes,
    cast,
    listener,
    hidden: cast.revocationId,
  })
  const everybody = Array.from({ length: nodes }, (_, node) => node)
  return {
    cast,
    isHonest: (node) => !behaviours.has(node),
    honest: random.fork('honest').shuffled(everybody.filter((node) => !behaviours.has(node))),
    options: {
      topology: meshTopology(nodes),
      diskLatency: fixedLatency(FSYNC_MS),
      processor: { messageMs: MESSAGE_MS, kilobyteMs: 0 },
      describe: (bytes) => listener.spoken(bytes).type,
      ...options,
      network: {
        uplinkBytesPerMs: GIGABIT_BYTES_PER_MS,
        redialsAfterCut: true,
        ...options.network,
      },
      behaviours,
      createActor: (life) =>
        new RecordActor({
          life,
          cast,
          records,
          listener,
          gossipAlone,
          ...(createMachine && { createMachine: (sync) => createMachine(sync, life) }),
        }),
    },
  }
}

function meshTopology(nodes: number): Topology {
  return nodes <= FULL_MAX ? fullTopology() : randomTopology(DEGREE)
}
