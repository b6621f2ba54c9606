import { describe, expect, test } from 'vitest'
import {
  fullTopology,
  randomTopology,
  Simulation,
  type SimulationOptions,
  starTopology,
} from '@warren/testkit'
import { bytesOf, FloodActor, type Publish, type Way } from './actors/flood-actor.ts'
import { type React } from './actors/probe-actor.ts'
import { probeMesh, seen } from './actors/probe-mesh.ts'

function gossipMesh(
  options: Partial<SimulationOptions<never, Publish, FloodActor>> & { readonly way?: Way } = {},
): Simulation<never, Publish, FloodActor> {
  const { way = 'gossip', ...others } = options
  return new Simulation<never, Publish, FloodActor>({
    seed: 1,
    nodes: 100,
    topology: randomTopology(16),
    gossip: {},
    commands: [{ atMs: 5000, node: 3, command: { bytes: bytesOf('news') } }],
    ...others,
    createActor: (life) => new FloodActor(life, way),
  })
}

function knowing(simulation: Simulation<never, Publish, FloodActor>): number {
  return Array.from({ length: simulation.nodes }, (_, node) =>
    simulation.actor(node)?.known.has('news'),
  ).filter(Boolean).length
}

describe('gossip', () => {
  test('reaches every node of a connected mesh, in a few latencies', { tags: ['SIM-8'] }, () => {
    const simulation = gossipMesh()
    simulation.runUntil(5020)
    expect(knowing(simulation)).toBe(100)
  })

  test('pushes to its mesh and not to all, and its publisher to all', { tags: ['SIM-8'] }, () => {
    const eager = gossipMesh()
    const flood = gossipMesh({ way: 'links' })
    for (const simulation of [eager, flood]) simulation.runUntil(5100)
    const pushes = 99 + eager.traffic.gossipDuplicates
    expect(pushes).toBeGreaterThan(99)
    expect(pushes).toBeLessThan(100 * 12)
    expect(flood.traffic.messages).toBeGreaterThan(100 * 12)
  })

  test('repairs by announcements what its mesh did not carry', { tags: ['SIM-8'] }, () => {
    const gossip = { degree: 0, degreeLow: 0, floodPublish: false }
    const simulation = gossipMesh({ gossip })
    simulation.runUntil(5001)
    expect(knowing(simulation)).toBe(1)
    simulation.runUntil(30_000)
    expect(knowing(simulation)).toBe(100)
    const without = gossipMesh({ gossip: { ...gossip, lazyDegree: 0, lazyFactor: 0 } })
    without.runUntil(30_000)
    expect(knowing(without)).toBe(1)
  })

  test(
    'reaches nearly all by datagrams of which a fifth is lost',
    { tags: ['SIM-4', 'SIM-8'] },
    () => {
      const simulation = gossipMesh({
        gossip: { datagrams: true },
        network: { lossProbability: 0.2 },
      })
      simulation.runUntil(30_000)
      expect(knowing(simulation)).toBe(100)
      const lost = gossipMesh({ gossip: { datagrams: true }, network: { lossProbability: 1 } })
      lost.runUntil(30_000)
      expect(knowing(lost)).toBe(1)
    },
  )

  test.for([
    { awayMs: 4500, hears: true },
    { awayMs: 5200, hears: false },
    { awayMs: 12_000, hears: false },
    { awayMs: 5200, hears: true, gossip: { announcedHeartbeats: 4 } },
    { awayMs: 5200, hears: false, gossip: { announcedHeartbeats: 4, cacheHeartbeats: 4 } },
  ])(
    'a node that was away for $awayMs ms hears of it: $hears $gossip',
    { tags: ['SIM-8'] },
    ({ awayMs, hears, gossip = {} }) => {
      const simulation = gossipMesh({
        nodes: 20,
        topology: fullTopology(),
        // Announcements alone, so that no push hides how long they go on.
        gossip: { degree: 0, degreeLow: 0, ...gossip },
        faults: [{ type: 'crash', atMs: 2900, node: 9, forMs: awayMs }],
        network: { redialMs: 10 },
      })
      simulation.runUntil(120_000)
      expect(simulation.actor(9)?.known.has('news')).toBe(hears)
      expect(knowing(simulation)).toBe(hears ? 20 : 19)
    },
  )

  test('uses no link that one end has not settled', { tags: ['SIM-8'] }, () => {
    const settling =
      (settled: readonly number[]): React =>
      (event, life) => {
        if (event.type === 'command') return [{ type: 'gossip', bytes: bytesOf('news') }]
        if (event.type !== 'connected' || !settled.includes(life.node)) return []
        return [{ type: 'settle', link: event.link }]
      }
    const heard = [[], [0], [1], [0, 1]].map((settled) => {
      const commands = [{ atMs: 5000, node: 0, command: 'publish' }]
      const { simulation, sights } = probeMesh(2, settling(settled), { commands, gossip: {} })
      simulation.runUntil(10_000)
      return seen(sights, 1, 'gossip').length
    })
    expect(heard).toEqual([0, 0, 0, 1])
  })

  test('grows no mesh beyond its bounds, in a star as elsewhere', { tags: ['SIM-8'] }, () => {
    const simulation = gossipMesh({
      topology: starTopology(),
      gossip: { floodPublish: false },
      commands: [{ atMs: 5000, node: 0, command: { bytes: bytesOf('news') } }],
    })
    simulation.runUntil(5005)
    expect(knowing(simulation)).toBeGreaterThan(1)
    expect(knowing(simulation)).toBeLessThanOrEqual(1 + 12)
  })
})
