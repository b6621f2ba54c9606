import { appendDeactivation, appendRotation, type VerifiedLog } from '@warren/identity'
import {
  type AdmittedMember,
  createHello,
  type HelloQuestion,
  judgeHello,
  MembershipError,
  type MembershipErrorCode,
  parseInvitation,
} from '@warren/membership'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import {
  channelOf,
  edited,
  refusal,
  refusalCode,
  identity,
  inviting,
  logOf,
  memberOf,
  mesh,
  NOW_MS,
  resigned,
  suite,
  utf8Text,
  utf8,
  YEAR_MS,
} from './builders.ts'

const made = mesh(3, 2)
const member = identity()
const membership = memberOf(made, member).text
const meshId = made.charter.meshId

function hello(changes: Partial<Parameters<typeof createHello>[0]> = {}): Uint8Array {
  return createHello({ meshId, log: member.log.text, membership, ...changes })
}

function judge(bytes: Uint8Array, changes: Partial<HelloQuestion> = {}): AdmittedMember {
  const channel = channelOf(member)
  return judgeHello({ suite, charter: made.charter, bytes, channel, nowMs: NOW_MS, ...changes })
}

describe('admission', () => {
  test('of a member tells who it is', { tags: ['MEM-10'] }, () => {
    expect(judge(hello())).toMatchObject({
      did: member.did,
      peerId: channelOf(member).peerId,
      enclave: 'plant-a',
      roles: ['operator', 'tool-host'],
      log: { did: member.did },
      membership: { gen: 1 },
    })
  })

  test('of a stranger is refused', { tags: ['MEM-10'] }, () => {
    const stranger = identity()
    const channel = channelOf(stranger)
    expect(
      refusalCode(() => judge(hello({ log: stranger.log.text, membership: '' }), { channel })),
    ).toBe('not-a-member')
  })

  test('with the membership of somebody else is refused', { tags: ['MEM-10', 'THR-6'] }, () => {
    const stranger = identity()
    const channel = channelOf(stranger)
    expect(refusalCode(() => judge(hello({ log: stranger.log.text }), { channel }))).toBe(
      'membership-of-another',
    )
  })

  test('with the whole hello of somebody else is refused', { tags: ['MEM-10', 'THR-6'] }, () => {
    const thief = channelOf(identity())
    expect(refusalCode(() => judge(hello(), { channel: thief }))).toBe('key-mismatch')
    const own = channelOf(member)
    expect(
      refusalCode(() => judge(hello(), { channel: { ...own, mlDsa44Key: thief.mlDsa44Key } })),
    ).toBe('key-mismatch')
    expect(
      refusalCode(() => judge(hello(), { channel: { ...own, ed25519Key: thief.ed25519Key } })),
    ).toBe('key-mismatch')
  })

  test(
    'with the assertion key in the place of the node key is refused',
    { tags: ['MEM-10'] },
    () => {
      const channel = { ...channelOf(member), ed25519Key: member.assertionSigner.publicKey }
      expect(refusalCode(() => judge(hello(), { channel }))).toBe('key-mismatch')
    },
  )

  test('to another mesh is refused', { tags: ['MEM-10', 'THR-6'] }, () => {
    const other = mesh()
    const foreign = hello({
      meshId: other.charter.meshId,
      membership: memberOf(other, member).text,
    })
    expect(refusalCode(() => judge(foreign))).toBe('membership-foreign')
    expect(refusalCode(() => judge(hello({ membership: memberOf(other, member).text })))).toBe(
      'membership-foreign',
    )
  })

  test('outside its time is refused', { tags: ['MEM-10', 'THR-6'] }, () => {
    expect(refusalCode(() => judge(hello(), { nowMs: NOW_MS + 2 * YEAR_MS }))).toBe(
      'membership-expired',
    )
    expect(refusalCode(() => judge(hello(), { nowMs: NOW_MS - 30 * 60_000 }))).toBe(
      'membership-not-yet-valid',
    )
  })

  test.for<{ name: string; text: string }>([
    { name: 'a stripped proof', text: edited(membership, (record) => record['proof'].pop()) },
    { name: 'k - 1 signers', text: resigned(membership, made.admins.slice(0, 1), () => undefined) },
    {
      name: 'more roles',
      text: edited(membership, (record) => record['credentialSubject'].roles.push('admin')),
    },
  ])(
    'by a membership with $name is refused',
    { tags: ['MEM-10', 'MEM-3', 'THR-6'] },
    ({ text: odd }) => {
      expect(refusalCode(() => judge(hello({ membership: odd })))).toBe('membership-unproved')
    },
  )
})

