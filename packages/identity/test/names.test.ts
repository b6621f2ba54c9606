import {
  decodeMultikey,
  ed25519KeyOfPeerId,
  encodeMultikey,
  formatTimestamp,
  parseDid,
  parseTimestamp,
  peerIdOf,
  scidOf,
} from '@warren/identity'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { refusal, seed, suite } from './builders.ts'

const SCID = 'QmXm4Aegfy9tTio3anCRMWadQ4S7rAQaWueiF9x5AWwBuG'
const KEY = '8a88e3dd7409f195fd52db2d3cba5d72ca6709bf1d94121bf3748801b40f6f5c'

test('a DID of our profile is read, and compared by its SCID', { tags: ['ID-1'] }, () => {
  const did = parseDid(`did:webvh:${SCID}:warren.internal`)
  expect(scidOf(did)).toBe(SCID)
})

test.for([
  { text: '', code: 'did-malformed' },
  { text: `did:webvh:${SCID}:warren.example`, code: 'did-malformed' },
  { text: `did:webvh:${SCID}:warren.internal:path`, code: 'did-malformed' },
  { text: `did:webvh:${SCID}:warren.internal\n`, code: 'did-malformed' },
  { text: `did:webvh:${SCID}:Warren.internal`, code: 'did-malformed' },
  { text: `did:web:${SCID}:warren.internal`, code: 'did-malformed' },
  { text: `did:webvh:${SCID.slice(1)}:warren.internal`, code: 'did-malformed' },
  { text: `did:webvh:${SCID}1:warren.internal`, code: 'did-malformed' },
  { text: `did:webvh:${SCID.slice(0, -1)}0:warren.internal`, code: 'did-malformed' },
  { text: `did:webvh:{SCID}:warren.internal`, code: 'did-malformed' },
  { text: 'd'.repeat(256), code: 'did-malformed' },
  { text: 'd'.repeat(257), code: 'did-too-long' },
])('the DID "$text" is refused with $code', { tags: ['ID-1'] }, ({ text, code }) => {
  expect(() => parseDid(text)).toThrow(refusal(code))
})

test('the worked example of one key in three writings', { tags: ['ID-2'] }, () => {
  const key = suite.ed25519.signer(seed(1)).publicKey
  const peerId = '12D3KooWK99VoVxNE7XzyBwXEzW7xhK7Gpv85r9F3V3fyKSUKPH5'
  const multikey = 'z6Mkon3Necd6NkkyfoGoHxid2znGc59LU3K7mubaRcFbLfLX'

  expect(key.toHex()).toBe(KEY)
  expect(peerIdOf(key)).toBe(peerId)
  expect(ed25519KeyOfPeerId(peerId).toHex()).toBe(KEY)
  expect(encodeMultikey({ type: 'ed25519', bytes: key })).toBe(multikey)
  expect(decodeMultikey(multikey)).toEqual({ type: 'ed25519', bytes: key })
})

function ofLength(length: number): fc.Arbitrary<Uint8Array<ArrayBuffer>> {
  return fc.uint8Array({ minLength: length, maxLength: length })
}

test('every key comes back from its writings', { tags: ['ID-2'] }, () => {
  fc.assert(
    fc.property(ofLength(32), ofLength(1312), (ed25519, mlDsa44) => {
      expect(ed25519KeyOfPeerId(peerIdOf(ed25519))).toEqual(ed25519)
      const keys = [
        { type: 'ed25519', bytes: ed25519 },
        { type: 'mldsa44', bytes: mlDsa44 },
      ] as const
      for (const key of keys) expect(decodeMultikey(encodeMultikey(key))).toEqual(key)
    }),
    { numRuns: 50 },
  )
})

