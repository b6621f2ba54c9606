import { describe, expect, test } from 'vitest'
import { formatViolation, runSeeds, type RunView, type Violation } from '@warren/testkit'
import { bytesOf, textOf } from './actors/flood-actor.ts'
import { type ProbeActor, type React } from './actors/probe-actor.ts'
import { probeMesh } from './actors/probe-mesh.ts'
import { converges, keepsItsWord } from './actors/sync-invariants.ts'
import { QUIET_MS, SETTLED_MS, syncMesh } from './actors/sync-mesh.ts'

const pingPong: React = (event, life) => {
  if (event.type === 'connected') {
    return life.node === 0 ? [{ type: 'send', link: event.link, bytes: bytesOf('0') }] : []
  }
  if (event.type !== 'message') return []
  const count = Number(textOf(event.bytes)) + 1
  if (count === 21 && life.node === 1) throw new Error('twenty-one is too many')
  return [
    { type: 'note', text: String(count) },
    { type: 'send', link: event.link, bytes: bytesOf(String(count)) },
  ]
}

function counted(limit: number) {
  return (run: RunView<ProbeActor>) =>
    run.notes.length < limit
      ? undefined
      : { message: `counted to ${run.notes.length}`, nodes: [run.touched ?? 0] }
}

function broken(invariants: readonly ReturnType<typeof counted>[], checkEvery = 1): Violation {
  const { simulation } = probeMesh(3, pingPong, {
    topology: () => [[0, 1]],
    invariants,
    checkEvery,
    describe: (bytes) => `ping ${textOf(bytes)}`,
  })
  return simulation.runUntil(60_000) ?? expect.fail('nothing was found')
}

describe('an invariant', () => {
  test(
    'is asked after everything that happens, and stops the run at that step',
    { tags: ['SIM-12'] },
    () => {
      const { simulation, sights } = probeMesh(2, pingPong, { invariants: [counted(7)] })
      const violation = simulation.runUntil(60_000)
      expect(violation).toMatchObject({ seed: 1, message: 'counted to 7', step: simulation.steps })
      expect(sights.filter(({ event }) => event.type === 'message')).toHaveLength(7)
      expect(simulation.runUntil(120_000)).toBe(violation)
      expect(simulation.steps).toBe(violation?.step)
      const again = probeMesh(2, pingPong, { invariants: [counted(7)] })
      expect(again.simulation.runUntil(60_000)).toEqual(violation)
    },
  )

  test('sees every node right after what happened to it', { tags: ['SIM-12'] }, () => {
    let seenBefore = 0
    let sights: readonly { readonly node: number }[] = []
    const { simulation, sights: all } = probeMesh(6, () => [], {
      faults: [
        { type: 'crash', atMs: 1000, node: 1, forMs: 100 },
        { type: 'partition', atMs: 3000, groups: [[0, 2]], forMs: 20_000 },
        { type: 'sleep', atMs: 30_000, node: 2, forMs: 20_000 },
      ],
      invariants: [
        ({ touched }) => {
          const fresh = sights.slice(seenBefore)
          seenBefore = sights.length
          if (fresh.length > 1) return `${fresh.length} things in one step`
          return fresh.every(({ node }) => node === touched) ? undefined : 'touched is another'
        },
      ],
    })
    sights = all
    expect(simulation.runUntil(60_000)?.message).toBeUndefined()
    expect(seenBefore).toBeGreaterThan(60)
  })

  test('that nothing violates lets the run go to its end', { tags: ['SIM-12'] }, () => {
    const { simulation } = probeMesh(2, () => [], {
      invariants: [counted(1)],
    })
    expect(simulation.runUntil(60_000)).toBeUndefined()
    expect(simulation.nowMs).toBe(60_000)
  })

  test('is asked as seldom as asked for, and at the end', { tags: ['SIM-12'] }, () => {
    const asked: number[] = []
    const { simulation } = probeMesh(2, () => [], {
      checkEvery: 3,
      invariants: [
        (run) => {
          asked.push(run.nowMs)
          return undefined
        },
      ],
    })
    simulation.runUntil(60_000)
    // Two nodes start, and each sees one link: four things, of which the third is asked about, and the end.
    expect(asked).toHaveLength(2)
    expect(asked[1]).toBe(60_000)
    expect(broken([counted(7)], 1000).message).toMatch(/threw/)
  })

  test('need not be stated for an actor that throws', { tags: ['SIM-12'] }, () => {
    const violation = broken([])
    expect(violation.message).toContain('twenty-one is too many')
    expect(formatViolation(violation)).toMatch(/^seed 1, step \d+, at [\d.]+ ms: threw: /)
  })
})

