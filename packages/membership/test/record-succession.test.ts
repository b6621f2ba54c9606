import { adminSigner, type AdminSigner, type RecordSet, standingOf } from '@warren/membership'
import type { JsonObject } from '@warren/core'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { NOW_MS } from './builders.ts'
import {
  adminChange,
  beacon,
  type ChangeWish,
  forkProof,
  grant,
  idOf,
  person,
  pooled,
  refusedCode,
  revocation,
  seenBy,
  signed,
  statedCheckpoint,
  withAll,
  witnessedMesh,
} from './record-builders.ts'

const mesh = witnessedMesh({ admins: 4, k: 2, kAdmin: 3 })
const [a, b, c, d] = mesh.admins
const [one, two, three] = mesh.witnesses
if (a === undefined || b === undefined || c === undefined || d === undefined)
  throw new Error('four admins')
if (one === undefined || two === undefined || three === undefined)
  throw new Error('three witnesses')
const successors = [8, 9, 10].map((at) => adminSigner(pooled(at)))
const [e, f] = successors
if (e === undefined || f === undefined) throw new Error('two successors')
const member = person(0)

/** Three admins hand over to three others. */
const handover = adminChange(mesh, {
  by: [a, b, c],
  add: successors,
  remove: [a.did, b.did, c.did],
})
/** All four keys of the set before, later, in other hands: with more approvers than the handover. */
const rival = adminChange(mesh, { by: [a, b, c, d], remove: [d.did] })

function tipOf(set: RecordSet): string {
  return set.tree.tip.head
}

function statusOf(set: RecordSet): string {
  return standingOf(set, member.did, NOW_MS).status
}

/** A membership of admins whom the charter does not know. */
function grantedBySuccessors(who: typeof member): string {
  const { proof: _proof, ...document } = JSON.parse(grant(mesh, who).text) as JsonObject
  return signed(document, successors.slice(0, 2))
}

/** A checkpoint in which a witness says that a change is in force. */
function names(witness: AdminSigner, head: string, added: readonly string[] = [head]): string {
  return statedCheckpoint(mesh, { witness, epoch: 1, size: added.length, added, adminHead: head })
}

/** The set in which two witnesses have logged the ids of a text before anything else happens. */
function loggedBy(set: RecordSet, ...texts: readonly string[]): RecordSet {
  return seenBy(withAll(set, ...texts), [one, two].filter(isSigner), { added: texts.map(idOf) })
}

function isSigner(signer: AdminSigner | undefined): signer is AdminSigner {
  return signer !== undefined
}

function revokedAdmin(
  admin: AdminSigner,
  wish: { by: readonly AdminSigner[]; from?: RecordSet },
): string {
  const since = wish.from?.logs.ends() ?? []
  return revocation(mesh, { targets: [{ admin: admin.did }], by: wish.by, since })
}

function changeBy(by: readonly AdminSigner[], wish: Partial<ChangeWish> = {}): string {
  return adminChange(mesh, { by, add: [e, f].filter(isSigner), kAdmin: 4, ...wish })
}

