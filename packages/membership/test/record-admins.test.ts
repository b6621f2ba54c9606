import {
  adminSigner,
  type AdminSigner,
  keysHash,
  publicPair,
  type RecordSet,
  standingOf,
  TARGETS_OF_K_MAX,
} from '@warren/membership'
import { describe, expect, test } from 'vitest'
import { NOW_MS, suite } from './builders.ts'
import {
  adminChange,
  enrollerCredential,
  grant,
  idOf,
  person,
  pooled,
  refusedCode,
  revocation,
  revoked,
  seenBy,
  withAll,
  type WitnessedMesh,
  witnessedMesh,
} from './record-builders.ts'

const mesh = witnessedMesh({ admins: 4, k: 2, kAdmin: 3 })
const [a, b, c, d] = mesh.admins
if (a === undefined || b === undefined || c === undefined || d === undefined)
  throw new Error('four')
const fresh = adminSigner(pooled(8))
const member = person(0)

function statusOf(set: RecordSet, did = member.did): string {
  return standingOf(set, did, NOW_MS).status
}

/** The same DID with other keys. */
function rotated(admin: AdminSigner, at: number): AdminSigner {
  return { ...adminSigner(pooled(at)), did: admin.did }
}

function signedBy(by: readonly AdminSigner[], from: WitnessedMesh = mesh): string {
  return grant(from, member, { admins: by }).text
}

describe('the threshold', () => {
  test('of k admins is enough, and one fewer is not', { tags: ['REC-3'] }, () => {
    const targets = [{ did: member.did, maxGen: 1 }]
    expect(refusedCode(mesh.empty, revocation(mesh, { targets, by: [a, b] }))).toBeUndefined()
    expect(refusedCode(mesh.empty, revocation(mesh, { targets, by: [a] }))).toBe('record-unproved')
  })

  test(
    'for an admin, or for more than eight targets, is the admin threshold',
    { tags: ['REC-3'] },
    () => {
      const many = Array.from({ length: TARGETS_OF_K_MAX + 1 }, (_, at) => ({
        did: member.did,
        maxGen: at + 1,
      }))
      for (const targets of [[{ admin: d.did }], many]) {
        expect(refusedCode(mesh.empty, revocation(mesh, { targets, by: [a, b] }))).toBe(
          'record-unproved',
        )
        expect(
          refusedCode(mesh.empty, revocation(mesh, { targets, by: [a, b, c] })),
        ).toBeUndefined()
      }
      const eight = revocation(mesh, { targets: many.slice(1), by: [a, b] })
      expect(refusedCode(mesh.empty, eight)).toBeUndefined()
    },
  )

  test('is met within one set of admins, not across two', { tags: ['REC-3'] }, () => {
    const change = adminChange(mesh, { by: [a, b, c], add: [fresh], remove: [a.did] })
    const set = withAll(mesh.empty, change)
    const targets = [{ did: member.did, maxGen: 1 }]
    // `a` was an admin before `fresh` was one.
    expect(refusedCode(set, revocation(mesh, { targets, by: [a, fresh] }))).toBe('record-unproved')
    expect(refusedCode(set, revocation(mesh, { targets, by: [b, fresh] }))).toBeUndefined()
    expect(refusedCode(set, revocation(mesh, { targets, by: [a, d] }))).toBeUndefined()
  })

  test(
    'that a later change lowers lets in what was not signed by enough before',
    { tags: ['REC-3', 'REC-4'] },
    () => {
      const lone = revocation(mesh, { targets: [{ did: member.did, maxGen: 1 }], by: [a] })
      const change = adminChange(mesh, { by: [a, b, c], k: 1 })
      expect(mesh.empty.accept([lone, change]).refused).toEqual([])
      const stays = adminChange(mesh, { by: [a, b, c], k: 2, prev: idOf(change), remove: [d.did] })
      expect(withAll(mesh.empty, lone, change, stays).has(idOf(lone))).toBe(true)
    },
  )
})

