import { type Fault } from './fault.ts'
import { type SeededRandom } from './seeded-random.ts'

/** How much goes wrong in a run. */
export interface RandomFaults {
  readonly nodes: number
  /** All faults begin before this, and all but endless ones are over soon after it. */
  readonly untilMs: number
  readonly crashes?: number
  readonly partitions?: number
  readonly lostLinks?: number
  readonly clockSteps?: number
  readonly sleeps?: number
  readonly stalls?: number
  /** The longest that a fault lasts; a tenth of the time, unless told otherwise. */
  readonly forMsMax?: number
}

const STEP_MS_MAX = 3_600_000

/** Draws faults at random moments, in order of time. Partitions are in two parts of any size. */
export function randomFaults(random: SeededRandom, plan: RandomFaults): readonly Fault[] {
  const { nodes, untilMs, forMsMax = untilMs / 10 } = plan
  const at = (): number => random.between(0, untilMs)
  const lasting = (): number => random.between(0, forMsMax)
  const node = (): number => random.below(nodes)
  return [
    ...times(plan.crashes, () => ({ type: 'crash', atMs: at(), node: node(), forMs: lasting() })),
    ...times(plan.partitions, () => ({
      type: 'partition',
      atMs: at(),
      groups: [someNodes(random, nodes)],
      forMs: lasting(),
    })),
    ...times(plan.lostLinks, () => ({ type: 'lose', atMs: at(), one: node(), other: node() })),
    ...times(plan.clockSteps, () => ({
      type: 'step',
      atMs: at(),
      node: node(),
      byMs: random.between(-STEP_MS_MAX, STEP_MS_MAX),
    })),
    ...times(plan.sleeps, () => ({ type: 'sleep', atMs: at(), node: node(), forMs: lasting() })),
    ...times(plan.stalls, () => ({ type: 'stall', atMs: at(), node: node(), forMs: lasting() })),
  ].toSorted((one, other) => one.atMs - other.atMs)
}

function someNodes(random: SeededRandom, nodes: number): readonly number[] {
  const all = Array.from({ length: nodes }, (_, node) => node)
  return random.shuffled(all).slice(0, random.below(nodes))
}

function times(count: number | undefined, draw: () => Fault): Fault[] {
  return Array.from({ length: count ?? 0 }, draw)
}