describe('what witnesses have settled on', () => {
  test(
    'stays in force, although keys that it retired sign a rival with more approvers',
    { tags: ['REC-10', 'THR-26'] },
    () => {
      const settled = withAll(
        mesh.empty,
        handover,
        names(one, idOf(handover)),
        names(two, idOf(handover)),
      )
      const byNew = grantedBySuccessors(member)
      const attacked = withAll(settled, byNew, rival)
      expect(tipOf(attacked)).toBe(idOf(handover))
      expect(statusOf(attacked)).toBe('member')
      const byOld = grant({ ...mesh, admins: [a, b] }, member).text
      expect(statusOf(withAll(settled, rival, byOld))).toBe('unknown')
    },
  )

  test('needs kw of them, and not one fewer', { tags: ['REC-10'] }, () => {
    const both = withAll(mesh.empty, handover, rival)
    expect(tipOf(both)).toBe(idOf(rival))
    const oneSaid = withAll(both, names(one, idOf(handover)))
    expect(tipOf(oneSaid)).toBe(idOf(rival))
    expect(tipOf(withAll(oneSaid, names(two, idOf(handover))))).toBe(idOf(handover))
  })

  test(
    'is settled by whoever says that a change after it is in force',
    { tags: ['REC-10'] },
    () => {
      const next = adminChange(mesh, { by: successors, prev: idOf(handover), k: 1 })
      const set = withAll(
        mesh.empty,
        handover,
        next,
        names(one, idOf(next)),
        names(two, idOf(next)),
      )
      expect(tipOf(withAll(set, rival))).toBe(idOf(next))
    },
  )

  test('stays so when a witness says something else later', { tags: ['REC-10'] }, () => {
    const first = names(one, idOf(handover))
    const set = withAll(mesh.empty, handover, rival, first, names(two, idOf(handover)))
    const turned = statedCheckpoint(mesh, {
      witness: one,
      epoch: 2,
      size: 2,
      prev: idOf(first),
      added: [idOf(rival)],
      adminHead: idOf(rival),
    })
    expect(tipOf(withAll(set, turned))).toBe(idOf(handover))
  })

  test(
    'is not settled by a witness that contradicts itself, or is none of the set before',
    { tags: ['REC-10', 'REC-11'] },
    () => {
      const liar = forkProof(
        mesh,
        beacon(mesh, two, { seq: 1 }),
        beacon(mesh, two, { seq: 1, removalCount: 1 }),
      )
      const set = withAll(
        mesh.empty,
        handover,
        rival,
        names(one, idOf(handover)),
        names(two, idOf(handover)),
      )
      expect(tipOf(withAll(set, liar))).toBe(idOf(rival))
      const own = [11, 12].map((at) => adminSigner(pooled(at)))
      const withOwn = adminChange(mesh, {
        by: [a, b, c],
        remove: [d.did],
        addWitnesses: own,
        kWitness: 2,
      })
      const said = own.map((witness) => names(witness, idOf(withOwn)))
      expect(tipOf(withAll(mesh.empty, withOwn, rival, ...said))).toBe(idOf(rival))
    },
  )

  test('leaves the old order where they have settled on both', { tags: ['REC-10'] }, () => {
    const divided = witnessedMesh({ admins: 4, k: 2, kAdmin: 3, witnesses: 2, kWitness: 1 })
    const [left, right] = divided.witnesses
    if (left === undefined || right === undefined) throw new Error('two witnesses')
    const weaker = adminChange(divided, { by: [a, b, c], remove: [d.did] })
    const stronger = adminChange(divided, { by: [a, b, c, d], remove: [d.did] })
    const said = [
      [left, weaker],
      [right, stronger],
    ] as const
    const texts = said.map(([witness, head]) =>
      statedCheckpoint(divided, { witness, epoch: 1, size: 0, adminHead: idOf(head) }),
    )
    const set = withAll(divided.empty, weaker, stronger, ...texts)
    expect(tipOf(set)).toBe(idOf(stronger))
    expect(set.tree.conflicts()).toMatchObject([{ winner: idOf(stronger), isSettled: false }])
  })

  test(
    'thaws whom the rivals concern, and a rival that comes later freezes nobody',
    { tags: ['REC-10'] },
    () => {
      const removes = adminChange(mesh, { by: [a, b, c], remove: [d.did] })
      const later = adminChange(mesh, { by: [a, b, c, d], remove: [c.did] })
      const text = grant({ ...mesh, admins: [a, b] }, member).text
      const open = withAll(mesh.empty, removes, later, text)
      expect(statusOf(open)).toBe('unknown')
      const said = [one, two].map((witness) => names(witness, idOf(removes)))
      expect(statusOf(withAll(open, ...said))).toBe('member')
    },
  )

  test('freezes nobody on a branch that is not in force', { tags: ['REC-10'] }, () => {
    const branch = adminChange(mesh, { by: [a, b, c], remove: [d.did] })
    const winner = adminChange(mesh, { by: [a, b, c, d], k: 1 })
    const rivals = [a, b].map((gone) =>
      adminChange(mesh, { by: [a, b, c], remove: [gone.did], prev: idOf(branch), kAdmin: 2 }),
    )
    const said = [one, two].map((witness) => names(witness, idOf(winner)))
    const text = grant({ ...mesh, admins: [a, b] }, member).text
    const set = withAll(mesh.empty, branch, winner, ...said, text)
    expect(statusOf(set)).toBe('member')
    expect(statusOf(withAll(set, ...rivals))).toBe('member')
  })
})

