import { expect, test } from 'vitest'
import { readCallVector, readChannelVector } from './handshake-vector-files.ts'
import {
  dh,
  hmac,
  kemSecret,
  lp,
  privateKey,
  publicOf,
  seal,
  seedKey,
  sha256,
  unhex,
  utf8,
} from './node-primitives.ts'

const TYPES = { opener: { data: 1, final: 3, error: 4 }, answerer: { data: 2, final: 3, error: 4 } }

/* The call of docs/specs/handshake.md, from its text alone and on node:crypto alone. */

test.for(['initiator', 'responder'] as const)(
  'a whole call that the %s has opened follows from the text of the specification',
  { tags: ['HS-9'] },
  (role) => {
    const vector = readCallVector(`call-from-${role}`)
    const channel = readChannelVector('channel')
    expect([vector.exporter, vector.handshakeHash]).toEqual([
      channel.exporter,
      channel.handshakeHash,
    ])
    expect(vector.protocol).toBe('/warren/call/1')

    const eC = privateKey('x25519', unhex(vector.opener.x25519PrivateKey))
    const ekC = seedKey('ml-kem-768', unhex(vector.opener.mlKem768Seed))
    const eS = privateKey('x25519', unhex(vector.answerer.x25519PrivateKey))
    const hello = Buffer.concat([Buffer.of(0x01), publicOf(eC), publicOf(ekC)])
    expect(hello).toHaveLength(1217)
    expect(hello.toString('hex')).toBe(vector.hello)

    const ct = unhex(vector.reply).subarray(32, 1120)
    const answer = Buffer.concat([publicOf(eS), ct])
    const th = sha256(
      lp(utf8('warren/call/1')),
      lp(unhex(vector.handshakeHash)),
      lp(utf8(vector.protocol)),
      lp(utf8(role === 'initiator' ? 'I' : 'R')),
      lp(hello),
      lp(answer),
    )
    expect(th.toString('hex')).toBe(vector.transcriptHash)

    const prk = hmac(unhex(vector.exporter), kemSecret(ekC, ct), dh(eC, eS))
    const info = Buffer.concat([utf8('warren/call/1 keys'), th])
    const openerKey = hmac(prk, info, Buffer.of(1))
    const answererKey = hmac(prk, openerKey, info, Buffer.of(2))
    const confirmationKey = hmac(prk, answererKey, info, Buffer.of(3))
    expect(openerKey.toString('hex')).toBe(vector.openerKey)
    expect(answererKey.toString('hex')).toBe(vector.answererKey)
    expect(confirmationKey.toString('hex')).toBe(vector.confirmationKey)

    const tag = seal(confirmationKey, 0, { ad: th, plaintext: Buffer.alloc(0) })
    expect(Buffer.concat([answer, tag]).toString('hex')).toBe(vector.reply)

    const counters = { opener: 0, answerer: 0 }
    expect(vector.frames).toHaveLength(5)
    for (const { from, type, plaintext, frame } of vector.frames) {
      const header = Buffer.alloc(5)
      header.writeUInt32BE(plaintext.length / 2 + 16)
      header.writeUInt8(TYPES[from][type], 4)
      const key = from === 'opener' ? openerKey : answererKey
      const body = seal(key, counters[from], { ad: header, plaintext: unhex(plaintext) })
      counters[from] += 1
      expect(Buffer.concat([header, body]).toString('hex')).toBe(frame)
    }
    expect(counters).toEqual({ opener: 3, answerer: 2 })
  },
)
