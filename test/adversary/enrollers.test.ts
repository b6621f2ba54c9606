import type { Identity } from '@warren/identity'
import {
  adminSigner,
  explain,
  formerKeys,
  memberList,
  type MembershipGrant,
  newestMembership,
  type RecordSet,
  standingOf,
} from '@warren/membership'
import { describe, expect, test } from 'vitest'
import { HOUR_MS, NOW_MS } from '../../packages/membership/test/builders.ts'
import {
  enrolled,
  enrollerCredential,
  grant,
  idOf,
  person,
  quarantine,
  readmission,
  revocation,
  revoked,
  seenBy,
  withAll,
  witnessedMesh,
} from '../../packages/membership/test/record-builders.ts'
import { findMember } from '../../packages/node/src/ceremony/find-member.ts'
import { describeMembership } from '../../packages/node/src/control/records-protocol.ts'

/* Somebody who has, or had, the keys of an enroller, and what the admins gave to others. */

const mesh = witnessedMesh()
const thief = adminSigner(person(9))
const [alice, mallory] = [person(1), person(2)]
const LATER_MS = NOW_MS + 2 * HOUR_MS
const AGAIN_MS = NOW_MS + HOUR_MS
const STOLEN = ['operator', 'root']

const given = withAll(
  mesh.empty,
  grant(mesh, alice, { name: 'alice', roles: ['operator'] }).text,
  grant(mesh, mallory, { name: 'mallory', roles: [] }).text,
)

/** What the thief signs of somebody, with a later date than that of the admins. */
function claim(member: Identity, changes: Partial<MembershipGrant>): string {
  return enrolled(mesh, { enroller: thief, member, changes: { notBeforeMs: AGAIN_MS, ...changes } })
}

function listed(set: RecordSet): readonly object[] {
  return memberList(set, LATER_MS).map(({ did, name, enclave, roles, status, enroller }) => ({
    did,
    name,
    enclave,
    roles,
    status,
    enroller,
  }))
}

describe('an enroller that was revoked', () => {
  const swapped = withAll(
    given,
    enrollerCredential(mesh, { enroller: thief, roles: STOLEN }),
    revocation(mesh, { targets: [{ enroller: thief.did }] }),
    claim(alice, { name: 'mallory', roles: [] }),
    claim(mallory, { name: 'alice', roles: STOLEN }),
  )

  test(
    'swaps no names and no roles in what the admins see',
    { tags: ['THR-59', 'THR-26', 'REC-20'] },
    () => {
      expect(listed(swapped)).toEqual(listed(given))
      expect(listed(swapped)).toMatchObject([
        { did: alice.did, name: 'alice', roles: ['operator'], enroller: undefined },
        { did: mallory.did, name: 'mallory', roles: [], enroller: undefined },
      ])
      expect(explain(swapped, alice.did, LATER_MS).says).toContain('"alice"')
    },
  )

  test(
    'does not change whom a command means, nor what a renewal proposes',
    { tags: ['THR-59', 'THR-26', 'REC-20'] },
    () => {
      expect(findMember(memberList(swapped, LATER_MS), 'mallory').did).toBe(mallory.did)
      for (const who of ['alice', 'mallory']) {
        expect(describeMembership(swapped, who, LATER_MS)).toEqual(
          describeMembership(given, who, LATER_MS),
        )
      }
    },
  )

  test(
    'names nobody anew who was revoked or whose time is over',
    { tags: ['THR-59', 'REC-20'] },
    () => {
      const short = withAll(
        mesh.empty,
        grant(mesh, alice, { name: 'alice', notAfterMs: AGAIN_MS }).text,
        grant(mesh, mallory, { name: 'mallory' }).text,
        revoked(mesh, mallory),
      )
      const after = swapped.merge(short)
      expect(newestMembership(after, mallory.did)?.membership.name).toBe('mallory')
      const over = withAll(
        short,
        enrollerCredential(mesh, { enroller: thief, roles: STOLEN }),
        revocation(mesh, { targets: [{ enroller: thief.did }] }),
        claim(alice, { name: 'mallory', roles: STOLEN }),
      )
      expect(listed(over)).toMatchObject([{ did: alice.did, name: 'alice' }, { name: 'mallory' }])
      // Nor does it look revoked, because the one who signed for it besides is.
      expect(standingOf(over, alice.did, LATER_MS)).toMatchObject({ why: 'expired' })
    },
  )

  test(
    'is all that there is to name somebody by whom nobody else let in',
    { tags: ['REC-20'] },
    () => {
      const guest = person(3)
      const set = withAll(swapped, claim(guest, { name: 'guest', roles: [] }))
      expect(listed(set)).toContainEqual(
        expect.objectContaining({ did: guest.did, name: 'guest', status: 'revoked' }),
      )
    },
  )

  test('makes a name doubtful at most, and then it names nobody', { tags: ['THR-59'] }, () => {
    const set = withAll(swapped, claim(person(3), { name: 'alice', roles: [] }))
    expect(() => findMember(memberList(set, LATER_MS), 'alice')).toThrow(
      expect.objectContaining({ code: 'name-ambiguous' }),
    )
  })
})

