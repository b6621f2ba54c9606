import type { Did, Identity } from '@warren/identity'
import { adminSigner, type MembershipGrant, type RecordSet, standingOf } from '@warren/membership'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { HOUR_MS, NOW_MS, YEAR_MS } from './builders.ts'
import {
  enrolled,
  enrollerCredential,
  grant,
  idOf,
  person,
  revocation,
  revoked,
  seenBy,
  withAll,
  witnessedMesh,
} from './record-builders.ts'

/* Several memberships of one DID and one generation: by which of them it is a member. */

const mesh = witnessedMesh()
const { skewMs } = mesh.charter.freshness
const member = person(0)
const [one, two] = mesh.witnesses
if (one === undefined || two === undefined) throw new Error('two witnesses')

const older = adminSigner(person(2))
const younger = adminSigner(person(3))
const olderCredential = enrollerCredential(mesh, { enroller: older, quota: 3 })
const youngerCredential = enrollerCredential(mesh, {
  enroller: younger,
  quota: 3,
  claimedMs: NOW_MS + 1000,
})
const enrollers = withAll(mesh.empty, olderCredential, youngerCredential)

function by(
  enroller: typeof older,
  changes: Partial<MembershipGrant> = {},
  who: Identity = member,
): string {
  return enrolled(mesh, {
    enroller,
    member: who,
    changes: { notBeforeMs: NOW_MS + 2000, ...changes },
  })
}

/** The id of the membership by which somebody is a member. */
function inForce(set: RecordSet, nowMs = NOW_MS + HOUR_MS, did: Did = member.did): string {
  return standingOf(set, did, nowMs).records[0] ?? 'none'
}

describe('what the mesh granted', () => {
  const byMesh = grant(mesh, member, { notAfterMs: NOW_MS + HOUR_MS })
  const later = by(older, { notBeforeMs: NOW_MS + HOUR_MS / 2 })
  const both = withAll(enrollers, later, byMesh.text)

  test('comes before what an enroller did, whatever its date', { tags: ['REC-21'] }, () => {
    expect(inForce(both, NOW_MS + HOUR_MS - 1)).toBe(byMesh.id)
    expect(inForce(withAll(enrollers, by(older), byMesh.text), NOW_MS + HOUR_MS - 1)).toBe(
      byMesh.id,
    )
  })

  test('keeps nothing of an enroller from counting once it has ended', { tags: ['REC-21'] }, () => {
    expect(inForce(both, NOW_MS + HOUR_MS + skewMs - 1)).toBe(byMesh.id)
    expect(inForce(both, NOW_MS + HOUR_MS + skewMs)).toBe(idOf(later))
    const away = withAll(both, revoked(mesh, member))
    expect(standingOf(away, member.did, NOW_MS + HOUR_MS + skewMs).status).toBe('revoked')
  })

  test('is, of several, the newest', { tags: ['REC-21'] }, () => {
    const renewed = grant(mesh, member, { notBeforeMs: NOW_MS + 1000 })
    expect(inForce(withAll(both, renewed.text))).toBe(renewed.id)
  })
})

