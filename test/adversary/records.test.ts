import { adminSigner, formerKeys, RecordSet, standingOf } from '@warren/membership'
import { describe, expect, test } from 'vitest'
import { edited, HOUR_MS, NOW_MS, suite } from '../../packages/membership/test/builders.ts'
import {
  adminChange,
  beacon,
  enrolled,
  enrollerCredential,
  forkProof,
  grant,
  idOf,
  island,
  person,
  pooled,
  quarantine,
  readmission,
  refusedCode,
  revocation,
  revoked,
  seenBy,
  statedCheckpoint,
  withAll,
  witnessedMesh,
} from '../../packages/membership/test/record-builders.ts'
import { SyncLab, SyncNode } from '../../packages/membership/test/sync-pair.ts'

/* Whoever has some keys of a mesh, but not enough of them; and neighbours that lie about what they know. */

const mesh = witnessedMesh({ admins: 3, k: 2, kAdmin: 2 })
const [honest, second, thief] = mesh.admins
const [one, two] = mesh.witnesses
if (honest === undefined || second === undefined || thief === undefined)
  throw new Error('three admins')
if (one === undefined || two === undefined) throw new Error('two witnesses')
/** The mesh as one admin alone would have it. */
const alone = { ...mesh, admins: [thief], charter: { ...mesh.charter, k: 1 } }
const member = person(0)
const membership = grant(mesh, member)
const gone = revoked(mesh, member)

function statusOf(set: RecordSet, did = member.did, nowMs = NOW_MS): string {
  return standingOf(set, did, nowMs).status
}

describe('one admin alone', () => {
  const ref = idOf(gone)
  const wishes = [
    { what: 'admit', text: grant(alone, person(1)).text },
    { what: 'revoke', text: revoked(alone, member) },
    { what: 'revoke an admin', text: revocation(alone, { targets: [{ admin: honest.did }] }) },
    { what: 'readmit', text: readmission(alone, { member, gen: 2, keys: membership.keys, ref }) },
    { what: 'make an enroller', text: enrollerCredential(alone, { enroller: thief }) },
    { what: 'free an enclave from freshness', text: island(alone) },
    {
      what: 'change the admins',
      text: adminChange(mesh, { by: [thief], add: [adminSigner(pooled(8))], kAdmin: 3 }),
    },
    {
      what: 'change the admins in the name of others',
      text: adminChange(mesh, { by: [thief, honest], remove: [second.did], signers: [thief] }),
    },
  ]

  test.for(wishes)('cannot $what', { tags: ['THR-24', 'REC-3', 'REC-9'] }, ({ text }) => {
    const set = withAll(mesh.empty, membership.text, gone)
    expect(refusedCode(set, text)).toBe('record-unproved')
  })

  test(
    'cannot by putting everything in at once, or by being two with one DID',
    {
      tags: ['THR-24', 'REC-3', 'REC-9'],
    },
    () => {
      const texts = wishes.map(({ text }) => text)
      expect(mesh.empty.accept(texts).added).toEqual([])
      const twin = { ...adminSigner(pooled(8)), did: thief.did }
      const double = adminChange(mesh, { by: [thief, honest], add: [twin], kAdmin: 3 })
      expect(refusedCode(mesh.empty, double)).toBe('record-invalid')
    },
  )

  test('can keep somebody out for a day, and no longer', { tags: ['THR-24', 'REC-8'] }, () => {
    const set = withAll(
      mesh.empty,
      membership.text,
      quarantine(mesh, member, { by: thief, hours: 24 }),
    )
    expect(statusOf(set)).toBe('quarantined')
    expect(statusOf(set, member.did, NOW_MS + 24 * HOUR_MS)).toBe('member')
  })
})