describe('a revoked admin', () => {
  const gone = revokedAdmin(a, { by: [b, c, d] })

  test(
    'approves no change any more: without it the change is not in force, and stays in the set',
    { tags: ['REC-16'] },
    () => {
      const change = changeBy([a, b, c])
      const set = withAll(mesh.empty, gone, change)
      expect(tipOf(set)).toBe(mesh.charter.meshId)
      expect(set.has(idOf(change))).toBe(true)
      const targets = [{ did: member.did, maxGen: 1 }]
      expect(refusedCode(set, revocation(mesh, { targets, by: [e, f] }))).toBeUndefined()
      expect(tipOf(withAll(mesh.empty, change, gone))).toBe(mesh.charter.meshId)
    },
  )

  test('is not needed where enough others approve', { tags: ['REC-16'] }, () => {
    const change = changeBy([a, b, c, d])
    expect(tipOf(withAll(mesh.empty, gone, change))).toBe(idOf(change))
    // And makes no change stronger than it is by the word of the others.
    const other = changeBy([b, c, d], { remove: [a.did], add: [], kAdmin: 3 })
    expect(tipOf(withAll(mesh.empty, gone, change, other))).toBe(idOf(other))
  })

  test(
    'counts in a change that kw witnesses saw before, and not on the word of one fewer',
    { tags: ['REC-16'] },
    () => {
      const change = changeBy([a, b, c])
      // They have written it down, and say of nothing that it is in force.
      const log = (witness: AdminSigner): string =>
        names(witness, mesh.charter.meshId, [idOf(change)])
      const seen = withAll(mesh.empty, change, log(one), log(two))
      expect(tipOf(withAll(seen, revokedAdmin(a, { by: [b, c, d], from: seen })))).toBe(
        idOf(change),
      )
      const less = withAll(mesh.empty, change, log(one))
      const later = revokedAdmin(a, { by: [b, c, d], from: less })
      expect(tipOf(withAll(less, later, log(two)))).toBe(mesh.charter.meshId)
      // The revocation that reaches furthest back decides.
      const harder = withAll(seen, revokedAdmin(a, { by: [b, c, d], from: seen }), gone)
      expect(tipOf(harder)).toBe(mesh.charter.meshId)
    },
  )

  test(
    'undoes nothing that witnesses have settled on: old keys bring nobody back by revoking whoever removed them',
    { tags: ['REC-16', 'THR-26'] },
    () => {
      const settled = loggedBy(mesh.empty, handover)
      const backDated = revokedAdmin(a, { by: [b, c, d] })
      expect(tipOf(withAll(settled, backDated))).toBe(idOf(handover))
    },
  )

  test(
    'counts again where too few would be left, so that nobody can end a mesh for good',
    { tags: ['REC-16'] },
    () => {
      const other = revokedAdmin(b, { by: [a, c, d] })
      const change = changeBy([a, b, c])
      expect(tipOf(withAll(mesh.empty, gone, change))).toBe(mesh.charter.meshId)
      expect(tipOf(withAll(mesh.empty, gone, other, change))).toBe(idOf(change))
    },
  )

  test(
    'counts in a mesh without witnesses, where what it approved in office would be undone',
    { tags: ['REC-16'] },
    () => {
      const alone = witnessedMesh({ admins: 4, k: 2, kAdmin: 3, witnesses: 0 })
      const change = adminChange(alone, { by: [a, b, c], remove: [d.did] })
      const out = revocation(alone, { targets: [{ admin: a.did }], by: [b, c, d] })
      expect(tipOf(withAll(alone.empty, change, out))).toBe(idOf(change))
    },
  )
})

