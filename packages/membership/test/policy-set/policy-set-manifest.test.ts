import { canonicalJson, isJsonObject, type JsonObject, parseJson } from '@warren/core'
import { addProofs, proofSigners } from '@warren/identity'
import {
  adminSigner,
  claimedPolicySigners,
  createPolicySet,
  decodePolicySet,
  encodePolicySet,
  type PolicySetManifest,
  type PolicySetTerms,
  publicPair,
  signPolicySet,
  verifyPolicySet,
} from '@warren/membership'
import { expect, test } from 'vitest'
import { HOUR_MS, identity, mesh, NOW_MS, suite } from '../builders.ts'

const { meshId } = mesh().charter
const DIGEST = 'A'.repeat(43)
const OWNERS = [identity(), identity(), identity()]
const SIGNERS = OWNERS.map((owner) => publicPair(adminSigner(owner)))
const TWO_OF_THREE = { signers: SIGNERS, threshold: 2 }

function terms(change: Partial<PolicySetTerms> = {}): PolicySetTerms {
  return {
    mesh: meshId,
    name: 'lab',
    version: 1,
    notBeforeMs: NOW_MS,
    notAfterMs: NOW_MS + HOUR_MS,
    files: [{ name: 'a.cedar', digest: DIGEST }],
    ...change,
  }
}

function signed(...numbers: readonly number[]): PolicySetManifest {
  return OWNERS.filter((_, index) => numbers.includes(index)).reduce<PolicySetManifest>(
    (before, owner) => signPolicySet(suite, before, { signer: adminSigner(owner), nowMs: NOW_MS }),
    createPolicySet(suite, terms()),
  )
}

/** A manifest from whatever document somebody made. */
function changed(manifest: PolicySetManifest, change: JsonObject): PolicySetManifest {
  return decodePolicySet(suite, canonicalJson({ ...manifest.document, ...change }))
}

function proofsOf({ document }: PolicySetManifest): readonly JsonObject[] {
  const { proof } = document
  return Array.isArray(proof) ? proof.filter(isJsonObject) : []
}

const UNPROVED = expect.objectContaining({ code: 'policy-set-unproved' })
const MALFORMED = expect.objectContaining({ code: 'policy-set-malformed' })

test('a manifest reads back as it was written', { tags: ['PST-3'] }, () => {
  const manifest = signed(0, 1)
  const back = decodePolicySet(suite, encodePolicySet(manifest))
  expect(back).toEqual(manifest)
  expect(back).toMatchObject(terms())
})

test('a signature does not change what a set is called', { tags: ['PST-3'] }, () => {
  expect(signed(0, 1).id).toBe(createPolicySet(suite, terms()).id)
  expect(createPolicySet(suite, terms({ version: 2 })).id).not.toBe(signed().id)
})

test.for<[string, Partial<PolicySetTerms>]>([
  ['version 0', { version: 0 }],
  ['a version with a fraction', { version: 1.5 }],
  ['a version beyond the limit', { version: 1_000_000_001 }],
  ['an end at its beginning', { notAfterMs: NOW_MS }],
  ['a name with a slash', { name: 'lab/a' }],
  ['no mesh', { mesh: 'plant' }],
  [
    'a file twice',
    { files: [terms().files[0] ?? { name: '', digest: '' }, { name: 'a.cedar', digest: DIGEST }] },
  ],
  ['a file outside', { files: [{ name: '../a.cedar', digest: DIGEST }] }],
  ['a digest that is too short', { files: [{ name: 'a.cedar', digest: 'A' }] }],
])('%s makes no manifest', { tags: ['PST-3'] }, ([, change]) => {
  expect(() => createPolicySet(suite, terms(change))).toThrow(MALFORMED)
})

test('the highest version, and a set that lasts one second, are read', { tags: ['PST-3'] }, () => {
  const edge = terms({ version: 1_000_000_000, notAfterMs: NOW_MS + 1000, files: [] })
  expect(createPolicySet(suite, edge)).toMatchObject(edge)
})

test('what is not canonical, says more, or is too long is no manifest', { tags: ['PST-3'] }, () => {
  const text = encodePolicySet(signed(0))
  for (const other of [`${text} `, text.slice(1), '[]', text.replace('"v":1', '"v":2')]) {
    expect(() => decodePolicySet(suite, other)).toThrow(MALFORMED)
  }
  expect(() => changed(signed(0), { more: 1 })).toThrow(MALFORMED)
  expect(() => decodePolicySet(suite, ' '.repeat(262_145))).toThrow(
    expect.objectContaining({ code: 'policy-set-too-large' }),
  )
})

