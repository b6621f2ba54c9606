import {
  adminSigner,
  formerKeys,
  type MembershipRecord,
  type RecordSet,
  standingOf,
} from '@warren/membership'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { MemberRoll } from '../src/set/member-roll.ts'
import { HOUR_MS, NOW_MS } from './builders.ts'
import {
  enrolled,
  enrollerCredential,
  grant,
  person,
  quarantine,
  revocation,
  seenBy,
  withAll,
  witnessedMesh,
} from './record-builders.ts'

/* Many memberships by one enroller: which of them count, and what it takes to find out. */

const mesh = witnessedMesh()
const thief = adminSigner(person(9))
const [alice, bob] = [person(1), person(2)]
const given = withAll(mesh.empty, grant(mesh, alice, { name: 'alice' }).text)
const LATER_MS = NOW_MS + 10 * HOUR_MS

const CREDENTIAL = enrollerCredential(mesh, { enroller: thief, quota: 10_000 })
const [ofAlice, ofBob] = [alice, bob].map((member) => {
  const record = withAll(mesh.empty, CREDENTIAL).decode(enrolled(mesh, { enroller: thief, member }))
  if (record.type !== 'membership') throw new Error('a membership is one')
  return record
})

/** A membership like another, begun so many seconds later, that lasts until then. */
function like(
  record: MembershipRecord | undefined,
  seconds: number,
  notAfterMs = LATER_MS + HOUR_MS,
): MembershipRecord {
  if (record === undefined) throw new Error('two members')
  const whose = record === ofAlice ? 'a' : 'b'
  const id = `zQm${whose}${seconds.toString(9).replaceAll('0', 'z').padStart(43, 'z')}`
  const notBeforeMs = record.membership.notBeforeMs + seconds * 1000
  return { ...record, id, membership: { ...record.membership, id, notBeforeMs, notAfterMs } }
}

function range(count: number): readonly number[] {
  return Array.from({ length: count }, (_, at) => at)
}

function statusOf(set: RecordSet, who = bob, nowMs = LATER_MS): string {
  return standingOf(set, who.did, nowMs).status
}

/** The set in which an enroller of this quota is in office. */
function office(quota: number): RecordSet {
  return withAll(given, enrollerCredential(mesh, { enroller: thief, quota }))
}

describe('of the memberships that an enroller grants to one DID', () => {
  test.for([
    { before: 15, status: 'member' },
    { before: 16, status: 'unknown' },
  ])(
    '16 count: after $before that have ended one more makes it $status',
    { tags: ['REC-25'] },
    ({ before, status }) => {
      const ended = range(before).map((at) => like(ofBob, at, NOW_MS + HOUR_MS))
      const records = [...ended, like(ofBob, 100)]
      for (const order of [records, records.toReversed()]) {
        expect(statusOf(office(100).with(order))).toBe(status)
      }
    },
  )

  test.for([
    { quota: 16, status: 'unknown' },
    { quota: 17, status: 'member' },
  ])(
    '16 take a place in a quota of $quota, so that another is $status',
    { tags: ['REC-12', 'REC-25'] },
    ({ quota, status }) => {
      const flood = range(40).map((at) => like(ofAlice, at))
      expect(statusOf(office(quota).with([...flood, like(ofBob, 100)]))).toBe(status)
    },
  )

  test('which count does not depend on the order', { tags: ['REC-4', 'REC-25'] }, () => {
    const begun = office(20)
    const all = range(40).map((at) =>
      like(at % 4 === 0 ? ofBob : ofAlice, at * 7, NOW_MS + (1 + (at % 20)) * HOUR_MS),
    )
    const logged = (set: RecordSet): RecordSet =>
      seenBy(set, mesh.witnesses.slice(0, 2), { added: all.slice(30).map(({ id }) => id) })
    const said = (set: RecordSet): object =>
      [alice, bob].flatMap(({ did }) =>
        [1, 10, 19].map((hours) => standingOf(set, did, NOW_MS + hours * HOUR_MS)),
      )
    const [inOrder, inLogs] = [begun.with(all), logged(begun.with(all))]
    const anyOrder = fc.shuffledSubarray(all, { minLength: all.length })
    fc.assert(
      fc.property(anyOrder, fc.nat(40), (records, at) => {
        const one = begun.with(records.slice(0, at))
        // Looked at in between, so that what was found then is there to be wrong.
        expect(statusOf(one)).not.toBe('revoked')
        expect(said(one.with(records.slice(at)))).toEqual(said(inOrder))
        expect(said(logged(one).with(records.slice(at)))).toEqual(said(inLogs))
      }),
      { numRuns: 25 },
    )
  })
})

/** Looks at one membership more or less, whatever their number: those of one credential that count, and those that do not. */
const LOOKS_MAX = 400

const ENDED = { notAfterMs: NOW_MS + HOUR_MS }
const COULD: readonly { what: string; begun: RecordSet }[] = [
  { what: 'in office, with a quota of one', begun: office(1) },
  { what: 'in office, with a quota for all of it', begun: office(10_000) },
  {
    what: 'that was revoked',
    begun: withAll(office(10_000), revocation(mesh, { targets: [{ enroller: thief.did }] })),
  },
  {
    what: 'whose time is over',
    begun: seenBy(
      withAll(given, enrollerCredential(mesh, { enroller: thief, quota: 10_000, ...ENDED })),
      mesh.witnesses,
      { added: [], claimedMs: NOW_MS + 2 * HOUR_MS },
    ),
  },
]

test.for(COULD.flatMap((each) => [500, 2000].map((count) => ({ ...each, count }))))(
  'a look at a DID that an enroller $what has given $count memberships takes no longer for it',
  { tags: ['REC-25', 'THR-59'] },
  ({ begun, count }) => {
    let looks = 0
    const flood = range(count).map((at): MembershipRecord => {
      const { membership, ...record } = like(ofAlice, (at * 7919) % 2003)
      return {
        ...record,
        get membership() {
          looks += 1
          return membership
        },
      }
    })
    const set = begun.with(flood)
    looks = 0
    expect(statusOf(set, alice)).toBe('member')
    expect(formerKeys(set, alice.did, 1).size).toBeGreaterThan(0)
    // All are walked over once, by whom they are of and whether a credential covers them; a look is not a time.
    expect(looks).toBeLessThan(8 * count + LOOKS_MAX)
    looks = 0
    // Whatever comes then, be it of somebody else, has them walked over no more.
    const grown = withAll(set, quarantine(mesh, bob), grant(mesh, bob).text)
    expect(looks).toBe(0)
    expect(statusOf(grown, alice)).toBe('member')
    expect(formerKeys(grown, alice.did, 1).size).toBeGreaterThan(0)
    expect(looks).toBeLessThan(LOOKS_MAX)
    looks = 0
    new MemberRoll(grown, LATER_MS).advance()
    expect(looks).toBeLessThan(LOOKS_MAX)
  },
)
