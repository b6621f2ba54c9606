import { Experiment, type Way } from '../records/experiment.ts'
import { type Scenario } from '../scenario.ts'

/** How long a revocation takes by Warren's ways of spreading records, and how long by gossipsub. */
export const compare: Scenario = experiment({
  name: 'compare',
  summary: 'the same revocation by push and comparison of sets, and by gossipsub, side by side',
  ways: ['records', 'gossipsub'],
})

/** The same by gossipsub alone. */
export const gossipAlone: Scenario = experiment({
  name: 'gossip-alone',
  summary: 'the same revocation by gossipsub and in no other way',
  ways: ['gossipsub'],
})

function experiment({
  ways,
  ...about
}: Pick<Scenario, 'name' | 'summary'> & { readonly ways: readonly Way[] }): Scenario {
  return {
    ...about,
    // Each part runs to an end of its own.
    untilMs: Infinity,
    build: (nodes, { seed }) => {
      const simulation = new Experiment({ nodes, seed, ways })
      return { simulation, figures: () => simulation.figures }
    },
  }
}
