import { nodeSuite } from '@warren/crypto'
import { expect, test } from 'vitest'
import { NETWORK_LIMITS } from '../src/network-limits.ts'
import { type NamedPeer, RandomWalk } from '../src/random-walk.ts'

const WALK_MS = NETWORK_LIMITS.walkIntervalMs
const FIRST_MS = NETWORK_LIMITS.walkFirstMs
const SOUGHT = new Uint8Array([1, 2, 3])
const never = new AbortController().signal

async function* naming(count: number): AsyncGenerator<NamedPeer> {
  for (let number = 0; number < count; number += 1) {
    await Promise.resolve()
    yield { peerId: `peer-${number}`, addresses: [] }
  }
}

async function* failing(count: number): AsyncGenerator<NamedPeer> {
  yield* naming(count)
  throw new Error('the last one hung up')
}

function walkOver(lookUp: () => AsyncIterable<NamedPeer>): RandomWalk {
  const isWanted = (): boolean => true
  return new RandomWalk({ random: nodeSuite, limits: NETWORK_LIMITS, lookUp, isWanted }, 0)
}

test('a walk is due soon after the start, and then every ten minutes', { tags: ['NET-41'] }, () => {
  expect(WALK_MS).toBe(600_000)
  const walk = walkOver(() => naming(0))
  const isDue = (nowMs: number): boolean => walk.nextKey(nowMs, undefined) !== undefined
  expect([FIRST_MS - 1, FIRST_MS, FIRST_MS + 1].map(isDue)).toEqual([false, true, false])
  const again = FIRST_MS + WALK_MS
  expect([again - 1, again, again + WALK_MS - 1, again + WALK_MS].map(isDue)).toEqual([
    false,
    true,
    false,
    true,
  ])
})

test('each walk goes to another place', { tags: ['NET-41'] }, () => {
  const walk = walkOver(() => naming(0))
  const keys = [1, 2, 3, 4].map((round) => walk.nextKey(round * (FIRST_MS + WALK_MS), undefined))
  expect(keys.map((key) => key?.length)).toEqual([32, 32, 32, 32])
  expect(new Set(keys.map(String)).size).toBe(4)
})

test('a peer that is sought is looked up in between, once a minute', { tags: ['NET-42'] }, () => {
  const walk = walkOver(() => naming(0))
  expect(walk.nextKey(FIRST_MS, SOUGHT)).not.toBe(SOUGHT)
  const seek = (afterMs: number) => walk.nextKey(FIRST_MS + afterMs, SOUGHT)
  expect([1, 2, 60_000, 60_001].map((afterMs) => seek(afterMs) === SOUGHT)).toEqual([
    true,
    false,
    false,
    true,
  ])
})

test('a walk takes in no more than its bound', { tags: ['NET-41'] }, async () => {
  const max = NETWORK_LIMITS.walkPeersMax
  for (const [named, taken] of [
    [max - 1, max - 1],
    [max, max],
    [max + 1, max],
  ] as const) {
    expect(await walkOver(() => naming(named)).walk(SOUGHT, never)).toHaveLength(taken)
  }
})

test('a walk that is cut short has named whom it has named', { tags: ['NET-41'] }, async () => {
  expect(await walkOver(() => failing(3)).walk(SOUGHT, never)).toHaveLength(3)
  await expect(walkOver(() => failing(0)).walk(SOUGHT, never)).rejects.toThrow('hung up')
})
