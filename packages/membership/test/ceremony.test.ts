import { canonicalJson, type JsonObject } from '@warren/core'
import {
  adminSigner,
  combineRequests,
  completedRecords,
  createRequest,
  decodePublicPair,
  decodeRequest,
  encodePublicPair,
  encodeRequest,
  keysHash,
  parseCharter,
  publicPair,
  RecordSet,
  requestFingerprint,
  requestState,
  signByAdmins,
  signRequest,
  standingOf,
  writeCharter,
  writeEnroller,
  writeMembership,
} from '@warren/membership'
import { contentId } from '@warren/identity'
import { expect, test } from 'vitest'
import { HOUR_MS, NOW_MS, refusalCode, suite, YEAR_MS } from './builders.ts'
import { grant, person, pooled, uuid, withAll, witnessedMesh } from './record-builders.ts'
import { adding, asked, quarantineBy, revocationOf, signedBy } from './request-builders.ts'

const mesh = witnessedMesh()
const [alice, bob, carol] = mesh.admins
const member = person(0)
const target = { did: member.did, maxGen: 1 }

function altered(text: string, change: (file: Record<string, unknown>) => void): string {
  const file = JSON.parse(text) as Record<string, unknown>
  change(file)
  return canonicalJson(file as JsonObject)
}

function states(request: Parameters<typeof requestState>[1]): object {
  const { threshold, needed, complete, signed, missing } = requestState(suite, request)
  return { threshold, needed, complete, signed: signed.length, missing: missing.length }
}

test('a revocation is signed on one machine after the other', { tags: ['CER-4'] }, () => {
  const unsigned = asked(mesh, revocationOf(mesh, [target]))
  expect(states(unsigned)).toEqual({
    threshold: 2,
    needed: 2,
    complete: false,
    signed: 0,
    missing: 3,
  })
  expect(refusalCode(() => completedRecords(suite, unsigned))).toBe('request-incomplete')

  const carried = decodeRequest(suite, encodeRequest(signedBy(unsigned, alice)))
  expect(states(carried)).toEqual({
    threshold: 2,
    needed: 1,
    complete: false,
    signed: 1,
    missing: 2,
  })
  expect(requestState(suite, carried).signed.map(({ did }) => did)).toEqual([alice?.did])
  expect(refusalCode(() => completedRecords(suite, carried))).toBe('request-incomplete')

  const complete = signedBy(carried, carol)
  expect(states(complete)).toMatchObject({ needed: 0, complete: true, signed: 2 })
  const set = withAll(mesh.empty, grant(mesh, member).text, ...completedRecords(suite, complete))
  expect(standingOf(set, member.did, NOW_MS)).toMatchObject({ status: 'revoked' })
})

test('an admin more than it takes may sign too', { tags: ['CER-4'] }, () => {
  const all = signedBy(asked(mesh, revocationOf(mesh, [target])), alice, bob, carol)
  expect(mesh.empty.accept(completedRecords(suite, all)).refused).toEqual([])
})

test('nine targets, and an admin, take the larger threshold', { tags: ['CER-4'] }, () => {
  const strict = witnessedMesh({ admins: 3, k: 1 })
  const many = (count: number): JsonObject =>
    revocationOf(
      strict,
      Array.from({ length: count }, (_, at) => ({ did: member.did, maxGen: at + 1 })),
    )
  const admin = revocationOf(strict, [{ admin: strict.charter.admins[0]!.did }])
  expect(states(asked(strict, many(8)))).toMatchObject({ threshold: 1 })
  expect(states(asked(strict, many(9)))).toMatchObject({ threshold: 2 })
  expect(states(asked(strict, admin))).toMatchObject({ threshold: 2 })
})

test('a quarantine waits for its issuer alone', { tags: ['CER-2', 'CER-4'] }, () => {
  const request = asked(mesh, quarantineBy(mesh, alice!, member))
  expect(states(request)).toMatchObject({ threshold: 1, missing: 1 })
  expect(refusalCode(() => signedBy(request, bob))).toBe('not-asked')
  expect(completedRecords(suite, signedBy(request, alice))).toHaveLength(1)
})

test('an admin change waits for its approvers and the new admin', { tags: ['CER-4'] }, () => {
  const newcomer = adminSigner(pooled(10))
  const request = asked(mesh, adding(mesh, pooled(10)))
  expect(states(request)).toMatchObject({ threshold: 3, missing: 3 })
  expect(refusalCode(() => signedBy(request, carol))).toBe('not-asked')
  const approved = signedBy(request, alice, bob)
  expect(states(approved)).toMatchObject({ needed: 1, complete: false })
  const [text = ''] = completedRecords(suite, signedBy(approved, newcomer))
  const after = withAll(mesh.empty, text)
  expect(after.tree.tip.admins).toHaveLength(4)

  const later = createRequest({ suite, set: after, records: [revocationOf(mesh, [target])] })
  expect(states(signedBy(later, newcomer, carol))).toMatchObject({ complete: true })
  expect(encodeRequest(later)).toContain('changes')
})

