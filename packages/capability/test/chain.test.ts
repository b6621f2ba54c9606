import {
  chainOf,
  checkStillHolds,
  covers,
  decodeChain,
  encodeChain,
  verifyChain,
} from '@warren/capability'
import { canonicalJson, isJsonObject, type JsonObject } from '@warren/core'
import {
  addProofs,
  appendRotation,
  contentId,
  issueCredential,
  proofSigners,
  withoutProof,
} from '@warren/identity'
import { expect, test } from 'vitest'
import {
  ANYTHING,
  asserting,
  CALL,
  chainOfLength,
  DAY_MS,
  HOUR_MS,
  issue,
  knowledge,
  links,
  logOf,
  NOW_MS,
  owner,
  person,
  refusal,
  SCHEMA,
  stranger,
  suite,
  uuid,
  wish,
} from './builders.ts'

test.for([1, 2, 3, 4, 5])(
  'a chain of %d links holds, and covers what every link allows',
  { tags: ['CAP-2', 'CAP-4'] },
  (length) => {
    const chain = decodeChain(suite, encodeChain(chainOfLength(length)))
    const verified = verifyChain(chain, knowledge())
    expect(verified).toMatchObject({
      label: 'self',
      chain: { last: { holder: person(length - 1).did } },
    })
    expect(covers(chain, CALL)).toBe(true)
    expect(covers(chain, { ...CALL, tool: 'drop' })).toBe(false)
    expect(covers(chain, { ...CALL, server: 'staff' })).toBe(false)
    expect(covers(chain, { ...CALL, arguments: { region: 'west' } })).toBe(false)
  },
)

test('a sixth link, and no link at all, are refused', { tags: ['CAP-2'] }, () => {
  const five = chainOfLength(5)
  const [document] = chainOfLength(1).documents
  const length = refusal('capability-chain-length')
  expect(() => chainOf(suite, [...five.documents, ...(document ? [document] : [])])).toThrow(length)
  expect(() => chainOf(suite, [])).toThrow(length)
  expect(() => chainOf(suite, {})).toThrow(length)
  expect(() => chainOf(suite, undefined)).toThrow(length)
})

test(
  'the schema of a later link narrows, and gains nothing where it is wider',
  { tags: ['CAP-4', 'THR-48'] },
  () => {
    const wider = chainOfLength(3, (at) => ({ schema: at === 0 ? SCHEMA : ANYTHING }))
    const narrower = chainOfLength(3, (at) => ({ schema: at === 1 ? SCHEMA : ANYTHING }))
    for (const chain of [wider, narrower]) {
      verifyChain(chain, knowledge())
      expect(covers(chain, CALL)).toBe(true)
      expect(covers(chain, { ...CALL, arguments: { region: 'north', limit: 51 } })).toBe(false)
      expect(covers(chain, { ...CALL, arguments: { region: 'north', drop: true } })).toBe(false)
    }
  },
)

test.for<[string, string, object]>([
  ['another node', 'capability-widened', { node: stranger.did }],
  ['another server', 'capability-widened', { server: 'staff' }],
  ['another tool', 'capability-widened', { tools: ['search', 'drop'] }],
  ['an earlier start', 'capability-widened', { validFromMs: NOW_MS - HOUR_MS - 1000 }],
  ['a later end', 'capability-widened', { validUntilMs: NOW_MS + DAY_MS + 1000 }],
  ['being passed on as far', 'capability-too-deep', { delegable: 2 }],
  ['being passed on further', 'capability-too-deep', { delegable: 4 }],
])('a link that claims %s is refused', { tags: ['CAP-3', 'THR-48'] }, ([, code, changes]) => {
  const parent = chainOfLength(1, () => ({ delegable: 2 }))
  const inside = wish(person(1), { delegable: 1 })
  expect(issue(person(0), inside, parent).links).toHaveLength(2)
  expect(() => issue(person(0), { ...inside, id: uuid(), ...changes }, parent)).toThrow(
    refusal(code),
  )
})

test('a link that may not be passed on is not', { tags: ['CAP-3'] }, () => {
  const parent = chainOfLength(1, () => ({ delegable: 0 }))
  const next = wish(person(1), { delegable: 0 })
  expect(() => issue(person(0), next, parent)).toThrow(refusal('capability-too-deep'))
})

