import { canonicalJson, type JsonObject } from '@warren/core'
import {
  type AdminChangeRecord,
  adminSigner,
  decodeRequest,
  describe,
  encodeRequest,
  MembershipError,
  publicPair,
  type RevocationTarget,
  writeAdminChange,
  writeCharter,
  writeEnroller,
  writeIsland,
  writeMembership,
  writeReadmission,
} from '@warren/membership'
import { contentId, multihashOf } from '@warren/identity'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { HOUR_MS, NOW_MS, suite, YEAR_MS } from './builders.ts'
import {
  grant,
  person,
  pooled,
  uuid,
  withAll,
  type WitnessedMesh,
  witnessedMesh,
} from './record-builders.ts'
import { asked, quarantineBy, revocationOf } from './request-builders.ts'

const mesh = witnessedMesh()
const { meshId } = mesh.charter
const [alice, bob] = mesh.admins
const member = person(0)
const ID = contentId(suite, { some: 'record' })

function words(record: JsonObject): string {
  return asked(mesh, record)
    .records.flatMap(({ says }) => describe(says))
    .join('\n')
}

test('a revocation says whom, how far, why, and that it is for good', { tags: ['CER-5'] }, () => {
  const text = words(revocationOf(mesh, [{ did: member.did, maxGen: 3 }]))
  expect(text).toContain(`REVOKE for good: ${member.did}, every membership up to generation 3.`)
  expect(text).toContain('Class: compromised')
  expect(text).toContain('Reason: "laptop stolen".')
  expect(text).toContain('cannot be taken back')
  expect(text).toContain('Only a readmission')
})

test('a name stands beside the DID and never in its place', { tags: ['CER-5'] }, () => {
  const set = withAll(mesh.empty, grant(mesh, member, { name: 'x" (did:webvh:another)' }).text)
  const { records } = asked(mesh, revocationOf(mesh, [{ did: member.did, maxGen: 1 }]))
  const [first = ''] = describe(records[0]!.says, set)
  const shown = String.raw`"x\" (did:webvh:another)" (${member.did})`
  expect(first).toBe(`REVOKE for good: ${shown}, every membership up to generation 1.`)
})

test('a revocation of a witness says that it stays one', { tags: ['CER-14'] }, () => {
  const { witnesses, kWitness } = mesh.empty.tree.tip
  const said = (did: string): string => {
    const { records } = asked(mesh, revocationOf(mesh, [{ did, maxGen: 1 } as RevocationTarget]))
    return describe(records[0]!.says, mesh.empty).join('\n')
  }
  const sentence = `is one of the ${witnesses.length} witnesses, of which ${kWitness} are needed, and stays so`
  expect(said(witnesses[0]!.did)).toContain(sentence)
  expect(said(member.did)).not.toContain('witnesses, of which')
})

test.for([
  {
    what: 'an admin',
    pair: publicPair(alice!),
    says: `a key of the admin ${alice!.did}, who stays an admin`,
  },
  {
    what: 'a witness',
    pair: publicPair(mesh.witnesses[0]!),
    says: `a key of the witness ${mesh.witnesses[0]!.did}, which stays one`,
  },
  { what: 'nobody with an office', pair: publicPair(adminSigner(member)), says: undefined },
])(
  'a revocation of a key of $what says so, and what else it takes',
  { tags: ['CER-14'] },
  ({ pair, says }) => {
    for (const { multikey } of [pair.ed25519, pair.mlDsa44]) {
      const target = { keyHash: `z${multihashOf(suite, multikey)}` }
      const { records } = asked(mesh, revocationOf(mesh, [target]))
      const text = describe(records[0]!.says, mesh.empty).join('\n')
      expect(text.includes('It is a key of the')).toBe(says !== undefined)
      expect(text).toContain(says ?? 'A key of an admin or of a witness goes on counting')
      // Who signs with nothing at hand is told as much as can be said without a set.
      const offline = describe(records[0]!.says).join('\n')
      expect(offline).toContain('A key of an admin or of a witness goes on counting')
    }
  },
)

test(
  'whatever takes somebody away says whether it ends the power to admit others',
  { tags: ['CER-5'] },
  () => {
    const ends = 'It ends the power to admit others as well'
    const { did } = member
    const keyHash = `z${multihashOf(suite, publicPair(adminSigner(member)).ed25519.multikey)}`
    expect(words(revocationOf(mesh, [{ did, maxGen: 1 }]))).toContain(ends)
    expect(words(revocationOf(mesh, [{ keyHash }]))).toContain(ends)
    const enroller = words(revocationOf(mesh, [{ enroller: did }]))
    expect(enroller).toContain('every member that it admitted')
    expect(enroller).toContain('Its own membership stays.')
    expect(enroller).not.toContain(ends)
    expect(words(revocationOf(mesh, [{ credential: uuid() }]))).not.toContain(ends)
    const quarantined = words(quarantineBy(mesh, alice!, member))
    expect(quarantined).toContain(
      'It voids nothing. Where it is an enroller its own node admits nobody',
    )
    expect(quarantined).toContain('to end that takes a revocation')
  },
)

