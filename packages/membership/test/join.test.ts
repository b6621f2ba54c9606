import {
  createJoinRequest,
  joinRefusal,
  type Joined,
  parseInvitation,
  verifyJoinResponse,
} from '@warren/membership'
import { describe, expect, test } from 'vitest'
import {
  type Loose,
  accept,
  channelOf,
  edited,
  refusal,
  refusalCode,
  HOUR_MS,
  identity,
  inviting,
  type Inviting,
  logOf,
  NOW_MS,
  suite,
  utf8Text,
  utf8,
  YEAR_MS,
} from './builders.ts'

type Request = Parameters<typeof createJoinRequest>[0]

const joiner = identity()
const HASH = new Uint8Array(32).fill(9)

function request(side: Inviting, changes: Partial<Request> = {}): Uint8Array {
  const invitation = parseInvitation(side.text)
  const channel = channelOf(side.inviter, HASH)
  return createJoinRequest({
    suite,
    invitation,
    identity: joiner,
    name: 'press 3',
    channel,
    nowMs: NOW_MS,
    ...changes,
  })
}

function answered(side: Inviting): ReturnType<typeof accept> {
  return accept(side, { bytes: request(side), channel: channelOf(joiner, HASH) })
}

function verify(
  side: Inviting,
  bytes: Uint8Array,
  changes: Partial<Parameters<typeof verifyJoinResponse>[0]> = {},
): Joined {
  const invitation = parseInvitation(side.text)
  const channel = channelOf(side.inviter, HASH)
  return verifyJoinResponse({
    suite,
    invitation,
    self: logOf(joiner),
    bytes,
    channel,
    nowMs: NOW_MS,
    ...changes,
  })
}

describe('joining', () => {
  test(
    'by an invitation gives a membership of the mesh',
    { tags: ['MEM-7', 'MEM-8', 'MEM-9', 'MEM-14'] },
    () => {
      const side = inviting()
      const { request: asked, membership, response } = answered(side)
      expect(asked).toMatchObject({ did: joiner.did, name: 'press 3' })
      const joined = verify(side, response)
      expect(joined.charter).toEqual(side.mesh.charter)
      expect(joined.membership).toEqual(membership)
      expect(joined.inviterLog.did).toBe(side.inviter.did)
      expect(membership).toMatchObject({
        did: joiner.did,
        name: 'press 3',
        enclave: 'plant-a',
        roles: ['tool-host', 'operator'],
        notAfterMs: NOW_MS + YEAR_MS,
      })
      expect(membership.enrolRef).toMatch(/^zQm/)
      expect([...side.ledger.records.values()]).toMatchObject([{ usedBy: joiner.did }])
    },
  )

  test('twice with one invitation is refused, for anybody', { tags: ['MEM-7', 'THR-7'] }, () => {
    const side = inviting()
    answered(side)
    expect(refusalCode(() => answered(side))).toBe('invitation-used')
    const other = identity()
    const bytes = request(side, { identity: other })
    expect(refusalCode(() => accept(side, { bytes, channel: channelOf(other, HASH) }))).toBe(
      'invitation-used',
    )
  })

  test('with an expired invitation is refused on both sides', { tags: ['MEM-7', 'THR-7'] }, () => {
    const side = inviting()
    const late = { nowMs: NOW_MS + HOUR_MS }
    expect(refusalCode(() => request(side, late))).toBe('invitation-expired')
    const bytes = request(side)
    expect(
      refusalCode(() => accept(side, { bytes, channel: channelOf(joiner, HASH), ...late })),
    ).toBe('invitation-expired')
    expect([...side.ledger.records.values()]).toMatchObject([{ usedBy: undefined }])
  })

  test(
    'with a secret that the inviter never gave out is refused',
    { tags: ['MEM-7', 'THR-7'] },
    () => {
      const side = inviting()
      const invitation = { ...parseInvitation(side.text), secret: new Uint8Array(32) }
      const bytes = request(side, { invitation })
      expect(refusalCode(() => accept(side, { bytes, channel: channelOf(joiner, HASH) }))).toBe(
        'invitation-unknown',
      )
    },
  )
})