describe('proofs', () => {
  const texts = [membership.text, gone, quarantine(mesh, member), revoked(mesh, person(1))]

  test.for([0, 1, 2, 3])(
    'number %i stripped from a record refuse it',
    { tags: ['THR-8', 'THR-25', 'REC-2'] },
    (at) => {
      for (const text of texts) {
        const { proof } = JSON.parse(text) as { proof: object[] }
        if (proof.length <= at) continue
        const stripped = edited(text, (record) => void record.proof.splice(at, 1))
        expect(refusedCode(mesh.empty, stripped)).toBe('record-unproved')
      }
    },
  )

  test(
    'of two signers, half of each, are the proofs of nobody',
    { tags: ['THR-25', 'REC-2'] },
    () => {
      const halves = edited(gone, (record) => {
        record.proof = record.proof.filter((_proof, at) => at === 0 || at === 3)
      })
      expect(refusedCode(mesh.empty, halves)).toBe('record-unproved')
    },
  )
})

describe('a date of earlier times', () => {
  test('does not help a revoked admin', { tags: ['THR-26', 'REC-7'] }, () => {
    const before = seenBy(withAll(mesh.empty, membership.text), [one, two], {
      added: [membership.id],
    })
    const since = before.logs.ends()
    const away = revocation(mesh, { by: [honest, second], targets: [{ admin: thief.did }], since })
    const late = grant(mesh, person(1), { admins: [honest, thief], notBeforeMs: NOW_MS - HOUR_MS })
    const set = withAll(before, away, late.text)
    const after = seenBy(set, [one, two], { added: [late.id], claimedMs: NOW_MS - HOUR_MS })
    expect(statusOf(after)).toBe('member')
    expect(statusOf(after, person(1).did)).toBe('unknown')
  })

  test(
    'does not help admins who have gone, all of them together',
    { tags: ['THR-26', 'REC-7'] },
    () => {
      const fresh = [8, 9, 10].map((at) => adminSigner(pooled(at)))
      const change = adminChange(mesh, {
        by: mesh.admins,
        add: fresh,
        remove: mesh.admins.map(({ did }) => did),
      })
      const set = seenBy(withAll(mesh.empty, change, membership.text), mesh.witnesses, {
        added: [membership.id],
      })
      expect(statusOf(set)).toBe('unknown')
    },
  )

  test('does not help a revoked enroller', { tags: ['THR-26', 'REC-6', 'REC-12'] }, () => {
    const enroller = adminSigner(person(3))
    const away = revocation(mesh, { targets: [{ enroller: enroller.did }] })
    const late = enrolled(mesh, { enroller, member: person(1) })
    const set = withAll(mesh.empty, enrollerCredential(mesh, { enroller }), away, late)
    expect(statusOf(seenBy(set, mesh.witnesses, { added: [idOf(late)] }), person(1).did)).toBe(
      'revoked',
    )
  })

  test(
    'does not help a witness that writes it in afterwards',
    { tags: ['THR-26', 'THR-28', 'REC-11'] },
    () => {
      const before = seenBy(withAll(mesh.empty, membership.text), [one, two], {
        added: [membership.id],
      })
      const since = before.logs.ends()
      const away = revocation(mesh, {
        by: [honest, second],
        targets: [{ admin: thief.did }],
        since,
      })
      const late = grant(mesh, person(1), { admins: [honest, thief] })
      const forged = [one, two].map((witness) =>
        statedCheckpoint(mesh, { witness, epoch: 2, size: 1, prev: idOf(away), added: [late.id] }),
      )
      expect(statusOf(withAll(before, away, late.text, ...forged), person(1).did)).toBe('unknown')
    },
  )
})

