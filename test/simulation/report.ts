import { formatViolation, type SeedsFailure, type SeedsProgress } from '@warren/testkit'
import { type SimulateArguments } from './simulate-arguments.ts'

/** What came of all seeds; figures over the seeds that were run. */
export interface Ending {
  readonly passed: boolean
  readonly runs: number
  readonly steps: number
  readonly figures: Readonly<Record<string, { readonly median: number; readonly worst: number }>>
}

/** Where a run of the command is told. */
export interface Report {
  started(parsed: SimulateArguments): void
  progressed(progress: SeedsProgress): void
  failed(failure: SeedsFailure): void
  ended(ending: Ending): void
}

const PROGRESS_LINES = 20
const COLUMN_WIDTH = 12

/** Infinite is what never happened. */
function numberText(value: number): string {
  return (value === Infinity ? 'never' : value.toFixed(1)).padStart(COLUMN_WIDTH)
}

/** For people: a line now and then, and the whole story of a failure. */
export function textReport(write: (line: string) => void): Report {
  let every = 1
  return {
    started: ({ scenario, nodes, seeds, firstSeed }) => {
      every = Math.max(1, Math.floor(seeds / PROGRESS_LINES))
      write(`${scenario.name}: ${nodes} nodes, ${seeds} seeds from ${firstSeed}`)
    },
    progressed: ({ seed, runs, steps }) => {
      if (runs % every === 0) write(`  seed ${seed}: ${runs} runs, ${steps} steps`)
    },
    failed: ({ violation, plannedFaults, faults }) => {
      write(`\n${formatViolation(violation)}`)
      write(`${faults.length} of ${plannedFaults} planned faults are enough:`)
      for (const fault of faults) write(`  ${JSON.stringify(fault)}`)
    },
    ended: ({ passed, runs, steps, figures }) => {
      write(`\n${passed ? 'passed' : 'FAILED'}: ${runs} runs, ${steps} steps`)
      const names = Object.keys(figures)
      if (names.length === 0) return
      const width = Math.max(...names.map(({ length }) => length))
      write(`  ${' '.repeat(width)}      median       worst`)
      for (const [name, { median, worst }] of Object.entries(figures)) {
        write(`  ${name.padEnd(width)}${numberText(median)}${numberText(worst)}`)
      }
    },
  }
}

/** For programs: one object a line, told apart by its `type`. */
export function jsonReport(write: (line: string) => void): Report {
  const tell = (type: string, values: object): void => write(JSON.stringify({ type, ...values }))
  return {
    started: ({ scenario, nodes, seeds, firstSeed }) =>
      tell('started', { scenario: scenario.name, nodes, seeds, firstSeed }),
    progressed: (progress) => tell('progress', progress),
    failed: (failure) => tell('failure', failure),
    ended: (ending) => tell('result', ending),
  }
}
