import {
  type FreshnessJudgement,
  type IslandRecord,
  islandsOf,
  type RecordSet,
  writeIsland,
} from '@warren/membership'
import { expect, test } from 'vitest'
import { HOUR_MS, NOW_MS } from '../builders.ts'
import { revocation, signed, uuid, witnessedMesh, withAll } from '../record-builders.ts'
import { anchored, BOOT_MS, LIMITS, panel, W1, W2 } from './freshness-builders.ts'

const plant = witnessedMesh()
const { denyMs, stopMs, skewMs } = LIMITS

interface IslandWish {
  readonly staleMs?: number
  readonly servers?: readonly string[]
  readonly endsMs?: number
  readonly beginsMs?: number
  readonly id?: string
}

function islandText(wish: IslandWish = {}, by = plant.admins.slice(0, 2)): string {
  const document = writeIsland({
    meshId: plant.charter.meshId,
    uuid: wish.id ?? uuid(),
    claimedMs: NOW_MS + (wish.beginsMs ?? 0),
    notAfterMs: NOW_MS + (wish.endsMs ?? 24 * HOUR_MS),
    enclave: 'plant-a',
    maxStalenessMs: wish.staleMs ?? HOUR_MS,
    servers: wish.servers ?? ['pumps'],
  })
  return signed(document, by)
}

function islands(...wishes: readonly IslandWish[]): readonly IslandRecord[] {
  return islandsOf(withAll(plant.empty, ...wishes.map((wish) => islandText(wish))), 'plant-a')
}

function judged(elapsedMs: number, granted: readonly IslandRecord[]): FreshnessJudgement {
  return anchored().judge(BOOT_MS + elapsedMs, granted)
}

test.for([
  { elapsedMs: denyMs + 1, overall: 'deny-new', server: 'aging' },
  { elapsedMs: stopMs + 1, overall: 'stop', server: 'aging' },
  { elapsedMs: HOUR_MS, overall: 'stop', server: 'aging' },
  { elapsedMs: HOUR_MS + 1, overall: 'stop', server: 'stop' },
])(
  '$elapsedMs ms into an island of an hour its server is $server',
  { tags: ['FRS-12'] },
  ({ elapsedMs, overall, server }) => {
    expect(judged(elapsedMs, islands({}))).toMatchObject({
      state: overall,
      servers: [{ server: 'pumps', state: server }],
    })
  },
)

test('a grant shortens nothing', { tags: ['FRS-12'] }, () => {
  const short = islands({ staleMs: 1_000 })
  expect(judged(denyMs, short).servers).toEqual([{ server: 'pumps', state: 'aging' }])
  expect(judged(stopMs, short).servers).toEqual([{ server: 'pumps', state: 'deny-new' }])
  // Between the two limits it lengthens the one and leaves the other.
  const between = islands({ staleMs: 600_000 })
  expect(judged(600_000, between).servers).toEqual([{ server: 'pumps', state: 'aging' }])
  expect(judged(600_001, between).servers).toEqual([{ server: 'pumps', state: 'deny-new' }])
})

test('of two grants for one server the longer one counts', { tags: ['FRS-12'] }, () => {
  const both = islands({ servers: ['pumps', 'fans'] }, { staleMs: 2 * HOUR_MS })
  const { servers } = judged(HOUR_MS + 1, both)
  expect(new Map(servers.map(({ server, state }) => [server, state]))).toEqual(
    new Map([
      ['fans', 'stop'],
      ['pumps', 'aging'],
    ]),
  )
})

test.for([
  { name: 'a moment before its end', wish: { endsMs: 1_200_000 }, elapsedMs: 1_199_999, count: 1 },
  { name: 'at its end', wish: { endsMs: 1_200_000 }, elapsedMs: 1_200_000, count: 0 },
  { name: 'before it begins', wish: { beginsMs: skewMs + 1_000 }, elapsedMs: 999, count: 0 },
  { name: 'within the skew of it', wish: { beginsMs: skewMs + 1_000 }, elapsedMs: 1_000, count: 1 },
])('a grant $name: $count server', { tags: ['FRS-12'] }, ({ wish, elapsedMs, count }) => {
  // No witness is heard all the while: mesh time runs on.
  expect(judged(elapsedMs, islands(wish)).servers).toHaveLength(count)
})

test(
  'a grant does nothing before mesh time is known, or with fewer than kw witnesses',
  { tags: ['FRS-12'] },
  () => {
    const granted = islands({})
    expect(anchored([W1]).judge(BOOT_MS, granted)).toMatchObject({ why: 'boot', servers: [] })
    const forked = anchored().recheck(panel({ forked: new Set([W2]) }), BOOT_MS)
    expect(forked.judge(BOOT_MS, granted)).toMatchObject({ why: 'witnesses', servers: [] })
  },
)

test('a grant of another enclave, or one that was revoked, is none', { tags: ['FRS-12'] }, () => {
  const id = uuid()
  const set: RecordSet = withAll(plant.empty, islandText({ id }))
  expect(islandsOf(set, 'plant-a')).toHaveLength(1)
  expect(islandsOf(set, 'plant-b')).toEqual([])
  const taken = withAll(set, revocation(plant, { targets: [{ credential: id }] }))
  expect(islandsOf(taken, 'plant-a')).toEqual([])
  // What one of its two admins signed alone is worth nothing once that admin is revoked.
  const admin = plant.admins[0]!.did
  const lost = withAll(set, revocation(plant, { targets: [{ admin }], by: plant.admins }))
  expect(islandsOf(lost, 'plant-a')).toEqual([])
})