describe('a request without an invitation that can be used', () => {
  const other = identity()
  const channel = channelOf(other, HASH)
  /** What stands in place of a key log, and would be refused for it as soon as somebody reads it. */
  const hollow = (bytes: Uint8Array): Uint8Array =>
    utf8(edited(utf8Text(bytes), (record) => (record['log'] = '{}\n'.repeat(60_000))))

  test('is refused before its key log is read', { tags: ['MEM-13', 'THR-7'] }, () => {
    const side = inviting()
    const guessed = { ...parseInvitation(side.text), secret: new Uint8Array(32) }
    const guess = hollow(request(side, { identity: other, invitation: guessed }))
    expect(refusalCode(() => accept(side, { bytes: guess, channel }))).toBe('invitation-unknown')

    const bytes = hollow(request(side, { identity: other }))
    const late = { bytes, channel, nowMs: NOW_MS + HOUR_MS }
    expect(refusalCode(() => accept(side, late))).toBe('invitation-expired')
    expect(refusalCode(() => accept(side, { ...late, nowMs: late.nowMs - 1 }))).toBe('log-invalid')
    answered(side)
    expect(refusalCode(() => accept(side, { bytes, channel }))).toBe('invitation-used')
  })

  test('says the same of every guess', { tags: ['MEM-13', 'THR-7'] }, () => {
    const side = inviting()
    const invitation = parseInvitation(side.text)
    const guesses = [0, 31].map((index) => {
      const secret = invitation.secret.with(index, (invitation.secret[index] ?? 0) ^ 1)
      const bytes = request(side, { invitation: { ...invitation, secret } })
      return refusal(() => accept(side, { bytes, channel: channelOf(joiner, HASH) }))
    })
    const [first, second] = guesses
    expect(first).toMatchObject({ code: 'invitation-unknown' })
    expect(second?.message).toBe(first?.message)
  })
})

describe('the request', () => {
  const side = inviting()
  const channel = channelOf(joiner, HASH)
  const honest = utf8Text(request(side))

  test('goes to nobody but the pinned inviter', { tags: ['MEM-9'] }, () => {
    const inviterChannel = channelOf(side.inviter, HASH)
    const other = channelOf(identity(), HASH)
    expect(refusalCode(() => request(side, { channel: other }))).toBe('channel-mismatch')
    expect(
      refusalCode(() =>
        request(side, { channel: { ...inviterChannel, mlDsa44Key: other.mlDsa44Key } }),
      ),
    ).toBe('channel-mismatch')
  })

  test('is worth nothing on another channel, or at another node', { tags: ['MEM-8'] }, () => {
    const bytes = utf8(honest)
    expect(
      refusalCode(() => accept(side, { bytes, channel: channelOf(joiner, new Uint8Array(32)) })),
    ).toBe('channel-mismatch')
    expect(refusalCode(() => accept({ ...side, inviter: identity() }, { bytes, channel }))).toBe(
      'channel-mismatch',
    )
    const elsewhere = inviting()
    expect(
      refusalCode(() => accept({ ...elsewhere, inviter: side.inviter }, { bytes, channel })),
    ).toBe('membership-foreign')
  })

  test('shown by somebody else than the owner of the keys is refused', { tags: ['MEM-8'] }, () => {
    const thief = channelOf(identity(), HASH)
    expect(refusalCode(() => accept(side, { bytes: utf8(honest), channel: thief }))).toBe(
      'key-mismatch',
    )
    expect(
      refusalCode(() =>
        accept(side, {
          bytes: utf8(honest),
          channel: { ...channel, mlDsa44Key: thief.mlDsa44Key },
        }),
      ),
    ).toBe('key-mismatch')
    expect(
      refusalCode(() =>
        accept(side, {
          bytes: utf8(honest),
          channel: { ...channel, ed25519Key: thief.ed25519Key },
        }),
      ),
    ).toBe('key-mismatch')
  })

  test.for<{ name: string; change: (record: Loose) => void }>([
    { name: 'another name', change: (record) => (record['name'] = 'press 4') },
    { name: 'without the first proof', change: (record) => record['proof'].shift() },
    { name: 'without the last proof', change: (record) => record['proof'].pop() },
    { name: 'without proofs', change: (record) => (record['proof'] = []) },
    {
      name: 'with Ed25519 proofs alone',
      change: (record) =>
        (record['proof'] = record['proof'].filter(
          (proof) => proof.cryptosuite === 'eddsa-jcs-2022',
        )),
    },
    { name: 'with a proof twice', change: (record) => record['proof'].push(record['proof'][0]!) },
    {
      name: 'with a proof for another purpose',
      change: (record) => (record['proof'][0]!.proofPurpose = 'assertionMethod'),
    },
  ])('$name is refused', { tags: ['MEM-8'] }, ({ change }) => {
    expect(refusalCode(() => accept(side, { bytes: utf8(edited(honest, change)), channel }))).toBe(
      'join-unproved',
    )
  })

  test.for<{
    name: string
    bytes: Uint8Array
    code: 'join-malformed' | 'join-too-large' | 'log-invalid'
  }>([
    { name: 'nothing', bytes: new Uint8Array(), code: 'join-malformed' },
    { name: 'no UTF-8', bytes: new Uint8Array([0x22, 0xc3, 0x28, 0x22]), code: 'join-malformed' },
    {
      name: 'a key twice',
      bytes: utf8(honest.replace('"v":1', '"v":1,"v":1')),
      code: 'join-malformed',
    },
    { name: 'a deep value', bytes: utf8('['.repeat(1000)), code: 'join-malformed' },
    { name: 'too many bytes', bytes: new Uint8Array(262_145).fill(0x20), code: 'join-too-large' },
    {
      name: 'an unknown member',
      bytes: utf8(edited(honest, (record) => (record['roles'] = ['admin']))),
      code: 'join-malformed',
    },
    {
      name: 'a name of two lines',
      bytes: utf8(edited(honest, (record) => (record['name'] = 'a\nb'))),
      code: 'join-malformed',
    },
    {
      name: 'no log',
      bytes: utf8(edited(honest, (record) => (record['log'] = ''))),
      code: 'log-invalid',
    },
    {
      name: 'a log that is none',
      bytes: utf8(edited(honest, (record) => (record['log'] = '{}\n'))),
      code: 'log-invalid',
    },
  ])('$name is refused', { tags: ['MEM-5', 'MEM-8'] }, ({ bytes, code }) => {
    expect(refusalCode(() => accept(side, { bytes, channel }))).toBe(code)
  })

  test('that is refused leaves the invitation open', { tags: ['MEM-7'] }, () => {
    expect([...side.ledger.records.values()]).toMatchObject([{ usedBy: undefined }])
    expect(accept(side, { bytes: utf8(honest), channel }).membership.did).toBe(joiner.did)
  })

  test('is not made with an unprintable name', { tags: ['MEM-5'] }, () => {
    expect(refusalCode(() => request(side, { name: 'a\u0007' }))).toBe('join-malformed')
    expect(refusalCode(() => request(side, { name: 'x'.repeat(65) }))).toBe('join-malformed')
  })
})

