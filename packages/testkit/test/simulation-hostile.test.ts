import { describe, expect, test } from 'vitest'
import {
  type CreateBehaviour,
  duplicating,
  fixedLatency,
  hiding,
  replaying,
  ringTopology,
  silent,
  Simulation,
} from '@warren/testkit'
import { bytesOf, FloodActor, type Publish, textOf, type Way } from './actors/flood-actor.ts'
import { type React } from './actors/probe-actor.ts'
import { probeMesh, seen } from './actors/probe-mesh.ts'

const isSecret = (bytes: Uint8Array): boolean => textOf(bytes).startsWith('secret')

/** A chain 0 - 1 - 2 whose middle is hostile. */
function knownBehind(behaviour: CreateBehaviour<never, Publish> | undefined, way: Way): string[] {
  const simulation = new Simulation<never, Publish, FloodActor>({
    seed: 1,
    nodes: 3,
    topology: () => [
      [0, 1],
      [1, 2],
    ],
    gossip: {},
    behaviours: new Map(behaviour === undefined ? [] : [[1, behaviour]]),
    commands: ['secret', 'plain'].map((text) => ({
      atMs: 5000,
      node: 0,
      command: { bytes: bytesOf(text) },
    })),
    createActor: (life) => new FloodActor(life, way),
  })
  simulation.runUntil(30_000)
  expect(simulation.actor(1)?.known).toEqual(new Set(['secret', 'plain']))
  return [...(simulation.actor(2)?.known ?? [])].toSorted()
}

describe.for(['links', 'gossip'] as const)('over %s', (way) => {
  test('an honest node passes everything on', { tags: ['SIM-11'] }, () => {
    expect(knownBehind(undefined, way)).toEqual(['plain', 'secret'])
  })

  test('a silent node passes nothing on, and hears everything', { tags: ['SIM-11'] }, () => {
    expect(knownBehind(silent(), way)).toEqual([])
  })

  test('a hiding node passes on what does not match', { tags: ['SIM-11'] }, () => {
    expect(knownBehind(hiding(isSecret), way)).toEqual(['plain'])
  })
})

const pinger: React = (event, life) => {
  if (life.node !== 0) return []
  if (event.type !== 'connected') return []
  return ['one', 'two', 'three'].map(
    (text) => ({ type: 'send', link: event.link, bytes: bytesOf(text) }) as const,
  )
}

test('a duplicating node says everything twice', { tags: ['SIM-11'] }, () => {
  const { simulation, sights } = probeMesh(2, pinger, { behaviours: new Map([[0, duplicating()]]) })
  simulation.runUntil(10_000)
  const heard = seen(sights, 1, 'message').map(({ event }) => textOf(event.bytes))
  expect(heard).toEqual(['one', 'one', 'two', 'two', 'three', 'three'])
})

test(
  'a replaying node says again what it heard, and nothing that was never said',
  { tags: ['SIM-11'] },
  () => {
    const { simulation, sights } = probeMesh(2, pinger, {
      behaviours: new Map([[1, replaying(1)]]),
    })
    simulation.runUntil(10_000)
    const replayed = seen(sights, 0, 'message').map(({ event }) => textOf(event.bytes))
    expect(replayed).toHaveLength(3)
    expect(['one', 'two', 'three']).toEqual(expect.arrayContaining(replayed))
  },
)

test('any other behaviour is a function of event and effects', { tags: ['SIM-11'] }, () => {
  const forging: CreateBehaviour<string, string> = () => ({
    react: (_event, effects) =>
      effects.map((effect) => ('bytes' in effect ? { ...effect, bytes: bytesOf('lie') } : effect)),
  })
  const { simulation, sights } = probeMesh(3, pinger, {
    topology: ringTopology(),
    network: { latency: fixedLatency(1) },
    behaviours: new Map([[0, forging]]),
  })
  simulation.runUntil(10_000)
  const heard = seen(sights, 1, 'message').map(({ event }) => textOf(event.bytes))
  expect(heard).toEqual(['lie', 'lie', 'lie'])
})
