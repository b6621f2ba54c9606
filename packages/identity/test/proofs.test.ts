import { canonicalJson, type JsonObject, type JsonValue } from '@warren/core'
import {
  addProofs,
  contentId,
  createControlledIdentity,
  proofSigners,
  requiredProofs,
  type SignedDocument,
  verifyProofs,
  type VerifyProofsInput,
} from '@warren/identity'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { node, NOW_MS, refusal, seed, suite, SUITES } from './builders.ts'

const alice = node()
const bob = node(11)
const DOCUMENT: JsonObject = {
  '@context': ['https://www.w3.org/ns/credentials/v2', 'https://warren.internal/ns/test/v1'],
  id: 'urn:uuid:1',
  text: 'Grüße',
}

function signed(document: JsonObject = DOCUMENT, by = alice): SignedDocument {
  const signers = proofSigners(by, 'assertionMethod')
  return addProofs({ suite, document, signers, createdMs: NOW_MS })
}

function judge(document: JsonObject, change: Partial<VerifyProofsInput> = {}): void {
  const required = requiredProofs(alice.log.document, 'assertionMethod')
  verifyProofs({ suite, document, required, purpose: 'assertionMethod', ...change })
}

/** Changes the proof of that number. */
function withProof(index: number, change: Record<string, JsonValue>): JsonObject {
  const document = signed()
  const proof = document.proof.map((each, at) => (at === index ? { ...each, ...change } : each))
  return { ...document, proof }
}

describe.for(SUITES)('with the $name suite', (by) => {
  test('a document signed with all keys is accepted', { tags: ['ID-15'] }, () => {
    expect(() => judge(signed(), { suite: by })).not.toThrow()
  })

  test.for([0, 1])(
    'a proof that is stripped refuses the document (%i)',
    { tags: ['ID-15', 'THR-8'] },
    (index) => {
      const document = signed()
      const stripped = { ...document, proof: document.proof.filter((_, at) => at !== index) }
      expect(() => judge(stripped, { suite: by })).toThrow(refusal('proof-missing'))
    },
  )

  test.for([0, 1])(
    'a bit flipped in a proof value refuses the document (%i)',
    { tags: ['ID-15'] },
    (index) => {
      const value = signed().proof[index]?.proofValue ?? ''
      const at = 20
      const proofValue = value.slice(0, at) + (value[at] === 'B' ? 'C' : 'B') + value.slice(at + 1)
      expect(() => judge(withProof(index, { proofValue }), { suite: by })).toThrow(
        refusal('proof-invalid'),
      )
    },
  )

  test('a member that was changed refuses the document', { tags: ['ID-15'] }, () => {
    const document = { ...signed(), text: 'Gruesse' }
    expect(() => judge(document, { suite: by })).toThrow(refusal('proof-invalid'))
  })

  test('a public key that is no point refuses the document', { tags: ['ID-16'] }, () => {
    const required = requiredProofs(alice.log.document, 'assertionMethod')
    const point = Uint8Array.from([2, ...seed(0).slice(1)])
    for (const bytes of [seed(0), seed(0xff), point, new Uint8Array(31)]) {
      const [first, ...others] = required
      const changed = [{ ...first!, publicKey: bytes }, ...others]
      expect(() => judge(signed(), { suite: by, required: changed })).toThrow(
        refusal('proof-invalid'),
      )
    }
  })
})

test('either suite makes the same Ed25519 proof', { tags: ['ID-14'] }, () => {
  const [first, second] = SUITES.map((by) => {
    const identity = node(1, by)
    const signers = proofSigners(identity, 'assertionMethod')
    return addProofs({ suite: by, document: DOCUMENT, signers, createdMs: NOW_MS }).proof[0]
  })
  expect(first).toEqual(second)
})

test('the context is stored by one suite and hashed by both', { tags: ['ID-14'] }, () => {
  const [ed25519, mlDsa44] = signed().proof
  expect(ed25519?.['@context']).toEqual(DOCUMENT['@context'])
  expect(mlDsa44?.['@context']).toBeUndefined()
  const { '@context': _context, ...bare } = DOCUMENT
  expect(signed(bare).proof.some((proof) => '@context' in proof)).toBe(false)
  expect(() => judge(signed(bare))).not.toThrow()
})

test.for([
  { name: 'no proofs', proof: undefined, code: 'proof-missing' },
  { name: 'an empty list', proof: [], code: 'proof-missing' },
  { name: 'a text', proof: 'z', code: 'proof-malformed' },
  { name: 'a list of texts', proof: ['z'], code: 'proof-malformed' },
  { name: 'nothing', proof: null, code: 'proof-malformed' },
])(
  'a document with $name in place of proofs is refused',
  { tags: ['ID-15'] },
  ({ proof, code }) => {
    const document = proof === undefined ? DOCUMENT : { ...DOCUMENT, proof }
    expect(() => judge(document)).toThrow(refusal(code))
  },
)

