import { createPolicyEngine, type PolicyRequest } from '@warren/policy'
import fc from 'fast-check'
import { expect, test } from 'vitest'

function request(changes: Partial<PolicyRequest> = {}): PolicyRequest {
  return {
    caller: { did: 'did:webvh:QmA:warren.internal', roles: ['operator'], enclave: 'plant-a' },
    action: 'call',
    server: 'fs',
    tool: 'read_file',
    atMs: 0,
    ...changes,
  }
}

const SECRET = createPolicyEngine({
  policies: [
    {
      name: 'main.cedar',
      text: `permit (principal, action, resource == Warren::Tool::"fs/read_file");
        permit (principal in Warren::Role::"admin", action, resource);
        permit (principal == Warren::Caller::"did:boss", action, resource);
        permit (principal, action, resource == Warren::Server::"open");
        permit (principal, action, resource) when { principal.enclave == "inner" };`,
    },
  ],
})
const ANYTHING = createPolicyEngine({
  policies: [{ name: 'main.cedar', text: 'permit (principal, action, resource);' }],
})

const ODD_NAMES = [
  '',
  ' read_file',
  'read_file ',
  'read_file\0',
  'Read_file',
  'read_fi\u200Ble',
  're\u0430d_file',
  '../fs/read_file',
  '"',
  '") || true',
  'x" || Warren::Tool::"fs/read_file',
  '\\"',
  '__entity',
  '{"__entity":{"type":"Warren::Tool","id":"fs/read_file"}}',
  '{"__extn":{"fn":"datetime","arg":"2026-01-01"}}',
  'Warren::Tool::"fs/read_file"',
  '?principal',
  '__proto__',
  'constructor',
  'toJSON',
  '\u{1F600}',
  '日本',
  '\u0000\u0001\u001F',
  'x'.repeat(10_000),
  'x'.repeat(16_384),
]

test.for(ODD_NAMES)(
  'the tool %j is decided and is no other tool',
  { tags: ['POL-7', 'THR-12'] },
  (tool) => {
    expect(ANYTHING.decide(request({ tool })).allowed).toBe(true)
    expect(SECRET.decide(request({ tool }))).toMatchObject({ allowed: false, reason: 'no-rule' })
  },
)

test.for(ODD_NAMES.filter((name) => name.length <= 64))(
  'the role and enclave %j are no other',
  { tags: ['POL-7'] },
  (name) => {
    const caller = { did: 'did:x', roles: [name], enclave: name }
    expect(SECRET.decide(request({ tool: 'other', caller }))).toMatchObject({ reason: 'no-rule' })
    expect(ANYTHING.decide(request({ caller })).allowed).toBe(true)
  },
)

test('no text but its own name opens a tool', { tags: ['POL-7', 'THR-12'] }, () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary', maxLength: 200 }), (tool) => {
      fc.pre(tool !== 'read_file')
      expect(SECRET.decide(request({ tool })).allowed).toBe(false)
    }),
    { numRuns: 300 },
  )
})

test('a slash in a tool cannot reach into another server', { tags: ['POL-7', 'THR-12'] }, () => {
  expect(SECRET.decide(request({ server: 'f', tool: 's/read_file' })).allowed).toBe(false)
  expect(SECRET.decide(request({ server: 'other', tool: 'fs/read_file' })).allowed).toBe(false)
})

test('an object in the place of a name is refused, toJSON and all', { tags: ['POL-7'] }, () => {
  const entity = {
    type: 'Warren::Tool',
    id: 'fs/read_file',
    length: 3,
    isWellFormed: () => true,
    toJSON: () => 'x',
  }
  for (const odd of [entity, { __entity: entity }, null, 1, ['read_file']]) {
    const name = odd as unknown as string
    expect(ANYTHING.decide(request({ tool: name })).allowed).toBe(false)
    expect(ANYTHING.decide(request({ server: name })).allowed).toBe(false)
    expect(ANYTHING.decide(request({ action: name as 'call' })).allowed).toBe(false)
    const caller = { did: name, roles: [name], enclave: name }
    expect(ANYTHING.decide(request({ caller })).allowed).toBe(false)
  }
})

test.for<{ name: string; changes: Partial<PolicyRequest> }>([
  { name: 'a tool with a lone surrogate', changes: { tool: 'a\uD800' } },
  { name: 'a tool that is too long', changes: { tool: 'x'.repeat(16_385) } },
  { name: 'a tool to read', changes: { action: 'read' } },
  { name: 'an action that is none', changes: { action: 'Call' as 'call', tool: undefined } },
  { name: 'an empty server', changes: { server: '' } },
  { name: 'a server with a slash', changes: { server: 'fs/read' } },
  { name: 'a server with a line break', changes: { server: 'fs\n' } },
  { name: 'a server of 33 characters', changes: { server: 'a'.repeat(33) } },
  { name: 'an empty DID', changes: { caller: { did: '', roles: [], enclave: '' } } },
  {
    name: 'a DID that is too long',
    changes: { caller: { did: 'd'.repeat(257), roles: [], enclave: '' } },
  },
  {
    name: 'a DID with a lone surrogate',
    changes: { caller: { did: '\uDFFF', roles: [], enclave: '' } },
  },
  {
    name: 'an enclave that is too long',
    changes: { caller: { did: 'd', roles: [], enclave: 'e'.repeat(65) } },
  },
  {
    name: 'too many roles',
    changes: { caller: { did: 'd', roles: Array.from({ length: 65 }, String), enclave: '' } },
  },
  {
    name: 'a role that is too long',
    changes: { caller: { did: 'd', roles: ['r'.repeat(65)], enclave: '' } },
  },
  { name: 'a time that is none', changes: { atMs: Number.NaN } },
  { name: 'a fraction of a millisecond', changes: { atMs: 0.5 } },
  { name: 'a time before 1970', changes: { atMs: -1 } },
  { name: 'a time past 9999', changes: { atMs: 253_402_300_800_000 } },
])('$name is refused, whatever the policy', { tags: ['POL-8'] }, ({ changes }) => {
  expect(ANYTHING.decide(request(changes))).toMatchObject({
    allowed: false,
    reason: 'request-malformed',
    rules: [],
  })
})

test.for<{ name: string; changes: Partial<PolicyRequest> }>([
  { name: 'a server of one letter', changes: { server: 'a' } },
  { name: 'a server of 32 characters', changes: { server: `a${'-'.repeat(31)}` } },
  {
    name: 'a DID of 256 characters',
    changes: { caller: { did: 'd'.repeat(256), roles: [], enclave: 'e'.repeat(64) } },
  },
  {
    name: '64 roles of 64 characters',
    changes: {
      caller: {
        did: 'd',
        roles: Array.from({ length: 64 }, (_, index) => `${index}`.padStart(64, 'r')),
        enclave: '',
      },
    },
  },
  {
    name: 'the same role twice',
    changes: { caller: { did: 'd', roles: ['r', 'r'], enclave: '' } },
  },
  { name: 'the last millisecond of 9999', changes: { atMs: 253_402_300_799_999 } },
])('$name is decided', { tags: ['POL-8'] }, ({ changes }) => {
  expect(ANYTHING.decide(request(changes)).allowed).toBe(true)
})
