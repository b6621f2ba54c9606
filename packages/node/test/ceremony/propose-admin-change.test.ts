import { nodeSuite as suite } from '@warren/crypto'
import { createIdentity, type Did } from '@warren/identity'
import {
  adminSigner,
  type CharterAdmin,
  createCharter,
  issueMembership,
  publicPair,
  RecordSet,
} from '@warren/membership'
import { expect, test } from 'vitest'
import { type AdminSeeds, freshSeeds, hashOf, publicPairOf } from '../../src/ceremony/admin-keys.ts'
import { findMember } from '../../src/ceremony/find-member.ts'
import {
  type AdminChangeWish,
  proposeAdminChange,
} from '../../src/ceremony/propose-admin-change.ts'
import { requestFor } from '../../src/ceremony/propose.ts'
import { signWith, viewRequest } from '../../src/ceremony/request-file.ts'
import {
  describeMesh,
  type MeshDescription,
  readDescription,
} from '../../src/control/records-protocol.ts'
import { systemClock } from '../../src/system-clock.ts'

const NOW_MS = systemClock.wallMs()
const POOL = Array.from({ length: 6 }, () => createIdentity({ suite, nowMs: NOW_MS }))
const NOTHING: AdminChangeWish = {
  add: [],
  remove: [],
  rotate: [],
  addWitnesses: [],
  removeWitnesses: [],
  approvers: [],
  atHand: [],
}

/** What the first admin committed to. */
const NEXT: AdminSeeds = freshSeeds()

function mesh(admins: number, witnesses = 0, names: readonly string[] = []): MeshDescription {
  const signers = POOL.slice(0, admins).map((owner, at) => ({
    ...adminSigner(owner),
    ...(at === 0 ? { nextKeysHash: hashOf(NEXT.assertion, NEXT.mlDsa) } : {}),
  }))
  const charter = createCharter({
    suite,
    name: 'plant',
    admins: signers,
    k: 1,
    witnesses: POOL.slice(0, witnesses).map((owner) => publicPair(adminSigner(owner))),
    nowMs: NOW_MS,
  })
  const memberships = names.map((name, at) =>
    issueMembership({
      suite,
      charter,
      admins: signers.slice(0, 1),
      member: POOL[at]!.log,
      name,
      enclave: 'main',
      roles: [],
      notBeforeMs: NOW_MS,
      notAfterMs: NOW_MS + 1000,
      nowMs: NOW_MS,
    }),
  )
  const { set } = RecordSet.empty(suite, charter).accept(memberships.map(({ text }) => text))
  return readDescription(describeMesh(set, NOW_MS))
}

function didOf(at: number): Did {
  return POOL[at]!.did
}

function pair(at: number): CharterAdmin {
  return publicPair(adminSigner(POOL[at]!))
}

function proposed(described: MeshDescription, wish: Partial<AdminChangeWish>): object {
  return proposeAdminChange(described, { ...NOTHING, ...wish })
}

test('thresholds that nobody names fit what the change leaves', { tags: ['CER-6'] }, () => {
  expect(proposed(mesh(3), { add: [pair(3)] })).toMatchObject({ k: 1, kAdmin: 3, kw: 0 })
  expect(proposed(mesh(3), { remove: [didOf(2)] })).toMatchObject({ k: 1, kAdmin: 2, kw: 0 })
  expect(proposed(mesh(1), { addWitnesses: [pair(3)] })).toMatchObject({ kw: 1 })
  expect(proposed(mesh(1, 2), { addWitnesses: [pair(3)] })).toMatchObject({ kw: 2 })
  expect(proposed(mesh(1, 1, ['a']), { removeWitnesses: ['a'] })).toMatchObject({ kw: 0 })
  expect(proposed(mesh(3), { threshold: 3, adminThreshold: 3 })).toMatchObject({ k: 3, kAdmin: 3 })
})

test('those whose keys are at hand approve first, and who goes last', { tags: ['CER-6'] }, () => {
  const three = mesh(3)
  expect(proposed(three, { atHand: [didOf(2)] })).toMatchObject({
    approvers: [didOf(2), didOf(0)],
  })
  expect(proposed(three, { remove: [didOf(0)] })).toMatchObject({ approvers: [didOf(1), didOf(2)] })
  expect(proposed(three, { approvers: [didOf(1), didOf(2)] })).toMatchObject({
    approvers: [didOf(1), didOf(2)],
  })
  expect(() => proposed(three, { remove: [didOf(5)] })).toThrow(
    expect.objectContaining({ code: 'not-an-admin' }),
  )
})

test('an admin changes to the keys that were committed to alone', { tags: ['CER-6'] }, () => {
  const one = mesh(1)
  const rotated = publicPairOf(didOf(0), NEXT)
  const request = requestFor(one, [proposeAdminChange(one, { ...NOTHING, rotate: [rotated] })])
  const old = signWith(request, adminSigner(POOL[0]!))
  expect(viewRequest(old)).toMatchObject({ needed: 1, complete: false })
  const both = signWith(old, {
    ed25519: suite.ed25519.signer(NEXT.assertion),
    mlDsa44: suite.mlDsa44.signer(NEXT.mlDsa),
  })
  expect(viewRequest(both)).toMatchObject({ needed: 0, complete: true })

  const others = publicPairOf(didOf(0), freshSeeds())
  const other = proposeAdminChange(one, { ...NOTHING, rotate: [others] })
  expect(() => requestFor(one, [other])).toThrow(
    expect.objectContaining({ code: 'record-invalid' }),
  )
})

test('a name that two members have names nobody', { tags: ['CER-5'] }, () => {
  const { members } = mesh(1, 0, ['press', 'lathe', 'press'])
  expect(findMember(members, 'lathe')).toMatchObject({ did: didOf(1), member: { gen: 1 } })
  expect(findMember(members, didOf(5))).toEqual({ did: didOf(5), member: undefined })
  expect(() => findMember(members, 'press')).toThrow(
    expect.objectContaining({
      code: 'name-ambiguous',
      message: expect.stringContaining(didOf(2)),
    }),
  )
  expect(() => findMember(members, 'drill')).toThrow(
    expect.objectContaining({ code: 'no-such-member' }),
  )
})

test.for([
  { who: 'did:webvh:Qm:warren.internal', code: 'did-malformed' },
  { who: 'did:', code: 'did-malformed' },
  { who: `did:${'a'.repeat(253)}`, code: 'did-too-long' },
  { who: 'did', code: 'no-such-member' },
])('"$who" is refused with $code', { tags: ['CLI-41'] }, ({ who, code }) => {
  const { members } = mesh(1, 0, ['press'])
  expect(() => findMember(members, who)).toThrow(expect.objectContaining({ code }))
})