describe('the response', () => {
  const side = inviting()
  const response = utf8Text(answered(side).response)
  const foreign = inviting()
  const foreignResponse = utf8Text(
    accept(foreign, { bytes: request(foreign), channel: channelOf(joiner, HASH) }).response,
  )

  test('with the charter of another mesh is refused', { tags: ['MEM-9'] }, () => {
    expect(refusalCode(() => verify(side, utf8(foreignResponse)))).toBe('charter-foreign')
    const { charter } = JSON.parse(foreignResponse) as Loose
    expect(
      refusalCode(() =>
        verify(side, utf8(edited(response, (record) => (record['charter'] = charter)))),
      ),
    ).toBe('charter-foreign')
  })

  test('with a tampered charter is refused', { tags: ['MEM-9'] }, () => {
    const tampered = edited(
      response,
      (record) =>
        (record['charter'] = record['charter'].replace('"name":"plant"', '"name":"plant 2"')),
    )
    expect(refusalCode(() => verify(side, utf8(tampered)))).toBe('charter-unproved')
  })

  test('with a membership of somebody else is refused', { tags: ['MEM-9'] }, () => {
    expect(refusalCode(() => verify(side, utf8(response), { self: logOf(identity()) }))).toBe(
      'membership-of-another',
    )
  })

  test('that grants something else than was offered is refused', { tags: ['MEM-9'] }, () => {
    const invitation = parseInvitation(side.text)
    expect(
      refusalCode(() =>
        verify(side, utf8(response), { invitation: { ...invitation, enclave: 'plant-b' } }),
      ),
    ).toBe('join-mismatch')
    expect(
      refusalCode(() =>
        verify(side, utf8(response), { invitation: { ...invitation, roles: ['operator'] } }),
      ),
    ).toBe('join-mismatch')
  })

  test('from somebody else than the inviter is refused', { tags: ['MEM-9'] }, () => {
    expect(
      refusalCode(() => verify(side, utf8(response), { channel: channelOf(identity(), HASH) })),
    ).toBe('key-mismatch')
    const swapped = edited(response, (record) => (record['log'] = identity().log.text))
    expect(refusalCode(() => verify(side, utf8(swapped)))).toBe('membership-of-another')
  })

  test.for<{ name: string; bytes: Uint8Array; code: 'join-malformed' | 'join-too-large' }>([
    { name: 'nothing', bytes: new Uint8Array(), code: 'join-malformed' },
    {
      name: 'an unknown member',
      bytes: utf8(edited(response, (record) => (record['more'] = 1))),
      code: 'join-malformed',
    },
    { name: 'the request itself', bytes: request(inviting()), code: 'join-malformed' },
    { name: 'too many bytes', bytes: new Uint8Array(1_048_577), code: 'join-too-large' },
  ])('$name is refused', { tags: ['MEM-5', 'MEM-9'] }, ({ bytes, code }) => {
    expect(refusalCode(() => verify(side, bytes))).toBe(code)
  })
})

test.for([
  { code: 'invitation-used', expected: 'invitation-used', sentence: /ask for a new one/ },
  { code: 'invitation-expired', expected: 'invitation-expired', sentence: /ask for a new one/ },
  { code: 'invitation-unknown', expected: 'invitation-unknown', sentence: /ask for a new one/ },
  { code: 'something-new', expected: 'join-refused', sentence: /the inviter refused/ },
  { code: '\u001B[31m', expected: 'join-refused', sentence: /^[\x20-\x7E]+$/ },
])('a refusal with $code reads $sentence', { tags: ['MEM-12'] }, ({ code, expected, sentence }) => {
  expect(joinRefusal(code)).toMatchObject({
    code: expected,
    message: expect.stringMatching(sentence) as string,
  })
})
