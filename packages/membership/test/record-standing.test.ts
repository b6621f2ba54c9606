import { multihashOf, scidOf } from '@warren/identity'
import {
  adminSigner,
  formerKeys,
  type RecordSet,
  revocationsOfKey,
  standingOf,
} from '@warren/membership'
import { describe, expect, test } from 'vitest'
import { HOUR_MS, NOW_MS, suite, YEAR_MS } from './builders.ts'
import {
  adminChange,
  enrolled,
  enrollerCredential,
  grant,
  idOf,
  person,
  pooled,
  quarantine,
  readmission,
  refusedCode,
  revocation,
  revoked,
  seenBy,
  uuid,
  withAll,
  witnessedMesh,
} from './record-builders.ts'

const mesh = witnessedMesh()
const [admin, second, third] = mesh.admins
if (admin === undefined || second === undefined || third === undefined)
  throw new Error('three admins')
const member = person(0)
/** The member as it comes back: its DID with the keys of somebody else. */
const returned = { ...person(1).log, did: member.did, document: person(1).log.document }

function statusOf(set: RecordSet, nowMs = NOW_MS, did = member.did): string {
  return standingOf(set, did, nowMs).status
}

describe('a revocation of a member', () => {
  const membership = grant(mesh, member)
  const gone = revoked(mesh, member)

  test('beats a membership that is dated later, or comes later', { tags: ['REC-5'] }, () => {
    const later = grant(mesh, member, { notBeforeMs: NOW_MS + HOUR_MS }).text
    expect(statusOf(withAll(mesh.empty, gone, membership.text))).toBe('revoked')
    expect(statusOf(withAll(mesh.empty, gone, later), NOW_MS + 2 * HOUR_MS)).toBe('revoked')
    expect(statusOf(withAll(mesh.empty, later), NOW_MS + 2 * HOUR_MS)).toBe('member')
  })

  test('holds up to its generation and for no other DID', { tags: ['REC-5'] }, () => {
    const other = grant(mesh, person(2)).text
    const set = withAll(mesh.empty, gone, membership.text, other)
    expect(statusOf(set, NOW_MS, person(2).did)).toBe('member')
  })

  test(
    'is answered by a readmission with a higher generation and new keys',
    { tags: ['REC-5'] },
    () => {
      const back = grant(mesh, member, { gen: 2, member: returned })
      const revokedSet = withAll(mesh.empty, membership.text, gone, back.text)
      expect(statusOf(revokedSet)).toBe('revoked')
      const ref = idOf(gone)
      const wish = { member, gen: 2, keys: back.keys, ref }
      expect(statusOf(withAll(revokedSet, readmission(mesh, wish)))).toBe('member')
      for (const wrong of [
        { gen: 3 },
        { keys: [] },
        { ref: mesh.charter.meshId },
        { member: person(2) },
      ]) {
        expect(statusOf(withAll(revokedSet, readmission(mesh, { ...wish, ...wrong })))).toBe(
          'revoked',
        )
      }
    },
  )

  test('is not answered with keys that the member had before', { tags: ['REC-5'] }, () => {
    const back = grant(mesh, member, { gen: 2 })
    const word = readmission(mesh, { member, gen: 2, keys: back.keys, ref: idOf(gone) })
    expect(statusOf(withAll(mesh.empty, membership.text, gone, back.text, word))).toBe('revoked')
    const set = withAll(mesh.empty, membership.text, gone)
    expect([...formerKeys(set, member.did, 1)]).toEqual(membership.keys)
    expect([...formerKeys(set, person(2).did, 1)]).toEqual([])
  })

  test('takes away the later generation as well, once it says so', { tags: ['REC-5'] }, () => {
    const back = grant(mesh, member, { gen: 2, member: returned })
    const word = readmission(mesh, { member, gen: 2, keys: back.keys, ref: idOf(gone) })
    const set = withAll(mesh.empty, membership.text, gone, back.text, word)
    expect(statusOf(set)).toBe('member')
    expect(statusOf(withAll(set, revoked(mesh, member, 2)))).toBe('revoked')
  })

  test(
    'cannot be kept from its answer by an enroller that grants the new keys beforehand',
    { tags: ['REC-5', 'REC-12'] },
    () => {
      const enroller = adminSigner(person(3))
      const back = grant(mesh, member, { gen: 2, member: returned })
      const bar = enrolled(mesh, { enroller, member, changes: { member: returned } })
      const word = readmission(mesh, { member, gen: 2, keys: back.keys, ref: idOf(gone) })
      const credential = enrollerCredential(mesh, { enroller })
      const away = revocation(mesh, { targets: [{ enroller: enroller.did }] })
      const set = withAll(mesh.empty, membership.text, gone, back.text, word, credential, bar, away)
      expect(statusOf(set)).toBe('member')
    },
  )

  test('holds whatever becomes of the admins who signed it', { tags: ['REC-5'] }, () => {
    const fresh = [pooled(8), pooled(9), pooled(10)].map(adminSigner)
    const change = adminChange(mesh, {
      by: [admin, second],
      add: fresh,
      remove: [admin.did, second.did, third.did],
    })
    const set = withAll(mesh.empty, gone, change, membership.text)
    expect(statusOf(set)).toBe('revoked')
    // And what the new admins sign of the first generation is under it as well.
    const again = grant({ ...mesh, admins: mesh.admins }, member).text
    expect(statusOf(withAll(set, again))).toBe('revoked')
  })
})