test(
  'links that are swapped, dropped, repeated, of another chain or of another issuer are refused',
  { tags: ['CAP-2', 'THR-48'] },
  () => {
    const [a, b, c] = chainOfLength(3).documents
    const [otherA] = chainOfLength(3).documents
    const broken = refusal('capability-broken-chain')
    expect(() => links(b, a, c)).toThrow(broken)
    expect(() => links(b, c)).toThrow(broken)
    expect(() => links(a, c)).toThrow(broken)
    expect(() => links(a, c, b)).toThrow(broken)
    // The same claim by the same people, under another id.
    expect(() => links(otherA, b, c)).toThrow(broken)
    expect(() => links(a, a)).toThrow(refusal('capability-cycle'))
    expect(() => issue(stranger, wish(person(2), { delegable: 1 }), chainOfLength(1))).toThrow(
      broken,
    )
  },
)

test('nobody stands in a chain twice', { tags: ['CAP-2', 'THR-48'] }, () => {
  const cycle = refusal('capability-cycle')
  expect(() => issue(person(0), wish(person(0), { delegable: 3 }), chainOfLength(1))).toThrow(cycle)
  expect(() => issue(person(1), wish(person(0), { delegable: 2 }), chainOfLength(2))).toThrow(cycle)
  expect(() => issue(person(0), wish(owner, { delegable: 3 }), chainOfLength(1))).toThrow(cycle)
  expect(() => issue(owner, wish(owner))).toThrow(cycle)
  const parent = chainOfLength(1)
  const sameId = wish(person(1), { delegable: 3, id: parent.first.id })
  expect(() => issue(person(0), sameId, parent)).toThrow(cycle)
})

test(
  'a root that the owner does not name is worth nothing, and one that it names has its label',
  { tags: ['CAP-1', 'THR-48'] },
  () => {
    const own = issue(person(0), wish(person(1)))
    expect(() => verifyChain(own, knowledge())).toThrow(refusal('capability-root-unknown'))
    const labelOf = (did: string): string | undefined => (did === person(0).did ? 'ops' : undefined)
    expect(verifyChain(own, knowledge({ labelOf })).label).toBe('ops')
  },
)

test('a capability for a server of another node is refused', { tags: ['CAP-1'] }, () => {
  const elsewhere = issue(owner, wish(person(0), { node: person(3).did }))
  expect(() => verifyChain(elsewhere, knowledge())).toThrow(refusal('capability-foreign-node'))
})

test.for([0, 1, 2])(
  'link %d of three, once revoked, expired, not yet valid or of nobody, ends the chain',
  { tags: ['CAP-7'] },
  (at) => {
    const chain = chainOfLength(3, (place) => ({
      validFromMs: NOW_MS - HOUR_MS + place * 60_000,
      validUntilMs: NOW_MS + DAY_MS - place * 60_000,
    }))
    const verified = verifyChain(chain, knowledge())
    checkStillHolds(verified, knowledge())
    const link = chain.links[at]
    for (const [changes, code] of [
      [{ isRevoked: ({ id }: { id: string }) => id === link?.id }, 'capability-revoked'],
      [{ nowMs: link?.validUntilMs ?? 0 }, 'capability-expired'],
      [{ nowMs: (link?.validFromMs ?? 0) - 1 }, 'capability-not-yet-valid'],
      [
        { logOf: (did: string) => (did === link?.issuer ? undefined : logOf(did)) },
        'capability-key-log-unknown',
      ],
    ] as const) {
      expect(() => verifyChain(chain, knowledge(changes))).toThrow(refusal(code))
      expect(() => checkStillHolds(verified, knowledge(changes))).toThrow(refusal(code))
    }
  },
)

test(
  'its last moment is within the time of a chain, and its end is not',
  { tags: ['CAP-7'] },
  () => {
    const chain = chainOfLength(2)
    const { validFromMs, validUntilMs } = chain.last
    expect(verifyChain(chain, knowledge({ nowMs: validUntilMs - 1 })).label).toBe('self')
    expect(verifyChain(chain, knowledge({ nowMs: validFromMs })).label).toBe('self')
  },
)