describe('a diagram', () => {
  test(
    'shows who sent what to whom, in order, around the nodes concerned',
    { tags: ['SIM-13'] },
    () => {
      const { diagram } = broken([counted(3)])
      const [head, ...rows] = diagram.split('\n')
      expect(head?.trim().split(/\s+/)).toEqual(['n0', 'n1'])
      const pings = rows.filter((row) => row.includes('ping'))
      expect(pings.map((row) => /ping \d+ \(n\d to n\d/.exec(row)?.[0])).toEqual([
        'ping 0 (n0 to n1',
        'ping 1 (n1 to n0',
        'ping 2 (n0 to n1',
      ])
      expect(pings[0]).toMatch(/o-+>/)
      expect(pings[1]).toMatch(/<-+o/)
      expect(diagram).not.toContain('n2')
    },
  )

  test('stays small, however long the run and however many the nodes', { tags: ['SIM-13'] }, () => {
    const everybody: React = (event, life) =>
      event.type === 'message' || event.type === 'connected'
        ? [{ type: 'send', link: event.link, bytes: new Uint8Array(life.node) }]
        : []
    const { simulation } = probeMesh(12, everybody, { nameOf: (node) => `node-${node}`.repeat(9) })
    simulation.runUntil(5000)
    expect(simulation.steps).toBeGreaterThan(10_000)
    const lines = simulation.diagram().split('\n')
    expect(lines).toHaveLength(41)
    expect(Math.max(...lines.map((line) => line.length))).toBeLessThanOrEqual(14 + 8 * 14 + 2 + 80)
  })
})

describe('a runner', () => {
  const careful = { firstSeed: 1, seeds: 10, untilMs: SETTLED_MS }

  test('goes through all seeds of a scenario that holds', { tags: ['SIM-14'] }, () => {
    const invariants = () => [keepsItsWord(), converges(SETTLED_MS)]
    const seeds: number[] = []
    const result = runSeeds({
      ...careful,
      build: (variation) => syncMesh(variation, { invariants: invariants(), gossip: {} }),
      onProgress: ({ seed }) => seeds.push(seed),
    })
    expect(result.failure?.violation).toBeUndefined()
    expect(seeds).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9, 10])
  })

  test('sees that a mesh that never heals does not converge', { tags: ['SIM-14'] }, () => {
    const faults = [
      { type: 'partition', atMs: 1000, groups: [[0, 1, 2]], forMs: Infinity },
      { type: 'step', atMs: 2000, node: 0, byMs: 1000 },
    ] as const
    const { failure } = runSeeds({
      ...careful,
      build: ({ seed, faults: fewer = faults }) =>
        syncMesh({ seed, faults: fewer }, { invariants: [converges(SETTLED_MS)] }),
    })
    expect(failure?.violation).toMatchObject({ seed: 1, atMs: SETTLED_MS })
    expect(failure?.faults).toEqual([faults[0]])
  })

  test(
    'finds the actor that promises before its disk does, and the one crash that shows it',
    { tags: ['SIM-14'] },
    () => {
      const result = runSeeds({
        ...careful,
        seeds: 200,
        build: (variation) => syncMesh(variation, { invariants: [keepsItsWord()], careful: false }),
      })
      const { failure } = result
      expect(failure?.violation.message).toMatch(/^n\d+ forgot word\d+$/)
      expect(failure?.violation.seed).toBe(result.runs)
      expect(failure?.plannedFaults).toBe(30)
      expect(failure?.faults.length).toBeLessThan(4)
      expect(failure?.faults.map(({ type }) => type)).toContain('crash')
      const { violation, faults } = failure!
      const replayed = syncMesh(
        { seed: violation.seed, faults },
        { invariants: [keepsItsWord()], careful: false },
      )
      expect(replayed.runUntil(SETTLED_MS)).toEqual(violation)
    },
  )

  test('keeps all faults where it may try nothing', { tags: ['SIM-14'] }, () => {
    const { failure } = runSeeds({
      ...careful,
      shrinkRunsMax: 0,
      build: (variation) => syncMesh(variation, { invariants: [(run) => `${run.nodes} nodes`] }),
    })
    expect(failure?.violation).toMatchObject({ seed: 1, message: '20 nodes', atMs: 0 })
    expect(failure?.faults).toHaveLength(30)
  })

  test('leaves no fault where none is needed', { tags: ['SIM-14'] }, () => {
    const { failure } = runSeeds({
      ...careful,
      untilMs: QUIET_MS,
      build: (variation) => syncMesh(variation, { invariants: [(run) => `${run.nodes} nodes`] }),
    })
    expect(failure?.faults).toEqual([])
  })
})