describe('of several enrollers', () => {
  test('the one comes first that witnesses saw first', { tags: ['REC-21'] }, () => {
    const [first, second] = [by(younger), by(older, { notBeforeMs: NOW_MS })]
    const all = seenInTurn(enrollers, [first], [second])
    expect(inForce(all)).toBe(idOf(first))
    expect(inForce(seenInTurn(enrollers, [second], [first]))).toBe(idOf(second))
  })

  test('one witness alone decides nothing', { tags: ['REC-21'] }, () => {
    const [first, second] = [by(younger), by(older)]
    const hasty = seenBy(withAll(enrollers, first), [one], { added: [idOf(first)] })
    const all = withAll(hasty, second)
    expect(inForce(all)).toBe(idOf(second))
    // What enough have seen comes before what only one has.
    const settled = seenBy(all, [two], { added: [idOf(first)], claimedMs: NOW_MS + HOUR_MS })
    expect(inForce(settled)).toBe(idOf(first))
  })

  test(
    'the one comes first whose credential is older, where witnesses saw both at one time or neither',
    { tags: ['REC-21'] },
    () => {
      const [first, second] = [by(older), by(younger, { notBeforeMs: NOW_MS + 3000 })]
      expect(inForce(withAll(enrollers, first, second))).toBe(idOf(first))
      expect(inForce(seenInTurn(enrollers, [first, second]))).toBe(idOf(first))
      const early = by(younger, { notBeforeMs: NOW_MS + 1000 })
      expect(inForce(withAll(enrollers, first, early))).toBe(idOf(first))
    },
  )

  test(
    'the one that was first may give anew what it gave, and its newest counts',
    { tags: ['REC-21'] },
    () => {
      const first = by(younger, { notAfterMs: NOW_MS + 2 * HOUR_MS })
      const other = by(older, { notAfterMs: NOW_MS + YEAR_MS })
      const anew = by(younger, { notBeforeMs: NOW_MS + HOUR_MS })
      const all = seenInTurn(enrollers, [first], [other], [anew])
      for (const hours of [1, 3]) expect(inForce(all, NOW_MS + hours * HOUR_MS)).toBe(idOf(anew))
    },
  )

  test('one that does not count any more is in nobody’s way', { tags: ['REC-21'] }, () => {
    const [first, second] = [by(younger), by(older)]
    const all = seenInTurn(enrollers, [first], [second])
    const away = revocation(mesh, { targets: [{ enroller: younger.did }] })
    expect(inForce(withAll(all, away))).toBe(idOf(second))
  })
})

/** The set in which two witnesses have written down some texts, and then others a second later. */
function seenInTurn(set: RecordSet, ...turns: readonly (readonly string[])[]): RecordSet {
  return turns.reduce((before, texts, at) => {
    const wish = { added: texts.map(idOf), claimedMs: NOW_MS + (at + 1) * 1000 }
    return one === undefined || two === undefined
      ? before
      : seenBy(withAll(before, ...texts), [one, two], wish)
  }, set)
}

describe('whatever comes', () => {
  const others = [person(1), person(4)]
  const byMesh = grant(mesh, member)
  const claims = [older, younger].flatMap((enroller) =>
    [member, ...others].flatMap((who) => [
      by(enroller, { notBeforeMs: NOW_MS + 1000, roles: [] }, who),
      by(enroller, { notBeforeMs: NOW_MS + 5000, name: 'another' }, who),
    ]),
  )
  const logged = seenInTurn(enrollers, claims.slice(0, 5), claims.slice(5))
  const texts = [...logged.records()].map(({ text }) => text)
  const away = revocation(mesh, { targets: [{ enroller: older.did }] })
  const pool = [...texts, away, byMesh.text, grant(mesh, person(1)).text]
  const anyTexts = fc.shuffledSubarray(pool)
  const anySet = anyTexts.map((some) => mesh.empty.accept(some).set)
  const dids = [member, ...others].map(({ did }) => did)
  const said = (set: RecordSet): object => dids.map((did) => standingOf(set, did, NOW_MS + HOUR_MS))

  test(
    'by which membership somebody is a member does not depend on the order',
    { tags: ['REC-4', 'REC-21'] },
    () => {
      fc.assert(
        fc.property(anySet, anySet, anySet, (x, y, z) => {
          expect(said(x.merge(y))).toEqual(said(y.merge(x)))
          expect(said(x.merge(y).merge(z))).toEqual(said(x.merge(y.merge(z))))
          expect(said(x.merge(x))).toEqual(said(x))
        }),
        { numRuns: 25 },
      )
    },
  )

  test(
    'whom the mesh admitted stays what the mesh made it',
    { tags: ['REC-4', 'REC-21', 'THR-59'] },
    () => {
      const own = withAll(mesh.empty, byMesh.text)
      fc.assert(
        fc.property(anySet, (other) => {
          const [standing] = dids.map((did) => standingOf(own.merge(other), did, NOW_MS + HOUR_MS))
          expect(standing).toEqual(standingOf(own, member.did, NOW_MS + HOUR_MS))
        }),
        { numRuns: 25 },
      )
    },
  )

  test('whoever is revoked is so under any of them', { tags: ['REC-5', 'REC-21'] }, () => {
    const gone = withAll(mesh.empty, revoked(mesh, member))
    fc.assert(
      fc.property(anySet, (other) => {
        const { status } = standingOf(gone.merge(other), member.did, NOW_MS + HOUR_MS)
        expect(status).toBe('revoked')
      }),
      { numRuns: 25 },
    )
  })
})
