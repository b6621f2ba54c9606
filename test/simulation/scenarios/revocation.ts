import {
  type Fault,
  randomFaults,
  SeededRandom,
  Simulation,
  type TimedCommand,
  type Variation,
} from '@warren/testkit'
import { percentile } from '../percentile.ts'
import { type Cast } from '../records/cast.ts'
import { type Submit } from '../records/record-actor.ts'
import { converge, recordInvariants } from '../records/record-invariants.ts'
import { recordMesh, type RecordMeshInit, type RecordSimulation } from '../records/record-mesh.ts'
import { refusalDelays } from '../records/refusal-delays.ts'
import { type Scenario } from '../scenario.ts'

/** All links have been dialled. */
const READY_MS = 1500
const FAULTS_UNTIL_MS = 3500
const FAULT_MS_MAX = 1500
/** All faults are over, and whatever is submitted has been submitted. */
const QUIET_MS = FAULTS_UNTIL_MS + FAULT_MS_MAX
/** Honest nodes agree so long after that. */
const CONVERGED_MS = 3000
const UNTIL_MS = QUIET_MS + CONVERGED_MS

const HOSTILE = { dropping: 0.3, lying: 0.1 }
const NETWORK = { lossProbability: 0.05, duplicateProbability: 0.002, deadMs: 500 }
/** Of the seeds: how many see a forged membership, a readmission, gossip as a second path. */
const SOMETIMES = 0.25
/** Nodes that crash about when the revocation reaches them. */
const CRASHES_AT_ACCEPTANCE = 4
const SPREAD_MS = 20

/** An administrator revokes a member, while everything goes wrong that can. */
export const revocation: Scenario = {
  name: 'revocation',
  summary: 'a member is revoked under loss, crashes, partitions, wrong clocks and hostile nodes',
  untilMs: UNTIL_MS,
  build: (nodes, variation) => revocationRun(nodes, variation),
}

/** One run of the scenario; another machine than `RecordSync` is for tests of the scenario itself. */
export function revocationRun(
  nodes: number,
  { seed, faults }: Variation,
  changes: Partial<RecordMeshInit> = {},
): { simulation: RecordSimulation; figures: () => Readonly<Record<string, number>> } {
  const random = new SeededRandom(seed).fork('revocation')
  const hasGossip = random.chance(SOMETIMES)
  const { options, cast, honest, isHonest } = recordMesh({
    seed,
    nodes,
    hostile: HOSTILE,
    network: NETWORK,
    ...(hasGossip && { gossip: {} }),
    ...changes,
  })
  const [administrator = 0] = honest
  const submittedMs = random.between(READY_MS, FAULTS_UNTIL_MS)
  const simulation: RecordSimulation = new Simulation({
    ...options,
    faults: faults ?? drawFaults(random.fork('faults'), nodes, submittedMs),
    commands: drawCommands(random.fork('commands'), { cast, honest, submittedMs }),
    invariants: [
      ...recordInvariants(cast, isHonest),
      converge({ atMs: UNTIL_MS, cast, isHonest, administrator }),
    ],
  })
  return {
    simulation,
    figures: () => {
      const delaysMs = refusalDelays(simulation.notes, { sinceMs: submittedMs, isHonest })
      return {
        // Nobody refuses a member who was readmitted before the revocation could be submitted.
        ...(delaysMs.length > 0 && {
          'refusing p50 ms': percentile(delaysMs, 50),
          'refusing p99 ms': percentile(delaysMs, 99),
          'refusing last ms': percentile(delaysMs, 100),
        }),
        'messages per node': simulation.traffic.messages / nodes,
        'bytes per node': simulation.traffic.messageBytes / nodes,
      }
    },
  }
}

function drawFaults(random: SeededRandom, nodes: number, submittedMs: number): readonly Fault[] {
  const crashes = Array.from({ length: CRASHES_AT_ACCEPTANCE }, (): Fault => {
    const atMs = submittedMs + random.between(0, SPREAD_MS)
    return {
      type: 'crash',
      atMs,
      node: random.below(nodes),
      forMs: random.between(0, FAULT_MS_MAX),
    }
  })
  const others = randomFaults(random, {
    nodes,
    untilMs: FAULTS_UNTIL_MS,
    forMsMax: FAULT_MS_MAX,
    crashes: 6,
    partitions: 1,
    lostLinks: 8,
    clockSteps: 4,
    sleeps: 2,
    stalls: 2,
  })
  return [...crashes, ...others]
}

interface Occasion {
  readonly cast: Cast
  readonly honest: readonly number[]
  readonly submittedMs: number
}

function drawCommands(
  random: SeededRandom,
  { cast, honest, submittedMs }: Occasion,
): readonly TimedCommand<Submit>[] {
  const [administrator = 0, other = administrator] = honest
  const later = (): number => submittedMs + random.between(0, QUIET_MS - FAULTS_UNTIL_MS)
  const revoke = { texts: [cast.revocation] }
  // Where the node was down the administrator does it again.
  const commands: TimedCommand<Submit>[] = [
    { atMs: submittedMs, node: administrator, command: revoke },
    { atMs: QUIET_MS, node: administrator, command: revoke },
  ]
  if (random.chance(SOMETIMES)) {
    const forged = random.pick(cast.forged) ?? ''
    commands.push({
      atMs: random.between(READY_MS, QUIET_MS),
      node: other,
      command: { texts: [forged] },
    })
  }
  if (random.chance(SOMETIMES)) {
    commands.push({ atMs: later(), node: administrator, command: { texts: cast.readmission } })
  }
  return commands
}