describe('an enroller in office', () => {
  const credential = enrollerCredential(mesh, { enroller: thief, enclave: 'lab', roles: [] })

  test.for([
    { when: 'later', notBeforeMs: AGAIN_MS },
    { when: 'as early as it may', notBeforeMs: NOW_MS },
  ])(
    'takes nothing from a member that the admins admitted, with a date that is $when',
    { tags: ['THR-59', 'REC-21'] },
    ({ notBeforeMs }) => {
      const bad = claim(alice, { enclave: 'lab', roles: [], name: 'x', notBeforeMs })
      const before = standingOf(given, alice.did, LATER_MS)
      const after = withAll(given, credential, bad)
      const first = withAll(withAll(mesh.empty, credential, bad), ...textsOf(given))
      for (const set of [after, first, after.merge(first), seen(after, bad)]) {
        expect(standingOf(set, alice.did, LATER_MS)).toEqual(before)
        expect(listed(set)).toEqual(listed(given))
        expect(describeMembership(set, 'alice', LATER_MS)).toEqual(
          describeMembership(given, 'alice', LATER_MS),
        )
      }
    },
  )

  test(
    'takes over nobody whom another enroller let in, however early its dates are',
    { tags: ['THR-59', 'REC-21'] },
    () => {
      const door = adminSigner(person(8))
      const guest = person(3)
      const honest = enrolled(mesh, { enroller: door, member: guest, changes: { name: 'guest' } })
      const before = seen(withAll(mesh.empty, enrollerCredential(mesh, { enroller: door })), honest)
      const bad = [NOW_MS, AGAIN_MS].map((notBeforeMs) =>
        claim(guest, { enclave: 'lab', roles: [], name: 'x', notBeforeMs }),
      )
      const after = seen(withAll(before, credential), ...bad)
      expect(after.size).toBeGreaterThan(before.size)
      expect(standingOf(after, guest.did, LATER_MS)).toEqual(
        standingOf(before, guest.did, LATER_MS),
      )
      expect(standingOf(after, guest.did, LATER_MS)).toMatchObject({
        membership: { name: 'guest', enclave: 'plant-a' },
      })
    },
  )
})

