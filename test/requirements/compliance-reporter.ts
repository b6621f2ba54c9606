import type { Reporter, TestModule, Vitest } from 'vitest/node'
import { readRequirements, unprovedIds } from './requirements.ts'

/** Fails a full run in which a requirement of docs/specs, or a threat of docs/threat-model.md, has no test. */
export class ComplianceReporter implements Reporter {
  #partial = false

  onInit(vitest: Vitest): void {
    const { config } = vitest
    this.#partial =
      config.testNamePattern !== undefined ||
      config.project.length > 0 ||
      config.tagsFilter !== undefined ||
      process.argv.slice(2).some((argument) => !argument.startsWith('-') && argument !== 'run')
  }

  onTestRunEnd(modules: readonly TestModule[]): void {
    if (this.#partial) return
    const tests = modules
      .flatMap((module) => [...module.children.allTests()])
      .map((test) => ({ tags: test.tags, state: test.result().state }))
    const unproved = unprovedIds(readRequirements(), tests)
    for (const id of unproved) console.error(` Unproved  ${id}`)
    if (unproved.length > 0) process.exitCode = 1
  }
}