describe('a frozen admin', () => {
  // Two changes of four of six: whoever approved both is in doubt, and four are not.
  const six = witnessedMesh({ admins: 6, k: 2, kAdmin: 4 })
  const { admins } = six
  const left = adminChange(six, { by: admins.slice(0, 4), k: 1 })
  const right = adminChange(six, { by: admins.slice(2), k: 3 })
  const [lower = '', higher = ''] = [left, right].toSorted((x, y) => (idOf(x) < idOf(y) ? -1 : 1))

  function after(by: readonly AdminSigner[]): string {
    return adminChange(six, { by, prev: idOf(lower), k: 4 })
  }

  test(
    'approves no change after the one in doubt until witnesses have settled on one',
    { tags: ['REC-16'] },
    () => {
      const next = after(admins.slice(0, 4))
      const open = withAll(six.empty, lower, higher, next)
      expect(tipOf(open)).toBe(idOf(lower))
      const said = six.witnesses.map((witness) =>
        statedCheckpoint(six, { witness, epoch: 1, size: 0, adminHead: idOf(lower) }),
      )
      expect(tipOf(withAll(open, ...said.slice(0, 1)))).toBe(idOf(lower))
      expect(tipOf(withAll(open, ...said.slice(0, 2)))).toBe(idOf(next))
    },
  )

  test('is not needed where enough others approve', { tags: ['REC-16'] }, () => {
    const next = after([...admins.slice(0, 2), ...admins.slice(4)])
    expect(tipOf(withAll(six.empty, lower, higher, next))).toBe(idOf(next))
  })

  test(
    'counts where too few are not frozen: or witnesses who have gone could not be replaced',
    { tags: ['REC-16'] },
    () => {
      // All four approved both of these.
      const [first = '', second = ''] = [1, 3]
        .map((k) => adminChange(mesh, { by: [a, b, c, d], k }))
        .toSorted((x, y) => (idOf(x) < idOf(y) ? -1 : 1))
      const next = adminChange(mesh, { by: [a, b, c], prev: idOf(first), k: 2 })
      expect(tipOf(withAll(mesh.empty, first, second, next))).toBe(idOf(next))
    },
  )
})

describe('in whatever order they come', () => {
  const next = adminChange(mesh, { by: successors, prev: idOf(handover), k: 1 })
  const liar = forkProof(
    mesh,
    beacon(mesh, three, { seq: 1 }),
    beacon(mesh, three, { seq: 1, removalCount: 1 }),
  )
  const logged = loggedBy(mesh.empty, handover)
  const POOL = [
    handover,
    rival,
    next,
    changeBy([a, b, d]),
    revokedAdmin(a, { by: [b, c, d] }),
    revokedAdmin(b, { by: [a, c, d], from: logged }),
    names(one, idOf(handover)),
    names(two, idOf(next)),
    names(three, idOf(rival)),
    liar,
    grant({ ...mesh, admins: [a, b] }, member).text,
    grantedBySuccessors(person(1)),
  ]

  function said(set: RecordSet): object {
    return {
      heads: set.tree.reigns.map((reign) => reign.set.head),
      conflicts: set.tree.conflicts().map(({ winner, isSettled }) => ({ winner, isSettled })),
      standings: [member, person(1)].map(({ did }) => standingOf(set, did, NOW_MS)),
    }
  }

  test(
    'the same records put the same admins in force, and give the same standings',
    { tags: ['REC-4', 'REC-10', 'REC-16'] },
    () => {
      const some = fc.shuffledSubarray(POOL)
      fc.assert(
        fc.property(some, fc.array(fc.nat(), { maxLength: 4 }), (texts, cuts) => {
          const whole = mesh.empty.accept(texts).set
          expect(said(mesh.empty.accept(texts.toReversed()).set)).toEqual(said(whole))
          const at = (cuts[0] ?? 0) % (texts.length + 1)
          const [left, right] = [texts.slice(0, at), texts.slice(at)].map(
            (part) => mesh.empty.accept(part).set,
          )
          if (left === undefined || right === undefined) throw new Error('two parts')
          const merged = left.merge(right)
          expect(said(merged)).toEqual(said(right.merge(left)))
          // What was refused for what had not come is taken up now.
          expect(said(merged.accept(texts).set)).toEqual(said(whole))
        }),
        { numRuns: 60 },
      )
    },
  )
})