describe('an enroller that was revoked as a member', () => {
  const credential = enrollerCredential(mesh, { enroller: thief, quota: 10 })
  const [guest, accomplice] = [person(3), person(4)]
  const owner = person(9)
  const old = claim(guest, { name: 'guest' })
  const bad = claim(accomplice, { name: 'accomplice', roles: ['operator'] })
  const before = seen(withAll(given, grant(mesh, owner).text), credential, old)
  const since = before.logs.ends()
  const gone = revocation(mesh, { targets: [{ did: owner.did, maxGen: 1 }], since })

  test(
    'lets nobody in any more, whatever the order, and what witnesses had seen before stays',
    { tags: ['REC-6', 'THR-59'] },
    () => {
      expect(standingOf(seen(before, bad), accomplice.did, LATER_MS).status).toBe('member')
      for (const set of [withAll(before, gone, bad), withAll(seen(before, bad), gone)]) {
        expect(standingOf(set, owner.did, LATER_MS).status).toBe('revoked')
        expect(standingOf(set, accomplice.did, LATER_MS).status).toBe('revoked')
        expect(standingOf(set, guest.did, LATER_MS).status).toBe('member')
      }
    },
  )

  test(
    'loses all of it to a revocation that names no witness',
    { tags: ['REC-6', 'THR-59'] },
    () => {
      const all = withAll(before, revoked(mesh, owner))
      expect(standingOf(all, guest.did, LATER_MS).status).toBe('revoked')
    },
  )

  const fresh = { ...person(5), did: owner.did, log: { ...person(5).log, did: owner.did } }
  const back = grant(mesh, fresh, { gen: 2 })
  const ref = idOf(gone)
  const word = readmission(mesh, { member: owner, gen: 2, keys: back.keys, ref })
  const returned = withAll(before, gone, word, back.text)

  test(
    'admits nobody with its old keys once the admins have let it come back',
    { tags: ['REC-6', 'THR-59'] },
    () => {
      const set = withAll(returned, bad)
      expect(standingOf(set, owner.did, LATER_MS).status).toBe('member')
      expect(standingOf(set, accomplice.did, LATER_MS).status).toBe('revoked')
    },
  )

  test(
    'admits others with its new keys, by a credential of these, and by none of others',
    { tags: ['REC-6', 'THR-59'] },
    () => {
      const signer = { ...adminSigner(person(5)), did: owner.did }
      const other = { ...adminSigner(person(6)), did: owner.did }
      const friend = person(7)
      for (const [enroller, status] of [
        [signer, 'member'],
        [other, 'revoked'],
      ] as const) {
        const changes = { notBeforeMs: AGAIN_MS, name: 'friend' }
        const set = withAll(
          returned,
          enrollerCredential(mesh, { enroller }),
          enrolled(mesh, { enroller, member: friend, changes }),
        )
        expect(standingOf(set, friend.did, LATER_MS).status).toBe(status)
      }
    },
  )

  test(
    'admits nobody by a readmission to the keys that were revoked with it',
    { tags: ['REC-6', 'THR-59'] },
    () => {
      const keys = grant(mesh, owner).keys
      const same = readmission(mesh, { member: owner, gen: 2, keys, ref })
      expect(standingOf(withAll(returned, same, bad), accomplice.did, LATER_MS).status).toBe(
        'revoked',
      )
    },
  )
})

describe('an enroller that is quarantined', () => {
  const set = seen(
    withAll(given, grant(mesh, person(9)).text),
    enrollerCredential(mesh, { enroller: thief }),
  )

  test(
    'goes on admitting by its keys: a word of one admin voids no membership',
    { tags: ['REC-8'] },
    () => {
      const kept = withAll(set, quarantine(mesh, person(9)), claim(person(3), { roles: [] }))
      expect(standingOf(kept, person(9).did, LATER_MS).status).toBe('quarantined')
      expect(standingOf(kept, person(3).did, LATER_MS).status).toBe('member')
    },
  )
})

describe('an enroller in office, and whom the admins let come back', () => {
  const gone = revoked(mesh, alice)
  const fresh = { ...person(4), did: alice.did, log: { ...person(4).log, did: alice.did } }
  const back = grant(mesh, fresh, { gen: 2 })
  const word = readmission(mesh, { member: alice, gen: 2, keys: back.keys, ref: idOf(gone) })
  const credential = enrollerCredential(mesh, { enroller: thief })
  const before = seen(given, gone, credential)
  const bar = claim(fresh, { roles: [] })
  const returned = { status: 'member', membership: { id: back.id, gen: 2 } }

  test(
    'bars nobody’s way with a membership of the new keys, whether witnesses log it or not',
    { tags: ['THR-59', 'REC-5', 'REC-22'] },
    () => {
      const after = withAll(before, word, back.text, bar)
      const late = seen(seen(before, word, back.text), bar)
      const atOnce = seen(before, word, back.text, bar)
      for (const set of [after, late, atOnce, late.merge(after)]) {
        expect(standingOf(set, alice.did, LATER_MS)).toMatchObject(returned)
        expect([...formerKeys(set, alice.did, 1)]).toEqual(grant(mesh, alice).keys)
      }
    },
  )

  test(
    'keeps nobody out with the keys to which a member has changed since',
    { tags: ['THR-59', 'REC-22'] },
    () => {
      const rotated = { ...person(5), did: alice.did, log: { ...person(5).log, did: alice.did } }
      const set = seen(seen(before, word, back.text), claim(rotated, { roles: [] }))
      const former = formerKeys(set, alice.did, 1)
      expect(grant(mesh, rotated).keys.some((key) => former.has(key))).toBe(false)
    },
  )
})

let checkpoints = 0

/** The set with these in it, and in the logs of all witnesses. */
function seen(set: RecordSet, ...texts: readonly string[]): RecordSet {
  checkpoints += 1
  const claimedMs = NOW_MS + checkpoints * 1000
  return seenBy(withAll(set, ...texts), mesh.witnesses, { added: texts.map(idOf), claimedMs })
}

function textsOf(set: RecordSet): readonly string[] {
  return [...set.records()].map(({ text }) => text)
}