test('an empty set of required proofs accepts nothing', { tags: ['ID-15'] }, () => {
  expect(() => judge(signed(), { required: [] })).toThrow(refusal('proof-missing'))
})

test.for([
  {
    name: 'an unknown suite',
    change: { cryptosuite: 'eddsa-rdfc-2022' },
    code: 'proof-unknown-suite',
  },
  {
    name: 'a name of every object',
    change: { cryptosuite: 'toString' },
    code: 'proof-unknown-suite',
  },
  { name: 'no suite', change: { cryptosuite: null }, code: 'proof-unknown-suite' },
  {
    name: 'the suite of the other key',
    change: { cryptosuite: 'mldsa44-jcs-2024' },
    code: 'proof-unexpected',
  },
  { name: 'another type', change: { type: 'Ed25519Signature2020' }, code: 'proof-malformed' },
  { name: 'an unknown member', change: { previousProof: 'urn:uuid:2' }, code: 'proof-malformed' },
  { name: 'an unknown purpose', change: { proofPurpose: 'keyAgreement' }, code: 'proof-malformed' },
  { name: 'another purpose', change: { proofPurpose: 'authentication' }, code: 'proof-unexpected' },
  {
    name: 'a key of another',
    change: { verificationMethod: `${bob.did}#a1` },
    code: 'proof-missing',
  },
  { name: 'a key twice', change: { verificationMethod: `${alice.did}#q1` }, code: 'proof-missing' },
  { name: 'a challenge', change: { challenge: 'x' }, code: 'proof-unexpected' },
  { name: 'a domain', change: { domain: 'x' }, code: 'proof-unexpected' },
  { name: 'no date', change: { created: 'today' }, code: 'time-malformed' },
  { name: 'another date', change: { created: '2026-11-24T12:00:01Z' }, code: 'proof-invalid' },
  {
    name: 'another context',
    change: { '@context': ['https://www.w3.org/ns/credentials/v2'] },
    code: 'proof-malformed',
  },
  { name: 'a value without base', change: { proofValue: '' }, code: 'proof-malformed' },
  { name: 'a short value', change: { proofValue: 'z2' }, code: 'proof-malformed' },
  {
    name: 'a value without end',
    change: { proofValue: `z${'2'.repeat(100_000)}` },
    code: 'proof-malformed',
  },
])('a proof with $name refuses the document', { tags: ['ID-15'] }, ({ change, code }) => {
  expect(() => judge(withProof(0, change))).toThrow(refusal(code))
})

test.for([
  { name: 'in base58', value: 'z2', code: 'proof-malformed' },
  { name: 'with padding', value: `u${'A'.repeat(3226)}==`, code: 'proof-malformed' },
  { name: 'that is too short', value: `u${'A'.repeat(3226)}`, code: 'proof-malformed' },
  { name: 'of zeros', value: `u${'A'.repeat(3227)}`, code: 'proof-invalid' },
])(
  'an ML-DSA-44 proof value $name refuses the document',
  { tags: ['ID-15'] },
  ({ value, code }) => {
    expect(() => judge(withProof(1, { proofValue: value }))).toThrow(refusal(code))
  },
)

test(
  'a second spelling of an ML-DSA-44 proof value refuses the document',
  { tags: ['ID-15'] },
  () => {
    const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_'
    const value = signed().proof[1]?.proofValue ?? ''
    // The last of 3227 characters holds four bits of the signature; the two that are left over must be zero.
    const last = alphabet[alphabet.indexOf(value.at(-1) ?? '') + 1] ?? ''
    expect(() => judge(withProof(1, { proofValue: value.slice(0, -1) + last }))).toThrow(
      refusal('proof-malformed'),
    )
  },
)

test('the proof of a key that is not required refuses the document', { tags: ['ID-15'] }, () => {
  const signers = proofSigners(bob, 'assertionMethod').slice(0, 1)
  const document = addProofs({ suite, document: signed(), signers, createdMs: NOW_MS })
  expect(document.proof).toHaveLength(3)
  expect(() => judge(document)).toThrow(refusal('proof-unexpected'))
})

test('one proof twice refuses the document', { tags: ['ID-15'] }, () => {
  const document = signed()
  const proof = [...document.proof, ...document.proof.slice(0, 1)]
  expect(() => judge({ ...document, proof })).toThrow(refusal('proof-unexpected'))
})

