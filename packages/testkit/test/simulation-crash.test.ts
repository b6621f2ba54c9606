import { describe, expect, test } from 'vitest'
import { fixedLatency } from '@warren/testkit'
import { bytesOf } from './actors/flood-actor.ts'
import { type React } from './actors/probe-actor.ts'
import { probeMesh, seen } from './actors/probe-mesh.ts'

const WRITES: readonly (readonly string[])[] = [['a', 'b', 'c'], ['d'], ['e', 'f']]
const ALL = WRITES.flat()

/** Stores three batches at once when it first starts, and writes down what each life begins with. */
function writer(begun: string[]): React {
  return (event, life) => {
    if (event.type !== 'started') return []
    begun.push(life.durable.join(''))
    if (life.boot > 1) return []
    return WRITES.map((write, batch) => ({ type: 'store', batch, write }) as const)
  }
}

describe('a crash', () => {
  test(
    'leaves a prefix of what was being written: nothing, all, or any part',
    { tags: ['SIM-9'] },
    () => {
      const survived = new Set<string>()
      for (let seed = 1; seed <= 300; seed += 1) {
        const begun: string[] = []
        const { simulation, sights } = probeMesh(1, writer(begun), {
          seed,
          faults: [{ type: 'crash', atMs: 5, node: 0, forMs: 10 }],
          diskLatency: fixedLatency(10),
        })
        simulation.runUntil(100)
        expect(begun).toHaveLength(2)
        expect(seen(sights, 0, 'stored')).toEqual([])
        survived.add(begun[1]!)
      }
      expect(survived).toEqual(
        new Set(['', ...ALL.map((_, index) => ALL.slice(0, index + 1).join(''))]),
      )
    },
  )

  test.for([
    { atMs: 9, stored: 0, kept: '' },
    { atMs: 19, stored: 1, kept: 'abc' },
    { atMs: 29, stored: 2, kept: 'abcd' },
    { atMs: 39, stored: 3, kept: 'abcdef' },
  ])(
    'at $atMs ms leaves what had been answered: $kept',
    { tags: ['SIM-9'] },
    ({ atMs, stored, kept }) => {
      for (let seed = 1; seed <= 20; seed += 1) {
        const begun: string[] = []
        const { simulation, sights } = probeMesh(1, writer(begun), {
          seed,
          faults: [{ type: 'crash', atMs, node: 0, forMs: 10 }],
          diskLatency: fixedLatency(10),
        })
        simulation.runUntil(100)
        expect(seen(sights, 0, 'stored').map(({ event }) => event.batch)).toEqual(
          [0, 1, 2].slice(0, stored),
        )
        expect(begun[1]!.startsWith(kept)).toBe(true)
        expect(ALL.join('').startsWith(begun[1]!)).toBe(true)
      }
    },
  )

  test(
    'ends a life: no timer, no message and no write of it reaches the next',
    { tags: ['SIM-9'] },
    () => {
      const busy: React = (event, life, now) => {
        if (event.type === 'started' && life.boot === 1) {
          return [
            { type: 'wake', atMs: now.monotonicMs + 1500 },
            { type: 'store', batch: 1, write: ['x'] },
          ]
        }
        if (event.type === 'connected' && life.node === 1) {
          return [{ type: 'send', link: event.link, bytes: bytesOf('to a life that is over') }]
        }
        return []
      }
      const { simulation, sights } = probeMesh(2, busy, {
        diskLatency: fixedLatency(2000),
        processor: { messageMs: 1000, kilobyteMs: 0 },
        faults: [{ type: 'crash', atMs: 1000, node: 0, forMs: 1 }],
      })
      simulation.runUntil(10_000)
      const second = sights.filter(({ node, boot }) => node === 0 && boot === 2)
      expect(second.map(({ event }) => event.type)).toEqual(['started', 'connected', 'message'])
    },
  )

  test(
    'and a restart at one moment keep the links of one life from the next',
    { tags: ['SIM-9'] },
    () => {
      const { simulation, sights } = probeMesh(2, () => [])
      simulation.runUntil(1000)
      simulation.faults.crash(0)
      simulation.faults.restart(0)
      simulation.runUntil(10_000)
      const second = sights.filter(({ node, boot }) => node === 0 && boot === 2)
      expect(second.map(({ event }) => event.type)).toEqual(['started', 'connected'])
    },
  )

  test('for ever leaves a node that answers nothing', { tags: ['SIM-9'] }, () => {
    const { simulation, sights } = probeMesh(2, () => [], {
      faults: [{ type: 'crash', atMs: 1000, node: 0, forMs: Infinity }],
      commands: [{ atMs: 2000, node: 0, command: 'are you there' }],
    })
    simulation.runUntil(10_000)
    expect(simulation.actor(0)).toBeUndefined()
    expect(seen(sights, 0, 'command')).toEqual([])
    expect(seen(sights, 1, 'disconnected')).toHaveLength(1)
    expect(seen(sights, 1, 'connected')).toHaveLength(1)
  })
})

test(
  'a stalled disk answers when it has recovered, and keeps the order',
  { tags: ['SIM-9'] },
  () => {
    const { simulation, sights } = probeMesh(1, writer([]), {
      faults: [{ type: 'stall', atMs: 15, node: 0, forMs: 1000 }],
      diskLatency: fixedLatency(10),
    })
    simulation.runUntil(1014)
    expect(seen(sights, 0, 'stored').map(({ event }) => event.batch)).toEqual([0])
    simulation.runUntil(2000)
    expect(seen(sights, 0, 'stored').map(({ event }) => event.batch)).toEqual([0, 1, 2])
  },
)

describe('a sleep', () => {
  const DEAD_MS = 15_000
  const hello: React = (event, life) =>
    event.type === 'command' && life.node === 1
      ? [{ type: 'send', link: event.command, bytes: bytesOf('hello') }]
      : []

  test.for([
    { forMs: DEAD_MS, lost: 0 },
    { forMs: DEAD_MS + 1, lost: 1 },
  ])(
    'of $forMs ms loses $lost links, and does nothing meanwhile',
    { tags: ['SIM-10'] },
    ({ forMs, lost }) => {
      const { simulation, sights } = probeMesh(2, hello, {
        faults: [{ type: 'sleep', atMs: 1000, node: 0, forMs }],
      })
      simulation.runUntil(1000)
      simulation.command(1, seen(sights, 1, 'connected')[0]!.event.link)
      simulation.runUntil(1000 + forMs - 1)
      const before = sights.filter(({ node }) => node === 0).length
      expect(before).toBe(2)
      expect(seen(sights, 1, 'disconnected')).toHaveLength(lost)
      simulation.runUntil(60_000)
      expect(seen(sights, 0, 'message')).toHaveLength(1)
      expect(seen(sights, 0, 'disconnected')).toHaveLength(lost)
      expect(seen(sights, 0, 'connected')).toHaveLength(1 + lost)
    },
  )
})