describe('a revocation by something else than the DID', () => {
  const membership = grant(mesh, member)
  const set = withAll(mesh.empty, membership.text)
  const [key = ''] = membership.keys

  test('by key refuses whoever shows that key, under any DID', { tags: ['REC-6'] }, () => {
    const keyHash = `z${multihashOf(suite, key)}`
    const after = withAll(set, revocation(mesh, { targets: [{ keyHash }] }))
    expect(statusOf(after)).toBe('revoked')
    expect(revocationsOfKey(after, key)).toHaveLength(1)
    expect(revocationsOfKey(after, membership.keys[1] ?? '')).toHaveLength(0)
    const other = grant(mesh, person(2)).text
    expect(statusOf(withAll(after, other), NOW_MS, person(2).did)).toBe('member')
  })

  test('by credential refuses that credential alone', { tags: ['REC-6'] }, () => {
    const after = withAll(set, revocation(mesh, { targets: [{ credential: membership.uuid }] }))
    expect(statusOf(after)).toBe('revoked')
    expect(statusOf(withAll(after, grant(mesh, member).text))).toBe('member')
  })

  test('of an enroller refuses what witnesses had not seen before', { tags: ['REC-6'] }, () => {
    const enroller = adminSigner(person(3))
    const credential = enrollerCredential(mesh, { enroller })
    const early = enrolled(mesh, { enroller, member })
    const late = enrolled(mesh, { enroller, member: person(2) })
    const [first, next, last] = mesh.witnesses
    if (first === undefined || next === undefined || last === undefined) throw new Error('three')
    const seen = seenBy(withAll(mesh.empty, credential, early), [first, next], {
      added: [idOf(early)],
    })
    const since = seen.logs.ends()
    const gone = revocation(mesh, { targets: [{ enroller: enroller.did }], since })
    const after = seenBy(withAll(seen, late, gone), [first, next, last], { added: [idOf(late)] })
    expect(statusOf(after)).toBe('member')
    expect(statusOf(after, NOW_MS, person(2).did)).toBe('revoked')
    // One witness is fewer than it takes.
    const [one] = since
    if (one === undefined) throw new Error('two positions')
    const stricter = revocation(mesh, { targets: [{ enroller: enroller.did }], since: [one] })
    expect(statusOf(withAll(after, stricter))).toBe('revoked')
  })

  test('of a key of an enroller takes away what it granted', { tags: ['REC-6'] }, () => {
    const enroller = adminSigner(person(3))
    const granted = withAll(
      mesh.empty,
      enrollerCredential(mesh, { enroller }),
      enrolled(mesh, { enroller, member }),
    )
    expect(statusOf(granted)).toBe('member')
    const [pair] = granted.tables.enrollers.get(enroller.did) ?? []
    const keyHash = `z${multihashOf(suite, pair?.enroller.mlDsa44.multikey ?? '')}`
    expect(statusOf(withAll(granted, revocation(mesh, { targets: [{ keyHash }] })))).toBe('revoked')
  })
})