describe('an admin change', () => {
  test(
    'is signed by exactly its approvers and everybody whose keys it puts in',
    { tags: ['REC-9'] },
    () => {
      const code = (wish: Partial<Parameters<typeof adminChange>[1]>): string | undefined =>
        refusedCode(
          mesh.empty,
          adminChange(mesh, { by: [a, b, c], add: [fresh], kAdmin: 4, ...wish }),
        )
      expect(code({})).toBeUndefined()
      expect(code({ signers: [a, b, c] })).toBe('record-unproved')
      expect(code({ signers: [a, b, c, d, fresh] })).toBe('record-unproved')
      expect(code({ signers: [a, b, fresh] })).toBe('record-unproved')
      expect(code({ by: [a, b] })).toBe('record-unproved')
      expect(code({ by: [a, b, c, d] })).toBeUndefined()
    },
  )

  test.for([
    { what: 'somebody unknown is removed', wish: { remove: [fresh.did] } },
    { what: 'k is more than there are admins', wish: { k: 5 } },
    { what: 'kAdmin is less than two thirds', wish: { kAdmin: 2 } },
    { what: 'there are witnesses and kw is 0', wish: { kWitness: 0 } },
    { what: 'an admin is put in a second time', wish: { add: [rotated(a, 9)] } },
    {
      what: 'an admin gets other keys by going and coming',
      wish: { add: [rotated(a, 9)], remove: [a.did] },
    },
  ])('is refused where $what', { tags: ['REC-9'] }, ({ wish }) => {
    expect(refusedCode(mesh.empty, adminChange(mesh, { by: [a, b, c], ...wish }))).toBe(
      'record-invalid',
    )
  })

  test('keeps to the keys that an admin had committed to', { tags: ['REC-9'] }, () => {
    const next = rotated(fresh, 9)
    const { ed25519, mlDsa44 } = publicPair(next)
    const nextKeysHash = keysHash(suite, [ed25519.multikey, mlDsa44.multikey])
    const careful = adminChange(mesh, {
      by: [a, b, c],
      add: [{ ...fresh, nextKeysHash }],
      kAdmin: 4,
    })
    const set = withAll(mesh.empty, careful)
    const turn = (to: AdminSigner): string =>
      adminChange(mesh, { by: [a, b, c, d], rotate: [to], prev: idOf(careful), kAdmin: 4 })
    expect(refusedCode(set, turn(rotated(fresh, 10)))).toBe('record-invalid')
    expect(refusedCode(set, turn(next))).toBeUndefined()
  })

  test(
    'waits for the change before it, without a look at its signatures',
    { tags: ['REC-9', 'REC-4'] },
    () => {
      const one = adminChange(mesh, { by: [a, b, c], remove: [d.did], kAdmin: 2 })
      const two = adminChange(mesh, { by: [a, b], remove: [c.did], kAdmin: 2, prev: idOf(one) })
      expect(mesh.empty.accept([two]).refused).toMatchObject([
        { error: { code: 'predecessor-unknown' }, isOpen: true },
      ])
      expect(withAll(mesh.empty, two, one).tree.tip.admins.map(({ did }) => did)).toEqual([
        a.did,
        b.did,
      ])
    },
  )

  test(
    'that keeps one of two keys leaves old signatures as good as they were',
    { tags: ['REC-4', 'REC-9'] },
    () => {
      const half = { ...a, mlDsa44: adminSigner(pooled(9)).mlDsa44 }
      const change = adminChange(mesh, { by: [b, c, d], rotate: [half] })
      const gone = revocation(mesh, { targets: [{ did: member.did, maxGen: 1 }], by: [a, b] })
      const other = revocation(mesh, { targets: [{ did: member.did, maxGen: 2 }], by: [half, b] })
      for (const texts of [
        [gone, change, other],
        [change, gone, other],
        [change, other, gone],
      ]) {
        const set = texts.reduce((before, text) => withAll(before, text), mesh.empty)
        expect(set.size).toBe(3)
      }
      const mixed = { ...a, ed25519: adminSigner(pooled(10)).ed25519 }
      const wrong = revocation(mesh, { targets: [{ did: member.did, maxGen: 3 }], by: [mixed, b] })
      expect(refusedCode(withAll(mesh.empty, change), wrong)).toBe('signer-unknown')
    },
  )
})

