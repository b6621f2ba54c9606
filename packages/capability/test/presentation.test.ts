import {
  type CapabilityChain,
  createPresentation,
  decodePresentation,
  decodeRevocation,
  issueRevocation,
  PRESENTATION_LENGTH_MAX,
  verifyPresentation,
  verifyRevocation,
} from '@warren/capability'
import { canonicalJson, isJsonObject, type JsonObject } from '@warren/core'
import { type Identity, issueCredential } from '@warren/identity'
import { expect, test } from 'vitest'
import {
  asserting,
  authenticating,
  chainOfLength,
  HOUR_MS,
  NOW_MS,
  owner,
  person,
  refusal,
  stranger,
  suite,
  uuid,
} from './builders.ts'

const TERMS = { challenge: 'ab'.repeat(32), domain: owner.did }

function shown(chain: CapabilityChain, holder: Identity, terms = TERMS): string {
  return createPresentation(chain, terms, { suite, holder: authenticating(holder), nowMs: NOW_MS })
}

function accept(text: string, peer: Identity, terms = TERMS): void {
  verifyPresentation(decodePresentation(suite, text), terms, { suite, peer: peer.log })
}

test.for([1, 5])(
  'the holder of %d links shows them on its session',
  { tags: ['CAP-8'] },
  (length) => {
    const holder = person(length - 1)
    const text = shown(chainOfLength(length), holder)
    accept(text, holder)
    expect(text.length).toBeLessThan(PRESENTATION_LENGTH_MAX)
  },
)

test(
  'what was shown is refused on another session, before another node and from another member',
  { tags: ['CAP-8', 'THR-49'] },
  () => {
    const holder = person(1)
    const chain = chainOfLength(2)
    const text = shown(chain, holder)
    const unproved = refusal('presentation-unproved')
    expect(() => accept(text, holder, { ...TERMS, challenge: 'cd'.repeat(32) })).toThrow(unproved)
    expect(() => accept(text, holder, { ...TERMS, domain: person(3).did })).toThrow(unproved)
    const foreign = refusal('presentation-foreign')
    expect(() => accept(text, stranger)).toThrow(foreign)
    expect(() => accept(text, person(0))).toThrow(foreign)
    // Whoever shows the chain of somebody else under its own name.
    expect(() => accept(shown(chain, stranger), stranger)).toThrow(foreign)
    // A holder before, who has passed it on: the chain that ends with it is another one.
    expect(() => accept(shown(chain, person(0)), person(0))).toThrow(foreign)
    accept(shown(chainOfLength(1), person(0)), person(0))
  },
)

test.for<[string, (text: JsonObject) => JsonObject]>([
  [
    'a proof stripped',
    (it) => ({ ...it, proof: Array.isArray(it['proof']) ? it['proof'].slice(0, 1) : [] }),
  ],
  ['another chain', (it) => ({ ...it, verifiableCredential: chainOfLength(2).documents })],
])('a presentation with %s is refused', { tags: ['CAP-8', 'THR-49'] }, ([, change]) => {
  const value: unknown = JSON.parse(shown(chainOfLength(2), person(1)))
  if (!isJsonObject(value)) throw new Error('no object')
  const text = canonicalJson(change(value))
  expect(() => accept(text, person(1))).toThrow(refusal('presentation-unproved'))
})

test('a proof of the assertion keys is no presentation', { tags: ['CAP-8'] }, () => {
  const holder = person(0)
  expect(() =>
    createPresentation(chainOfLength(1), TERMS, {
      suite,
      holder: asserting(holder),
      nowMs: NOW_MS,
    }),
  ).toThrow(expect.objectContaining({ code: 'seeds-mismatch' }))
})