test('keys that are not asked, or have signed, add nothing', { tags: ['CER-2'] }, () => {
  const request = signedBy(asked(mesh, revocationOf(mesh, [target])), alice)
  expect(refusalCode(() => signedBy(request, adminSigner(pooled(11))))).toBe('not-asked')
  expect(refusalCode(() => signedBy(request, alice))).toBe('signed-already')
  const half = { ed25519: alice!.ed25519, mlDsa44: bob!.mlDsa44 }
  expect(refusalCode(() => signRequest({ suite, request, pair: half, nowMs: NOW_MS }))).toBe(
    'not-asked',
  )
})

test('a signer who names the mesh signs for no other', { tags: ['CER-2'] }, () => {
  const request = asked(mesh, revocationOf(mesh, [target]))
  const sign = (meshId: string): unknown =>
    signRequest({ suite, request, pair: alice!, meshId, nowMs: NOW_MS })
  const other = witnessedMesh({ admins: 2 }).charter.meshId
  expect(refusalCode(() => sign(other))).toBe('request-foreign')
  expect(sign(mesh.charter.meshId)).toMatchObject({ meshId: mesh.charter.meshId })
})

test('copies signed apart combine in any order', { tags: ['CER-3'] }, () => {
  const request = asked(mesh, revocationOf(mesh, [target]))
  const [left, right] = [signedBy(request, alice), signedBy(request, bob)]
  for (const [one, two] of [
    [left, right],
    [right, left],
    [combineRequests(suite, left, request), combineRequests(suite, right, left)],
  ] as const) {
    const both = combineRequests(suite, one, two)
    expect(states(both)).toMatchObject({ signed: 2, complete: true })
    expect(mesh.empty.accept(completedRecords(suite, both)).refused).toEqual([])
  }
})

test('two signatures of one admin are one', { tags: ['CER-3'] }, () => {
  const request = asked(mesh, revocationOf(mesh, [target]))
  const again = signRequest({ suite, request, pair: alice!, nowMs: NOW_MS + HOUR_MS })
  expect(states(combineRequests(suite, signedBy(request, alice), again))).toMatchObject({
    signed: 1,
    complete: false,
  })
})

test('requests that ask for different things do not combine', { tags: ['CER-3'] }, () => {
  const [one, two] = [revocationOf(mesh, [target]), revocationOf(mesh, [target])]
  const combine = (left: JsonObject, right: JsonObject): unknown =>
    combineRequests(suite, asked(mesh, left), asked(mesh, right))
  expect(refusalCode(() => combine(one, two))).toBe('request-mismatch')
  expect(combine(one, one)).toMatchObject({ meshId: mesh.charter.meshId })
})

test('the fingerprint is that of what is asked, whoever has signed', { tags: ['CER-4'] }, () => {
  const request = asked(mesh, revocationOf(mesh, [target]))
  const print = requestFingerprint(suite, request)
  expect(print).toMatch(/^(?:[\da-f]{4} ){5}[\da-f]{4}$/)
  expect(requestFingerprint(suite, signedBy(request, alice))).toBe(print)
  expect(requestFingerprint(suite, asked(mesh, revocationOf(mesh, [target])))).not.toBe(print)
})

test('a mesh is founded by a request that carries its first grants', { tags: ['CER-4'] }, () => {
  const owners = [0, 1, 2].map(pooled).map(adminSigner)
  const charter = writeCharter({
    name: 'plant',
    admins: owners.map(publicPair),
    k: 2,
    nowMs: NOW_MS,
  })
  const meshId = contentId(suite, charter)
  const node = person(1)
  const times = { notBeforeMs: NOW_MS, notAfterMs: NOW_MS + YEAR_MS }
  const place = { enclave: 'main', roles: ['member'] }
  const membership = writeMembership({ suite, meshId, member: node.log, ...place, ...times })
  const enroller = writeEnroller({
    meshId,
    uuid: uuid(),
    claimedMs: NOW_MS,
    notAfterMs: NOW_MS + YEAR_MS,
    enroller: publicPair(adminSigner(node)),
    quota: 100,
    ...place,
  })
  const request = createRequest({ suite, records: [charter, membership, enroller] })
  expect(request.meshId).toBe(meshId)
  const two = signedBy(request, owners[0], owners[1])
  expect(states(two)).toMatchObject({ threshold: 3, needed: 1, complete: false })

  const [founding = '', ...grants] = completedRecords(suite, signedBy(two, owners[2]))
  const set = withAll(RecordSet.empty(suite, parseCharter(suite, founding)), ...grants)
  expect(standingOf(set, node.did, NOW_MS)).toMatchObject({ status: 'member' })
})

