import { describe, expect, test } from 'vitest'
import {
  fullTopology,
  randomTopology,
  ringTopology,
  SeededRandom,
  starTopology,
  wanLatency,
} from '@warren/testkit'
import { bytesOf, textOf } from './actors/flood-actor.ts'
import { type React } from './actors/probe-actor.ts'
import { probeMesh, seen } from './actors/probe-mesh.ts'

const MINUTE_MS = 60_000

/** Node 0 sends what it is told to over its only link. */
function teller(): React {
  let link = ''
  return (event, life) => {
    if (life.node !== 0) return []
    if (event.type === 'connected') link = event.link
    if (event.type === 'disconnected') link = ''
    if (event.type !== 'command') return []
    return event.command.split('').map((letter) => ({ type: 'send', link, bytes: bytesOf(letter) }))
  }
}

function letters(sights: ReturnType<typeof probeMesh>['sights']): string {
  return seen(sights, 1, 'message')
    .map(({ event }) => textOf(event.bytes))
    .join('')
}

const ALPHABET = 'abcdefghijklmnopqrstuvwxyz'
const told = [{ atMs: 1000, node: 0, command: ALPHABET }]
const stormy = { latency: wanLatency(), lossProbability: 0.3 }

describe('packets', () => {
  test('arrive in order, whatever is lost and however long each takes', { tags: ['SIM-4'] }, () => {
    const { simulation, sights } = probeMesh(2, teller(), { commands: told, network: stormy })
    simulation.runUntil(MINUTE_MS)
    expect(letters(sights)).toBe(ALPHABET)
    const [{ now } = expect.fail('nothing came')] = seen(sights, 1, 'message').slice(-1)
    expect(now.wallMs - Date.UTC(2030, 0, 1)).toBeGreaterThan(1000 + 200)
  })

  test(
    'overtake each other where that is asked for, and none is missing',
    { tags: ['SIM-4'] },
    () => {
      const network = { ...stormy, reordersWithinLinks: true }
      const { simulation, sights } = probeMesh(2, teller(), { commands: told, network })
      simulation.runUntil(MINUTE_MS)
      expect(letters(sights)).not.toBe(ALPHABET)
      expect(letters(sights).split('').toSorted().join('')).toBe(ALPHABET)
    },
  )

  test('arrive twice where that is asked for', { tags: ['SIM-4'] }, () => {
    const network = { duplicateProbability: 1 }
    const { simulation, sights } = probeMesh(2, teller(), { commands: told, network })
    simulation.runUntil(MINUTE_MS)
    expect(letters(sights)).toBe(
      ALPHABET.split('')
        .map((letter) => letter + letter)
        .join(''),
    )
  })

  test('of links with each other keep no order', { tags: ['SIM-4'] }, () => {
    const everybody: React = (event) =>
      event.type === 'connected'
        ? [{ type: 'send', link: event.link, bytes: bytesOf(event.link) }]
        : []
    const { simulation, sights } = probeMesh(10, everybody, { network: stormy })
    simulation.runUntil(MINUTE_MS)
    const connected = seen(sights, 0, 'connected').map(({ event }) => event.link)
    const messages = seen(sights, 0, 'message').map(({ event }) => event.link)
    expect(messages).not.toEqual(connected)
    expect(messages.toSorted()).toEqual(connected.toSorted())
  })
})

