import { type Fault } from './fault.ts'
import { shrinkFaults } from './shrink-faults.ts'
import { type Violation } from './violation.ts'

/** What a runner needs of a simulation. */
export interface SeedRun {
  readonly steps: number
  readonly plannedFaults: readonly Fault[]
  runUntil(untilMs: number): Violation | undefined
}

/** Which run is to be built. */
export interface Variation {
  readonly seed: number
  /** Instead of the faults that the seed would give. */
  readonly faults: readonly Fault[] | undefined
}

/** How far a runner has come. */
export interface SeedsProgress {
  readonly seed: number
  readonly runs: number
  readonly steps: number
}

/** Many runs of one scenario. */
export interface RunSeedsOptions {
  readonly firstSeed: number
  readonly seeds: number
  readonly untilMs: number
  readonly build: (variation: Variation) => SeedRun
  readonly onProgress?: (progress: SeedsProgress) => void
  /** How many runs may be spent on finding fewer faults that break it too. */
  readonly shrinkRunsMax?: number
}

/** The first seed that went wrong, with the fewest faults that were found to do it; the violation is that of the run with these alone. */
export interface SeedsFailure {
  readonly violation: Violation
  /** How many faults there were when it first went wrong. */
  readonly plannedFaults: number
  readonly faults: readonly Fault[]
}

/** What came of many runs. */
export interface SeedsResult {
  readonly runs: number
  readonly steps: number
  readonly failure: SeedsFailure | undefined
}

const SHRINK_RUNS_MAX = 100

/** Runs one seed after the other, and stops at the first that goes wrong. */
export function runSeeds(options: RunSeedsOptions): SeedsResult {
  const { firstSeed, seeds, untilMs, build, onProgress } = options
  let steps = 0
  for (let runs = 1; runs <= seeds; runs += 1) {
    const seed = firstSeed + runs - 1
    const run = build({ seed, faults: undefined })
    const violation = run.runUntil(untilMs)
    steps += run.steps
    onProgress?.({ seed, runs, steps })
    if (violation !== undefined) {
      return { runs, steps, failure: shrunk(options, violation, run.plannedFaults) }
    }
  }
  return { runs: seeds, steps, failure: undefined }
}

function shrunk(
  { build, untilMs, shrinkRunsMax = SHRINK_RUNS_MAX }: RunSeedsOptions,
  first: Violation,
  planned: readonly Fault[],
): SeedsFailure {
  let violation = first
  const faults = shrinkFaults({
    faults: planned,
    runsMax: shrinkRunsMax,
    breaks: (fewer) => {
      const found = build({ seed: first.seed, faults: fewer }).runUntil(untilMs)
      violation = found ?? violation
      return found !== undefined
    },
  })
  return { violation, plannedFaults: planned.length, faults }
}
