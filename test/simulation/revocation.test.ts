import { formatViolation, randomTopology, runSeeds } from '@warren/testkit'
import { expect, test } from 'vitest'
import { revocation, revocationRun } from './scenarios/revocation.ts'

const NODES = 200
const SEEDS = 200
/** Half of what `pnpm simulate` takes: half the work, and fewer ways round hostile nodes. */
const DEGREE = 8
/** A guard against a run that never ends, not a promise. */
const TIMEOUT_MS = 600_000

test(
  `a revocation keeps its promises: ${SEEDS} seeds of ${NODES} nodes`,
  { tags: ['SIM-16'], timeout: TIMEOUT_MS },
  () => {
    const { failure, runs } = runSeeds({
      firstSeed: 1,
      seeds: SEEDS,
      untilMs: revocation.untilMs,
      build: (variation) =>
        revocationRun(NODES, variation, { topology: randomTopology(DEGREE) }).simulation,
    })
    const story =
      failure && formatViolation(failure.violation) + JSON.stringify(failure.faults, undefined, 1)
    expect(story).toBeUndefined()
    expect(runs).toBe(SEEDS)
  },
)
