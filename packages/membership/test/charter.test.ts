import { adminSigner, createCharter, parseCharter } from '@warren/membership'
import { describe, expect, test } from 'vitest'
import {
  type Loose,
  edited,
  refusalCode,
  identity,
  mesh,
  NOW_MS,
  resigned,
  suite,
} from './builders.ts'

describe('a charter', () => {
  test.for([
    { count: 1, k: 1, kAdmin: 1 },
    { count: 3, k: 2, kAdmin: 2 },
    { count: 5, k: 3, kAdmin: 4 },
    { count: 16, k: 16, kAdmin: 11 },
  ])(
    'of $count admins with k = $k reads back as it was made',
    { tags: ['MEM-1'] },
    ({ count, k, kAdmin }) => {
      const { charter, admins } = mesh(count, k)
      expect(parseCharter(suite, charter.text)).toEqual(charter)
      expect(charter).toMatchObject({
        name: 'plant',
        k,
        kAdmin,
        createdMs: NOW_MS,
        witnesses: [],
        kWitness: 0,
      })
      expect(charter.admins.map(({ did }) => did)).toEqual(admins.map(({ did }) => did))
      expect(charter.freshness).toEqual({
        beaconMs: 60_000,
        warnMs: 120_000,
        denyMs: 300_000,
        stopMs: 1_800_000,
        skewMs: 60_000,
      })
      expect(charter.meshId).toMatch(/^zQm[1-9A-HJ-NP-Za-km-z]{44}$/)
    },
  )

  test('has an id that its proofs do not change, and its content does', { tags: ['MEM-1'] }, () => {
    const { charter, admins } = mesh(2, 1)
    const later = resigned(charter.text, admins, () => undefined)
    const reversed = edited(
      charter.text,
      (record) => (record['proof'] = record['proof'].toReversed()),
    )
    expect(parseCharter(suite, reversed).meshId).toBe(charter.meshId)
    expect(parseCharter(suite, later).meshId).toBe(charter.meshId)
    const other = resigned(charter.text, admins, (record) => (record['name'] = 'other'))
    expect(parseCharter(suite, other).meshId).not.toBe(charter.meshId)
  })

  test.for<{ name: string; change: (record: Loose) => void }>([
    { name: 'another name', change: (record) => (record['name'] = 'plant 2') },
    { name: 'a lower threshold', change: (record) => (record['k'] = 1) },
    { name: 'one proof less', change: (record) => record['proof'].pop() },
    { name: 'no proof', change: (record) => (record['proof'] = []) },
    {
      name: 'only the Ed25519 proofs',
      change: (record) =>
        (record['proof'] = record['proof'].filter(
          (proof) => proof.cryptosuite === 'eddsa-jcs-2022',
        )),
    },
    {
      name: 'only the ML-DSA-44 proofs',
      change: (record) =>
        (record['proof'] = record['proof'].filter(
          (proof) => proof.cryptosuite !== 'eddsa-jcs-2022',
        )),
    },
    { name: 'one proof twice', change: (record) => (record['proof'][3] = record['proof'][0]!) },
    {
      name: 'a proof of another purpose',
      change: (record) => (record['proof'][0]!.proofPurpose = 'authentication'),
    },
    {
      name: 'a flipped signature',
      change: (record) =>
        (record['proof'][1]!.proofValue = record['proof'][1]!.proofValue.replace(
          /^(.{9})./,
          (all: string, head: string) => `${head}${all[9] === 'A' ? 'B' : 'A'}`,
        )),
    },
    {
      name: 'another suite name',
      change: (record) => (record['proof'][0]!.cryptosuite = 'eddsa-rdfc-2022'),
    },
  ])('with $name is refused', { tags: ['MEM-1'] }, ({ change }) => {
    const { charter } = mesh(2, 2)
    expect(refusalCode(() => parseCharter(suite, edited(charter.text, change)))).toBe(
      'charter-unproved',
    )
  })

  test('signed by all admins but one is refused', { tags: ['MEM-1'] }, () => {
    const { charter, admins } = mesh(3, 2)
    const text = resigned(charter.text, admins.slice(0, 2), () => undefined)
    expect(refusalCode(() => parseCharter(suite, text))).toBe('charter-unproved')
  })
})