describe('of two changes of one set', () => {
  const tipOf = (...texts: readonly string[]): string => {
    const [there, back] = [texts, texts.toReversed()].map(
      (each) => withAll(mesh.empty, ...each).tree.tip.head,
    )
    expect(back).toBe(there)
    return there ?? ''
  }

  test('the one with more approvers is in force', { tags: ['REC-10'] }, () => {
    const three = adminChange(mesh, { by: [a, b, c], remove: [d.did] })
    const four = adminChange(mesh, { by: [a, b, c, d], add: [fresh], kAdmin: 4 })
    expect(tipOf(three, four)).toBe(idOf(four))
  })

  test(
    'of equally many the one that removes is, then the one with the lower id',
    { tags: ['REC-10'] },
    () => {
      const adds = adminChange(mesh, { by: [a, b, c], add: [fresh], kAdmin: 4 })
      const removes = adminChange(mesh, { by: [a, b, c], remove: [d.did] })
      const also = adminChange(mesh, { by: [a, b, d], remove: [c.did] })
      expect(tipOf(adds, removes)).toBe(idOf(removes))
      const [lower = ''] = [idOf(removes), idOf(also)].toSorted()
      expect(tipOf(removes, also)).toBe(lower)
    },
  )

  test(
    'whom either touches, and who approved both, grants nothing until witnesses have settled',
    { tags: ['REC-10'] },
    () => {
      const removes = adminChange(mesh, { by: [a, b, c], remove: [d.did] })
      const adds = adminChange(mesh, { by: [a, b, c], add: [fresh], kAdmin: 4 })
      const text = signedBy([a, b])
      const before = withAll(mesh.empty, text, removes)
      expect(statusOf(before)).toBe('member')
      const open = withAll(before, adds)
      expect(statusOf(open)).toBe('unknown')
      const [one, two] = mesh.witnesses
      if (one === undefined || two === undefined) throw new Error('two')
      const added = [idOf(removes)]
      expect(statusOf(seenBy(open, [one], { added }))).toBe('unknown')
      expect(statusOf(seenBy(open, [one, two], { added }))).toBe('member')
    },
  )

  test('what either set of admins takes away stays away', { tags: ['REC-10', 'REC-5'] }, () => {
    const loser = adminChange(mesh, { by: [a, b, c], add: [fresh], kAdmin: 4 })
    const winner = adminChange(mesh, { by: [a, b, c], remove: [d.did] })
    const gone = revocation(mesh, { targets: [{ did: member.did, maxGen: 1 }], by: [fresh, d] })
    const text = signedBy([a, b])
    for (const texts of [
      [loser, gone, winner, text],
      [winner, loser, text, gone],
    ]) {
      const set = withAll(mesh.empty, ...texts)
      expect(set.tree.tip.head).toBe(idOf(winner))
      expect(statusOf(seenBy(set, mesh.witnesses, { added: [idOf(winner)] }))).toBe('revoked')
    }
  })
})

