import { describe, expect, test } from 'vitest'
import { Experiment } from './records/experiment.ts'

const NODES = 12
/** A healed partition, and the return of somebody who was away, in virtual time. */
const HEALED_MS_MAX = 2000

describe('the comparison with gossipsub', () => {
  const experiment = new Experiment({ nodes: NODES, seed: 1, ways: ['records', 'gossipsub'] })
  const violation = experiment.runUntil()
  const { figures } = experiment

  test('breaks no promise', { tags: ['SIM-17'] }, () => {
    expect(violation).toBeUndefined()
  })

  test.for(['LAN', 'LAN, 30 % silent, 5 % lost', 'WAN', 'WAN, 30 % silent, 5 % lost'])(
    'both ways reach every honest node: %s',
    { tags: ['SIM-17'] },
    (condition) => {
      for (const way of ['records', 'gossipsub']) {
        const lastMs = figures[`${condition}: last ms, ${way}`]
        expect(lastMs).toBeGreaterThan(0)
        expect(lastMs).toBeLessThan(Infinity)
      }
    },
  )

  test.for([
    'one absent for 3 minutes: after its return ms',
    'healed partition: from first link to last node ms',
  ])('records reach who was not there, gossip never does: %s', { tags: ['SIM-17'] }, (figure) => {
    expect(figures[`${figure}, records`]).toBeGreaterThan(0)
    expect(figures[`${figure}, records`]).toBeLessThan(HEALED_MS_MAX)
    expect(figures[`${figure}, gossipsub`]).toBe(Infinity)
  })
})