describe('a quarantine', () => {
  const set = withAll(mesh.empty, grant(mesh, member).text)

  test(
    'keeps a member out on the word of one admin, and ends by itself',
    { tags: ['REC-8'] },
    () => {
      const after = withAll(set, quarantine(mesh, member, { hours: 2 }))
      const end = NOW_MS + 2 * HOUR_MS
      expect([NOW_MS, end - 1, end].map((nowMs) => statusOf(after, nowMs))).toEqual([
        'quarantined',
        'quarantined',
        'member',
      ])
    },
  )

  test("is nobody else's to make", { tags: ['REC-8'] }, () => {
    const stranger = quarantine(mesh, member, { by: adminSigner(person(2)) })
    expect(refusedCode(set, stranger)).toBe('signer-unknown')
  })

  test('does not count when its admin has gone or was revoked', { tags: ['REC-8'] }, () => {
    const after = withAll(set, quarantine(mesh, member, { by: third }))
    const removed = adminChange(mesh, { by: [admin, second], remove: [third.did] })
    expect(statusOf(withAll(after, removed))).toBe('member')
    const away = revocation(mesh, { targets: [{ admin: third.did }] })
    expect(statusOf(withAll(after, away))).toBe('member')
  })

  test('counts 16 times at once for one admin and not once more', { tags: ['REC-8'] }, () => {
    const others = Array.from({ length: 16 }, (_, at) => quarantine(mesh, person(at + 1)))
    const own = quarantine(mesh, member, { claimedMs: NOW_MS + 1000 })
    const crowd = withAll(set, own, ...others.slice(0, 15))
    expect(statusOf(crowd, NOW_MS + 1000)).toBe('quarantined')
    expect(statusOf(withAll(crowd, ...others), NOW_MS + 1000)).toBe('member')
    // Another admin's word is another admin's.
    const same = quarantine(mesh, member, { by: second, claimedMs: NOW_MS + 1000 })
    expect(statusOf(withAll(crowd, ...others, same), NOW_MS + 1000)).toBe('quarantined')
  })
})