describe('a grant of admins who have gone', () => {
  const handover = (since: Parameters<typeof adminChange>[1]['since'] = []): string =>
    adminChange(mesh, {
      by: [a, b, c],
      add: [8, 9, 10].map((at) => adminSigner(pooled(at))),
      remove: [a.did, b.did, c.did],
      since,
    })

  test(
    'counts where witnesses saw it in their time, and not where it comes later with an old date',
    { tags: ['REC-7'] },
    () => {
      const early = signedBy([a, b])
      const seen = seenBy(withAll(mesh.empty, early), mesh.witnesses.slice(0, 2), {
        added: [idOf(early)],
      })
      const after = withAll(seen, handover(seen.logs.ends()))
      expect(statusOf(after)).toBe('member')
      const late = grant({ ...mesh, admins: [a, b] }, person(1)).text
      const tooLate = seenBy(withAll(after, late), mesh.witnesses, { added: [idOf(late)] })
      expect(statusOf(tooLate, person(1).did)).toBe('unknown')
    },
  )

  test('does not count on the word of one witness too few', { tags: ['REC-7'] }, () => {
    const early = signedBy([a, b])
    const seen = seenBy(withAll(mesh.empty, early), mesh.witnesses.slice(0, 1), {
      added: [idOf(early)],
    })
    expect(statusOf(withAll(seen, handover(seen.logs.ends())))).toBe('unknown')
  })

  test(
    'goes on counting when the witnesses of that time have gone as well',
    { tags: ['REC-7'] },
    () => {
      const early = signedBy([a, b])
      const seen = seenBy(withAll(mesh.empty, early), mesh.witnesses, { added: [idOf(early)] })
      const change = handover(seen.logs.ends())
      const set = withAll(seen, change)
      const others = [11, 12].map((at) => adminSigner(pooled(at)))
      const next = adminChange(mesh, {
        by: [8, 9, 10].map((at) => adminSigner(pooled(at))),
        prev: idOf(change),
        addWitnesses: others,
        removeWitnesses: mesh.witnesses.map(({ did }) => did),
      })
      expect(statusOf(withAll(set, next))).toBe('member')
    },
  )

  test(
    'does not count by the word of a revoked admin, unless it was seen before',
    { tags: ['REC-7'] },
    () => {
      const text = signedBy([a, b])
      const granted = withAll(mesh.empty, text)
      const gone = revocation(mesh, { targets: [{ admin: a.did }], by: [b, c, d] })
      expect(statusOf(withAll(granted, gone))).toBe('unknown')
      const seen = seenBy(granted, mesh.witnesses, { added: [idOf(text)] })
      const since = seen.logs.ends()
      const later = revocation(mesh, { targets: [{ admin: a.did }], by: [b, c, d], since })
      expect(statusOf(withAll(seen, later))).toBe('member')
      const earlier = since.map(({ witness }) => ({ witness, size: 0 }))
      const harder = revocation(mesh, {
        targets: [{ admin: a.did }],
        by: [b, c, d],
        since: earlier,
      })
      expect(statusOf(withAll(seen, later, harder))).toBe('unknown')
    },
  )

  test(
    'counts by the signatures of all its copies, whichever came first',
    { tags: ['REC-4', 'REC-7'] },
    () => {
      const whole = JSON.parse(signedBy([a, b, c])) as { proof: object[] }
      const copy = (from: number, to: number): string =>
        JSON.stringify({ ...whole, proof: whole.proof.slice(from, to) }, sortedKeys)
      const [ab, bc] = [copy(0, 4), copy(2, 6)]
      const gone = revocation(mesh, { targets: [{ admin: a.did }], by: [b, c, d] })
      const sets = [
        withAll(mesh.empty, ab, gone, bc),
        withAll(mesh.empty, bc, ab, gone),
        withAll(mesh.empty, ab, gone).merge(withAll(mesh.empty, bc)),
        withAll(mesh.empty, bc).merge(withAll(mesh.empty, ab, gone)),
      ]
      expect(statusOf(withAll(mesh.empty, ab, gone))).toBe('unknown')
      expect(sets.map((set) => statusOf(set))).toEqual(['member', 'member', 'member', 'member'])
      const texts = new Set(sets.map((set) => set.get(idOf(ab))?.text))
      expect(texts.size).toBe(1)
      const [text = ''] = texts
      expect(statusOf(withAll(mesh.empty, text, gone))).toBe('member')
    },
  )

  test(
    'of an enroller goes with the credential that the admins gave it',
    { tags: ['REC-7'] },
    () => {
      const credential = enrollerCredential(mesh, { enroller: adminSigner(person(1)) })
      const set = withAll(mesh.empty, credential, revoked(mesh, person(2)))
      expect(withAll(set, handover()).has(idOf(credential))).toBe(true)
    },
  )
})

/** Canonical form is what `JSON.stringify` writes with sorted keys. */
function sortedKeys(_key: string, value: unknown): unknown {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return value
  return Object.fromEntries(Object.entries(value).toSorted(([x], [y]) => (x < y ? -1 : 1)))
}
