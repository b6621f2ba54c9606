import type { JsonObject, JsonValue } from '@warren/core'
import {
  addProofs,
  appendDeactivation,
  appendRotation,
  createControlledIdentity,
  type CredentialClaim,
  issueCredential,
  proofSigners,
  type ReplaceableKey,
  type SignedDocument,
  verifyCredential,
  type VerifiedLog,
} from '@warren/identity'
import { describe, expect, test } from 'vitest'
import { HOUR_MS, node, NOW_MS, refusal, SECOND_MS, suite, SUITES } from './builders.ts'

const issuer = node()
const holder = node(11)
const CLAIM: CredentialClaim = {
  id: 'urn:uuid:7f4c2f0e-0000-4000-8000-000000000001',
  type: 'WarrenTestCredential',
  context: 'https://warren.internal/ns/test/v1',
  subject: { id: holder.did, role: 'operator' },
  validFromMs: NOW_MS,
  validUntilMs: NOW_MS + HOUR_MS,
}

function issued(claim: Partial<CredentialClaim> = {}): SignedDocument {
  return issueCredential({ suite, issuer, nowMs: NOW_MS, claim: { ...CLAIM, ...claim } })
}

function judge(document: JsonObject, log: VerifiedLog = issuer.log, nowMs = NOW_MS): unknown {
  return verifyCredential({ suite, document, issuer: log, nowMs })
}

/** The log of the issuer after these keys were replaced. */
function rotate(replace: readonly ReplaceableKey[]): VerifiedLog {
  return appendRotation({ suite, identity: issuer, nowMs: NOW_MS, replace }).log
}

/** A credential that its issuer signed as it stands. */
function signed(change: Record<string, JsonValue | undefined>): SignedDocument {
  const { proof: _proof, ...document } = issued()
  const signers = proofSigners(issuer, 'assertionMethod')
  const changed = JSON.parse(JSON.stringify({ ...document, ...change })) as JsonObject
  return addProofs({ suite, document: changed, signers, createdMs: NOW_MS })
}

describe.for(SUITES)('with the $name suite', (by) => {
  test('a credential says what its issuer said', { tags: ['ID-18'] }, () => {
    const document = issueCredential({
      suite: by,
      issuer: node(1, by),
      nowMs: NOW_MS,
      claim: CLAIM,
    })
    const credential = verifyCredential({ suite: by, document, issuer: issuer.log, nowMs: NOW_MS })
    expect(credential).toEqual({
      id: CLAIM.id,
      issuer: issuer.did,
      types: [CLAIM.type],
      subject: CLAIM.subject,
      validFromMs: CLAIM.validFromMs,
      validUntilMs: CLAIM.validUntilMs,
    })
  })
})

test('it is valid from its first moment until just before its last', { tags: ['ID-18'] }, () => {
  const document = issued()
  const at =
    (nowMs: number): (() => unknown) =>
    () =>
      judge(document, issuer.log, nowMs)
  expect(at(NOW_MS - 1)).toThrow(refusal('credential-not-yet-valid'))
  expect(at(NOW_MS)).not.toThrow()
  expect(at(NOW_MS + HOUR_MS - 1)).not.toThrow()
  expect(at(NOW_MS + HOUR_MS)).toThrow(refusal('credential-expired'))
})

test('a credential with one proof removed is refused', { tags: ['ID-18'] }, () => {
  const document = issued()
  for (const index of [0, 1]) {
    const proof = document.proof.filter((_, at) => at !== index)
    expect(() => judge({ ...document, proof })).toThrow(refusal('proof-missing'))
  }
})

test('a claim that was widened is refused', { tags: ['ID-18'] }, () => {
  const document = { ...issued(), credentialSubject: { id: holder.did, role: 'admin' } }
  expect(() => judge(document)).toThrow(refusal('proof-invalid'))
})

test('the log of another DID does not vouch for it', { tags: ['ID-18'] }, () => {
  expect(() => judge(issued(), holder.log)).toThrow(refusal('credential-foreign-issuer'))
  const document = { ...issued(), issuer: holder.did }
  expect(() => judge(document, holder.log)).toThrow(refusal('proof-missing'))
})

test('what a key signed that the issuer has dropped is void', { tags: ['ID-18'] }, () => {
  const document = issued()
  expect(() => judge(document, rotate(['node']))).not.toThrow()
  expect(() => judge(document, rotate(['assertion']))).toThrow(refusal('proof-missing'))
  expect(() => judge(document, rotate(['mlDsa']))).toThrow(refusal('proof-missing'))
})

test('nothing counts that a DID signed which is given up', { tags: ['ID-8'] }, () => {
  const log = appendDeactivation({ suite, identity: issuer, nowMs: NOW_MS })
  expect(() => judge(issued(), log)).toThrow(refusal('log-deactivated'))
})

test('a tool that lists one key signs with one', { tags: ['ID-18'] }, () => {
  const tool = createControlledIdentity({ suite, nowMs: NOW_MS, controller: issuer.did })
  const document = issueCredential({ suite, issuer: tool, nowMs: NOW_MS, claim: CLAIM })
  expect(document.proof).toHaveLength(1)
  expect(judge(document, tool.log)).toMatchObject({ issuer: tool.did })
})

test.for([
  {
    name: 'another first context',
    change: { '@context': ['https://www.w3.org/2018/credentials/v1'] },
  },
  {
    name: 'a context that is no list',
    change: { '@context': 'https://www.w3.org/ns/credentials/v2' },
  },
  {
    name: 'a context of its own making',
    change: { '@context': ['https://www.w3.org/ns/credentials/v2', { x: 'y' }] },
  },
  {
    name: 'another first type',
    change: { type: ['WarrenTestCredential', 'VerifiableCredential'] },
  },
  { name: 'a type twice', change: { type: ['VerifiableCredential', 'VerifiableCredential'] } },
  { name: 'no id', change: { id: undefined } },
  { name: 'an empty id', change: { id: '' } },
  { name: 'an issuer that is an object', change: { issuer: { id: issuer.did } } },
  { name: 'an issuer of another method', change: { issuer: 'did:key:z6Mk' } },
  { name: 'two subjects', change: { credentialSubject: [{}, {}] } },
  { name: 'no beginning', change: { validFrom: undefined } },
  { name: 'no end', change: { validUntil: undefined } },
  { name: 'an end before its beginning', change: { validUntil: '2026-11-24T12:00:00Z' } },
  { name: 'a status', change: { credentialStatus: { type: 'BitstringStatusListEntry' } } },
  { name: 'a member that is not known', change: { note: 'x' } },
])('a credential with $name is refused', { tags: ['ID-18'] }, ({ change }) => {
  expect(() => judge(signed(change))).toThrow(refusal('credential-malformed'))
})

test('a time in another form is refused', { tags: ['ID-19'] }, () => {
  const change = { validUntil: '2026-11-24T13:00:00.000Z' }
  expect(() => judge(signed(change))).toThrow(refusal('time-malformed'))
})

test('a claim that nobody could verify is not signed', { tags: ['ID-18'] }, () => {
  expect(() => issued({ validUntilMs: NOW_MS })).toThrow(refusal('credential-malformed'))
  expect(() => issued({ validUntilMs: NOW_MS + SECOND_MS })).not.toThrow()
  expect(() => issued({ id: '' })).toThrow(refusal('credential-malformed'))
  expect(() => issued({ id: 'u'.repeat(256) })).not.toThrow()
  expect(() => issued({ id: 'u'.repeat(257) })).toThrow(refusal('credential-malformed'))
})