test('each kind of grant says to whom, what and until when', { tags: ['CER-5'] }, () => {
  const times = { notBeforeMs: NOW_MS, notAfterMs: NOW_MS + 30 * 24 * HOUR_MS }
  const place = { enclave: 'plant-a', roles: ['operator'] }
  const membership = words(
    writeMembership({ suite, meshId, member: member.log, name: 'press', ...place, ...times }),
  )
  expect(membership).toContain(`ADMIT "press" (${member.did}) as a member, generation 1`)
  expect(membership).toContain('in the enclave plant-a with the role operator')
  expect(membership).toContain('until 2026-12-22T10:00:00Z (30 days)')

  const base = { meshId, uuid: uuid(), claimedMs: NOW_MS }
  const pair = publicPair(adminSigner(member))
  const ends = { ...base, notAfterMs: NOW_MS + YEAR_MS }
  const enroller = words(writeEnroller({ ...ends, enroller: pair, quota: 12, ...place }))
  expect(enroller).toContain(`LET ${member.did} ADMIT up to 12 members alone`)
  expect(enroller).toContain(pair.ed25519.multikey)

  const returns = { did: member.did, gen: 2, keys: [pair.ed25519.multikey], ref: ID }
  const readmission = words(writeReadmission({ ...base, ...returns }))
  expect(readmission).toContain(`LET ${member.did} RETURN after the revocation ${ID}`)
  expect(readmission).toContain(pair.ed25519.multikey)

  const stale = { enclave: 'plant-a', maxStalenessMs: 7 * 24 * HOUR_MS, servers: ['pump'] }
  const island = words(writeIsland({ ...ends, ...stale }))
  expect(island).toContain('LET THE ENCLAVE plant-a LIVE ON')
  expect(island).toContain('for 7 days')
  expect(island).toContain('the server pump')
})

test('a quarantine says for how long and on whose word', { tags: ['CER-5'] }, () => {
  const text = words(quarantineBy(mesh, alice!, member))
  expect(text).toContain(`QUARANTINE ${member.did} until 2026-11-22T12:00:00Z (2 hours).`)
  expect(text).toContain(alice!.did)
})

test('a charter says who decides and what age of knowledge is borne', { tags: ['CER-5'] }, () => {
  const admins = mesh.charter.admins
  const charter = writeCharter({ name: 'plant', admins, k: 2, nowMs: NOW_MS })
  const text = words2(charter)
  for (const { did } of admins) expect(text).toContain(`Admin: ${did}`)
  expect(text).toContain('It takes 2 of 3 admins to admit or to revoke')
  expect(text).toContain('Witnesses: none.')
  const witnessed = words2(
    writeCharter({ name: 'plant', admins, k: 2, witnesses: mesh.charter.witnesses, nowMs: NOW_MS }),
  )
  for (const { did } of mesh.charter.witnesses) expect(witnessed).toContain(`Witness: ${did}`)
  expect(witnessed).toContain('nobody at all after 30 minutes')
})

/** The words of a request that founds a mesh. */
function words2(charter: JsonObject): string {
  const text = canonicalJson({ warren: 'request', v: 1, records: [charter] })
  return decodeRequest(suite, text)
    .records.flatMap(({ says }) => describe(says))
    .join('\n')
}

test('an admin change names everybody who comes, goes or signs', { tags: ['CER-5'] }, () => {
  const newcomer = publicPair(adminSigner(pooled(10)))
  const [witness] = mesh.charter.witnesses
  const change = writeAdminChange({
    meshId,
    claimedMs: NOW_MS,
    prev: meshId,
    approvers: [alice!.did, bob!.did],
    add: [newcomer],
    remove: [mesh.charter.admins[2]!.did],
    rotate: [],
    addWitnesses: [publicPair(adminSigner(member))],
    removeWitnesses: [witness!.did],
    k: 2,
    kAdmin: 2,
    kWitness: 2,
    since: [{ witness: witness!.did, size: 7 }],
  })
  const text = words(change)
  expect(text).toContain(`ADD AN ADMIN: ${newcomer.did}, keys ${newcomer.ed25519.multikey}`)
  expect(text).toContain(`REMOVE AN ADMIN: ${mesh.charter.admins[2]!.did}.`)
  expect(text).toContain(`ADD A WITNESS: ${member.did}`)
  expect(text).toContain(`REMOVE A WITNESS: ${witness!.did}.`)
  expect(text).toContain(`signed by all of: ${alice!.did}, ${bob!.did}.`)
  expect(text).toContain(`the first 7 of ${witness!.did}`)
})

