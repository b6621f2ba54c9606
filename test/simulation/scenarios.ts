import { type Scenario } from './scenario.ts'
import { compare, gossipAlone } from './scenarios/compare.ts'
import { revocation } from './scenarios/revocation.ts'
import { words } from './scenarios/words.ts'

/** All scenarios; the first is run where none is named. */
export const SCENARIOS: readonly Scenario[] = [revocation, gossipAlone, compare, words]