describe('links', () => {
  const chatter: React = (event) =>
    event.type === 'connected' || event.type === 'message'
      ? [{ type: 'send', link: event.link, bytes: bytesOf('on and on') }]
      : []

  test(
    'are connected, used, disconnected and dialled again under a new name',
    { tags: ['SIM-5'] },
    () => {
      const { simulation, sights } = probeMesh(2, chatter, {
        network: { latency: wanLatency() },
        faults: [
          { type: 'lose', atMs: 5000, one: 0, other: 1 },
          { type: 'crash', atMs: 9000, node: 1, forMs: 1000 },
        ],
      })
      simulation.runUntil(MINUTE_MS)
      for (const node of [0, 1]) {
        let open: string | undefined
        const names: string[] = []
        for (const { event } of sights.filter((sight) => sight.node === node)) {
          if (event.type === 'started') open = undefined
          if (event.type === 'connected') {
            expect(open).toBeUndefined()
            open = event.link
            names.push(event.link)
          }
          if (event.type === 'message') expect(event.link).toBe(open)
          if (event.type === 'disconnected') {
            expect(event.link).toBe(open)
            open = undefined
          }
        }
        expect(names).toHaveLength(3)
        expect(new Set(names).size).toBe(3)
      }
    },
  )

  test(
    'that an actor cut end at both ends, after what was sent, and stay so',
    { tags: ['SIM-5'] },
    () => {
      const cutter: React = (event, life) => {
        if (event.type !== 'connected' || life.node !== 0) return []
        const { link } = event
        return [
          { type: 'send', link, bytes: bytesOf('farewell') },
          { type: 'cut', link, code: 'expelled' },
          { type: 'send', link, bytes: bytesOf('too late') },
        ]
      }
      const { simulation, sights } = probeMesh(2, cutter)
      simulation.runUntil(MINUTE_MS)
      expect(sights.filter(({ node }) => node === 1).map(({ event }) => event.type)).toEqual([
        'started',
        'connected',
        'message',
        'disconnected',
      ])
      expect(seen(sights, 0, 'disconnected')).toHaveLength(1)
      const again = probeMesh(2, cutter, { network: { redialsAfterCut: true } })
      again.simulation.runUntil(MINUTE_MS)
      expect(seen(again.sights, 0, 'connected').length).toBeGreaterThan(2)
    },
  )
})

describe('a partition', () => {
  const commands = [{ atMs: 2000, node: 0, command: ALPHABET }]
  const partition = (forMs: number) =>
    ({ type: 'partition', atMs: 1000, groups: [[0]], forMs }) as const
  const DEAD_MS = 15_000

  test('of at most deadMs delays what was sent meanwhile', { tags: ['SIM-6'] }, () => {
    const faults = [partition(DEAD_MS)]
    const { simulation, sights } = probeMesh(2, teller(), { commands, faults })
    simulation.runUntil(1000 + DEAD_MS - 1)
    expect(letters(sights)).toBe('')
    simulation.runUntil(MINUTE_MS)
    expect(letters(sights)).toBe(ALPHABET)
    expect(seen(sights, 0, 'disconnected')).toEqual([])
  })

  test.for([DEAD_MS + 1, 40_000])(
    'of %i ms ends the link at both ends, loses what was sent, and is followed by a new link',
    { tags: ['SIM-6'] },
    (forMs) => {
      const faults = [partition(forMs)]
      const { simulation, sights } = probeMesh(2, teller(), { commands, faults })
      simulation.runUntil(MINUTE_MS)
      expect(letters(sights)).toBe('')
      for (const node of [0, 1]) {
        expect(seen(sights, node, 'disconnected')).toHaveLength(1)
        expect(seen(sights, node, 'connected')).toHaveLength(2)
      }
    },
  )

  test('hides the crash of a node until its silence is noticed', { tags: ['SIM-6'] }, () => {
    const { simulation, sights } = probeMesh(2, () => [], {
      faults: [
        { type: 'partition', atMs: 1000, groups: [[0]], forMs: 2 * DEAD_MS },
        { type: 'crash', atMs: 2000, node: 1, forMs: Infinity },
      ],
    })
    simulation.runUntil(1000 + DEAD_MS - 1)
    expect(seen(sights, 0, 'disconnected')).toEqual([])
    simulation.runUntil(2000 + DEAD_MS)
    expect(seen(sights, 0, 'disconnected')).toHaveLength(1)
  })

  test('that does not heal lets nobody across', { tags: ['SIM-6'] }, () => {
    const faults = [{ type: 'partition', atMs: 0, groups: [[0, 1], [2]], forMs: Infinity } as const]
    const { simulation, sights } = probeMesh(4, () => [], { faults })
    simulation.runUntil(MINUTE_MS)
    const peers = [0, 1, 2, 3].map((node) =>
      seen(sights, node, 'connected').map(({ event }) => event.peer),
    )
    expect(peers).toEqual([['n1'], ['n0'], [], []])
  })
})

