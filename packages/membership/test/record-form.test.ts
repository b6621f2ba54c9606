import { RECORD_LENGTH_MAX } from '@warren/membership'
import { expect, test } from 'vitest'
import { edited, HOUR_MS, NOW_MS } from './builders.ts'
import {
  adminChange,
  beacon,
  checkpoint,
  enrollerCredential,
  forkProof,
  grant,
  island,
  person,
  quarantine,
  readmission,
  refusedCode,
  revocation,
  revoked,
  statedCheckpoint,
  withAll,
  witnessedMesh,
} from './record-builders.ts'
import { adminSigner } from '@warren/membership'

const mesh = witnessedMesh()
const [admin, second, third] = mesh.admins
const [witness] = mesh.witnesses
if (admin === undefined || second === undefined || third === undefined || witness === undefined) {
  throw new Error('three admins and a witness')
}
const revocationText = revoked(mesh, person(0))
const everyType = [
  { type: 'membership', text: grant(mesh, person(0)).text },
  { type: 'enroller', text: enrollerCredential(mesh, { enroller: adminSigner(person(1)) }) },
  { type: 'quarantine', text: quarantine(mesh, person(0)) },
  { type: 'revocation', text: revocationText },
  {
    type: 'readmission',
    text: readmission(mesh, { member: person(0), gen: 2, keys: [], ref: mesh.charter.meshId }),
  },
  { type: 'admin-change', text: adminChange(mesh, { by: [admin, second], remove: [third.did] }) },
  { type: 'checkpoint', text: checkpoint(mesh.empty, witness, { added: [] }) },
  {
    type: 'fork-proof',
    text: forkProof(
      mesh,
      beacon(mesh, witness, { seq: 1 }),
      beacon(mesh, witness, { seq: 1, removalCount: 9 }),
    ),
  },
  { type: 'island', text: island(mesh) },
]

test.for(everyType)(
  'a $type that keeps to its form is taken up',
  { tags: ['REC-1'] },
  ({ type, text }) => {
    const { added, refused } = mesh.empty.accept([text])
    expect(refused).toEqual([])
    expect(added).toMatchObject([{ type, text }])
  },
)

test.for(everyType)(
  'a $type with a member too many, of another mesh or not canonical is refused',
  { tags: ['REC-1'] },
  ({ text }) => {
    expect(
      refusedCode(
        mesh.empty,
        edited(text, (record) => void (record['extra'] = 1)),
      ),
    ).toBe('record-malformed')
    const foreign = edited(text, (record) => void (record['mesh'] = revocationId()))
    expect(refusedCode(mesh.empty, foreign)).toMatch(/^(?:record|membership)-foreign$/)
    expect(refusedCode(mesh.empty, ` ${text}`)).toBe('record-malformed')
  },
)

function revocationId(): string {
  return withAll(mesh.empty, revocationText).trie('removal').idsBelow('')[0] ?? ''
}

test('a text is measured first, and an unknown type is refused', { tags: ['REC-1'] }, () => {
  expect(refusedCode(mesh.empty, 'x'.repeat(RECORD_LENGTH_MAX + 1))).toBe('record-too-large')
  expect(refusedCode(mesh.empty, 'x'.repeat(RECORD_LENGTH_MAX))).toBe('record-malformed')
  const renamed = edited(revocationText, (record) => void (record['type'] = 'WarrenWish'))
  expect(refusedCode(mesh.empty, renamed)).toBe('record-malformed')
})

test('a revocation has 1 to 64 targets', { tags: ['REC-1'] }, () => {
  const targets = Array.from({ length: 64 }, (_, at) => ({ did: person(0).did, maxGen: at + 1 }))
  const by = mesh.admins
  expect(refusedCode(mesh.empty, revocation(mesh, { by, targets }))).toBeUndefined()
  const tooMany = [...targets, { did: person(1).did, maxGen: 1 }]
  for (const wrong of [[], tooMany]) {
    expect(refusedCode(mesh.empty, revocation(mesh, { by, targets: wrong }))).toBe(
      'record-malformed',
    )
  }
})

test('what is malformed is refused before a signature is looked at', { tags: ['REC-1'] }, () => {
  const unsigned = edited(revocationText, (record) => {
    record.proof = []
    record['mesh'] = 1
  })
  expect(refusedCode(mesh.empty, unsigned)).toBe('record-malformed')
})

test.for(everyType.filter(({ type }) => type !== 'fork-proof'))(
  'a $type of which half a signature is missing, spoilt or doubled is refused whole',
  { tags: ['REC-2'] },
  ({ text }) => {
    const stripped = edited(text, (record) => void record.proof.splice(1, 1))
    const spoilt = edited(text, (record) => {
      const [first] = record.proof
      if (first !== undefined)
        first.proofValue = `z${first.proofValue.slice(1).split('').toReversed().join('')}`
    })
    const doubled = edited(text, (record) => void record.proof.push(...record.proof.slice(0, 1)))
    const suite = edited(text, (record) => {
      const [first] = record.proof
      if (first !== undefined) first.cryptosuite = 'rsa-jcs-1999'
    })
    for (const wrong of [stripped, spoilt, doubled, suite]) {
      expect(refusedCode(mesh.empty, wrong)).toBe('record-unproved')
    }
  },
)

test('one signer whom the mesh does not know refuses the whole', { tags: ['REC-2'] }, () => {
  const stranger = adminSigner(person(3))
  const targets = [{ did: person(0).did, maxGen: 1 }]
  const text = revocation(mesh, { targets, by: [admin, second, stranger] })
  expect(refusedCode(mesh.empty, text)).toBe('signer-unknown')
})

test('a statement of one is signed by that one alone', { tags: ['REC-2'] }, () => {
  const [, other] = mesh.witnesses
  if (other === undefined) throw new Error('two witnesses')
  const stated = statedCheckpoint(mesh, { witness, epoch: 1, size: 0 })
  const borrowed = edited(stated, (record) => void (record['witness'] = other.did))
  expect(refusedCode(mesh.empty, borrowed)).toBe('record-unproved')
  const two = quarantine(mesh, person(0), { by: admin })
  const asOther = edited(two, (record) => void (record['issuer'] = second.did))
  expect(refusedCode(mesh.empty, asOther)).toBe('record-unproved')
})

test('a quarantine lasts 24 hours at most', { tags: ['REC-8'] }, () => {
  expect(refusedCode(mesh.empty, quarantine(mesh, person(0), { hours: 24 }))).toBeUndefined()
  const longer = quarantine(mesh, person(0), { hours: 24 + 1 / 3600, claimedMs: NOW_MS - HOUR_MS })
  expect(refusedCode(mesh.empty, longer)).toBe('record-malformed')
})
