import { runSeeds } from '@warren/testkit'
import { percentile } from './percentile.ts'
import { jsonReport, type Report, textReport } from './report.ts'
import { type Scenario, type ScenarioRun } from './scenario.ts'
import { parseSimulateArguments, type SimulateArguments, usage } from './simulate-arguments.ts'

/** What the command needs of the process that it runs in. */
export interface SimulateComponents {
  readonly scenarios: readonly Scenario[]
  write(text: string): void
  writeError(text: string): void
}

/** `pnpm simulate`: 0 where every seed passes, 1 where one fails, 2 where the arguments are wrong. */
export function simulate(args: readonly string[], components: SimulateComponents): 0 | 1 | 2 {
  const { scenarios } = components
  const write = (line: string): void => components.write(`${line}\n`)
  let parsed: SimulateArguments
  try {
    parsed = parseSimulateArguments(args, scenarios)
  } catch (error) {
    if (!isWrongArgument(error)) throw error
    components.writeError(`${error.message}\n\n${usage(scenarios)}`)
    return 2
  }
  return run(parsed, parsed.json ? jsonReport(write) : textReport(write))
}

function run(parsed: SimulateArguments, report: Report): 0 | 1 {
  const { scenario, nodes, firstSeed, seeds } = parsed
  const figures = new Map<string, number[]>()
  let current: ScenarioRun | undefined
  report.started(parsed)
  const { failure, runs, steps } = runSeeds({
    firstSeed,
    seeds,
    untilMs: scenario.untilMs,
    build: (variation) => {
      current = scenario.build(nodes, variation)
      return current.simulation
    },
    onProgress: (progress) => {
      for (const [name, value] of Object.entries(current?.figures() ?? {})) {
        figures.set(name, [...(figures.get(name) ?? []), value])
      }
      report.progressed(progress)
    },
  })
  if (failure !== undefined) report.failed(failure)
  report.ended({
    passed: failure === undefined,
    runs,
    steps,
    figures: Object.fromEntries(
      [...figures].map(([name, values]) => [
        name,
        { median: percentile(values, 50), worst: percentile(values, 100) },
      ]),
    ),
  })
  return failure === undefined ? 0 : 1
}

/** Ours, or what the reader of arguments throws. */
function isWrongArgument(error: unknown): error is Error {
  return error instanceof RangeError || (error instanceof TypeError && 'code' in error)
}
