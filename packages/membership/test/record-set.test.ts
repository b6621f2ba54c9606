import { adminSigner, type RecordSet, standingOf } from '@warren/membership'
import { canonicalJson, type JsonObject } from '@warren/core'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { auditFork } from './audit-forks.ts'
import { NOW_MS } from './builders.ts'
import {
  adminChange,
  beacon,
  checkpoint,
  enrolled,
  enrollerCredential,
  forkProof,
  grant,
  idOf,
  person,
  pooled,
  quarantine,
  readmission,
  refusedCode,
  revocation,
  revoked,
  withAll,
  witnessedMesh,
} from './record-builders.ts'

const mesh = witnessedMesh()
const [a, b, c] = mesh.admins
const [one, two] = mesh.witnesses
if (a === undefined || b === undefined || c === undefined) throw new Error('three admins')
if (one === undefined || two === undefined) throw new Error('two witnesses')

const people = [0, 1, 2].map(person)
const [first, second, third] = people
if (first === undefined || second === undefined || third === undefined)
  throw new Error('three people')

/** Records that touch each other in every way there is: signed once, put together by chance. */
function recordPool(): readonly string[] {
  if (a === undefined || b === undefined || c === undefined) return []
  if (one === undefined || two === undefined) return []
  if (first === undefined || second === undefined || third === undefined) return []
  const enroller = adminSigner(person(4))
  const fresh = adminSigner(pooled(8))
  const gone = revoked(mesh, first)
  const back = grant(mesh, first, { gen: 2, member: { ...person(5).log, did: first.did } })
  const byAdmins = [grant(mesh, first).text, grant({ ...mesh, admins: [a, c] }, second).text]
  const byEnroller = [0, 1].map((at) => enrolled(mesh, { enroller, member: person(2 + at) }))
  const change = adminChange(mesh, { by: [b, c], add: [fresh], remove: [a.did] })
  const rival = adminChange(mesh, { by: [a, b], remove: [c.did], kAdmin: 2 })
  const byFresh = revocation(mesh, { targets: [{ did: second.did, maxGen: 1 }], by: [fresh, b] })
  const later = adminChange(mesh, {
    by: [fresh, b],
    prev: idOf(change),
    remove: [c.did],
    kAdmin: 2,
  })
  const added = [...byAdmins, ...byEnroller, gone].map(idOf)
  return [
    ...byAdmins,
    ...byEnroller,
    gone,
    back.text,
    readmission(mesh, { member: first, gen: 2, keys: back.keys, ref: idOf(gone) }),
    enrollerCredential(mesh, { enroller, quota: 1 }),
    revocation(mesh, {
      targets: [{ enroller: enroller.did }],
      since: [
        { witness: one.did, size: 9 },
        { witness: two.did, size: 9 },
      ],
    }),
    revocation(mesh, { targets: [{ admin: a.did }], by: [b, c] }),
    quarantine(mesh, second),
    quarantine(mesh, third, { by: b }),
    change,
    rival,
    byFresh,
    later,
    checkpoint(mesh.empty, one, { added }),
    checkpoint(mesh.empty, two, { added }),
    forkProof(mesh, beacon(mesh, one, { seq: 1 }), beacon(mesh, one, { seq: 1, removalCount: 1 })),
    auditFork(mesh, person(0)),
  ]
}

const POOL = recordPool()
const ALL = withAll(mesh.empty, ...POOL)
const DIDS = [...people, person(3)].map(({ did }) => did)

/** Everything that a set says of anybody. */
function said(set: RecordSet): object {
  return {
    roots: rootsOf(set),
    standings: DIDS.map((did) => standingOf(set, did, NOW_MS)),
    tip: set.tree.tip.head,
  }
}

function rootsOf(set: RecordSet): readonly string[] {
  return (['checkpoint', 'removal', 'grant'] as const).map((part) => set.trie(part).root)
}

const anyTexts = fc.shuffledSubarray([...POOL])
const anySet = anyTexts.map((texts) => mesh.empty.accept(texts).set)

describe('merging', () => {
  test('is commutative, associative and idempotent', { tags: ['REC-4'] }, () => {
    fc.assert(
      fc.property(anySet, anySet, anySet, (x, y, z) => {
        expect(said(x.merge(y))).toEqual(said(y.merge(x)))
        expect(said(x.merge(y).merge(z))).toEqual(said(x.merge(y.merge(z))))
        expect(said(x.merge(x))).toEqual(said(x))
        expect(x.merge(mesh.empty)).toBe(x)
      }),
      { numRuns: 25 },
    )
  })

  test('two meshes is refused', { tags: ['REC-4'] }, () => {
    const other = witnessedMesh({ admins: 2 })
    expect(() => mesh.empty.merge(other.empty)).toThrow(
      expect.objectContaining({ code: 'record-foreign' }),
    )
  })
})

