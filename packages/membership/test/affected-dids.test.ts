import { nodeSuite as suite } from '@warren/crypto'
import {
  adminSigner,
  type MembershipRecord,
  type RecordSet,
  RecordSync,
  standingOf,
} from '@warren/membership'
import { expect, test } from 'vitest'
import { HOUR_MS, NOW_MS } from './builders.ts'
import {
  enrolled,
  enrollerCredential,
  grant,
  person,
  idOf,
  quarantine,
  readmission,
  revocation,
  revoked,
  withAll,
  witnessedMesh,
} from './record-builders.ts'

/* Whom new records concern: these are judged again at once, everybody else within seconds. */

const mesh = witnessedMesh()
const enroller = adminSigner(person(9))
const [alice, bob, carol] = [person(1), person(2), person(3)]
const credential = enrollerCredential(mesh, { enroller, quota: 2 })
const LATER_MS = NOW_MS + HOUR_MS

function by(who: typeof alice, seconds: number): string {
  const changes = { notBeforeMs: NOW_MS + seconds * 1000 }
  return enrolled(mesh, { enroller, member: who, changes })
}

const begun = withAll(mesh.empty, credential, grant(mesh, person(9)).text)

/** Whom a node that knows that much judges again when this comes in. */
function concerned(
  set: RecordSet,
  ...texts: readonly string[]
): readonly (readonly string[] | 'all')[] {
  const sync = new RecordSync({ set, random: suite, bounds: [], duty: undefined, nowMs: 0 })
  return sync
    .handle({ type: 'submit', ref: 1, texts }, 0)
    .flatMap((effect) => (effect.type === 'changed' ? [effect.dids] : []))
}

test(
  'whoever loses its place in a quota is concerned with whom it loses it to',
  { tags: ['REC-28'] },
  () => {
    const full = withAll(begun, by(alice, 10), by(bob, 20))
    const after = withAll(full, by(carol, 15))
    expect(standingOf(full, bob.did, LATER_MS).status).toBe('member')
    expect(standingOf(after, bob.did, LATER_MS).status).toBe('unknown')
    expect(concerned(full, by(carol, 15))).toEqual([[carol.did, bob.did]])
  },
)

test.for([
  { when: 'there is room', set: withAll(begun, by(alice, 10)), seconds: 5 },
  { when: 'it comes last', set: withAll(begun, by(alice, 10), by(bob, 20)), seconds: 30 },
])('nobody else is concerned where $when', { tags: ['REC-28'] }, ({ set, seconds }) => {
  expect(concerned(set, by(carol, seconds))).toEqual([[carol.did]])
  expect(concerned(set, grant(mesh, carol).text)).toEqual([[carol.did]])
  expect(concerned(set, quarantine(mesh, carol))).toEqual([[carol.did]])
})

test(
  'the revocation of a member that is an enroller concerns all, of another that one alone',
  { tags: ['REC-28'] },
  () => {
    expect(concerned(begun, revoked(mesh, person(9)))).toEqual(['all'])
    expect(concerned(begun, revoked(mesh, alice))).toEqual([[alice.did]])
  },
)

test(
  'what lets an enroller back, or says which keys it had, concerns whomever it admitted',
  { tags: ['REC-28'] },
  () => {
    const gone = revoked(mesh, person(9))
    const set = withAll(begun, by(alice, 10), gone)
    const keys = grant(mesh, person(8)).keys
    const word = readmission(mesh, { member: person(9), gen: 2, keys, ref: idOf(gone) })
    expect(concerned(set, word)).toEqual(['all'])
    expect(concerned(set, grant(mesh, person(9), { gen: 2 }).text)).toEqual(['all'])
    const others = revoked(mesh, bob)
    const bobs = readmission(mesh, { member: bob, gen: 2, keys, ref: idOf(others) })
    expect(concerned(withAll(set, others), bobs)).toEqual([[bob.did]])
  },
)

test(
  'what somebody grants who was revoked for all that it did is not held against what it granted before',
  { tags: ['REC-25', 'REC-28'] },
  () => {
    const wish = { targets: [{ enroller: enroller.did }], since: [] }
    const over = withAll(begun, by(alice, 10), revocation(mesh, wish))
    const known = [...over.records()].find(
      (record): record is MembershipRecord =>
        record.type === 'membership' && record.membership.did === alice.did,
    )
    if (known === undefined) throw new Error('she was admitted')
    const { membership, ...record } = known
    let looks = 0
    const flood = Array.from({ length: 100 }, (_, at): MembershipRecord => ({
      ...record,
      id: `${record.id.slice(0, -3)}${String(at).padStart(3, '1')}`,
      get membership() {
        looks += 1
        return membership
      },
    }))
    const set = over.with(flood)
    looks = 0
    expect(concerned(set, by(carol, 30))).toEqual([[carol.did]])
    expect(looks).toBe(0)
  },
)