test.for([
  { leave: 0, back: 0, says: false },
  { leave: 1, back: 0, says: false },
  { leave: 2, back: 0, says: true },
  { leave: 3, back: 0, says: true },
  { leave: 3, back: 1, says: true },
  { leave: 3, back: 2, says: false },
])(
  'of three witnesses of whom two settle a change, $leave leave and $back of them with new keys stay: said is $says',
  { tags: ['CER-13'] },
  ({ leave, back, says }) => {
    const three = witnessedMesh({ witnesses: 3, kWitness: 2 })
    const leaving = three.witnesses.slice(0, leave).map(({ did }) => did)
    const returning = leaving
      .slice(0, back)
      .map((did, at) => ({ ...publicPair(adminSigner(pooled(10 + at))), did }))
    const newcomers = [0, 1].map((at) => publicPair(adminSigner(person(at))))
    const change = adminChangeOf(three, {
      addWitnesses: [...returning, ...newcomers],
      removeWitnesses: leaving,
    })
    const { records, set } = asked(three, change)
    const text = describe(records[0]!.says, set).join('\n')
    expect(text.includes('IT CAN NEVER BE SETTLED')).toBe(says)
    const staying = `${3 - leave + back} stay, and it takes 2 of them. For good, 2 keys`
    expect(text.includes(staying)).toBe(says)
    expect(text.includes('first add those who come')).toBe(says)
  },
)

test('where nobody was a witness nothing is said of settling', { tags: ['CER-13'] }, () => {
  const none = witnessedMesh({ witnesses: 0, kWitness: 0 })
  const addWitnesses = [publicPair(adminSigner(person(0)))]
  const { records, set } = asked(none, adminChangeOf(none, { addWitnesses, removeWitnesses: [] }))
  expect(describe(records[0]!.says, set).join('\n')).not.toContain('SETTLED')
})

/** A change of witnesses, of whom it takes one from then on. */
function adminChangeOf(
  { charter, admins }: WitnessedMesh,
  { addWitnesses, removeWitnesses }: Pick<AdminChangeRecord, 'addWitnesses' | 'removeWitnesses'>,
): JsonObject {
  return writeAdminChange({
    meshId: charter.meshId,
    claimedMs: NOW_MS,
    prev: charter.meshId,
    approvers: admins.slice(0, charter.kAdmin).map(({ did }) => did),
    add: [],
    remove: [],
    rotate: [],
    addWitnesses,
    removeWitnesses,
    k: charter.k,
    kAdmin: charter.kAdmin,
    kWitness: 1,
    since: [],
  })
}

const DIDS = [0, 1, 2].map((at) => person(at).did)
const did = fc.constantFrom(...DIDS)
const contentIds = fc.string().map((text) => contentId(suite, { text: text.toWellFormed() }))
const target: fc.Arbitrary<RevocationTarget> = fc.oneof(
  fc.record({ did, maxGen: fc.integer({ min: 1, max: 1_000_000 }) }),
  contentIds.map((keyHash) => ({ keyHash })),
  did.map((enroller) => ({ enroller })),
  did.map((admin) => ({ admin })),
  did.map((bundleSigner) => ({ bundleSigner })),
  fc.uuid().map((id) => ({ credential: `urn:uuid:${id}` })),
)

/** Bytes as somebody may have left them: the reason is theirs, and a piece may be cut out or doubled. */
const tampering = fc.record({
  reason: fc.string({ unit: 'grapheme', maxLength: 40 }),
  at: fc.nat(),
  length: fc.integer({ min: 0, max: 3 }),
  insert: fc.constantFrom('', '', '', '"', ',{}', String.raw`\u001b[2J`, ' '),
})

test(
  'whatever bytes stand in a request, every target that it takes away is named',
  { tags: ['CER-5'] },
  () => {
    let read = 0
    fc.assert(
      fc.property(
        fc.array(target, { minLength: 1, maxLength: 12 }),
        tampering,
        fc.boolean(),
        (targets, { reason, at, length, insert }, isCut) => {
          const text = encodeRequest(asked(mesh, revocationOf(mesh, targets))).replace(
            'laptop stolen',
            () => JSON.stringify(reason.toWellFormed()).slice(1, -1),
          )
          const start = at % text.length
          const bytes = isCut ? text.slice(0, start) + insert + text.slice(start + length) : text
          const request = decoded(bytes)
          if (request === undefined) return
          read += 1
          const lines = request.records.flatMap(({ says }) => describe(says))
          for (const line of lines) expect(line).not.toMatch(/[\p{Cc}\p{Zl}\p{Zp}]/u)
          for (const named of takenAway(bytes)) {
            expect(lines.some((line) => line.startsWith('REVOKE') && line.includes(named))).toBe(
              true,
            )
          }
        },
      ),
      { numRuns: 150 },
    )
    expect(read).toBeGreaterThan(20)
  },
)

function decoded(text: string): ReturnType<typeof decodeRequest> | undefined {
  try {
    return decodeRequest(suite, text)
  } catch (error) {
    if (!(error instanceof MembershipError)) throw error
    return undefined
  }
}

/** What the bytes themselves say is taken away, read by nothing of ours. */
function takenAway(text: string): readonly string[] {
  const file = JSON.parse(text) as {
    records: { credentialSubject: { target: Record<string, string | number>[] } }[]
  }
  return file.records.flatMap(({ credentialSubject }) =>
    credentialSubject.target.flatMap((each) =>
      Object.entries(each).map(([key, value]) =>
        key === 'maxGen' ? `generation ${value}.` : String(value),
      ),
    ),
  )
}