test(
  'whatever the order in which records come, a set says the same',
  { tags: ['REC-4', 'REC-15'] },
  () => {
    const everything = fc.shuffledSubarray([...POOL], { minLength: POOL.length })
    fc.assert(
      fc.property(everything, (texts) => {
        expect(said(withAll(mesh.empty, ...texts))).toEqual(said(ALL))
      }),
      { numRuns: 25 },
    )
  },
)

test(
  'records that come one by one, and again as long as one of them helps another, end in the same set',
  { tags: ['REC-4'] },
  () => {
    fc.assert(
      fc.property(anyTexts, (texts) => {
        let set = mesh.empty
        for (let size = -1; size < set.size;) {
          size = set.size
          for (const text of texts) ({ set } = set.accept([text]))
        }
        expect(said(set)).toEqual(said(mesh.empty.accept(texts).set))
      }),
      { numRuns: 25 },
    )
  },
)

test(
  'whoever is revoked stays so whatever is added, but for a readmission of a higher generation',
  { tags: ['REC-5'] },
  () => {
    const isWayBack = (text: string): boolean => text.includes('WarrenReadmissionCredential')
    const without = POOL.filter((text) => !isWayBack(text))
    fc.assert(
      fc.property(fc.shuffledSubarray(without), anySet, (texts, other) => {
        const before = mesh.empty.accept(texts).set
        const after = before.merge(other)
        for (const did of DIDS) {
          const isHit =
            before.tables.removals.revocations(`member ${did.split(':')[2] ?? ''}`).length > 0
          if (!isHit) continue
          const { status } = standingOf(after, did, NOW_MS)
          const isBack = [...other.records()].some(
            (record) => record.type === 'readmission' && record.did === did,
          )
          expect(status === 'revoked' || isBack).toBe(true)
        }
      }),
      { numRuns: 80 },
    )
  },
)

test('what has been taken up stays', { tags: ['REC-3'] }, () => {
  fc.assert(
    fc.property(anySet, anySet, (x, y) => {
      const merged = x.merge(y)
      expect([...x.records()].every(({ id }) => merged.has(id))).toBe(true)
    }),
    { numRuns: 25 },
  )
})

test('roots are equal where the parts are, and nowhere else', { tags: ['REC-15'] }, () => {
  fc.assert(
    fc.property(anySet, anySet, (x, y) => {
      for (const part of ['checkpoint', 'removal', 'grant'] as const) {
        const [left, right] = [x, y].map((set) => set.trie(part).idsBelow('').join())
        expect(x.trie(part).root === y.trie(part).root).toBe(left === right)
      }
    }),
    { numRuns: 40 },
  )
  expect(rootsOf(mesh.empty)).toEqual(Array.from({ length: 3 }, () => '0'.repeat(64)))
})

test('a mesh that is full of grants still takes every removal', { tags: ['REC-13'] }, () => {
  const full = withAll(witnessedMeshWith(2), grant(mesh, first).text, grant(mesh, second).text)
  expect(refusedCode(full, grant(mesh, third).text)).toBe('records-full')
  expect(refusedCode(full, grant(mesh, first).text)).toBe('records-full')
  const after = withAll(full, revoked(mesh, first), revoked(mesh, third), quarantine(mesh, second))
  expect(DIDS.slice(0, 3).map((did) => standingOf(after, did, NOW_MS).status)).toEqual([
    'revoked',
    'quarantined',
    'revoked',
  ])
})

test(
  'of more grants in one message than there is room for the rest is refused',
  { tags: ['REC-13'] },
  () => {
    const texts = [first, second, third].map((each) => grant(mesh, each).text)
    const { set, added, refused } = witnessedMeshWith(2).accept([...texts, revoked(mesh, third)])
    expect([added.length, set.trie('grant').count]).toEqual([3, 2])
    expect(refused).toMatchObject([
      { text: texts[2], isOpen: false, error: { code: 'records-full' } },
    ])
  },
)

test(
  'a mesh that is full of grants takes more signers of those that it has',
  { tags: ['REC-4', 'REC-13'] },
  () => {
    const whole = JSON.parse(
      grant({ ...mesh, admins: [a, b, c] }, first, { admins: [a, b, c] }).text,
    ) as {
      readonly proof: readonly object[]
    }
    const [ab, bc] = [whole.proof.slice(0, 4), whole.proof.slice(2)].map((proof) =>
      canonicalJson({ ...whole, proof } as JsonObject),
    )
    if (ab === undefined || bc === undefined) throw new Error('two copies')
    const full = withAll(witnessedMeshWith(1), ab)
    const { set } = full.accept([bc])
    expect(set.get(idOf(ab))?.signers).toHaveLength(3)
    expect(refusedCode(full, grant(mesh, second).text)).toBe('records-full')
  },
)

test('one grant below its bound a mesh takes one more', { tags: ['REC-13'] }, () => {
  const almost = withAll(witnessedMeshWith(2), grant(mesh, first).text)
  expect(refusedCode(almost, grant(mesh, third).text)).toBeUndefined()
})

function witnessedMeshWith(grantsMax: number): RecordSet {
  return mesh.emptyWith({ grantsMax })
}
