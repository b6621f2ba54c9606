import {
  createInvitation,
  invitationHash,
  judgeRedemption,
  parseInvitation,
  redeemInvitation,
} from '@warren/membership'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { type Loose, refusal, refusalCode, HOUR_MS, inviting, NOW_MS, suite } from './builders.ts'

const { text, mesh, inviter } = inviting()

function invitationOf(json: string): string {
  return `warren-invite:1:${Buffer.from(json).toString('base64url')}`
}

function jsonOf(invitation: string): Loose {
  return JSON.parse(Buffer.from(invitation.slice(16), 'base64url').toString()) as Loose
}

describe('the text', () => {
  test('is one short line and reads back', { tags: ['MEM-6'] }, () => {
    expect(text).toMatch(/^warren-invite:1:[\w-]+$/)
    expect(text.length).toBeLessThan(800)
    expect(parseInvitation(text)).toMatchObject({
      meshId: mesh.charter.meshId,
      addresses: ['/ip4/192.168.1.7/tcp/4001'],
      inviter: { did: inviter.did },
      enclave: 'plant-a',
      roles: ['tool-host', 'operator'],
      expiresMs: NOW_MS + HOUR_MS,
    })
  })

  test('survives a terminal, a mail and a file', { tags: ['MEM-6'] }, () => {
    const wrapped = `  ${text.replaceAll(/.{60}/g, '$&\r\n   ')}\n`
    expect(parseInvitation(wrapped)).toEqual(parseInvitation(text))
  })

  test('has a secret of its own each time, kept as a hash', { tags: ['MEM-6'] }, () => {
    const [first, second] = [inviting(), inviting()]
    const { secret } = parseInvitation(first.text)
    expect(secret).toHaveLength(32)
    expect(secret).not.toEqual(parseInvitation(second.text).secret)
    expect([...first.ledger.records.keys()]).toEqual([invitationHash(suite, secret).join()])
  })

  test('cut short anywhere is refused', { tags: ['MEM-6'] }, () => {
    for (let length = 0; length < text.length; length += 1) {
      const { code, message } = refusal(() => parseInvitation(text.slice(0, length)))
      expect(code).toBe('invitation-malformed')
      expect(message).toContain('copy the whole line')
    }
  })

  const json = jsonOf(text)
  test.for<{ name: string; odd: string; code: 'invitation-malformed' | 'invitation-too-large' }>([
    { name: 'nothing', odd: '', code: 'invitation-malformed' },
    { name: 'another version', odd: text.replace(':1:', ':2:'), code: 'invitation-malformed' },
    { name: 'padding', odd: `${text}=`, code: 'invitation-malformed' },
    {
      name: 'standard base64',
      odd: `${text.slice(0, 20)}+${text.slice(21)}`,
      code: 'invitation-malformed',
    },
    { name: 'no JSON', odd: invitationOf('hello'), code: 'invitation-malformed' },
    {
      name: 'no UTF-8',
      odd: `warren-invite:1:${Buffer.from([0xff, 0xfe]).toString('base64url')}`,
      code: 'invitation-malformed',
    },
    {
      name: 'another order',
      odd: invitationOf(JSON.stringify({ v: 1, ...json }).replace('"v":1,', '"v":1, ')),
      code: 'invitation-malformed',
    },
    {
      name: 'a member too many',
      odd: invitationOf(JSON.stringify({ ...json, zz: 1 })),
      code: 'invitation-malformed',
    },
    {
      name: 'a short secret',
      odd: invitationOf(JSON.stringify({ ...json, secret: 'uAAAA' })),
      code: 'invitation-malformed',
    },
    {
      name: 'a foreign PeerId',
      odd: invitationOf(
        JSON.stringify({ ...json, inviter: { ...json['inviter'], peerId: 'QmX' } }),
      ),
      code: 'invitation-malformed',
    },
    {
      name: 'an address that is none',
      odd: invitationOf(JSON.stringify({ ...json, addresses: ['192.168.1.7:4001'] })),
      code: 'invitation-malformed',
    },
    {
      name: 'seventeen addresses',
      odd: invitationOf(
        JSON.stringify({
          ...json,
          addresses: Array.from({ length: 17 }, (_, index) => `/ip4/10.0.0.${index}/tcp/1`),
        }),
      ),
      code: 'invitation-malformed',
    },
    {
      name: 'too long a text',
      odd: `warren-invite:1:${'A'.repeat(8177)}`,
      code: 'invitation-too-large',
    },
  ])('$name is refused', { tags: ['MEM-5', 'MEM-6'] }, ({ odd, code }) => {
    expect(refusalCode(() => parseInvitation(odd))).toBe(code)
  })

  test('an invitation with a broken field is not made', { tags: ['MEM-6'] }, () => {
    const init = {
      suite,
      meshId: mesh.charter.meshId,
      addresses: ['/ip4/10.0.0.1/tcp/1'],
      inviter: { did: inviter.did, peerId: 'QmX', mlDsa44Key: inviter.mlDsaSigner.publicKey },
      enclave: 'plant-a',
      roles: [],
      expiresMs: NOW_MS,
    }
    expect(refusalCode(() => createInvitation(init))).toBe('invitation-malformed')
  })
})

