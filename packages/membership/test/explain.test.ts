import {
  adminSigner,
  explain,
  issueMembership,
  memberList,
  publicPair,
  type Reason,
  type RecordSet,
  signByAdmins,
  writeEnroller,
  writeMembership,
} from '@warren/membership'
import { canonicalJson } from '@warren/core'
import { expect, test } from 'vitest'
import { auditFork } from './audit-forks.ts'
import { HOUR_MS, NOW_MS, suite, YEAR_MS } from './builders.ts'
import {
  checkpoint,
  grant,
  person,
  quarantine,
  revocation,
  revoked,
  signed,
  uuid,
  withAll,
  witnessedMesh,
} from './record-builders.ts'

const mesh = witnessedMesh()
const { meshId } = mesh.charter
const member = person(0)
const other = person(1)

/** The sentences of a tree, each with its depth. */
function sentences(set: RecordSet, did = member.did, nowMs = NOW_MS): readonly string[] {
  const lines = ({ says, record, because }: Reason, depth = 0): readonly string[] => [
    `${depth} ${says}${record === undefined ? '' : ` [${record}]`}`,
    ...because.flatMap((each) => lines(each, depth + 1)),
  ]
  return lines(explain(set, did, nowMs))
}

test('a member is one because admins of the charter signed', { tags: ['CER-11'] }, () => {
  const { text, id } = grant(mesh, member, { name: 'press' })
  const set = withAll(mesh.empty, text)
  const [alice, bob] = mesh.admins
  expect(sentences(set)).toEqual([
    `0 "press" (${member.did}) is a member until 2027-11-22T10:00:00Z`,
    `1 membership of generation 1 in plant-a with the role operator, until 2027-11-22T10:00:00Z: it counts [${id}]`,
    `2 signed by 2 of 3 admins, 2 needed: ${alice!.did}, ${bob!.did}`,
    '3 these admins are in force now',
    `4 the charter of the mesh "plant" [${meshId}]`,
    '2 no witness has logged it, as far as is known here',
  ])
})

test('a revocation is named with its reason and who logged it', { tags: ['CER-11'] }, () => {
  const text = revoked(mesh, member)
  const before = withAll(mesh.empty, grant(mesh, member).text, text)
  const removal = [...before.records()].find(({ type }) => type === 'revocation')
  const [witness] = mesh.witnesses
  const set = withAll(before, checkpoint(before, witness!, { added: [removal!.id] }))
  const lines = sentences(set).join('\n')
  expect(lines).toContain(`0 ${member.did} is revoked: "laptop stolen"`)
  expect(lines).toContain(`revoked by ${removal!.id}`)
  expect(lines).toContain(`1 revocation of member ${member.did.split(':')[2]}: compromised`)
  expect(lines).toContain(`2 logged by ${witness!.did}`)
})

test('a revocation of a key or an enroller explains too', { tags: ['CER-11'] }, () => {
  const enroller = publicPair(adminSigner(other))
  const place = { enclave: 'plant-a', roles: ['operator'] }
  const ends = { claimedMs: NOW_MS, notAfterMs: NOW_MS + YEAR_MS }
  const credential = signed(
    writeEnroller({ meshId, uuid: uuid(), ...ends, enroller, quota: 5, ...place }),
    mesh.admins.slice(0, 2),
  )
  const granted = {
    ...writeMembership({
      suite,
      meshId,
      member: member.log,
      notBeforeMs: NOW_MS,
      notAfterMs: NOW_MS + YEAR_MS,
      ...place,
    }),
    issuer: other.did,
  }
  const signers = [adminSigner(other)]
  const membership = canonicalJson(
    signByAdmins({ suite, document: granted, signers, createdMs: NOW_MS }),
  )
  const set = withAll(mesh.empty, credential, membership)
  expect(sentences(set).join('\n')).toContain(`2 granted by the enroller ${other.did}`)
  expect(memberList(set, NOW_MS)).toMatchObject([{ did: member.did, enroller: other.did }])
  const gone = withAll(set, revocation(mesh, { targets: [{ enroller: other.did }] }))
  const lines = sentences(gone).join('\n')
  expect(lines).toContain('is revoked: "laptop stolen"')
  expect(lines).toContain(`1 revocation of enroller ${other.did}`)
})

test('a stranger is nobody, and for that there is no record', { tags: ['CER-11'] }, () => {
  expect(sentences(mesh.empty)).toEqual([
    `0 ${member.did} is no member: nobody has granted it a membership`,
  ])
})

test('members are listed with how they stand now', { tags: ['CER-11'] }, () => {
  const set = withAll(
    mesh.empty,
    grant(mesh, member, { name: 'press' }).text,
    grant(mesh, other, { name: 'lathe' }).text,
    issueMembership({
      suite,
      charter: mesh.charter,
      admins: mesh.admins,
      member: person(2).log,
      enclave: 'plant-b',
      roles: [],
      notBeforeMs: NOW_MS,
      notAfterMs: NOW_MS + HOUR_MS,
      nowMs: NOW_MS,
    }).text,
    quarantine(mesh, other),
    revoked(mesh, member),
  )
  expect(memberList(set, NOW_MS + 2 * HOUR_MS)).toMatchObject([
    { did: person(2).did, name: undefined, status: 'unknown', why: 'expired', enclave: 'plant-b' },
    { did: other.did, name: 'lathe', status: 'quarantined', untilMs: NOW_MS + 12 * HOUR_MS },
    {
      did: member.did,
      name: 'press',
      status: 'revoked',
      revocation: expect.stringMatching(/^zQm/),
    },
  ])
  expect(memberList(mesh.empty, NOW_MS)).toEqual([])
})

test(
  'a forked audit log is said of a member, whatever else is',
  { tags: ['CER-11', 'AWT-9'] },
  () => {
    const fork = auditFork(mesh, member)
    const forked = withAll(mesh.empty, grant(mesh, member).text, fork)
    const [proof] = forked.tables.auditForks.values()
    expect(sentences(forked)).toContain(
      `1 its audit log contradicts itself: two checkpoints that it signed, of 7 and 7 entries, are not of one log (two-roots); this takes nothing away by itself [${proof!.id}]`,
    )
    const summary = (set: RecordSet): unknown => memberList(set, NOW_MS)[0]
    expect(summary(forked)).toMatchObject({
      status: 'member',
      why: 'its audit log contradicts itself',
    })
    expect(summary(withAll(forked, revoked(mesh, member)))).toMatchObject({
      status: 'revoked',
      why: expect.stringMatching(/.; its audit log contradicts itself$/),
    })
  },
)
