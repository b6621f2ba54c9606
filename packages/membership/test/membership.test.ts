import { verifyMembership } from '@warren/membership'
import { describe, expect, test } from 'vitest'
import {
  type Loose,
  edited,
  refusalCode,
  HOUR_MS,
  identity,
  logOf,
  memberOf,
  mesh,
  NOW_MS,
  resigned,
  suite,
  YEAR_MS,
} from './builders.ts'

const three = mesh(3, 2)
const owner = identity()
const membership = memberOf(three, owner)

function verify(text: string, nowMs = NOW_MS): ReturnType<typeof verifyMembership> {
  return verifyMembership({ suite, charter: three.charter, text, nowMs })
}

describe('a membership', () => {
  test('reads back as it was issued', { tags: ['MEM-3'] }, () => {
    expect(verify(membership.text)).toEqual(membership)
    expect(membership).toMatchObject({
      did: owner.did,
      gen: 1,
      enclave: 'plant-a',
      roles: ['operator', 'tool-host'],
      notBeforeMs: NOW_MS,
      notAfterMs: NOW_MS + YEAR_MS,
      enrolRef: undefined,
    })
    expect(membership.peerIds).toHaveLength(1)
    expect(membership.keys).toHaveLength(2)
    expect(JSON.parse(membership.text)).toMatchObject({
      issuer: `urn:warren:mesh:${three.charter.meshId}`,
      type: ['VerifiableCredential', 'WarrenMembershipCredential'],
    })
  })

  test('may be signed by more admins than it takes', { tags: ['MEM-3'] }, () => {
    expect(memberOf(three, owner, { admins: three.admins })).toMatchObject({ did: owner.did })
  })

  test('holds with any k of the admins, and has the same id', { tags: ['MEM-3'] }, () => {
    const [, second, third] = three.admins
    const text = resigned(
      memberOf(three, owner, { admins: three.admins }).text,
      [second!, third!],
      () => undefined,
    )
    expect(verify(text).did).toBe(owner.did)
    const same = resigned(membership.text, three.admins.slice(0, 2), () => undefined)
    expect(verify(same).id).toBe(membership.id)
  })

  test('is not issued by k - 1 admins, nor by one admin twice', { tags: ['MEM-3'] }, () => {
    const [first] = three.admins
    expect(refusalCode(() => memberOf(three, owner, { admins: [first!] }))).toBe(
      'membership-unproved',
    )
    expect(() => memberOf(three, owner, { admins: [first!, first!] })).toThrow(
      /not signed as the mesh requires/,
    )
  })

  test('is not issued by the admins of another mesh', { tags: ['MEM-3'] }, () => {
    expect(refusalCode(() => memberOf(three, owner, { admins: mesh(2, 2).admins }))).toBe(
      'membership-unproved',
    )
  })
})

describe('the name of a member', { tags: ['MEM-14'] }, () => {
  const named = memberOf(three, owner, { name: 'press 3' })
  const renamed = (name: unknown) => (record: Loose) =>
    Object.assign(record.credentialSubject, { name })

  test('is signed with the rest', () => {
    expect(named).toMatchObject({ name: 'press 3' })
    expect(verify(named.text)).toEqual(named)
    expect(refusalCode(() => verify(edited(named.text, renamed('press 4'))))).toBe(
      'membership-unproved',
    )
  })

  test('may be absent, and cannot be added or taken away', () => {
    expect(membership.name).toBeUndefined()
    expect(verify(membership.text)).toEqual(membership)
    const added = edited(membership.text, renamed('press 3'))
    expect(refusalCode(() => verify(added))).toBe('membership-unproved')
    const taken = edited(named.text, (record) => {
      Reflect.deleteProperty(record.credentialSubject, 'name')
    })
    expect(refusalCode(() => verify(taken))).toBe('membership-unproved')
  })

  test.for([
    { name: 'x', isRefused: false },
    { name: 'x'.repeat(64), isRefused: false },
    { name: 'Höhle 3', isRefused: false },
    { name: '', isRefused: true },
    { name: 'x'.repeat(65), isRefused: true },
    { name: 'two\nlines', isRefused: true },
    { name: 'turned\u202Eround', isRefused: true },
    { name: ' padded ', isRefused: true },
    { name: null, isRefused: true },
  ])('$name: refused is $isRefused, whoever signs', ({ name, isRefused }) => {
    const text = resigned(membership.text, three.admins.slice(0, 2), renamed(name))
    if (isRefused) expect(refusalCode(() => verify(text))).toBe('membership-malformed')
    else expect(verify(text).name).toBe(name)
  })
})

