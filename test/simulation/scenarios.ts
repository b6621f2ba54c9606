import { type Scenario } from './scenario.ts'
import { words } from './scenarios/words.ts'

/** All scenarios; the first is run where none is named. */
export const SCENARIOS: readonly Scenario[] = [words]