describe('coming back', () => {
  const keys = { ...person(1).log, did: member.did }
  const back = grant(mesh, member, { gen: 2, member: keys })
  const word = readmission(mesh, { member, gen: 2, keys: back.keys, ref: idOf(gone) })
  const returned = withAll(mesh.empty, membership.text, gone, back.text, word)

  test(
    'with the old membership is no way in, before a readmission and after it',
    { tags: ['THR-27', 'REC-5'] },
    () => {
      const replayed = RecordSet.empty(suite, mesh.charter)
      expect(statusOf(withAll(replayed, gone, membership.text))).toBe('revoked')
      expect(standingOf(returned, member.did, NOW_MS)).toMatchObject({
        status: 'member',
        membership: { id: back.id, gen: 2 },
      })
      // Once the second generation has gone as well, the first does not stand up again.
      expect(statusOf(withAll(returned, revoked(mesh, member, 2), membership.text))).toBe('revoked')
    },
  )

  test('with the old keys is no way in', { tags: ['THR-27', 'REC-5'] }, () => {
    const sameKeys = grant(mesh, member, { gen: 3 })
    const again = readmission(mesh, { member, gen: 3, keys: sameKeys.keys, ref: idOf(gone) })
    const set = withAll(mesh.empty, membership.text, gone, sameKeys.text, again)
    expect(statusOf(set)).toBe('revoked')
    const former = formerKeys(returned, member.did, 1)
    expect(membership.keys.every((key) => former.has(key))).toBe(true)
    expect(back.keys.some((key) => former.has(key))).toBe(false)
  })
})

describe('a witness that tells two nodes two things', () => {
  const seen = seenBy(withAll(mesh.empty, membership.text), [one, two], { added: [membership.id] })
  const away = revocation(mesh, {
    by: [honest, second],
    targets: [{ admin: thief.did }],
    since: seen.logs.ends(),
  })
  const granted = grant(mesh, person(1), { admins: [honest, thief] })
  const start = seenBy(withAll(mesh.empty, granted.text), [one, two], { added: [granted.id] })

  test.for([
    {
      what: 'beacons',
      proof: forkProof(
        mesh,
        beacon(mesh, one, { seq: 4 }),
        beacon(mesh, one, { seq: 4, removalCount: 1 }),
      ),
    },
    {
      what: 'checkpoints',
      proof: forkProof(
        mesh,
        statedCheckpoint(mesh, { witness: one, epoch: 1, size: 0 }),
        statedCheckpoint(mesh, { witness: one, epoch: 1, size: 1, added: [idOf(gone)] }),
      ),
    },
  ])(
    'in $what is found out by the proof alone, and counts no more',
    { tags: ['THR-28', 'REC-11'] },
    ({ proof }) => {
      expect(refusedCode(mesh.empty, proof)).toBeUndefined()
      const since = start.logs.ends()
      const gravely = revocation(mesh, {
        by: [honest, second],
        targets: [{ admin: thief.did }],
        since,
      })
      const set = withAll(start, gravely)
      expect(statusOf(set, person(1).did)).toBe('member')
      expect(statusOf(withAll(set, proof), person(1).did)).toBe('unknown')
      expect(withAll(seen, away, proof).tables.forks.has(one.did)).toBe(true)
    },
  )

  test('is proved by nobody who only copies what it said', { tags: ['THR-28', 'REC-11'] }, () => {
    const once = beacon(mesh, one, { seq: 4 })
    const forged = edited(once, (record) => void (record['removalCount'] = 9))
    expect(refusedCode(mesh.empty, forkProof(mesh, once, forged))).toBe('record-unproved')
    expect(refusedCode(mesh.empty, forkProof(mesh, once, once))).toBe('record-malformed')
  })
})