describe('redeeming', () => {
  const open = {
    enclave: 'plant-a',
    roles: ['operator'],
    expiresMs: NOW_MS + HOUR_MS,
    usedBy: undefined,
  }
  const attempt = { secretHash: new Uint8Array(32), did: 'did:a', nowMs: NOW_MS }

  test.for([
    { name: 'in time', record: open, nowMs: NOW_MS, status: 'ok' },
    { name: 'in the last millisecond', record: open, nowMs: NOW_MS + HOUR_MS - 1, status: 'ok' },
    { name: 'at the end', record: open, nowMs: NOW_MS + HOUR_MS, status: 'expired' },
    { name: 'again', record: { ...open, usedBy: 'did:b' }, nowMs: NOW_MS, status: 'used' },
    {
      name: 'again by the same machine',
      record: { ...open, usedBy: 'did:a' },
      nowMs: NOW_MS,
      status: 'used',
    },
    {
      name: 'again after the end',
      record: { ...open, usedBy: 'did:b' },
      nowMs: NOW_MS + HOUR_MS,
      status: 'used',
    },
    { name: 'one that nobody gave out', record: undefined, nowMs: NOW_MS, status: 'unknown' },
  ])('$name: $status', { tags: ['MEM-7'] }, ({ record, nowMs, status }) => {
    const judged = judgeRedemption(record, { ...attempt, nowMs })
    expect(judged.result.status).toBe(status)
    expect(judged.record?.usedBy).toBe(status === 'ok' ? 'did:a' : record?.usedBy)
  })

  test('works exactly once however often it is tried', { tags: ['MEM-7'] }, () => {
    const attempts = fc.array(
      fc.record({
        did: fc.constantFrom('did:a', 'did:b'),
        nowMs: fc.integer({ min: NOW_MS, max: NOW_MS + 2 * HOUR_MS }),
      }),
    )
    fc.assert(
      fc.property(attempts, (tries) => {
        let record: Parameters<typeof judgeRedemption>[0] = open
        let granted = 0
        for (const one of tries) {
          const judged = judgeRedemption(record, { ...attempt, ...one })
          record = judged.record
          if (judged.result.status === 'ok') granted += 1
        }
        expect(granted).toBe(tries.some(({ nowMs }) => nowMs < open.expiresMs) ? 1 : 0)
      }),
    )
  })

  test.for([
    { status: 'unknown', code: 'invitation-unknown' },
    { status: 'expired', code: 'invitation-expired' },
    { status: 'used', code: 'invitation-used' },
  ] as const)('$status becomes $code', { tags: ['MEM-7', 'MEM-12'] }, ({ status, code }) => {
    expect(refusalCode(() => redeemInvitation({ redeem: () => ({ status }) }, attempt))).toBe(code)
  })
})
