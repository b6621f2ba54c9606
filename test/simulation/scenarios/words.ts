import { converges, keepsItsWord } from '../../../packages/testkit/test/actors/sync-invariants.ts'
import { SETTLED_MS, syncMesh } from '../../../packages/testkit/test/actors/sync-mesh.ts'
import { percentile } from '../percentile.ts'
import { type Scenario } from '../scenario.ts'

/** A demonstration of the simulator: no part of Warren runs in it. */
export const words: Scenario = {
  name: 'words',
  summary: 'words pushed and compared, under crashes, partitions, wrong clocks and slow disks',
  untilMs: SETTLED_MS,
  build: (nodes, variation) => {
    const invariants = [keepsItsWord(), converges(SETTLED_MS)]
    const simulation = syncMesh(variation, { nodes, invariants, gossip: {} })
    return {
      simulation,
      figures: () => {
        const firstMs = new Map<string, number>()
        const delaysMs = simulation.notes.map(({ text, atMs }) => {
          const publishedMs = firstMs.get(text) ?? atMs
          firstMs.set(text, publishedMs)
          return atMs - publishedMs
        })
        return {
          'delay p50 ms': percentile(delaysMs, 50),
          'delay p99 ms': percentile(delaysMs, 99),
          'delay worst ms': percentile(delaysMs, 100),
          'messages per node': simulation.traffic.messages / nodes,
        }
      },
    }
  },
}