describe('topologies', () => {
  const random = new SeededRandom(3)

  test('have the edges that their names promise', { tags: ['SIM-1'] }, () => {
    expect(fullTopology()(5, random)).toHaveLength(10)
    expect(starTopology()(4, random)).toEqual([
      [1, 0],
      [2, 0],
      [3, 0],
    ])
    expect(ringTopology()(3, random)).toHaveLength(3)
    expect(ringTopology(2)(10, random)).toHaveLength(20)
    expect(ringTopology()(2, random)).toEqual([[0, 1]])
    expect(fullTopology()(1, random)).toEqual([])
  })

  test.for([1, 7, 16])(
    'a random graph of degree %i has about that degree',
    { tags: ['SIM-1'] },
    (degree) => {
      const edges = randomTopology(degree)(1000, random)
      expect((2 * edges.length) / 1000).toBeLessThanOrEqual(degree)
      expect((2 * edges.length) / 1000).toBeGreaterThan(degree - 0.2)
      expect(new Set(edges.map((edge) => `${Math.min(...edge)}-${Math.max(...edge)}`)).size).toBe(
        edges.length,
      )
    },
  )
})

describe('load', () => {
  test(
    'what comes in waits for the processor, what goes out for the uplink',
    { tags: ['SIM-7'] },
    () => {
      const { simulation, sights } = probeMesh(2, teller(), {
        commands: [{ atMs: 1000, node: 0, command: 'abc' }],
        processor: { messageMs: 5, kilobyteMs: 0 },
        network: { uplinkBytesPerMs: 0.5 },
      })
      simulation.runUntil(MINUTE_MS)
      const arrivals = seen(sights, 1, 'message').map(
        ({ now }) => now.wallMs - Date.UTC(2030, 0, 1),
      )
      // One byte takes 2 ms to leave and 10 ms to arrive; each costs 5 ms.
      expect(arrivals.map((atMs) => Math.round(atMs))).toEqual([1017, 1022, 1027])
    },
  )

  test('a queue at the uplink spaces what arrives', { tags: ['SIM-7'] }, () => {
    const { simulation, sights } = probeMesh(2, teller(), {
      commands: [{ atMs: 1000, node: 0, command: 'abc' }],
      network: { uplinkBytesPerMs: 0.5 },
    })
    simulation.runUntil(MINUTE_MS)
    const arrivals = seen(sights, 1, 'message').map(({ now }) => now.wallMs - Date.UTC(2030, 0, 1))
    expect(arrivals.map((atMs) => Math.round(atMs))).toEqual([1012, 1014, 1016])
  })

  test('work delays what follows it, and the next event', { tags: ['SIM-7'] }, () => {
    const worker: React = (event, life) => {
      if (event.type !== 'connected' || life.node !== 0) return []
      const { link } = event
      return [
        { type: 'send', link, bytes: bytesOf('first') },
        { type: 'work', cpuMs: 30 },
        { type: 'send', link, bytes: bytesOf('second') },
      ]
    }
    const { simulation, sights } = probeMesh(2, worker)
    let connectedMs = Number.NaN
    while (seen(sights, 0, 'connected').length === 0) simulation.runUntil(simulation.nowMs + 1)
    connectedMs = seen(sights, 0, 'connected')[0]!.now.wallMs
    simulation.command(0, 'meanwhile')
    simulation.runUntil(MINUTE_MS)
    const after = (sight: { now: { wallMs: number } }): number =>
      Math.round(sight.now.wallMs - connectedMs)
    expect(seen(sights, 1, 'message').map(after)).toEqual([10, 40])
    expect(seen(sights, 0, 'command').map(after)).toEqual([30])
  })

  test('a kilobyte costs what a kilobyte costs', { tags: ['SIM-7'] }, () => {
    const sender: React = (event, life) =>
      event.type === 'connected' && life.node === 0
        ? [{ type: 'send', link: event.link, bytes: new Uint8Array(4096) }]
        : []
    const { simulation, sights } = probeMesh(2, sender, {
      processor: { messageMs: 1, kilobyteMs: 2 },
    })
    simulation.runUntil(MINUTE_MS)
    const [connected] = seen(sights, 1, 'connected')
    const [message] = seen(sights, 1, 'message')
    expect(message!.now.wallMs - connected!.now.wallMs).toBeCloseTo(10 + 1 + 8, 3)
  })
})
