import { type QuarantineRecord, type RecordSet, standingOf } from '@warren/membership'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { HOUR_MS, NOW_MS } from './builders.ts'
import { grant, person, quarantine, withAll, witnessedMesh } from './record-builders.ts'

/* Which of many quarantines of one admin count, and what it takes to find out. */

const mesh = witnessedMesh()
const [alice, bob] = [person(1), person(2)]
const members = withAll(mesh.empty, grant(mesh, alice).text, grant(mesh, bob).text)
const ofAlice = quarantineRecord(quarantine(mesh, alice))
const ofBob = quarantineRecord(quarantine(mesh, bob))

function quarantineRecord(text: string): QuarantineRecord {
  const record = members.decode(text)
  if (record.type !== 'quarantine') throw new Error('a quarantine is one')
  return record
}

/** A quarantine like another, made so many seconds later. */
function later(like: QuarantineRecord, seconds: number): QuarantineRecord {
  const sign = seconds < 0 ? 'm' : 'p'
  return {
    ...like,
    id: `z${sign}${String(Math.abs(seconds)).padStart(6, '0')}${like.scid}`,
    claimedMs: like.claimedMs + seconds * 1000,
  }
}

function statusOf(set: RecordSet, who = alice, nowMs = NOW_MS + HOUR_MS): string {
  return standingOf(set, who.did, nowMs).status
}

function range(count: number): readonly number[] {
  return Array.from({ length: count }, (_, at) => at)
}

describe('of many quarantines of one admin', () => {
  test.for([
    { crowd: 15, status: 'quarantined' },
    { crowd: 16, status: 'member' },
  ])(
    'the 16 earliest count: with $crowd before it a member is $status',
    { tags: ['REC-8', 'THR-60'] },
    ({ crowd, status }) => {
      const before = range(crowd).map((at) => later(ofBob, at))
      expect(statusOf(members.with([...before, later(ofAlice, 100)]))).toBe(status)
      expect(statusOf(members.with([later(ofAlice, 100), ...before.toReversed()]))).toBe(status)
    },
  )

  test('which count does not depend on the order', { tags: ['REC-4', 'REC-8'] }, () => {
    const all = range(24).map((at) => later(at % 3 === 0 ? ofAlice : ofBob, at % 5))
    const records = [...new Map(all.map((each) => [each.id, each])).values(), later(ofAlice, 50)]
    const inOrder = members.with(records)
    fc.assert(
      fc.property(
        fc.shuffledSubarray([...range(records.length)], { minLength: records.length }),
        (order) => {
          const shuffled = members.with(order.flatMap((at) => records[at] ?? []))
          for (const who of [alice, bob]) {
            expect(standingOf(shuffled, who.did, NOW_MS + HOUR_MS).records).toEqual(
              standingOf(inOrder, who.did, NOW_MS + HOUR_MS).records,
            )
          }
        },
      ),
      { numRuns: 25 },
    )
  })

  test('one that is not in force takes no place', { tags: ['REC-8'] }, () => {
    const { skewMs } = mesh.charter.freshness
    const short = range(16).map((at) => ({
      ...later(ofBob, at),
      notAfterMs: NOW_MS + HOUR_MS,
    }))
    const set = members.with([...short, later(ofAlice, 100)])
    // Asked at several times, to and fro: each answer is about its own time.
    for (const [nowMs, status] of [
      [NOW_MS + HOUR_MS - 1, 'member'],
      [NOW_MS + HOUR_MS, 'quarantined'],
      [NOW_MS + HOUR_MS - 1, 'member'],
      [NOW_MS + 100_000 - skewMs, 'member'],
    ] as const) {
      expect(statusOf(set, alice, nowMs)).toBe(status)
    }
  })
})

test.for([
  { order: 'falling', seconds: (at: number) => -at },
  { order: 'rising', seconds: (at: number) => at },
  { order: 'no', seconds: (at: number) => (at * 7919) % 2003 },
])(
  'a flood of quarantines in $order order is walked over, and not once for each',
  { tags: ['REC-23', 'THR-60'] },
  ({ seconds }) => {
    const count = 2000
    let looks = 0
    const flood = range(count).map((at): QuarantineRecord => {
      const { claimedMs, ...record } = later(at % 2 === 0 ? ofAlice : ofBob, seconds(at))
      return {
        ...record,
        get claimedMs() {
          looks += 1
          return claimedMs
        },
      }
    })
    const set = members.with(flood)
    looks = 0
    const first = [alice, bob].map((who) => statusOf(set, who))
    expect(first).toContain('quarantined')
    // A look at each whether it is in force, some to find the earliest; a look is not a time.
    expect(looks).toBeLessThan(40 * count)
    const before = looks
    expect([alice, bob].map((who) => statusOf(set, who))).toEqual(first)
    expect(looks - before).toBeLessThanOrEqual(2 * count)
  },
)
