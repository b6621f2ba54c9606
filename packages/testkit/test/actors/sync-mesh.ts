import {
  randomFaults,
  randomTopology,
  SeededRandom,
  Simulation,
  type SimulationOptions,
  type Variation,
  wanLatency,
} from '@warren/testkit'
import { bytesOf, type Publish } from './flood-actor.ts'
import { SyncActor } from './sync-actor.ts'

/** When the last word is published; all faults have begun by then. */
export const QUIET_MS = 20_000
/** When all nodes know all words. */
export const SETTLED_MS = 60_000

const WORDS = 20

/** Words published all over a mesh in which a lot goes wrong. */
export function syncMesh(
  { seed, faults }: Variation,
  options: Partial<SimulationOptions<string, Publish, SyncActor>> & {
    readonly nodes?: number
    readonly careful?: boolean
  } = {},
): Simulation<string, Publish, SyncActor> {
  const { nodes = 20, careful = true, ...others } = options
  const random = new SeededRandom(seed).fork('scenario')
  const plan = { crashes: 8, partitions: 2, lostLinks: 10, clockSteps: 4, sleeps: 3, stalls: 3 }
  return new Simulation<string, Publish, SyncActor>({
    topology: randomTopology(6),
    network: { latency: wanLatency(), lossProbability: 0.05 },
    ...others,
    seed,
    nodes,
    faults: faults ?? randomFaults(random, { nodes, untilMs: QUIET_MS, ...plan }),
    commands: Array.from({ length: WORDS }, (_, index) => ({
      atMs: random.between(0, QUIET_MS),
      node: random.below(nodes),
      command: { bytes: bytesOf(`word${index}`) },
    })),
    createActor: (life) => new SyncActor(life, { careful, periodMs: 2000 }),
  })
}