describe('thresholds and keys', () => {
  test.for([
    { count: 3, k: 0, kAdmin: 2 },
    { count: 3, k: 4, kAdmin: 2 },
    { count: 3, k: 2, kAdmin: 1 },
    { count: 3, k: 2, kAdmin: 4 },
    { count: 3, k: 1.5, kAdmin: 2 },
    { count: 4, k: 2, kAdmin: 2 },
    { count: 0, k: 1, kAdmin: 1 },
  ])('$k and $kAdmin of $count are refused', { tags: ['MEM-2'] }, ({ count, k, kAdmin }) => {
    const admins = Array.from({ length: count }, () => adminSigner(identity()))
    expect(
      refusalCode(() => createCharter({ suite, name: 'plant', admins, k, kAdmin, nowMs: NOW_MS })),
    ).toBe('charter-malformed')
  })

  test('an admin cannot stand in it twice, nor a key', { tags: ['MEM-2'] }, () => {
    const [first, second] = [adminSigner(identity()), adminSigner(identity())]
    const found = (admins: readonly (typeof first)[]) => () =>
      createCharter({ suite, name: 'plant', admins, k: 1, nowMs: NOW_MS })
    expect(refusalCode(found([first, first]))).toBe('charter-malformed')
    expect(refusalCode(found([first, { ...second, ed25519: first.ed25519 }]))).toBe(
      'charter-malformed',
    )
    expect(refusalCode(found([first, { ...second, mlDsa44: first.mlDsa44 }]))).toBe(
      'charter-malformed',
    )
    expect(found([first, second])().admins).toHaveLength(2)
  })

  test('seventeen admins are too many', { tags: ['MEM-2'] }, () => {
    expect(refusalCode(() => mesh(17, 1))).toBe('charter-malformed')
  })

  test.for([
    { name: '', code: 'charter-malformed' },
    { name: 'a\nb', code: 'charter-malformed' },
    { name: 'a\u202Eb', code: 'charter-malformed' },
    { name: ' a', code: 'charter-malformed' },
    { name: 'x'.repeat(65), code: 'charter-malformed' },
  ] as const)('a mesh cannot be called $name', { tags: ['MEM-2'] }, ({ name, code }) => {
    expect(refusalCode(() => mesh(1, 1, name))).toBe(code)
  })

  test(
    'the ages must follow each other, and the skew be one that witnesses can keep',
    { tags: ['MEM-2'] },
    () => {
      const { admins } = mesh()
      const found = (freshness: object) => () =>
        createCharter({ suite, name: 'plant', admins, k: 1, nowMs: NOW_MS, freshness })
      expect(found({ beaconSeconds: 300, warnSeconds: 300 })().freshness.warnMs).toBe(300_000)
      expect(refusalCode(found({ beaconSeconds: 121 }))).toBe('charter-malformed')
      expect(refusalCode(found({ stopSeconds: 299 }))).toBe('charter-malformed')
      expect(found({ skewSeconds: 20 })().freshness.skewMs).toBe(20_000)
      expect(refusalCode(found({ skewSeconds: 19 }))).toBe('charter-malformed')
      expect(refusalCode(found({ skewSeconds: 3601 }))).toBe('charter-malformed')
    },
  )
})

describe('the form', () => {
  const { charter, admins } = mesh()
  test.for<{ name: string; text: string; code: 'charter-malformed' | 'charter-too-large' }>([
    { name: 'nothing', text: '', code: 'charter-malformed' },
    { name: 'a list', text: '[]', code: 'charter-malformed' },
    { name: 'spaces', text: charter.text.replace(':', ': '), code: 'charter-malformed' },
    {
      name: 'a key twice',
      text: charter.text.replace('"k":1', '"k":1,"k":1'),
      code: 'charter-malformed',
    },
    {
      name: 'a key twice, the first one false',
      text: charter.text.replace('"k":1', '"k":9,"k":1'),
      code: 'charter-malformed',
    },
    {
      name: 'a key that addresses a prototype',
      text: charter.text.replace('"caps":{}', '"caps":{"__proto__":{}}'),
      code: 'charter-malformed',
    },
    {
      name: 'a deep value',
      text: charter.text.replace('"caps":{}', `"caps":${'['.repeat(17)}${']'.repeat(17)}`),
      code: 'charter-malformed',
    },
    { name: 'a million brackets', text: '['.repeat(100_000), code: 'charter-malformed' },
    { name: 'too many characters', text: `"${'x'.repeat(131_071)}"`, code: 'charter-too-large' },
    {
      name: 'an unknown member',
      text: resigned(charter.text, admins, (record) => (record['crit'] = 1)),
      code: 'charter-malformed',
    },
    {
      name: 'an unknown cap',
      text: resigned(charter.text, admins, (record) => (record['caps'] = { members: 5 })),
      code: 'charter-malformed',
    },
    {
      name: 'a member missing',
      text: resigned(charter.text, admins, (record) => delete record['kAdmin']),
      code: 'charter-malformed',
    },
    {
      name: 'another version',
      text: resigned(charter.text, admins, (record) => (record['v'] = 2)),
      code: 'charter-malformed',
    },
    {
      name: 'another type',
      text: resigned(charter.text, admins, (record) => (record['type'] = 'Charter')),
      code: 'charter-malformed',
    },
    {
      name: 'an admin with one key',
      text: resigned(charter.text, admins, (record) => record['admins'][0]!.keys.pop()),
      code: 'charter-malformed',
    },
    {
      name: 'the keys in the other order',
      text: resigned(charter.text, admins, (record) =>
        record['admins'][0]!.keys.push(record['admins'][0]!.keys.shift() ?? ''),
      ),
      code: 'charter-malformed',
    },
    {
      name: 'a time that is none',
      text: resigned(
        charter.text,
        admins,
        (record) => (record['created'] = '2026-02-30T00:00:00Z'),
      ),
      code: 'charter-malformed',
    },
  ])('$name is refused', { tags: ['MEM-5'] }, ({ text, code }) => {
    expect(refusalCode(() => parseCharter(suite, text))).toBe(code)
  })
})