test('a holder that is no member any more ends the chain', { tags: ['CAP-7'] }, () => {
  const chain = chainOfLength(2)
  const gone = (did: string) => (did === chain.last.holder ? undefined : logOf(did))
  expect(() => verifyChain(chain, knowledge({ logOf: gone }))).toThrow(
    refusal('capability-key-log-unknown'),
  )
})

test(
  'keys that an issuer has replaced sign nothing that counts, from the next call on',
  { tags: ['CAP-6', 'CAP-7'] },
  () => {
    const chain = chainOfLength(2)
    const verified = verifyChain(chain, knowledge())
    const rotated = appendRotation({
      suite,
      identity: person(0),
      nowMs: NOW_MS - HOUR_MS,
      replace: ['assertion'],
    })
    const logs = (did: string) => (did === rotated.did ? rotated.log : logOf(did))
    const unproved = refusal('capability-unproved')
    expect(() => checkStillHolds(verified, knowledge({ logOf: logs }))).toThrow(unproved)
    expect(() => verifyChain(chain, knowledge({ logOf: logs }))).toThrow(unproved)
  },
)

/** Each link of three in turn, altered. */
function altered(change: (document: JsonObject) => JsonObject): readonly (() => unknown)[] {
  const { documents } = chainOfLength(3)
  return documents.map((_, at) => () => {
    const chain = chainOf(
      suite,
      documents.map((each, place) => (place === at ? change(each) : each)),
    )
    return verifyChain(chain, knowledge())
  })
}

function proofsOf({ proof }: JsonObject): readonly JsonObject[] {
  return Array.isArray(proof) ? proof.filter((each) => isJsonObject(each)) : []
}

test.for<[string, (document: JsonObject) => JsonObject]>([
  ['whose ML-DSA-44 proof is stripped', (it) => ({ ...it, proof: proofsOf(it).slice(0, 1) })],
  ['whose Ed25519 proof is stripped', (it) => ({ ...it, proof: proofsOf(it).slice(1) })],
  ['without proofs', (it) => withoutProof(it)],
  ['with a proof twice', (it) => ({ ...it, proof: [...proofsOf(it), ...proofsOf(it).slice(1)] })],
  [
    'that a stranger has signed beside its issuer',
    (it) => {
      const signers = proofSigners(asserting(stranger), 'assertionMethod')
      return addProofs({ suite, document: it, signers, createdMs: NOW_MS })
    },
  ],
  [
    'that a stranger has signed in its place',
    (it) => {
      const signers = proofSigners(asserting(stranger), 'assertionMethod')
      return addProofs({ suite, document: withoutProof(it), signers, createdMs: NOW_MS })
    },
  ],
])('a link %s is refused, wherever it stands', { tags: ['CAP-6', 'THR-48'] }, ([, change]) => {
  for (const attempt of altered(change)) expect(attempt).toThrow(refusal('capability-unproved'))
})

test(
  'a claim that is altered is refused in the last link too',
  { tags: ['CAP-6', 'THR-48'] },
  () => {
    const { documents } = chainOfLength(2)
    const [first, last] = documents
    const text = canonicalJson(last ?? {}).replaceAll('"maximum":50', '"maximum":51')
    const changed: unknown = JSON.parse(text)
    if (first === undefined || !isJsonObject(changed)) throw new Error('no link')
    expect(text).toContain('"maximum":51')
    expect(() => verifyChain(links(first, changed), knowledge())).toThrow(
      refusal('capability-unproved'),
    )
  },
)

/** A link as its issuer would sign it, whatever it says. */
function signed(subject: JsonObject, changes: object = {}): JsonObject {
  return issueCredential({
    suite,
    issuer: owner,
    nowMs: NOW_MS,
    claim: {
      id: uuid(),
      type: 'WarrenCapability',
      context: 'https://warren.internal/ns/capability/v1',
      subject,
      validFromMs: NOW_MS,
      validUntilMs: NOW_MS + HOUR_MS,
      ...changes,
    },
  })
}

const SAID = {
  node: owner.did,
  server: 'orders',
  tools: ['search'],
  arguments: SCHEMA,
  delegable: 0,
}
const SUBJECT = { id: person(0).did, capability: SAID }

