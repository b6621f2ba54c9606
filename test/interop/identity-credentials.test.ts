import { DataIntegrityProof } from '@digitalbazaar/data-integrity'
import {
  createSignCryptosuite,
  createVerifyCryptosuite,
} from '@digitalbazaar/eddsa-jcs-2022-cryptosuite'
import { issue, verifyCredential as theirVerify } from '@digitalbazaar/vc'
import { ml_dsa44 } from '@noble/post-quantum/ml-dsa.js'
import { isJsonObject, type JsonObject } from '@warren/core'
import { nobleSuite, nodeSuite as suite } from '@warren/crypto'
import {
  addProofs,
  type ControlledIdentity,
  createControlledIdentity,
  createIdentity,
  formatTimestamp,
  type Identity,
  issueCredential,
  proofSigners,
  verifyCredential,
} from '@warren/identity'
import { describe, expect, test } from 'vitest'
import { serveDocuments } from './support/serve-documents.ts'
import { prepareDataForSigning } from './identity-didwebvh.ts'

const NOW_MS = Date.UTC(2026, 10, 24, 12)
const HOUR_MS = 3_600_000
const SUBJECT = { id: 'urn:uuid:5', role: 'operator' }
const CLAIM = {
  id: 'urn:uuid:7f4c2f0e-0000-4000-8000-000000000001',
  type: 'WarrenTestCredential',
  context: 'https://warren.internal/ns/test/v1',
  subject: SUBJECT,
  validFromMs: NOW_MS,
  validUntilMs: NOW_MS + HOUR_MS,
}

const node = createIdentity({ suite, nowMs: NOW_MS })
const tool = createControlledIdentity({ suite, nowMs: NOW_MS, controller: node.did })

const documentLoader = serveDocuments([node, tool])

async function verifiesThere(credential: JsonObject): Promise<{
  readonly verified: boolean
  readonly suites: readonly unknown[]
}> {
  const { verified, results = [] } = await theirVerify({
    credential,
    suite: new DataIntegrityProof({ cryptosuite: createVerifyCryptosuite() }),
    documentLoader,
    now: new Date(NOW_MS),
  })
  const suites = results.map(({ proof }) =>
    'cryptosuite' in proof ? proof.cryptosuite : undefined,
  )
  return { verified, suites }
}

async function issuedThere(issuer: ControlledIdentity): Promise<JsonObject> {
  const credential = await issue({
    credential: {
      '@context': ['https://www.w3.org/ns/credentials/v2', CLAIM.context],
      id: CLAIM.id,
      type: ['VerifiableCredential', CLAIM.type],
      issuer: issuer.did,
      validFrom: formatTimestamp(CLAIM.validFromMs),
      validUntil: formatTimestamp(CLAIM.validUntilMs),
      credentialSubject: SUBJECT,
    },
    suite: new DataIntegrityProof({
      date: new Date(NOW_MS),
      cryptosuite: createSignCryptosuite(),
      signer: {
        id: `${issuer.did}#a1`,
        algorithm: 'Ed25519',
        sign: async ({ data }: { readonly data: Uint8Array }) => issuer.assertionSigner.sign(data),
      },
    }),
    documentLoader,
    now: new Date(NOW_MS),
  })
  const copy: unknown = JSON.parse(JSON.stringify(credential))
  return isJsonObject(copy) ? copy : {}
}

function issuedHere(issuer: Identity | ControlledIdentity): ReturnType<typeof issueCredential> {
  return issueCredential({ suite, issuer, nowMs: NOW_MS, claim: CLAIM })
}

describe('@digitalbazaar/vc', () => {
  test('verifies a credential of ours', { tags: ['ID-14'] }, async () => {
    expect(await verifiesThere(issuedHere(tool))).toEqual({
      verified: true,
      suites: ['eddsa-jcs-2022'],
    })
  })

  test('refuses one of ours that was changed', { tags: ['ID-14'] }, async () => {
    const changed = { ...issuedHere(tool), credentialSubject: { ...SUBJECT, role: 'admin' } }
    expect(await verifiesThere(changed)).toMatchObject({ verified: false })
  })

  test.for([suite, nobleSuite])(
    'issues what verifies here with the $name suite',
    { tags: ['ID-14'] },
    async (by) => {
      const document = await issuedThere(tool)
      const verified = verifyCredential({ suite: by, document, issuer: tool.log, nowMs: NOW_MS })
      expect(verified).toMatchObject({ issuer: tool.did, subject: SUBJECT })
      const widened = { ...document, credentialSubject: { ...SUBJECT, role: 'admin' } }
      expect(() =>
        verifyCredential({ suite: by, document: widened, issuer: tool.log, nowMs: NOW_MS }),
      ).toThrow(expect.objectContaining({ code: 'proof-invalid' }))
    },
  )

  test('makes, to the letter, the proof that we make', { tags: ['ID-14'] }, async () => {
    const document = await issuedThere(tool)
    expect([document['proof']].flat()).toEqual(issuedHere(tool).proof)
  })

  test('sees the Ed25519 half of a hybrid credential', { tags: ['ID-14'] }, async () => {
    const hybrid = issuedHere(node)
    expect(hybrid.proof).toHaveLength(2)
    expect(await verifiesThere(hybrid)).toEqual({ verified: true, suites: ['eddsa-jcs-2022'] })
  })

  test(
    'accepts a stripped hybrid credential, which is why we must not',
    { tags: ['ID-15'] },
    async () => {
      const hybrid = issuedHere(node)
      const stripped = { ...hybrid, proof: hybrid.proof.slice(0, 1) }
      expect(await verifiesThere(stripped)).toMatchObject({ verified: true })
      expect(() =>
        verifyCredential({ suite, document: stripped, issuer: node.log, nowMs: NOW_MS }),
      ).toThrow(expect.objectContaining({ code: 'proof-missing' }))
    },
  )

  test('and we can share the signing of one credential', { tags: ['ID-14'] }, async () => {
    const theirs = await issuedThere(node)
    const signers = proofSigners(node, 'assertionMethod').filter(
      ({ cryptosuite }) => cryptosuite === 'mldsa44-jcs-2024',
    )
    const document = addProofs({ suite, document: theirs, signers, createdMs: NOW_MS })
    expect(verifyCredential({ suite, document, issuer: node.log, nowMs: NOW_MS }).issuer).toBe(
      node.did,
    )
    expect(await verifiesThere(document)).toMatchObject({ verified: true })
  })
})

test(
  'an ML-DSA-44 proof is a signature over what another canonicaliser hashes',
  { tags: ['ID-14'] },
  async () => {
    const { proof: proofs, ...unsigned } = issuedHere(node)
    const proof = proofs.find(({ cryptosuite }) => cryptosuite === 'mldsa44-jcs-2024')
    const { proofValue = '', ...configuration } = proof ?? {}
    const options = { ...configuration, '@context': unsigned['@context'] }
    const message = await prepareDataForSigning(unsigned, options)
    const signature = Uint8Array.fromBase64(proofValue.slice(1), { alphabet: 'base64url' })
    const { publicKey } = node.mlDsaSigner
    expect(proofValue).toMatch(/^u/)
    expect(ml_dsa44.verify(signature, message, publicKey)).toBe(true)
    message[0] = (message[0] ?? 0) ^ 1
    expect(ml_dsa44.verify(signature, message, publicKey)).toBe(false)
  },
)
