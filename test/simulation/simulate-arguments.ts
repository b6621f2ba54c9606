import { parseArgs } from 'node:util'
import { type Scenario } from './scenario.ts'

/** What is to be simulated. */
export interface SimulateArguments {
  readonly scenario: Scenario
  readonly nodes: number
  readonly firstSeed: number
  readonly seeds: number
  readonly json: boolean
}

const NODES_MAX = 100_000
const SEEDS_MAX = 1_000_000

/** How the command is used. */
export function usage(scenarios: readonly Scenario[]): string {
  return `pnpm simulate [--scenario NAME] [--nodes N] [--seeds N] [--first-seed N] [--json]

Runs a scenario once for each seed and stops at the first that breaks a promise. To see that run
again, give its seed as --first-seed, with --seeds 1.

${scenarios.map(({ name, summary }) => `  ${name.padEnd(16)}${summary}`).join('\n')}
`
}

/** Reads the arguments of the command; throws a sentence where they are wrong. */
export function parseSimulateArguments(
  args: readonly string[],
  scenarios: readonly Scenario[],
): SimulateArguments {
  const { values } = parseArgs({
    args: [...args],
    options: {
      scenario: { type: 'string' },
      nodes: { type: 'string', default: '20' },
      seeds: { type: 'string', default: '20' },
      'first-seed': { type: 'string', default: '1' },
      json: { type: 'boolean', default: false },
    },
  })
  const name = values.scenario ?? scenarios[0]?.name
  const scenario = scenarios.find((one) => one.name === name)
  if (scenario === undefined) throw new RangeError(`there is no scenario "${name}"`)
  return {
    scenario,
    nodes: parseCount('--nodes', values.nodes, { min: 2, max: NODES_MAX }),
    seeds: parseCount('--seeds', values.seeds, { min: 1, max: SEEDS_MAX }),
    firstSeed: parseCount('--first-seed', values['first-seed'], { min: 0, max: 2 ** 32 - 1 }),
    json: values.json,
  }
}

function parseCount(
  option: string,
  text: string,
  { min, max }: { min: number; max: number },
): number {
  const count = /^\d{1,10}$/.test(text) ? Number(text) : Number.NaN
  if (count >= min && count <= max) return count
  throw new RangeError(`${option} is a whole number from ${min} to ${max}`)
}
