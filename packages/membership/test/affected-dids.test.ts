import { nodeSuite as suite } from '@warren/crypto'
import { adminSigner, type RecordSet, RecordSync, standingOf } from '@warren/membership'
import { expect, test } from 'vitest'
import { HOUR_MS, NOW_MS } from './builders.ts'
import {
  enrolled,
  enrollerCredential,
  grant,
  person,
  quarantine,
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