test.for<[string, JsonObject, string]>([
  ['a subject with more', signed({ ...SUBJECT, role: 'admin' }), 'capability-malformed'],
  [
    'a member that is not known',
    signed({ ...SUBJECT, capability: { ...SAID, not: 1 } }),
    'capability-malformed',
  ],
  ['no tools', signed({ ...SUBJECT, capability: { ...SAID, tools: [] } }), 'capability-malformed'],
  [
    'a tool twice',
    signed({ ...SUBJECT, capability: { ...SAID, tools: ['a', 'a'] } }),
    'capability-malformed',
  ],
  [
    'every tool',
    signed({ ...SUBJECT, capability: { ...SAID, tools: '*' } }),
    'capability-malformed',
  ],
  [
    '33 tools',
    signed({
      ...SUBJECT,
      capability: { ...SAID, tools: Array.from({ length: 33 }, (_, at) => `t${at}`) },
    }),
    'capability-malformed',
  ],
  ['a holder without a DID', signed({ ...SUBJECT, id: 'urn:x' }), 'capability-malformed'],
  [
    'a node without a DID',
    signed({ ...SUBJECT, capability: { ...SAID, node: 'x' } }),
    'capability-malformed',
  ],
  [
    'a server by a path',
    signed({ ...SUBJECT, capability: { ...SAID, server: '../x' } }),
    'capability-malformed',
  ],
  [
    'five links to follow',
    signed({ ...SUBJECT, capability: { ...SAID, delegable: 5 } }),
    'capability-malformed',
  ],
  [
    'half a link to follow',
    signed({ ...SUBJECT, capability: { ...SAID, delegable: 0.5 } }),
    'capability-malformed',
  ],
  [
    'no schema',
    signed({ ...SUBJECT, capability: { ...SAID, arguments: null } }),
    'capability-schema',
  ],
  [
    'a parent that is none',
    signed({ ...SUBJECT, capability: { ...SAID, parent: 'x' } }),
    'capability-malformed',
  ],
  [
    'a hidden parent',
    signed({ ...SUBJECT, capability: { ...SAID, parent: contentId(suite, {}) } }),
    'capability-broken-chain',
  ],
  ['another type', signed(SUBJECT, { type: 'WarrenMembership' }), 'capability-malformed'],
  ['another context', signed(SUBJECT, { context: 'https://example.org/' }), 'capability-malformed'],
  ['an id that is no UUID', signed(SUBJECT, { id: 'urn:uuid:1' }), 'capability-malformed'],
  ['eight days', signed(SUBJECT, { validUntilMs: NOW_MS + 8 * DAY_MS }), 'capability-malformed'],
  [
    'seven days and a second',
    signed(SUBJECT, { validUntilMs: NOW_MS + 7 * DAY_MS + 1000 }),
    'capability-malformed',
  ],
])('a link with %s is refused, whoever signed it', { tags: ['CAP-5'] }, ([, document, code]) => {
  expect(() => chainOf(suite, [document])).toThrow(refusal(code))
})

test('seven days are allowed, and 32 tools', { tags: ['CAP-5'] }, () => {
  const tools = Array.from({ length: 32 }, (_, at) => `t${at}`)
  const document = signed(
    { ...SUBJECT, capability: { ...SAID, tools } },
    { validUntilMs: NOW_MS + 7 * DAY_MS },
  )
  expect(chainOf(suite, [document]).first.tools).toEqual(tools)
})

test('what is too large is refused before it is looked at', { tags: ['CAP-5', 'THR-50'] }, () => {
  const large = refusal('capability-too-large')
  expect(() => decodeChain(suite, `["${'x'.repeat(90_000)}"]`)).toThrow(large)
  const [document] = chainOfLength(1).documents
  const padded = { ...document, '@context': ['x'.repeat(16_384)] }
  expect(() => chainOf(suite, [padded])).toThrow(large)
})

test(
  'what is not in canonical form, or no list of objects, is refused',
  { tags: ['CAP-5'] },
  () => {
    const malformed = refusal('capability-malformed')
    const text = encodeChain(chainOfLength(1))
    expect(() => decodeChain(suite, ` ${text}`)).toThrow(malformed)
    expect(() => decodeChain(suite, text.replace('"id":', '"id":"x","id":'))).toThrow(malformed)
    expect(() => decodeChain(suite, '[1]')).toThrow(malformed)
    expect(() => decodeChain(suite, `${'['.repeat(40)}${']'.repeat(40)}`)).toThrow(malformed)
  },
)