describe('proofs', () => {
  const stranger = mesh(1, 1)
  const foreignProof = (JSON.parse(memberOf(stranger, owner).text) as Loose)['proof'][0]!

  test.for<{ name: string; change: (record: Loose) => void }>([
    { name: 'no proof', change: (record) => (record['proof'] = []) },
    { name: 'k - 1 signers', change: (record) => (record['proof'] = record['proof'].slice(0, 2)) },
    {
      name: 'the same signer twice',
      change: (record) =>
        (record['proof'] = [...record['proof'].slice(0, 2), ...record['proof'].slice(0, 2)]),
    },
    {
      name: 'a stripped ML-DSA-44 proof',
      change: (record) =>
        (record['proof'] = record['proof'].filter((_: unknown, index: number) => index !== 1)),
    },
    {
      name: 'a stripped Ed25519 proof',
      change: (record) => (record['proof'] = record['proof'].slice(1)),
    },
    {
      name: 'all ML-DSA-44 proofs stripped',
      change: (record) =>
        (record['proof'] = record['proof'].filter(
          (proof) => proof.cryptosuite === 'eddsa-jcs-2022',
        )),
    },
    {
      name: 'a stranger beside enough admins',
      change: (record) => record['proof'].push(foreignProof),
    },
    {
      name: 'an unknown suite beside enough admins',
      change: (record) => record['proof'].push({ ...record['proof'][0]!, cryptosuite: 'bbs-2023' }),
    },
    { name: 'a doubled proof', change: (record) => record['proof'].push(record['proof'][0]!) },
    {
      name: 'two proofs of one admin swapped',
      change: (record) =>
        ([record['proof'][0]!.proofValue, record['proof'][2]!.proofValue] = [
          record['proof'][2]!.proofValue,
          record['proof'][0]!.proofValue,
        ]),
    },
    { name: 'more roles', change: (record) => record['credentialSubject'].roles.push('admin') },
    {
      name: 'another enclave',
      change: (record) => (record['credentialSubject'].enclave = 'plant-b'),
    },
    { name: 'a later end', change: (record) => (record['validUntil'] = '2036-11-22T10:00:00Z') },
    {
      name: 'another member',
      change: (record) => (record['credentialSubject'].id = identity().did),
    },
    { name: 'a higher generation', change: (record) => (record['credentialSubject'].gen = 2) },
    {
      name: 'another id',
      change: (record) => (record['id'] = 'urn:uuid:00000000-0000-4000-8000-000000000000'),
    },
  ])('$name: refused', { tags: ['MEM-3'] }, ({ change }) => {
    expect(refusalCode(() => verify(edited(membership.text, change)))).toBe('membership-unproved')
  })

  test('one proof instead of a list is refused', { tags: ['MEM-3'] }, () => {
    const text = edited(membership.text, (record) =>
      Object.assign(record, { proof: record['proof'][0] }),
    )
    expect(refusalCode(() => verify(text))).toBe('membership-malformed')
  })
})

describe('time and mesh', () => {
  const skewMs = 60_000
  test.for([
    { when: 'at its start less the skew', nowMs: NOW_MS - skewMs, code: undefined },
    { when: 'before that', nowMs: NOW_MS - skewMs - 1, code: 'membership-not-yet-valid' as const },
    {
      when: 'just before its end and the skew',
      nowMs: NOW_MS + YEAR_MS + skewMs - 1,
      code: undefined,
    },
    {
      when: 'at its end and the skew',
      nowMs: NOW_MS + YEAR_MS + skewMs,
      code: 'membership-expired' as const,
    },
  ])('$when: $code', { tags: ['MEM-4'] }, ({ nowMs, code }) => {
    if (code === undefined) expect(verify(membership.text, nowMs).did).toBe(owner.did)
    else expect(refusalCode(() => verify(membership.text, nowMs))).toBe(code)
  })

  test('one that ends before it begins is not issued', { tags: ['MEM-4'] }, () => {
    expect(refusalCode(() => memberOf(three, owner, { notAfterMs: NOW_MS }))).toBe(
      'membership-malformed',
    )
    expect(memberOf(three, owner, { notAfterMs: NOW_MS + 1000 }).notAfterMs).toBe(NOW_MS + 1000)
  })

  test('of another mesh is refused, even with the same admins', { tags: ['MEM-4'] }, () => {
    expect(refusalCode(() => verify(memberOf(mesh(3, 2), owner).text))).toBe('membership-foreign')
    const moved = edited(memberOf(mesh(3, 2), owner).text, (record) => {
      record['mesh'] = three.charter.meshId
      record['issuer'] = `urn:warren:mesh:${three.charter.meshId}`
    })
    expect(refusalCode(() => verify(moved))).toBe('membership-unproved')
  })
})

