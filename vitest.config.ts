import { join } from 'node:path'
import { defineConfig } from 'vitest/config'
import { ComplianceReporter } from './test/requirements/compliance-reporter.ts'
import { readRequirements } from './test/requirements/requirements.ts'

/** Continuous integration counts what ran from a JSON report. */
function countingReporter(): ['json', { outputFile: string }][] {
  const { WARREN_TEST_REPORT: outputFile } = process.env
  return outputFile === undefined ? [] : [['json', { outputFile }]]
}

export default defineConfig({
  test: {
    reporters: ['default', new ComplianceReporter(), ...countingReporter()],
    tags: [...readRequirements().keys()].map((name) => ({ name })),
    projects: [
      {
        extends: true,
        test: {
          name: 'unit',
          // What these find is never a matter of time; they may wait for a machine that does other things.
          testTimeout: 30_000,
          hookTimeout: 60_000,
          include: [
            'packages/*/test/**/*.test.ts',
            'apps/*/test/**/*.test.ts',
            'infra/*/test/**/*.test.ts',
          ],
        },
      },
      {
        extends: true,
        test: { name: 'architecture', include: ['test/architecture/**/*.test.ts'] },
      },
      {
        extends: true,
        // libp2p's suites import their assertions from a build tool; these are the few that they use.
        resolve: {
          alias: { 'aegir/chai': join(import.meta.dirname, 'test/compliance/aegir-chai.ts') },
        },
        test: {
          name: 'compliance',
          include: ['test/compliance/**/*.test.ts'],
          server: { deps: { inline: ['@libp2p/interface-compliance-tests'] } },
        },
      },
      {
        extends: true,
        test: {
          name: 'interop',
          include: ['test/interop/**/*.test.ts', 'test/vectors/**/*.test.ts'],
          testTimeout: 30_000,
        },
      },
      {
        extends: true,
        test: { name: 'adversary', include: ['test/adversary/**/*.test.ts'], testTimeout: 30_000 },
      },
      {
        extends: true,
        test: {
          name: 'simulation',
          include: ['test/simulation/**/*.test.ts'],
          testTimeout: 60_000,
        },
      },
      {
        extends: true,
        test: {
          name: 'e2e',
          include: ['test/e2e/**/*.test.ts'],
          testTimeout: 90_000,
          hookTimeout: 180_000,
          fileParallelism: false,
          // Many short processes of the same program: compiled once, they start in half the time.
          env: { NODE_COMPILE_CACHE: join(import.meta.dirname, 'node_modules/.cache/compile') },
        },
      },
    ],
  },
})