test('as many signers as it takes, and more, prove a set', { tags: ['PST-4'] }, () => {
  for (const numbers of [
    [0, 1],
    [1, 2],
    [0, 1, 2],
  ]) {
    verifyPolicySet(suite, signed(...numbers), TWO_OF_THREE)
    expect(claimedPolicySigners(suite, signed(...numbers), SIGNERS)).toHaveLength(numbers.length)
  }
  expect(() => verifyPolicySet(suite, signed(0), TWO_OF_THREE)).toThrow(/1 of 2 signers signed it/)
  expect(() => verifyPolicySet(suite, signed(), TWO_OF_THREE)).toThrow(UNPROVED)
})

test(
  'a set of which any signature was taken away, or half of one, is refused',
  { tags: ['PST-4'] },
  () => {
    const whole = signed(0, 1)
    const proofs = proofsOf(whole)
    expect(proofs).toHaveLength(4)
    for (const [index] of proofs.entries()) {
      const stripped = changed(whole, { proof: proofs.toSpliced(index, 1) })
      expect(() => verifyPolicySet(suite, stripped, TWO_OF_THREE)).toThrow(UNPROVED)
    }
    for (const cryptosuite of ['eddsa-jcs-2022', 'mldsa44-jcs-2024']) {
      const half = changed(whole, {
        proof: proofs.filter((proof) => proof['cryptosuite'] === cryptosuite),
      })
      expect(() => verifyPolicySet(suite, half, TWO_OF_THREE)).toThrow(UNPROVED)
    }
    const one = changed(whole, { proof: proofs.slice(0, 2) })
    expect(() => verifyPolicySet(suite, one, TWO_OF_THREE)).toThrow(UNPROVED)
  },
)

test(
  'a signer who is not named, or signs as somebody else, refuses the set',
  { tags: ['PST-4'] },
  () => {
    const [first, second] = SIGNERS
    if (first === undefined || second === undefined) throw new Error('there are three')
    const trust = { signers: [first, second], threshold: 2 }
    verifyPolicySet(suite, signed(0, 1), trust)
    expect(() => verifyPolicySet(suite, signed(0, 2), trust)).toThrow(UNPROVED)
    // More proofs than the signers have keys, and one to tell it by.
    expect(() => verifyPolicySet(suite, signed(0, 1, 2), trust)).toThrow(MALFORMED)
    // Their own keys under the names of the others.
    const [proof0, proof1, ...others] = proofsOf(signed(0, 2))
    const renamed = [
      proof0,
      proof1,
      ...others.map((proof, index) => {
        const method = proofsOf(signed(0, 1))[index + 2]?.['verificationMethod'] ?? ''
        return { ...proof, verificationMethod: method }
      }),
    ].filter((proof) => proof !== undefined)
    expect(() => verifyPolicySet(suite, changed(signed(0, 2), { proof: renamed }), trust)).toThrow(
      UNPROVED,
    )
  },
)

test('nobody signs twice, and one proof twice is not two', { tags: ['PST-4'] }, () => {
  const again = { signer: adminSigner(OWNERS[0] ?? identity()), nowMs: NOW_MS + 1000 }
  expect(() => signPolicySet(suite, signed(0), again)).toThrow(
    expect.objectContaining({ code: 'signed-already' }),
  )
  const proofs = proofsOf(signed(0))
  const doubled = changed(signed(0), { proof: [...proofs, ...proofs] })
  expect(() => verifyPolicySet(suite, doubled, TWO_OF_THREE)).toThrow(UNPROVED)
})

test('anything that is changed after signing refuses the set', { tags: ['PST-4'] }, () => {
  const whole = signed(0, 1)
  const others: readonly JsonObject[] = [
    { version: 2 },
    { name: 'desk' },
    { mesh: mesh(1, 1, 'other').charter.meshId },
    { notAfter: '2099-01-01T00:00:00Z' },
    { notBefore: '2020-01-01T00:00:00Z' },
    { files: [] },
    { files: [{ name: 'a.cedar', digest: 'B'.repeat(43) }] },
  ]
  for (const change of others) {
    expect(() => verifyPolicySet(suite, changed(whole, change), TWO_OF_THREE)).toThrow(UNPROVED)
  }
})

test('proofs made for another document or purpose are none here', { tags: ['PST-4'] }, () => {
  const [owner] = OWNERS
  if (owner === undefined) throw new Error('there are three')
  const { document } = createPolicySet(suite, terms())
  const trust = { signers: SIGNERS, threshold: 1 }
  // By fragments of the DID document, as a credential is signed, and not as an administrator signs.
  const signers = proofSigners(owner, 'assertionMethod')
  const other = addProofs({ suite, document, signers, createdMs: NOW_MS })
  expect(() => verifyPolicySet(suite, decodePolicySet(suite, canonicalJson(other)), trust)).toThrow(
    UNPROVED,
  )
  expect(parseJson(canonicalJson(other), { lengthMax: 65_536, depthMax: 8, keysMax: 64 })).toEqual(
    other,
  )
})
