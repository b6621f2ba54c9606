import { DataIntegrityProof } from '@digitalbazaar/data-integrity'
import { createVerifyCryptosuite } from '@digitalbazaar/eddsa-jcs-2022-cryptosuite'
import { verifyCredential } from '@digitalbazaar/vc'
import {
  type CapabilityChain,
  fitsSchema,
  issueCapability,
  parseArgumentSchema,
} from '@warren/capability'
import type { JsonObject, JsonValue } from '@warren/core'
import { nodeSuite as suite } from '@warren/crypto'
import { createIdentity, type Identity } from '@warren/identity'
import { Ajv2020 } from 'ajv/dist/2020.js'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { serveDocuments } from './support/serve-documents.ts'

const NOW_MS = Date.UTC(2026, 10, 28, 12)
const SCHEMA: JsonObject = {
  type: 'object',
  properties: { region: { type: 'string', enum: ['north'] } },
  required: ['region'],
  additionalProperties: false,
}

const owner = createIdentity({ suite, nowMs: NOW_MS })
const team = createIdentity({ suite, nowMs: NOW_MS })
const agent = createIdentity({ suite, nowMs: NOW_MS })

function link(issuer: Identity, holder: Identity, parent?: CapabilityChain): CapabilityChain {
  const { log, assertionSigner, mlDsaSigner } = issuer
  const wish = {
    id: `urn:uuid:${crypto.randomUUID()}`,
    holder: holder.did,
    node: owner.did,
    server: 'orders',
    tools: ['search'],
    schema: SCHEMA,
    delegable: parent === undefined ? 1 : 0,
    validFromMs: NOW_MS,
    validUntilMs: NOW_MS + 3_600_000,
  }
  const by = { log, signers: [assertionSigner, mlDsaSigner] }
  return issueCapability({ suite, issuer: by, nowMs: NOW_MS, wish, parent })
}

const documentLoader = serveDocuments([owner, team])

async function verifiesThere(credential: JsonObject): Promise<boolean> {
  const { verified } = await verifyCredential({
    credential,
    suite: new DataIntegrityProof({ cryptosuite: createVerifyCryptosuite() }),
    documentLoader,
    now: new Date(NOW_MS),
  })
  return verified
}

test(
  'each link of a chain is a credential that @digitalbazaar/vc verifies, and refuses once it is changed',
  { tags: ['CAP-6'] },
  async () => {
    const { documents } = link(team, agent, link(owner, team))
    expect(documents).toHaveLength(2)
    for (const document of documents) {
      expect(await verifiesThere(document)).toBe(true)
      const later = { ...document, validUntil: '2027-01-01T00:00:00Z' }
      expect(await verifiesThere(later)).toBe(false)
    }
  },
)

const scalar: fc.Arbitrary<JsonObject> = fc.oneof(
  fc.record(
    { type: fc.constant('string'), minLength: fc.nat(3), maxLength: fc.nat(3) },
    { requiredKeys: ['type'] },
  ),
  fc.record({ type: fc.constant('string'), enum: fc.constantFrom(['a'], ['a', '😀']) }),
  fc.record(
    { type: fc.constantFrom('integer', 'number'), minimum: fc.nat(3), maximum: fc.nat(3) },
    { requiredKeys: ['type'] },
  ),
  fc.record({ type: fc.constantFrom('boolean', 'null') }),
  fc.record({ type: fc.constant('boolean'), const: fc.boolean() }),
)
const part: fc.Arbitrary<JsonObject> = fc.oneof(
  scalar,
  fc.record(
    { type: fc.constant('array'), items: scalar, minItems: fc.nat(2), maxItems: fc.nat(2) },
    { requiredKeys: ['type', 'items'] },
  ),
  fc.record({
    type: fc.constant('object'),
    properties: fc.dictionary(fc.constantFrom('x', 'y'), scalar),
    required: fc.subarray(['x', 'y']),
    additionalProperties: fc.boolean(),
  }),
)
const schema: fc.Arbitrary<JsonObject> = fc.record({
  type: fc.constant('object'),
  properties: fc.dictionary(fc.constantFrom('x', 'y'), part),
  required: fc.subarray(['x', 'y']),
  additionalProperties: fc.boolean(),
})
const leaf: fc.Arbitrary<JsonValue> = fc.constantFrom('', 'a', '😀', 'ab', 0, 1, 1.5, 3, true, null)
const value: fc.Arbitrary<JsonValue> = fc.oneof(
  leaf,
  fc.array(leaf, { maxLength: 3 }),
  fc.dictionary(fc.constantFrom('x', 'y', 'z'), leaf),
)

test('what fits a schema here is what fits it in Ajv', { tags: ['CAP-9'] }, () => {
  const ajv = new Ajv2020({ strict: false })
  const seen = { fits: 0, fails: 0 }
  fc.assert(
    fc.property(schema, fc.dictionary(fc.constantFrom('x', 'y', 'z'), value), (said, args) => {
      const fits = fitsSchema(parseArgumentSchema(said), args)
      seen[fits ? 'fits' : 'fails'] += 1
      expect(fits).toBe(ajv.validate(said, args))
    }),
    { numRuns: 3_000 },
  )
  expect(Math.min(seen.fits, seen.fails)).toBeGreaterThan(50)
})