test('33 proofs are more than are counted', { tags: ['ID-15'] }, () => {
  const document = signed()
  const proofs = (count: number): JsonObject[] =>
    Array.from({ length: count }, () => document.proof[0]!)
  expect(() => judge({ ...document, proof: [...proofs(31), document.proof[1]!] })).toThrow(
    refusal('proof-unexpected'),
  )
  expect(() => judge({ ...document, proof: [...proofs(32), document.proof[1]!] })).toThrow(
    refusal('proof-malformed'),
  )
})

test('a proof that stands alone counts as a list of one', { tags: ['ID-15'] }, () => {
  const tool = createControlledIdentity({ suite, nowMs: NOW_MS, controller: alice.did })
  const signers = proofSigners(tool, 'assertionMethod')
  const document = addProofs({ suite, document: DOCUMENT, signers, createdMs: NOW_MS })
  const required = requiredProofs(tool.log.document, 'assertionMethod')
  expect(document.proof).toHaveLength(1)
  expect(() => judge({ ...document, proof: document.proof[0]! }, { required })).not.toThrow()
})

test('two signers are both required in full', { tags: ['ID-15'] }, () => {
  const both = signed(signed(), bob)
  const required = [alice, bob].flatMap(({ log }) =>
    requiredProofs(log.document, 'assertionMethod'),
  )
  expect(() => judge(both, { required })).not.toThrow()
  for (let index = 0; index < 4; index += 1) {
    const proof = both.proof.filter((_, at) => at !== index)
    expect(() => judge({ ...both, proof }, { required })).toThrow(refusal('proof-missing'))
  }
})

describe('authentication', () => {
  const signers = proofSigners(alice, 'authentication')
  const required = requiredProofs(alice.log.document, 'authentication')
  const terms = { required, purpose: 'authentication' } as const
  const answer = addProofs({
    suite,
    document: DOCUMENT,
    signers,
    createdMs: NOW_MS,
    challenge: 'nonce',
    domain: 'peer',
  })

  test('the answer to our challenge, meant for us, is accepted', { tags: ['ID-15'] }, () => {
    expect(() => judge(answer, { ...terms, challenge: 'nonce', domain: 'peer' })).not.toThrow()
  })

  test.for([
    { name: 'to another challenge', expected: { challenge: 'other', domain: 'peer' } },
    { name: 'meant for another', expected: { challenge: 'nonce', domain: 'other' } },
    { name: 'to no challenge', expected: {} },
  ])('an answer $name is refused', { tags: ['ID-15'] }, ({ expected }) => {
    expect(() => judge(answer, { ...terms, ...expected })).toThrow(refusal('proof-unexpected'))
  })

  test('an answer is no assertion', { tags: ['ID-15'] }, () => {
    const expected = { challenge: 'nonce', domain: 'peer' }
    expect(() => judge(answer, { required, ...expected })).toThrow(refusal('proof-unexpected'))
  })
})

describe('content id', () => {
  test('it is the same for every set of proofs', { tags: ['ID-17'] }, () => {
    const document = signed()
    const id = contentId(suite, DOCUMENT)
    expect(id).toMatch(/^zQm[1-9A-HJ-NP-Za-km-z]{44}$/)
    expect(contentId(suite, document)).toBe(id)
    expect(contentId(suite, { ...document, proof: document.proof.toReversed() })).toBe(id)
    expect(contentId(suite, { ...DOCUMENT, proof: 'anything' })).toBe(id)
  })

  test('it differs with everything else', { tags: ['ID-17'] }, () => {
    const object = fc.dictionary(
      fc.string().filter((key) => key !== '__proto__'),
      fc.integer(),
    )
    fc.assert(
      fc.property(object, object, (left, right) => {
        const { proof: _left, ...one } = left
        const { proof: _right, ...two } = right
        const isSame = contentId(suite, one) === contentId(suite, two)
        expect(isSame).toBe(canonicalJson(one) === canonicalJson(two))
      }),
    )
  })
})

test('whatever stands in the place of proofs ends in a coded refusal', { tags: ['ID-16'] }, () => {
  const member = fc.oneof(fc.string(), fc.integer(), fc.constant(null), fc.array(fc.string()))
  const change = fc.dictionary(
    fc.constantFrom(
      'type',
      'cryptosuite',
      'created',
      'verificationMethod',
      'proofPurpose',
      'proofValue',
      '@context',
      'x',
    ),
    member,
    { minKeys: 1 },
  )
  fc.assert(
    fc.property(change, fc.constantFrom(0, 1), (members, index) => {
      expect(() => judge(withProof(index, members))).toThrow(
        expect.objectContaining({ code: expect.stringMatching(/^(?:proof|time|json)-/) }),
      )
    }),
  )
})