describe('the form', () => {
  const signers = three.admins.slice(0, 2)
  const remade = (change: (record: Loose) => void): string =>
    resigned(membership.text, signers, change)
  test.for<{ name: string; text: string; code: 'membership-malformed' | 'membership-too-large' }>([
    { name: 'nothing', text: '', code: 'membership-malformed' },
    {
      name: 'a key twice',
      text: membership.text.replace('"gen":1', '"gen":1,"gen":1'),
      code: 'membership-malformed',
    },
    {
      name: 'another order of keys',
      text: JSON.stringify(
        Object.fromEntries(Object.entries(JSON.parse(membership.text)).toReversed()),
      ),
      code: 'membership-malformed',
    },
    { name: 'too many characters', text: `"${'x'.repeat(98_303)}"`, code: 'membership-too-large' },
    {
      name: 'an unknown member',
      text: remade((record) => (record['credentialStatus'] = {})),
      code: 'membership-malformed',
    },
    {
      name: 'an unknown member of the subject',
      text: remade((record) => (record['credentialSubject'].admin = true)),
      code: 'membership-malformed',
    },
    {
      name: 'an admin as issuer',
      text: remade((record) => (record['issuer'] = signers[0]!.did)),
      code: 'membership-malformed',
    },
    {
      name: 'an odd role',
      text: remade((record) => (record['credentialSubject'].roles = ['Admin"'])),
      code: 'membership-malformed',
    },
    {
      name: 'a role twice',
      text: remade((record) => (record['credentialSubject'].roles = ['a', 'a'])),
      code: 'membership-malformed',
    },
    {
      name: 'too many roles',
      text: remade(
        (record) =>
          (record['credentialSubject'].roles = Array.from(
            { length: 33 },
            (_, index) => `r${index}`,
          )),
      ),
      code: 'membership-malformed',
    },
    {
      name: 'generation 0',
      text: remade((record) => (record['credentialSubject'].gen = 0)),
      code: 'membership-malformed',
    },
    {
      name: 'a time with a fraction',
      text: remade((record) => (record['validFrom'] = '2026-11-22T10:00:00.5Z')),
      code: 'membership-malformed',
    },
    {
      name: 'a time in another zone',
      text: remade((record) => (record['validFrom'] = '2026-11-22T10:00:00+01:00')),
      code: 'membership-malformed',
    },
    {
      name: 'a DID that is none',
      text: remade((record) => (record['credentialSubject'].id = 'did:key:z6Mk')),
      code: 'membership-malformed',
    },
  ])('$name is refused', { tags: ['MEM-5'] }, ({ text, code }) => {
    expect(refusalCode(() => verify(text))).toBe(code)
  })

  test('32 roles of 32 characters are accepted', { tags: ['MEM-5'] }, () => {
    const roles = Array.from({ length: 32 }, (_, index) => `r${index}`.padEnd(32, 'x'))
    expect(memberOf(three, owner, { roles }).roles).toEqual(roles)
    expect(refusalCode(() => memberOf(three, owner, { roles: ['x'.repeat(33)] }))).toBe(
      'membership-malformed',
    )
    expect(logOf(owner).did).toBe(owner.did)
  })

  test(
    'a validity may lie in the past or the future when it is issued',
    { tags: ['MEM-4'] },
    () => {
      const notBeforeMs = NOW_MS + HOUR_MS
      expect(memberOf(three, owner, { notBeforeMs }).notBeforeMs).toBe(notBeforeMs)
    },
  )
})