describe('key logs', () => {
  const rotated = appendRotation({
    suite,
    identity: member,
    replace: ['node'],
    nowMs: NOW_MS - 1000,
  })
  const newLog = rotated.log.text
  const channel = channelOf(rotated)

  test(
    'a member that changed its node key is admitted with the new one alone',
    { tags: ['MEM-10'] },
    () => {
      const admitted = judge(hello({ log: newLog }), { channel })
      expect(admitted).toMatchObject({
        did: member.did,
        peerId: channel.peerId,
        log: { version: 2 },
      })
      expect(refusalCode(() => judge(hello({ log: newLog })))).toBe('key-mismatch')
      expect(judge(hello({ log: newLog }), { channel, ...knowing(logOf(member)) })).toEqual(
        admitted,
      )
    },
  )

  test('an older log than the known one is refused', { tags: ['MEM-11', 'THR-9'] }, () => {
    const known = knowing(rotated.log)
    expect(refusalCode(() => judge(hello(), known))).toBe('log-rollback')
    expect(judge(hello({ log: newLog }), { channel, ...known }).log.version).toBe(2)
  })

  test('a second history is refused', { tags: ['MEM-11', 'THR-9'] }, () => {
    const other = appendRotation({
      suite,
      identity: member,
      replace: ['node'],
      nowMs: NOW_MS - 2000,
    })
    const question = { channel: channelOf(other), ...knowing(rotated.log) }
    expect(refusalCode(() => judge(hello({ log: other.log.text }), question))).toBe('log-fork')
  })

  test("another identity's log is no second history", { tags: ['MEM-11'] }, () => {
    const stranger = identity()
    const question = { channel: channelOf(stranger), ...knowing(logOf(member)) }
    expect(refusalCode(() => judge(hello({ log: stranger.log.text }), question))).toBe(
      'membership-of-another',
    )
  })

  test('an identity that was given up is refused', { tags: ['MEM-10'] }, () => {
    const { text: log } = appendDeactivation({ suite, identity: member, nowMs: NOW_MS - 1000 })
    expect(refusalCode(() => judge(hello({ log })))).toBe('log-deactivated')
  })

  test('a log from the future waits', { tags: ['MEM-10'] }, () => {
    const late = identity(NOW_MS + 3_600_000)
    const card = memberOf(made, late)
    const bytes = hello({ log: late.log.text, membership: card.text })
    expect(refusalCode(() => judge(bytes, { channel: channelOf(late) }))).toBe('log-pending')
    expect(judge(bytes, { channel: channelOf(late), nowMs: NOW_MS + 3_600_000 }).did).toBe(late.did)
  })
})

describe('bytes from strangers', () => {
  const honest = utf8Text(hello())

  test.for<{ name: string; bytes: Uint8Array; code: MembershipErrorCode }>([
    { name: 'nothing', bytes: new Uint8Array(), code: 'hello-malformed' },
    { name: 'null', bytes: utf8('null'), code: 'hello-malformed' },
    {
      name: 'no UTF-8',
      bytes: Uint8Array.of(0x22, 0xed, 0xa0, 0x80, 0x22),
      code: 'hello-malformed',
    },
    { name: 'a byte order mark', bytes: utf8(`\uFEFF${honest}`), code: 'hello-malformed' },
    {
      name: 'a key twice',
      bytes: utf8(honest.replace('"v":1', '"v":1,"v":1')),
      code: 'hello-malformed',
    },
    { name: 'a space', bytes: utf8(honest.replace('"v":1', '"v": 1')), code: 'hello-malformed' },
    {
      name: 'an unknown member',
      bytes: utf8(edited(honest, (record) => (record['role'] = 'admin'))),
      code: 'hello-malformed',
    },
    {
      name: 'a deep value',
      bytes: utf8(edited(honest, (record) => (record['log'] = deep(17)))),
      code: 'hello-malformed',
    },
    { name: 'brackets to the brim', bytes: utf8('['.repeat(262_144)), code: 'hello-malformed' },
    {
      name: 'a lone surrogate',
      bytes: utf8(honest.replace('"v":1', '"v":"\\ud800"')),
      code: 'hello-malformed',
    },
    {
      name: 'one byte too many',
      bytes: new Uint8Array(262_145).fill(0x20),
      code: 'hello-too-large',
    },
    { name: 'an empty log', bytes: hello({ log: '' }), code: 'log-invalid' },
    { name: 'a log of one brace', bytes: hello({ log: '{\n' }), code: 'log-invalid' },
    {
      name: 'a membership of brackets',
      bytes: hello({ membership: '['.repeat(50_000) }),
      code: 'membership-malformed',
    },
    {
      name: 'a membership that is too long',
      bytes: hello({ membership: 'x'.repeat(98_305) }),
      code: 'hello-malformed',
    },
  ])('$name: $code', { tags: ['MEM-5', 'MEM-12'] }, ({ bytes, code }) => {
    expect(refusalCode(() => judge(bytes))).toBe(code)
  })

  test('whatever the bytes, the answer is a refusal with a sentence', { tags: ['MEM-12'] }, () => {
    const flipped = fc.tuple(fc.nat(honest.length - 1), fc.integer({ min: 1, max: 255 }))
    fc.assert(
      fc.property(fc.oneof(fc.uint8Array({ maxLength: 300 }), flipped), (odd) => {
        const bytes = Array.isArray(odd) ? flip(utf8(honest), odd) : odd
        try {
          judge(bytes)
          expect.unreachable('altered bytes were admitted')
        } catch (error) {
          expect(error).toBeInstanceOf(MembershipError)
          expect(error).toHaveProperty('message', expect.stringMatching(/^[\x20-\x7E]{10,200}$/))
        }
      }),
      { numRuns: 300 },
    )
  })

  test('a refusal holds no secret of the invitation', { tags: ['MEM-12'] }, () => {
    const { text } = inviting()
    const secret = utf8Text(parseInvitation(text).secret)
    for (const odd of [text.slice(0, -3), text.replace('A', '!'), `${text}AAAA`]) {
      expect(refusal(() => parseInvitation(odd)).message).not.toContain(secret)
      expect(refusal(() => parseInvitation(odd)).message).not.toContain(odd.slice(20, 60))
    }
  })
})

function deep(levels: number): unknown {
  return levels === 0 ? 1 : [deep(levels - 1)]
}

function flip(bytes: Uint8Array, [index, mask]: readonly [number, number]): Uint8Array {
  bytes[index] = (bytes[index] ?? 0) ^ mask
  return bytes
}

function knowing(log: VerifiedLog): Partial<HelloQuestion> {
  return { knownLog: (scid) => (scid === log.scid ? log : undefined) }
}
