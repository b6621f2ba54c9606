import { execFileSync } from 'node:child_process'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { SeededRandom } from '@warren/testkit'
import { bytesOf } from './actors/flood-actor.ts'
import { probeMesh } from './actors/probe-mesh.ts'
import { SETTLED_MS, syncMesh } from './actors/sync-mesh.ts'

function digestOf(seed: number): string {
  const simulation = syncMesh({ seed, faults: undefined }, { gossip: {} })
  simulation.runUntil(SETTLED_MS)
  return simulation.digest
}

test(
  'the same seed gives the same run, in this process and in another',
  { tags: ['SIM-1'] },
  () => {
    const child = join(import.meta.dirname, 'children/print-digest.ts')
    const first = digestOf(7)
    expect(first).toMatch(/^[0-9a-f]{16}$/)
    expect(digestOf(7)).toBe(first)
    expect(execFileSync(process.execPath, [child, '7'], { encoding: 'utf8' })).toBe(first)
  },
)

test('another seed gives another run', { tags: ['SIM-1'] }, () => {
  expect(new Set([1, 2, 3, 4].map((seed) => digestOf(seed))).size).toBe(4)
})

test('what messages say is part of the digest', { tags: ['SIM-1'] }, () => {
  const [one, same, other] = ['left', 'left', 'rite'].map((text) => {
    const { simulation } = probeMesh(2, (event) =>
      event.type === 'connected' ? [{ type: 'send', link: event.link, bytes: bytesOf(text) }] : [],
    )
    simulation.runUntil(1000)
    return simulation.digest
  })
  expect(same).toBe(one)
  expect(other).not.toBe(one)
})

test('a run in pieces is the run in one piece', { tags: ['SIM-1'] }, () => {
  const pieces = syncMesh({ seed: 7, faults: undefined }, { gossip: {} })
  for (let atMs = 0; atMs <= SETTLED_MS; atMs += 777) pieces.runUntil(atMs)
  pieces.runUntil(SETTLED_MS)
  expect(pieces.digest).toBe(digestOf(7))
})

test('draws for one purpose do not move those for another', { tags: ['SIM-1'] }, () => {
  const [one, other] = [new SeededRandom(5), new SeededRandom(5)]
  other.fork('else').uint32()
  expect(other.uint32()).toBe(one.uint32())
  expect(other.fork('a').uint32()).toBe(one.fork('a').uint32())
  expect(one.fork('a').uint32()).not.toBe(one.fork('b').uint32())
})

test('draws stay in their bounds and reach all of them', { tags: ['SIM-1'] }, () => {
  const random = new SeededRandom(11)
  const drawn = Array.from({ length: 1000 }, () => random.below(4))
  expect(new Set(drawn)).toEqual(new Set([0, 1, 2, 3]))
  expect(new Set(random.shuffled([1, 2, 3, 4, 5]))).toEqual(new Set([1, 2, 3, 4, 5]))
  expect(random.pick([])).toBeUndefined()
  expect([random.chance(0), random.chance(1)]).toEqual([false, true])
})
