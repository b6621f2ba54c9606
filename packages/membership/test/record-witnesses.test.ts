import { adminSigner, type RecordSet, standingOf } from '@warren/membership'
import { describe, expect, test } from 'vitest'
import { edited, NOW_MS } from './builders.ts'
import {
  adminChange,
  beacon,
  checkpoint,
  forkProof,
  grant,
  idOf,
  island,
  person,
  pooled,
  refusedCode,
  revocation,
  revoked,
  seenBy,
  statedCheckpoint,
  withAll,
  witnessedMesh,
} from './record-builders.ts'

const mesh = witnessedMesh()
const [a, b, c] = mesh.admins
const [one, two, three] = mesh.witnesses
if (a === undefined || b === undefined || c === undefined) throw new Error('three admins')
if (one === undefined || two === undefined || three === undefined)
  throw new Error('three witnesses')
const member = person(0)

function statusOf(set: RecordSet, did = member.did): string {
  return standingOf(set, did, NOW_MS).status
}

/** A record without its proofs. */
function bare(text: string): string {
  return edited(text, (record) => {
    const loose: Partial<typeof record> = record
    delete loose.proof
  })
}

describe('a witness that has said two things under one number', () => {
  const text = grant(mesh, member).text
  const gone = (since: RecordSet): string =>
    revocation(mesh, { targets: [{ admin: a.did }], by: [b, c], since: since.logs.ends() })

  test(
    'does not count any more, by proof of two beacons or two checkpoints',
    { tags: ['REC-11'] },
    () => {
      const seen = seenBy(withAll(mesh.empty, text), [one, two], { added: [idOf(text)] })
      const set = withAll(seen, gone(seen))
      expect(statusOf(set)).toBe('member')
      const twoBeacons = forkProof(
        mesh,
        beacon(mesh, one, { seq: 7 }),
        beacon(mesh, one, { seq: 7, removalCount: 1 }),
      )
      const twoCheckpoints = forkProof(
        mesh,
        statedCheckpoint(mesh, { witness: one, epoch: 1, size: 0 }),
        statedCheckpoint(mesh, { witness: one, epoch: 1, size: 1, added: [idOf(text)] }),
      )
      for (const proof of [twoBeacons, twoCheckpoints]) {
        expect(statusOf(withAll(set, proof))).toBe('unknown')
      }
      // The word of a third is enough again.
      const third = seenBy(withAll(mesh.empty, text), [one, two, three], { added: [idOf(text)] })
      expect(statusOf(withAll(third, gone(third), twoBeacons))).toBe('member')
    },
  )

  test.for([
    {
      what: 'the same beacon twice',
      heads: [beacon(mesh, one, { seq: 7 }), beacon(mesh, one, { seq: 7 })],
    },
    { what: 'two numbers', heads: [beacon(mesh, one, { seq: 7 }), beacon(mesh, one, { seq: 8 })] },
    {
      what: 'two witnesses',
      heads: [beacon(mesh, one, { seq: 7 }), beacon(mesh, two, { seq: 7 })],
    },
    {
      what: 'a beacon and a checkpoint',
      heads: [
        beacon(mesh, one, { seq: 1 }),
        statedCheckpoint(mesh, { witness: one, epoch: 1, size: 0 }),
      ],
    },
  ])('is not proved by $what', { tags: ['REC-11'] }, ({ heads: [left = '', right = ''] }) => {
    expect(refusedCode(mesh.empty, forkProof(mesh, left, right))).toBe('record-malformed')
  })

  test('is not proved by what somebody else signed', { tags: ['REC-11'] }, () => {
    const forged = edited(
      beacon(mesh, one, { seq: 7, removalCount: 1 }),
      (record) => void (record['removalCount'] = 2),
    )
    const proof = forkProof(mesh, beacon(mesh, one, { seq: 7 }), forged)
    expect(refusedCode(mesh.empty, proof)).toBe('record-unproved')
  })

  test(
    'shows itself by its checkpoints: two of one epoch, or one that does not go on where the one before it ends',
    { tags: ['REC-11'] },
    () => {
      const seen = seenBy(withAll(mesh.empty, text), [one, two], { added: [idOf(text)] })
      const set = withAll(seen, gone(seen))
      const first = seen.logs.latest(one.did)?.id ?? ''
      const next = { witness: one, epoch: 2, size: 1, prev: first }
      expect(statusOf(withAll(set, statedCheckpoint(mesh, next)))).toBe('member')
      const wrongs = [
        { witness: one, epoch: 1, size: 0 },
        { ...next, size: 2 },
        { ...next, prev: idOf(text) },
        { ...next, epoch: 9, size: 0 },
      ]
      for (const wrong of wrongs)
        expect(statusOf(withAll(set, statedCheckpoint(mesh, wrong)))).toBe('unknown')
      // A gap is no contradiction: what is between may come.
      const gap = statedCheckpoint(mesh, { ...next, epoch: 9, size: 5, prev: idOf(text) })
      expect(statusOf(withAll(set, gap))).toBe('member')
    },
  )

  test(
    'cannot write in afterwards what it had not seen in time',
    { tags: ['REC-11', 'REC-7'] },
    () => {
      const other = grant(mesh, person(1)).text
      const start = withAll(mesh.empty, other)
      const seen = seenBy(start, [one, two], { added: [idOf(other)] })
      const set = withAll(seen, gone(seen), text)
      const late = [one, two].map((witness) =>
        statedCheckpoint(mesh, {
          witness,
          epoch: 9,
          size: 1,
          prev: idOf(other),
          added: [idOf(text)],
        }),
      )
      expect(statusOf(withAll(set, ...late))).toBe('unknown')
    },
  )
})