test.for<[string, (file: Record<string, unknown>) => void, string]>([
  ['another version', (file) => (file['v'] = 2), 'request-malformed'],
  ['another mark', (file) => (file['warren'] = 'public-keys'), 'request-malformed'],
  ['a member that nobody knows', (file) => (file['note'] = ''), 'request-malformed'],
  ['no record', (file) => (file['records'] = []), 'request-malformed'],
  [
    'one record twice',
    (file) => (file['records'] = [...(file['records'] as unknown[]), ...(file['records'] as [])]),
    'request-malformed',
  ],
  [
    'nine records',
    (file) => (file['records'] = Array.from({ length: 9 }, () => ({}))),
    'request-malformed',
  ],
  ['no charter but changes', (file) => delete file['charter'], 'charter-malformed'],
  [
    'a signature cut out of a pair',
    (file) => (file['records'] as { proof: unknown[] }[])[0]!.proof.pop(),
    'record-unproved',
  ],
  [
    'an empty list of signatures',
    (file) => ((file['records'] as { proof: unknown[] }[])[0]!.proof = []),
    'record-unproved',
  ],
  [
    'another reason than was signed',
    (file) => {
      const [record] = file['records'] as { credentialSubject: { reason: string } }[]
      record!.credentialSubject.reason = 'retired'
    },
    'record-unproved',
  ],
])('a request with %s is refused', { tags: ['CER-1'] }, ([, change, code]) => {
  const text = encodeRequest(signedBy(asked(mesh, revocationOf(mesh, [target])), alice))
  expect(decodeRequest(suite, text)).toMatchObject({ meshId: mesh.charter.meshId })
  expect(refusalCode(() => decodeRequest(suite, altered(text, change)))).toBe(code)
})

test('a request is refused that is not canonical or too long', { tags: ['CER-1'] }, () => {
  const text = encodeRequest(asked(mesh, revocationOf(mesh, [target])))
  expect(refusalCode(() => decodeRequest(suite, ` ${text}`))).toBe('request-malformed')
  expect(refusalCode(() => decodeRequest(suite, ' '.repeat(8_388_609)))).toBe('request-too-large')
  expect(refusalCode(() => decodeRequest(suite, ' '.repeat(8_388_608)))).toBe('request-malformed')
})

test('a signature of somebody who is not asked refuses the request', { tags: ['CER-1'] }, () => {
  const request = signedBy(asked(mesh, revocationOf(mesh, [target])), alice, bob)
  const stranger = adminSigner(pooled(11))
  const document = revocationOf(mesh, [target])
  const signers = [alice!, stranger]
  const records = [signByAdmins({ suite, document, signers, createdMs: NOW_MS })]
  expect(refusalCode(() => createRequest({ suite, set: mesh.empty, records }))).toBe(
    'signer-unknown',
  )
  const smaller = witnessedMesh({ admins: 1, k: 1 })
  const foreign = altered(encodeRequest(request), (file) => {
    file['charter'] = smaller.charter.text
  })
  expect(refusalCode(() => decodeRequest(suite, foreign))).toBe('record-foreign')
})

test('what could not become valid is refused before anybody signs', { tags: ['CER-6'] }, () => {
  const make = (...records: readonly JsonObject[]): (() => unknown) => {
    return () => asked(mesh, ...records)
  }
  const stranger = adminSigner(pooled(11))
  expect(refusalCode(make(quarantineBy(mesh, stranger, member)))).toBe('request-malformed')
  const elsewhere = contentId(suite, { elsewhere: true })
  expect(refusalCode(make(adding(mesh, pooled(10), { prev: elsewhere })))).toBe('request-outdated')
  expect(refusalCode(make(adding(mesh, pooled(10), { kAdmin: 2 })))).toBe('record-invalid')
  expect(refusalCode(make(adding(mesh, pooled(0))))).toBe('record-unproved')
  const missing = { ...adding(mesh, pooled(10)), approvers: [alice!.did, stranger.did] }
  expect(refusalCode(make(missing))).toBe('request-malformed')
  expect(refusalCode(() => createRequest({ suite, records: [revocationOf(mesh, [target])] }))).toBe(
    'charter-malformed',
  )
  expect(make(adding(mesh, pooled(10), { kAdmin: 4 }))()).toMatchObject({ records: [{}] })
})

test('public keys in a file come back as they were', { tags: ['CER-1'] }, () => {
  const next = publicPair(adminSigner(pooled(12)))
  const nextKeysHash = keysHash(suite, [next.ed25519.multikey, next.mlDsa44.multikey])
  for (const pair of [publicPair(alice!), { ...publicPair(alice!), nextKeysHash }]) {
    expect(decodePublicPair(encodePublicPair(pair))).toEqual(pair)
  }
  expect(refusalCode(() => decodePublicPair('{}'))).toBe('public-keys-malformed')
  expect(refusalCode(() => decodePublicPair(' '.repeat(8_193)))).toBe('public-keys-too-large')
})
