import { expect, test } from 'vitest'
import { exitCodeOf } from '../src/exit-code.ts'
import { createProgram } from '../src/program.ts'

const ED25519 = 'z6MkhYj4wsQdWEQKCj2mbZc3ZfG2c3sAmP5kbpSwXz4DMzQu'
const ML_DSA_44 = `ukCQ${'A'.repeat(1749)}`
const KEY_HASH = `zQm${'a'.repeat(44)}`
const UUID = 'urn:uuid:00000000-0000-4000-8000-000000000000'
const LOST = ['--class', 'lost', '--reason']
const LONG = 'x'.repeat(5_000)
const BELL = 'left in\u0007a train'
const ISLAND = ['island', 'hall', '--stale', '7d', '--until', '30d', '--server']

/** Where no node is: what goes past the door fails with `node-not-running`. */
function decide(args: readonly string[]): Promise<unknown> {
  return createProgram().parseAsync(['--dir', '/nowhere', ...args], { from: 'user' })
}

function names(prefix: string, count: number): readonly string[] {
  return Array.from({ length: count }, (_, at) => `${prefix}${at}`)
}

test.for<[string, readonly string[], string]>([
  ['a key that is a word', ['revoke', '--key', 'foo', ...LOST, 'x'], 'revoked-key-malformed'],
  ['a key of no text', ['revoke', '--key', '', ...LOST, 'x'], 'revoked-key-malformed'],
  ['a key without end', ['revoke', '--key', LONG, ...LOST, 'x'], 'revoked-key-malformed'],
  [
    'a key cut short',
    ['revoke', '--key', ED25519.slice(0, -1), ...LOST, 'x'],
    'revoked-key-malformed',
  ],
  [
    'a long key cut short',
    ['revoke', '--key', ML_DSA_44.slice(0, -4), ...LOST, 'x'],
    'revoked-key-malformed',
  ],
  [
    'a hash cut short',
    ['revoke', '--key', KEY_HASH.slice(0, -1), ...LOST, 'x'],
    'revoked-key-malformed',
  ],
  [
    'one good key and a bad one',
    ['revoke', '--key', ED25519, 'foo', ...LOST, 'x'],
    'revoked-key-malformed',
  ],
  [
    'a credential that is a word',
    ['revoke', '--credential', 'foo', ...LOST, 'x'],
    'credential-malformed',
  ],
  [
    'a credential in capitals',
    ['revoke', '--credential', UUID.toUpperCase(), ...LOST, 'x'],
    'credential-malformed',
  ],
  ['a target twice', ['revoke', 'a', 'a', ...LOST, 'x'], 'usage'],
  ['65 targets', ['revoke', ...names('n', 64), '--key', ED25519, ...LOST, 'x'], 'usage'],
  ['a name that nobody can have', ['revoke', LONG, ...LOST, 'x'], 'no-such-member'],
  ['an enroller with a bell', ['revoke', '--enroller', BELL, ...LOST, 'x'], 'no-such-member'],
  ['an admin of no text', ['revoke', '--admin', '', ...LOST, 'x'], 'no-such-member'],
  ['a position below nothing', ['revoke', 'a', ...LOST, 'x', '--since', 'a=-1'], 'usage'],
  ['a reason of no text', ['revoke', 'a', ...LOST, ''], 'reason-malformed'],
  ['a reason of 201 characters', ['revoke', 'a', ...LOST, 'x'.repeat(201)], 'reason-malformed'],
  ['a reason with a bell', ['revoke', 'a', ...LOST, BELL], 'reason-malformed'],
  [
    'a reason of two lines',
    ['quarantine', 'a', '--for', '1h', '--reason', 'a\nb'],
    'reason-malformed',
  ],
  ['a quarantine of no name', ['quarantine', '', '--for', '1h', '--reason', 'x'], 'no-such-member'],
  ['a quarantine for no time', ['quarantine', 'a', '--for', '0h', '--reason', 'x'], 'usage'],
  ['a quarantine for less', ['quarantine', 'a', '--for', '-1h', '--reason', 'x'], 'usage'],
  ['a renewal of no name', ['renew', LONG], 'no-such-member'],
  ['a renewal for ever', ['renew', 'a', '--for', '999999d'], 'usage'],
  ['an explanation of no name', ['why', LONG], 'no-such-member'],
  ['a server with a bell', [...ISLAND, BELL], 'server-malformed'],
  ['a server without end', [...ISLAND, LONG], 'server-malformed'],
  ['a server twice', [...ISLAND, 'a', 'a'], 'server-malformed'],
  ['65 servers', [...ISLAND, ...names('s', 65)], 'server-malformed'],
  ['a role twice', ['enroller', 'a.pub.json', '--role', 'a', 'a'], 'role-malformed'],
  ['33 roles', ['admit', 'join.json', '--role', ...names('r', 33)], 'role-malformed'],
  ['an enclave without end', ['readmit', 'join.json', '--enclave', LONG], 'enclave-malformed'],
  ['a quota of less than nobody', ['enroller', 'a.pub.json', '--quota', '-1'], 'usage'],
])(
  '%s is refused before the node is asked',
  { tags: ['CLI-3', 'CLI-15'] },
  async ([, args, code]) => {
    await expect(decide(args)).rejects.toMatchObject({ code })
    expect(exitCodeOf(code)).toBe(2)
  },
)

test.for<[string, readonly string[]]>([
  [
    'both kinds of keys, and a hash',
    ['revoke', '--key', ED25519, ML_DSA_44, KEY_HASH, ...LOST, 'x'],
  ],
  ['a credential', ['revoke', '--credential', UUID, ...LOST, 'x']],
  ['64 targets', ['revoke', ...names('n', 63), '--key', ED25519, ...LOST, 'x']],
  ['a reason of 200 characters', ['revoke', 'a', ...LOST, 'é'.repeat(200)]],
  ['a name of 64 characters', ['renew', 'x'.repeat(64)]],
  ['64 servers', [...ISLAND, ...names('s', 64)]],
])('%s may be decided on', { tags: ['CLI-3', 'CLI-15'] }, async ([, args]) => {
  await expect(decide(args)).rejects.toMatchObject({ code: 'node-not-running' })
})