describe('a flood of removals', () => {
  const flood = Array.from({ length: 200 }, (_, at) => revoked(mesh, person(1), at + 1))

  test(
    'by a neighbour without keys ends at its first record',
    { tags: ['THR-29', 'SYN-8'] },
    () => {
      let verified = 0
      const ed25519: typeof suite.ed25519 = {
        ...suite.ed25519,
        verify: (input) => {
          verified += 1
          return suite.ed25519.verify(input)
        },
      }
      const set = RecordSet.empty({ ...suite, ed25519 }, mesh.charter)
      const { node, tell } = SyncLab.against(set)
      const forged = flood
        .slice(0, 100)
        .map((text, at) => edited(text, (record) => void (record['id'] = uuidOf(at))))
      tell({ type: 'records', texts: forged, answer: 'none' })
      expect(node.cuts).toEqual(['record-unproved'])
      expect([verified, node.set.size]).toEqual([1, 0])
    },
  )

  test(
    'by one admin alone ends when it cannot show what would prove it',
    { tags: ['THR-29', 'THR-24', 'SYN-9'] },
    () => {
      const lone = Array.from({ length: 260 }, (_, at) => revoked(alone, person(1), at + 1))
      const { node, tell } = SyncLab.against(mesh.empty)
      tell({ type: 'records', texts: lone.slice(0, 100), answer: 'none' })
      tell({ type: 'records', texts: lone.slice(100, 200), answer: 'none' })
      expect(node.cuts).toEqual([])
      tell({ type: 'records', texts: lone.slice(200, 257), answer: 'none' })
      expect(node.cuts).toEqual(['record-unproved'])
      expect(node.set.size).toBe(0)
    },
  )

  test('by k admins is taken up, all of it', { tags: ['THR-29', 'REC-13'] }, () => {
    const [left, right] = [new SyncNode('left', mesh.empty), new SyncNode('right', mesh.empty)]
    const lab = new SyncLab()
    lab.connect(left, right)
    lab.submit(left, ...flood)
    lab.settle()
    lab.pass(200, left)
    lab.settle()
    expect([left.set.size, right.set.size]).toEqual([200, 200])
    expect([...left.cuts, ...right.cuts]).toEqual([])
  })
})

function uuidOf(at: number): string {
  return `urn:uuid:00000000-0000-4000-9000-${at.toString(16).padStart(12, '0')}`
}

test(
  'a mesh that somebody has filled with grants still takes every removal',
  { tags: ['THR-30', 'REC-13', 'SYN-11'] },
  () => {
    const full = withAll(
      mesh.emptyWith({ grantsMax: 2 }),
      membership.text,
      grant(mesh, person(1)).text,
    )
    const node = new SyncNode('node', full)
    const other = new SyncNode('other', withAll(full, gone))
    const greedy = new SyncNode('greedy', withAll(mesh.empty, grant(mesh, person(2)).text))
    const lab = new SyncLab()
    lab.connect(node, greedy)
    lab.connect(node, other)
    lab.settle()
    expect(statusOf(node.set)).toBe('revoked')
    expect(node.cuts).toEqual([])
    lab.submit(node, quarantine(mesh, person(1)))
    expect(statusOf(node.set, person(1).did)).toBe('quarantined')
  },
)

describe('a neighbour that lies about what it knows', () => {
  const nothing = { root: '0'.repeat(64), count: 0 }
  const heads = (removal: {
    root: string
    count: number
  }): { [key: string]: { root: string; count: number } } => ({
    checkpoint: nothing,
    removal,
    grant: nothing,
  })

  test('hides nothing that another tells', { tags: ['THR-31', 'SYN-6'] }, () => {
    const { lab, node, tell } = SyncLab.against(withAll(mesh.empty, membership.text))
    tell({ type: 'heads', heads: heads(nothing), reply: false })
    lab.connect(node, new SyncNode('honest', withAll(mesh.empty, gone)))
    lab.settle()
    expect(statusOf(node.set)).toBe('revoked')
  })

  test('is cut when it names what it does not give', { tags: ['THR-31', 'SYN-8'] }, () => {
    const { node, tell } = SyncLab.against(mesh.empty)
    tell({ type: 'heads', heads: heads({ root: 'a'.repeat(64), count: 2 }), reply: false })
    tell({ type: 'below', part: 'removal', prefix: '', ids: [idOf(gone), membership.id], sums: [] })
    tell({ type: 'records', texts: [gone], answer: 'last' })
    expect(node.cuts).toEqual(['records-withheld'])
    expect(node.settled).toEqual([])
  })

  test('is cut when it says that it has more than it names', { tags: ['THR-31', 'SYN-9'] }, () => {
    const { node, tell } = SyncLab.against(mesh.empty)
    tell({
      type: 'heads',
      heads: heads({ root: 'a'.repeat(64), count: 1_000_000_000 }),
      reply: false,
    })
    tell({ type: 'below', part: 'removal', prefix: '', ids: [idOf(gone)], sums: [] })
    expect(node.cuts).toEqual(['sync-malformed'])
  })
})
