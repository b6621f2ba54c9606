import { execFileSync } from 'node:child_process'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { converges } from '../../packages/testkit/test/actors/sync-invariants.ts'
import { SETTLED_MS, syncMesh } from '../../packages/testkit/test/actors/sync-mesh.ts'
import { percentile } from './percentile.ts'
import { type Scenario } from './scenario.ts'
import { SCENARIOS } from './scenarios.ts'
import { simulate } from './simulate.ts'

/** Holds until somebody asks for the promise before there was time to keep it. */
const hasty: Scenario = {
  name: 'hasty',
  summary: 'asks too early',
  untilMs: SETTLED_MS,
  build: (nodes, variation) => ({
    simulation: syncMesh(variation, { nodes, invariants: [converges(500)] }),
    figures: () => ({ nodes }),
  }),
}

function command(...args: readonly string[]): {
  readonly code: number
  readonly lines: readonly string[]
  readonly errors: string
} {
  let output = ''
  let errors = ''
  const code = simulate(args, {
    scenarios: [...SCENARIOS, hasty],
    write: (text) => {
      output += text
    },
    writeError: (text) => {
      errors += text
    },
  })
  return { code, lines: output.split('\n').slice(0, -1), errors }
}

describe('pnpm simulate', () => {
  test('ends with 0 where every seed passes', { tags: ['SIM-15'] }, () => {
    const { code, lines, errors } = command('--scenario', 'words', '--nodes', '6', '--seeds', '2')
    expect({ code, errors }).toEqual({ code: 0, errors: '' })
    expect(lines[0]).toBe('words: 6 nodes, 2 seeds from 1')
    expect(lines).toContainEqual(expect.stringMatching(/^passed: 2 runs, \d+ steps$/))
  })

  test('ends with 1 at the first seed that fails, and shows it', { tags: ['SIM-15'] }, () => {
    const { code, lines } = command('--scenario', 'hasty', '--first-seed', '9')
    expect(code).toBe(1)
    expect(lines).toContainEqual(
      expect.stringMatching(/^seed 9, step \d+, at \d+\.\d+ ms: \d+ nodes/),
    )
    expect(lines).toContainEqual(expect.stringMatching(/of 30 planned faults are enough:$/))
    expect(lines).toContainEqual(expect.stringMatching(/^FAILED: 1 runs/))
  })

  test.for([
    { args: ['--nodes', '1'], says: '--nodes is a whole number from 2 to 100000' },
    { args: ['--nodes', '100001'], says: '--nodes is a whole number from 2 to 100000' },
    { args: ['--seeds', '0'], says: '--seeds is a whole number' },
    { args: ['--seeds', '1e3'], says: '--seeds is a whole number' },
    { args: ['--scenario', 'none'], says: 'there is no scenario "none"' },
    { args: ['--unknown'], says: 'unknown' },
    { args: ['stray'], says: 'stray' },
  ])('ends with 2 at $args, says why, and runs nothing', { tags: ['SIM-15'] }, ({ args, says }) => {
    const { code, lines, errors } = command(...args)
    expect({ code, lines }).toEqual({ code: 2, lines: [] })
    expect(errors).toContain(says)
    expect(errors).toContain('pnpm simulate [')
  })

  test('--json says the same in objects, one a line', { tags: ['SIM-15'] }, () => {
    const { code, lines } = command('--json', '--scenario', 'words', '--nodes', '2', '--seeds', '1')
    expect(code).toBe(0)
    const told = lines.map((line): unknown => JSON.parse(line))
    expect(told).toEqual([
      { type: 'started', scenario: 'words', nodes: 2, seeds: 1, firstSeed: 1 },
      { type: 'progress', seed: 1, runs: 1, steps: expect.any(Number) },
      expect.objectContaining({ type: 'result', passed: true, runs: 1 }),
    ])
    const failing = command('--json', '--scenario', 'hasty').lines.map(
      (line) => (JSON.parse(line) as { type: string }).type,
    )
    expect(failing).toEqual(['started', 'progress', 'failure', 'result'])
  })

  test('is a program', { tags: ['SIM-15'] }, () => {
    const main = join(import.meta.dirname, 'main.ts')
    const output = execFileSync(process.execPath, [main, '--json', '--seeds', '1'], {
      encoding: 'utf8',
    })
    const lines = output.trim().split('\n')
    expect(JSON.parse(lines.at(0) ?? '')).toMatchObject({ scenario: 'revocation' })
    expect(JSON.parse(lines.at(-1) ?? '')).toMatchObject({ passed: true })
  })
})

test('a percentile is one of the numbers', () => {
  const numbers = [5, 1, 4, 2, 3]
  expect([0, 20, 21, 50, 99, 100].map((percent) => percentile(numbers, percent))).toEqual([
    1, 1, 2, 3, 5, 5,
  ])
  expect(percentile([], 50)).toBeNaN()
})
