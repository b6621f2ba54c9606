import { nobleSuite, nodeSuite } from '@warren/crypto'
import type { SecureChannel, SecureHandshake } from '@warren/handshake'
import { fromString } from 'uint8arrays/from-string'
import { describe, expect, test } from 'vitest'
import { answererOf, CALL_ROLES, openerOf, openFrame, sealFrame } from './call-vector.ts'
import { bytes, CHANNEL_CASES, type ChannelVector, sideOf } from './channel-vector.ts'
import { generateVectors, readCallVector, readChannelVector } from './handshake-vector-files.ts'
import { hex } from './recording-suite.ts'

const suites = [nodeSuite, nobleSuite]

test('the vectors come out of their seeds again, byte for byte', { tags: ['HS-8'] }, () => {
  const vectors = generateVectors()
  expect([...vectors.keys()]).toEqual([
    'channel',
    'channel-without-muxer',
    'call-from-initiator',
    'call-from-responder',
  ])
  for (const { name } of CHANNEL_CASES) expect(vectors.get(name)).toEqual(readChannelVector(name))
  for (const role of CALL_ROLES) {
    expect(vectors.get(`call-from-${role}`)).toEqual(readCallVector(`call-from-${role}`))
  }
})

describe.for(CHANNEL_CASES)('$name', ({ name }) => {
  const vector = readChannelVector(name)
  const [a = '', b = '', c = ''] = vector.messages.map(({ message }) => message)

  test.for(suites)(
    'the initiator on the $name suite answers what was recorded',
    { tags: ['HS-8'] },
    (suite) => {
      const initiator = sideOf(vector, 'initiator', suite)
      expect(hex(initiator.write())).toBe(a)
      initiator.read(bytes(b))
      expect(hex(initiator.write())).toBe(c)
      expectRecorded(initiator, vector, 'initiator')
    },
  )

  test.for(suites)(
    'the responder on the $name suite answers what was recorded',
    { tags: ['HS-8'] },
    (suite) => {
      const responder = sideOf(vector, 'responder', suite)
      responder.read(bytes(a))
      expect(hex(responder.write())).toBe(b)
      responder.read(bytes(c))
      expectRecorded(responder, vector, 'responder')
    },
  )
})

function expectRecorded(
  side: SecureHandshake,
  vector: ChannelVector,
  role: 'initiator' | 'responder',
): void {
  const channel: SecureChannel = side.result()
  const other = vector[role === 'initiator' ? 'responder' : 'initiator']
  const { ed25519, mlDsa44 } = nodeSuite
  expect(hex(channel.handshakeHash)).toBe(vector.handshakeHash)
  expect(hex(channel.exporter)).toBe(vector.exporter)
  expect(channel.streamMuxer ?? null).toBe(vector.streamMuxer)
  expect(channel.remote).toEqual({
    ed25519Key: ed25519.signer(bytes(other.ed25519Seed)).publicKey,
    mlDsa44Key: mlDsa44.signer(bytes(other.mlDsa44Seed)).publicKey,
  })
  expect(vector.transport).toHaveLength(6)
  for (const { from, plaintext, ciphertext } of vector.transport) {
    if (from === role) expect(hex(channel.send.seal(bytes(plaintext)))).toBe(ciphertext)
    else expect(hex(channel.receive.open(bytes(ciphertext)))).toBe(plaintext)
  }
}

describe.for(CALL_ROLES)('a call that the %s has opened', (role) => {
  const vector = readCallVector(`call-from-${role}`)

  test.for(suites)(
    'the opener on the $name suite answers what was recorded',
    { tags: ['HS-8'] },
    (suite) => {
      const opener = openerOf(vector, suite)
      expect(hex(opener.hello())).toBe(vector.hello)
      expectFrames(opener.finish(bytes(vector.reply)), vector, 'opener')
    },
  )

  test.for(suites)(
    'the answerer on the $name suite answers what was recorded',
    { tags: ['HS-8'] },
    (suite) => {
      const { reply, session } = answererOf(vector, suite).answer(bytes(vector.hello))
      expect(hex(reply)).toBe(vector.reply)
      expectFrames(session, vector, 'answerer')
    },
  )
})

function expectFrames(
  session: ReturnType<ReturnType<typeof openerOf>['finish']>,
  vector: ReturnType<typeof readCallVector>,
  side: 'opener' | 'answerer',
): void {
  expect(hex(session.transcriptHash)).toBe(vector.transcriptHash)
  expect(vector.frames).toHaveLength(5)
  for (const recorded of vector.frames) {
    if (recorded.from === side) {
      expect(hex(sealFrame(session, recorded))).toBe(recorded.frame)
      continue
    }
    const text = Buffer.from(recorded.plaintext, 'hex').toString()
    expect(openFrame(session, bytes(recorded.frame))).toEqual(
      {
        data: { type: 'data', data: fromString(recorded.plaintext, 'hex') },
        final: { type: 'final', data: fromString(recorded.plaintext, 'hex') },
        error: { type: 'error', code: text },
      }[recorded.type],
    )
  }
  expect(() => session.requireFinal()).not.toThrow()
}