test.for([
  { name: 'nothing', text: '', code: 'multikey-malformed' },
  {
    name: 'no base',
    text: '6Mkon3Necd6NkkyfoGoHxid2znGc59LU3K7mubaRcFbLfLX',
    code: 'multikey-malformed',
  },
  { name: 'a letter outside base58', text: `z6Mk${'0'.repeat(44)}`, code: 'multikey-malformed' },
  {
    name: 'an X25519 key',
    text: 'z6LSbysY2xFMRpGMhb7tFTLMpeuPRaqaWM1yECx2AtzE3KCc',
    code: 'multikey-unsupported',
  },
  {
    name: 'an Ed25519 key in base64url',
    text: `u7QE${'A'.repeat(43)}`,
    code: 'multikey-unsupported',
  },
  { name: 'padding', text: `ukCQ${'A'.repeat(1748)}==`, code: 'multikey-malformed' },
  { name: 'a short ML-DSA-44 key', text: `ukCQ${'A'.repeat(1744)}`, code: 'multikey-malformed' },
  { name: 'a text without end', text: `z${'6'.repeat(100_000)}`, code: 'multikey-malformed' },
])('a Multikey that is $name is refused with $code', { tags: ['ID-2'] }, ({ text, code }) => {
  expect(() => decodeMultikey(text)).toThrow(refusal(code))
})

test('a Multikey has one spelling', { tags: ['ID-2'] }, () => {
  const multikey = encodeMultikey({ type: 'mldsa44', bytes: new Uint8Array(1312) })
  expect(multikey).toHaveLength(1753)
  expect(() => decodeMultikey(`${multikey}=`)).toThrow(refusal('multikey-malformed'))
})

test.for([
  { name: 'of an RSA key', text: 'QmcgpsyWgH8Y8ajJz1Cu72KnS5uo2Aa2LpzU7kinSupNKC' },
  { name: 'of a secp256k1 key', text: '16Uiu2HAkv7Rg7V3C6dQfqJ6gJQ5ZQXmWv1fXcZ8E2p5VvVnq5X3J' },
  {
    name: 'with a multibase prefix',
    text: 'z12D3KooWK99VoVxNE7XzyBwXEzW7xhK7Gpv85r9F3V3fyKSUKPH5',
  },
  { name: 'of no key', text: '' },
])('a PeerId $name is refused', { tags: ['ID-2'] }, ({ text }) => {
  expect(() => ed25519KeyOfPeerId(text)).toThrow(refusal('peer-id-malformed'))
})

test('keys of a wrong length are not written', { tags: ['ID-2'] }, () => {
  expect(() => peerIdOf(new Uint8Array(31))).toThrow(refusal('peer-id-malformed'))
  for (const type of ['ed25519', 'mldsa44'] as const) {
    expect(() => encodeMultikey({ type, bytes: new Uint8Array(33) })).toThrow(
      refusal('multikey-malformed'),
    )
  }
})

test('times agree with the calendar of the platform', { tags: ['ID-19'] }, () => {
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 253_402_300_799 }), (seconds) => {
      const text = new Date(seconds * 1000).toISOString().replace('.000', '')
      expect(formatTimestamp(seconds * 1000 + 999)).toBe(text)
      expect(parseTimestamp(text)).toBe(seconds * 1000)
    }),
  )
})

test.for([
  '2026-02-29T00:00:00Z',
  '2026-13-01T00:00:00Z',
  '2026-00-01T00:00:00Z',
  '2026-01-00T00:00:00Z',
  '2026-01-01T24:00:00Z',
  '2026-01-01T00:60:00Z',
  '2026-01-01T00:00:60Z',
  '1969-12-31T23:59:59Z',
  '2026-01-01T00:00:00.000Z',
  '2026-01-01T00:00:00+00:00',
  '2026-01-01 00:00:00Z',
  '2026-01-01t00:00:00z',
  '10000-01-01T00:00:00Z',
  '',
])('"%s" is no time', { tags: ['ID-19'] }, (text) => {
  expect(() => parseTimestamp(text)).toThrow(refusal('time-malformed'))
})

test.for([-1, 253_402_300_800_000, Number.NaN, Number.POSITIVE_INFINITY])(
  '%d ms cannot be written',
  { tags: ['ID-19'] },
  (ms) => {
    expect(() => formatTimestamp(ms)).toThrow(refusal('time-malformed'))
  },
)

test('leap days are days', { tags: ['ID-19'] }, () => {
  for (const text of ['2000-02-29T00:00:00Z', '2028-02-29T23:59:59Z']) {
    expect(parseTimestamp(text)).toBe(Date.parse(text))
  }
  expect(() => parseTimestamp('2100-02-29T00:00:00Z')).toThrow(refusal('time-malformed'))
})