test.for<[string, (text: string) => string]>([
  ['too long', (text) => `${' '.repeat(PRESENTATION_LENGTH_MAX)}${text}`],
  ['no object', () => '[]'],
  ['not JSON', () => '{'],
  ['not canonical', (text) => ` ${text}`],
  ['without a holder', (text) => text.replace(/"holder":"[^"]*",/, '')],
  ['of another type', (text) => text.replace('VerifiablePresentation', 'Other')],
  ['with more', (text) => text.replace('{"@context"', '{"@a":1,"@context"')],
])('a presentation that is %s is refused', { tags: ['CAP-5'] }, ([, change]) => {
  const text = change(shown(chainOfLength(1), person(0)))
  expect(() => decodePresentation(suite, text)).toThrow(refusal('presentation-malformed'))
})

const REVOKED = { capability: uuid(), node: owner.did, untilMs: NOW_MS + HOUR_MS }

test(
  'an issuer takes back what it issued, also by a clock that is ahead',
  { tags: ['CAP-13'] },
  () => {
    const issuer = person(0)
    const nowMs = NOW_MS + HOUR_MS / 2
    const text = issueRevocation({
      suite,
      issuer: asserting(issuer),
      id: uuid(),
      nowMs,
      revoked: REVOKED,
    })
    const decoded = decodeRevocation(text)
    expect(decoded).toMatchObject({ ...REVOKED, issuer: issuer.did })
    verifyRevocation(decoded, { suite, issuer: issuer.log, nowMs: NOW_MS })
  },
)

test(
  'a revocation that its issuer has not signed is refused',
  { tags: ['CAP-13', 'THR-48'] },
  () => {
    const issuer = person(0)
    const text = issueRevocation({
      suite,
      issuer: asserting(issuer),
      id: uuid(),
      nowMs: NOW_MS,
      revoked: REVOKED,
    })
    const by = { suite, issuer: issuer.log, nowMs: NOW_MS }
    const unproved = refusal('capability-revocation-unproved')
    const other = text.replace(REVOKED.capability, uuid())
    expect(() => verifyRevocation(decodeRevocation(other), by)).toThrow(unproved)
    expect(() => verifyRevocation(decodeRevocation(text), { ...by, issuer: stranger.log })).toThrow(
      unproved,
    )
  },
)

test.for<[string, object]>([
  ['of another type', { type: 'WarrenCapability' }],
  ['with more', { subject: { id: uuid(), node: owner.did, all: true } }],
  ['without a node', { subject: { id: uuid() } }],
  ['of what has no id', { subject: { id: '*', node: owner.did } }],
  ['in another context', { context: 'https://warren.internal/ns/capability/v2' }],
  ['in a context of 16,200 bytes', { context: '\u6f22'.repeat(5_400) }],
  ['with an id of its own form', { id: 'urn:uuid:------------------------------------' }],
  ['with an id that is none', { id: '\u6f22' }],
])('a revocation %s is refused', { tags: ['CAP-5'] }, ([, changes]) => {
  const claim = {
    id: uuid(),
    type: 'WarrenCapabilityRevocation',
    context: 'https://warren.internal/ns/capability/v1',
    subject: { id: uuid(), node: owner.did },
    validFromMs: NOW_MS,
    validUntilMs: NOW_MS + HOUR_MS,
    ...changes,
  }
  const text = canonicalJson(issueCredential({ suite, issuer: owner, nowMs: NOW_MS, claim }))
  const malformed = refusal('capability-revocation-malformed')
  expect(() => decodeRevocation(text)).toThrow(malformed)
  expect(() => decodeRevocation(text.slice(1))).toThrow(malformed)
})

test('a revocation is bounded by its bytes, not its characters', { tags: ['CAP-5'] }, () => {
  const wide = (length: number): string =>
    canonicalJson({ '@context': [], note: '\u6f22'.repeat(length) })
  const bytesOf = (text: string): number => Buffer.from(text).length
  const atMost = Math.floor((16_384 - bytesOf(wide(0))) / 3)
  expect(bytesOf(wide(atMost))).toBeGreaterThan(16_381)
  expect(() => decodeRevocation(wide(atMost))).toThrow(/no credential/)
  expect(() => decodeRevocation(wide(atMost + 1))).toThrow(/too long/)
})
