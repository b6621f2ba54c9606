import type { SeedRun, Variation } from '@warren/testkit'

/** One run, and what can be measured in it when it is over. */
export interface ScenarioRun {
  readonly simulation: SeedRun
  figures(): Readonly<Record<string, number>>
}

/** Something that a mesh of any size has to live through, with the promises that must hold meanwhile. */
export interface Scenario {
  readonly name: string
  readonly summary: string
  readonly untilMs: number
  build(nodes: number, variation: Variation): ScenarioRun
}