describe('an enroller', () => {
  const enroller = adminSigner(person(3))
  const credential = enrollerCredential(mesh, { enroller, quota: 2 })
  const set = withAll(mesh.empty, credential)

  test('admits members on its own, up to its quota', { tags: ['REC-12'] }, () => {
    const texts = [0, 1, 2].map((at) =>
      enrolled(mesh, {
        enroller,
        member: person(at + 4),
        changes: { notBeforeMs: NOW_MS + at * 1000 },
      }),
    )
    const after = withAll(set, ...texts)
    const statuses = [0, 1, 2].map((at) => statusOf(after, NOW_MS + HOUR_MS, person(at + 4).did))
    expect(statuses).toEqual(['member', 'member', 'unknown'])
  })

  test.for([
    { what: 'a second generation', changes: { gen: 2 } },
    { what: 'another enclave', changes: { enclave: 'plant-b' } },
    { what: 'a role it may not give', changes: { roles: ['operator', 'tool-host'] } },
    { what: 'a time before its own', changes: { notBeforeMs: NOW_MS - 1000 } },
    {
      what: 'a time after its own',
      changes: { notBeforeMs: NOW_MS + YEAR_MS, notAfterMs: NOW_MS + 2 * YEAR_MS },
    },
  ])('does not grant $what', { tags: ['REC-12'] }, ({ changes }) => {
    const nowMs = Math.max(NOW_MS, changes.notBeforeMs ?? 0)
    const text = enrolled(mesh, { enroller, member, changes: { ...changes, nowMs } })
    expect(refusedCode(set, text)).toBe('record-unproved')
  })

  test('cannot use an old key under a new credential', { tags: ['REC-12'] }, () => {
    const old = enrollerCredential(mesh, { enroller, uuid: uuid() })
    const oldUuid = (JSON.parse(old) as { id: string }).id
    const fresh = adminSigner({ ...pooled(11), did: enroller.did })
    const stolen = withAll(
      mesh.empty,
      old,
      enrollerCredential(mesh, { enroller: fresh }),
      revocation(mesh, { targets: [{ credential: oldUuid }] }),
      enrolled(mesh, { enroller, member }),
      enrolled(mesh, { enroller: fresh, member: person(2) }),
    )
    expect(statusOf(stolen)).toBe('unknown')
    expect(statusOf(stolen, NOW_MS, person(2).did)).toBe('member')
  })

  test(
    'cannot push out whom witnesses have seen with memberships dated earlier',
    { tags: ['REC-12'] },
    () => {
      const honest = [4, 5].map((at) =>
        enrolled(mesh, {
          enroller,
          member: person(at),
          changes: { notBeforeMs: NOW_MS + HOUR_MS },
        }),
      )
      const seen = seenBy(withAll(set, ...honest), mesh.witnesses, { added: honest.map(idOf) })
      const backDated = [6, 7].map((at) => enrolled(mesh, { enroller, member: person(at) }))
      const after = seenBy(withAll(seen, ...backDated), mesh.witnesses, {
        added: backDated.map(idOf),
        claimedMs: NOW_MS + 1000,
      })
      const statuses = [4, 5, 6, 7].map((at) => statusOf(after, NOW_MS + HOUR_MS, person(at).did))
      expect(statuses).toEqual(['member', 'member', 'unknown', 'unknown'])
    },
  )

  test(
    'grants nothing once its time is over by the clocks of enough witnesses',
    { tags: ['REC-12'] },
    () => {
      const endMs = NOW_MS + HOUR_MS
      const short = enrollerCredential(mesh, { enroller, notAfterMs: endMs })
      const [early, late] = [4, 5].map((at) => enrolled(mesh, { enroller, member: person(at) }))
      if (early === undefined || late === undefined) throw new Error('two')
      const [one, two, three] = mesh.witnesses
      if (one === undefined || two === undefined || three === undefined) throw new Error('three')
      const before = seenBy(withAll(mesh.empty, short, early), [one, two, three], {
        added: [idOf(early)],
        claimedMs: endMs,
      })
      const hasty = seenBy(withAll(before, late), [three], {
        added: [],
        claimedMs: endMs + YEAR_MS,
      })
      expect(
        statusOf(
          seenBy(withAll(mesh.empty, short, late), [three], { added: [], claimedMs: endMs }),
          NOW_MS,
          person(5).did,
        ),
      ).toBe('member')
      expect(statusOf(hasty, NOW_MS, person(4).did)).toBe('member')
      const over = seenBy(hasty, [one, two], { added: [idOf(late)], claimedMs: endMs + 1000 })
      expect(statusOf(over, NOW_MS, person(4).did)).toBe('member')
      expect(statusOf(over, NOW_MS, person(5).did)).toBe('unknown')
    },
  )
})

test('a standing names the records that it rests on', { tags: ['REC-5'] }, () => {
  const { text, id } = grant(mesh, member)
  const gone = revoked(mesh, member)
  expect(standingOf(withAll(mesh.empty, text), member.did, NOW_MS).records).toEqual([id])
  expect(standingOf(withAll(mesh.empty, text, gone), member.did, NOW_MS).records).toEqual([
    id,
    idOf(gone),
  ])
  expect(scidOf(member.did)).toBe(member.log.scid)
})

describe('a standing of which it is known how fresh it is', () => {
  const set = withAll(mesh.empty, grant(mesh, member).text)

  test.for(['fresh', 'aging', 'deny-new', 'unwitnessed'] as const)(
    'is what the set says where the state is %s',
    { tags: ['FRS-19'] },
    (state) => {
      const moment = { nowMs: NOW_MS, freshness: { state, why: 'age' } } as const
      expect(standingOf(set, member.did, moment)).toEqual(standingOf(set, member.did, NOW_MS))
    },
  )

  test(
    'is stale where the state is stop, whatever the set says inside',
    { tags: ['FRS-19'] },
    () => {
      const moment = { nowMs: NOW_MS, freshness: { state: 'stop', why: 'boot' } } as const
      const gone = revoked(mesh, member)
      for (const each of [set, withAll(set, gone), mesh.empty]) {
        const standing = standingOf(each, member.did, NOW_MS)
        const { records } = standing
        const stale = { status: 'stale', why: 'boot', standing, records }
        expect(standingOf(each, member.did, moment)).toEqual(stale)
      }
      expect(standingOf(withAll(set, gone), member.did, moment).records).toContain(idOf(gone))
    },
  )
})
