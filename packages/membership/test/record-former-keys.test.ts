import type { AdminSigner, Membership, RecordSet } from '@warren/membership'
import { adminSigner, formerKeys, standingOf } from '@warren/membership'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { NOW_MS } from './builders.ts'
import {
  enrolled,
  enrollerCredential,
  grant,
  idOf,
  person,
  readmission,
  revocation,
  revoked,
  seenBy,
  withAll,
  type WitnessedMesh,
  witnessedMesh,
} from './record-builders.ts'

/* What is believed of the keys that somebody had before it came back. */

const member = person(0)
const fresh = { ...person(1), did: member.did, log: { ...person(1).log, did: member.did } }
const enroller = adminSigner(person(3))

interface Return {
  readonly mesh: WitnessedMesh
  /** The member was admitted by the enroller, with its old keys. */
  readonly first: string
  /** And revoked. */
  readonly base: RecordSet
  readonly word: (keys: readonly string[]) => string
  readonly back: Membership
  /** The enroller grants the first generation with the new keys. */
  readonly bar: string
}

function returnIn(mesh: WitnessedMesh): Return {
  const gone = revoked(mesh, member)
  const first = enrolled(mesh, { enroller, member })
  const base = withAll(mesh.empty, enrollerCredential(mesh, { enroller, quota: 9 }), first, gone)
  const word = (keys: readonly string[]): string =>
    readmission(mesh, { member, gen: 2, keys, ref: idOf(gone) })
  const back = grant(mesh, fresh, { gen: 2 })
  return { mesh, first, base, word, back, bar: enrolled(mesh, { enroller, member: fresh }) }
}

const mesh = witnessedMesh()
const { first, base, word, back, bar } = returnIn(mesh)
const oldKeys = grant(mesh, member).keys
const known = logged(base, { by: mesh.witnesses, texts: [first], second: 1 })

function logged(
  set: RecordSet,
  turn: {
    readonly by: readonly AdminSigner[]
    readonly texts: readonly string[]
    readonly second: number
  },
): RecordSet {
  const { by, texts, second } = turn
  const wish = { added: texts.map(idOf), claimedMs: NOW_MS + second * 1000 }
  return seenBy(withAll(set, ...texts), by, wish)
}

function statusOf(set: RecordSet): string {
  return standingOf(set, member.did, NOW_MS).status
}

describe('the keys with which an enroller admitted somebody', () => {
  test('are known before anybody may come back', { tags: ['REC-5', 'REC-22'] }, () => {
    expect([...formerKeys(base, member.did, 1)]).toEqual(oldKeys)
    expect([...formerKeys(base, member.did, 0)]).toEqual([])
  })

  test(
    'bring nobody back where witnesses saw them before the readmission',
    { tags: ['REC-5', 'REC-22'] },
    () => {
      const same = grant(mesh, member, { gen: 2 })
      const set = withAll(known, word(oldKeys), same.text)
      expect(statusOf(set)).toBe('revoked')
      const both = logged(set, { by: mesh.witnesses, texts: [word(oldKeys)], second: 9 })
      expect(statusOf(both)).toBe('revoked')
    },
  )

  test(
    'do not count as those that it had, where enough witnesses did not see them earlier',
    { tags: ['REC-22'] },
    () => {
      const [one, two] = mesh.witnesses
      if (one === undefined || two === undefined) throw new Error('two witnesses')
      const wanted = word(back.keys)
      const after = withAll(known, wanted, back.text, bar)
      const hasty = logged(after, { by: [one], texts: [bar], second: 2 })
      const settled = logged(hasty, { by: [one, two], texts: [wanted, bar], second: 3 })
      for (const set of [after, hasty, settled]) {
        expect(statusOf(set)).toBe('member')
        expect([...formerKeys(set, member.did, 1)]).toEqual(oldKeys)
      }
      // Two of three witnesses are enough, where they saw it a checkpoint earlier.
      const early = logged(after, { by: [one, two], texts: [bar], second: 2 })
      for (const set of [early, logged(early, { by: [one, two], texts: [wanted], second: 3 })]) {
        expect(statusOf(set)).toBe('revoked')
      }
    },
  )
})

test(
  'where there are no witnesses what an enroller granted is believed',
  { tags: ['REC-5', 'REC-22'] },
  () => {
    const dark = returnIn(witnessedMesh({ witnesses: 0 }))
    const back2 = withAll(dark.base, dark.word(dark.back.keys), dark.back.text)
    expect(statusOf(back2)).toBe('member')
    expect(statusOf(withAll(back2, dark.bar))).toBe('revoked')
    const same = grant(dark.mesh, member, { gen: 2 })
    expect(statusOf(withAll(dark.base, dark.word(oldKeys), same.text))).toBe('revoked')
  },
)

test(
  'who has come back stays so, whatever an enroller grants from then on, in whatever order it comes',
  { tags: ['REC-4', 'REC-5', 'REC-22'] },
  () => {
    const wanted = word(back.keys)
    const returned = logged(withAll(known, back.text), {
      by: mesh.witnesses,
      texts: [wanted],
      second: 2,
    })
    const bars = [bar, enrolled(mesh, { enroller, member: fresh, changes: { name: 'again' } })]
    const late = logged(returned, { by: mesh.witnesses, texts: bars, second: 3 })
    const pool = [...late.records()].map(({ text }) => text)
    fc.assert(
      fc.property(fc.shuffledSubarray(pool), fc.shuffledSubarray(pool), (some, more) => {
        const [x, y] = [some, more].map((texts) => mesh.empty.accept(texts).set)
        if (x === undefined || y === undefined) throw new Error('two sets')
        expect(standingOf(x.merge(y), member.did, NOW_MS)).toEqual(
          standingOf(y.merge(x), member.did, NOW_MS),
        )
        expect(statusOf(returned.merge(x).merge(y))).toBe('member')
      }),
      { numRuns: 25 },
    )
  },
)

describe('where the enroller was revoked since', () => {
  const cases = [
    { what: 'as a member, without witnesses', of: witnessedMesh({ witnesses: 0 }), target: 'did' },
    { what: 'as an enroller, for all that it did', of: mesh, target: 'enroller' },
    { what: 'as a member, for all that it did', of: mesh, target: 'did' },
  ] as const

  test.for(cases)(
    '$what: the keys that it let in bring nobody back',
    { tags: ['REC-5', 'REC-22'] },
    ({ of, target }) => {
      const here = returnIn(of)
      const { did } = enroller
      const targets = target === 'did' ? [{ did, maxGen: 9 }] : [{ enroller: did }]
      const seen = logged(here.base, { by: of.witnesses, texts: [here.first], second: 1 })
      const returned = withAll(seen, here.word(here.back.keys), here.back.text)
      const after = withAll(returned, revocation(of, { targets, since: [] }))
      expect(statusOf(after)).toBe('member')
      expect([...formerKeys(after, member.did, 1)]).toEqual(oldKeys)
      // Nor do they bar the way of the keys with which the admins let it come back.
      const barred = logged(after, { by: of.witnesses, texts: [here.bar], second: 2 })
      expect(statusOf(barred)).toBe('member')
    },
  )
})
