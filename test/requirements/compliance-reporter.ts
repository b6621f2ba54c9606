import type { Reporter, TestModule, Vitest } from 'vitest/node'
import { readRequirements } from './requirements.ts'

/** Fails a full run in which a requirement of docs/specs is proved by no passing test. */
export class ComplianceReporter implements Reporter {
  #partial = false

  onInit(vitest: Vitest): void {
    const { config } = vitest
    this.#partial =
      config.testNamePattern !== undefined ||
      config.project.length > 0 ||
      process.argv.slice(2).some((argument) => !argument.startsWith('-') && argument !== 'run')
  }

  onTestRunEnd(modules: readonly TestModule[]): void {
    if (this.#partial) return
    const settled = modules.flatMap((module) => [...module.children.allTests()])
    const proved = new Set(
      settled.filter((test) => test.result().state !== 'failed').flatMap((test) => test.tags),
    )
    const unproved = [...readRequirements().keys()].filter((id) => !proved.has(id))
    for (const id of unproved) console.error(` Unproved  ${id}`)
    if (unproved.length > 0) process.exitCode = 1
  }
}