describe('a revocation without its proofs', () => {
  const text = revoked(mesh, member)
  const id = idOf(text)

  test(
    'is taken up where kw witnesses have its id in their logs, and nowhere else',
    { tags: ['REC-14'] },
    () => {
      expect(refusedCode(mesh.empty, bare(text))).toBe('record-unproved')
      const fewer = seenBy(mesh.empty, [one], { added: [id] })
      expect(refusedCode(fewer, bare(text))).toBe('record-unproved')
      const enough = seenBy(fewer, [two], { added: [id] })
      const granted = withAll(enough, bare(text), grant(mesh, member).text)
      expect(statusOf(granted)).toBe('revoked')
    },
  )

  test('is the only thing that is ever taken up so', { tags: ['REC-14'] }, () => {
    const texts = [
      grant(mesh, member).text,
      island(mesh),
      adminChange(mesh, { by: [a, b], remove: [c.did] }),
      checkpoint(mesh.empty, one, { added: [] }),
    ]
    const set = seenBy(mesh.empty, mesh.witnesses, { added: texts.map(idOf) })
    for (const each of texts) {
      expect(refusedCode(set, bare(each))).toMatch(/^record-(?:unproved|malformed)$/)
    }
  })

  test(
    'is taken up in any order with what speaks for it or against its witnesses',
    { tags: ['REC-14', 'REC-4'] },
    () => {
      const logs = [one, two].map((witness) => checkpoint(mesh.empty, witness, { added: [id] }))
      const fork = forkProof(
        mesh,
        beacon(mesh, one, { seq: 7 }),
        beacon(mesh, one, { seq: 7, removalCount: 1 }),
      )
      const others = [11, 12].map((at) => adminSigner(pooled(at)))
      const change = adminChange(mesh, {
        by: [a, b],
        addWitnesses: others,
        removeWitnesses: mesh.witnesses.map(({ did }) => did),
      })
      const texts = [bare(text), ...logs, fork, change]
      const roots = [texts, texts.toReversed()].map(
        (each) => withAll(mesh.empty, ...each).trie('removal').root,
      )
      expect(roots[0]).toBe(roots[1])
      const late = withAll(mesh.empty, ...logs, fork, change)
      expect(refusedCode(late, bare(text))).toBeUndefined()
    },
  )

  test('is taken up on the word of witnesses who came later', { tags: ['REC-14'] }, () => {
    const others = [11, 12].map((at) => adminSigner(pooled(at)))
    const change = adminChange(mesh, {
      by: [a, b],
      addWitnesses: others,
      removeWitnesses: mesh.witnesses.map(({ did }) => did),
    })
    const set = withAll(mesh.empty, change)
    expect(refusedCode(set, bare(text))).toBe('record-unproved')
    const texts = others.map((witness) => checkpoint(set, witness, { added: [id] }))
    expect(refusedCode(withAll(set, ...texts), bare(text))).toBeUndefined()
  })
})
