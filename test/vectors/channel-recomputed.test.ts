import { expect, test } from 'vitest'
import type { ChannelVector, SideVector } from './channel-vector.ts'
import { readChannelVector } from './handshake-vector-files.ts'
import {
  dh,
  ed25519Sign,
  hmac,
  kemSecret,
  lp,
  mlDsa44Verify,
  privateKey,
  publicOf,
  seal,
  seedKey,
  sha256,
  unhex,
  unseal,
  utf8,
} from './node-primitives.ts'

/*
 * The channel of docs/specs/handshake.md, from its text alone and on node:crypto alone: nothing
 * here uses the code that it checks. Written to be read beside the page, line by line.
 */

test.for(['channel', 'channel-without-muxer'])(
  'the whole transcript of %s follows from the text of the specification',
  { tags: ['HS-9'] },
  (name) => {
    const vector = readChannelVector(name)
    const keys = keysOf(vector)
    const [a, b, c] = vector.messages.map(({ message }) => unhex(message))
    const [, payloadB, payloadC] = vector.messages.map(({ payload }) => unhex(payload))
    if (!a || !b || !c || !payloadB || !payloadC) throw new Error('a message is missing')
    const steps: Record<string, string>[] = []

    let h = sha256(utf8('Noise_XXhfs_25519+MLKEM768_ChaChaPoly_SHA256'))
    let ck = h
    let k: Buffer = Buffer.alloc(0)
    let n = 0
    const mixHash = (after: string, data: Uint8Array): void => {
      h = sha256(h, data)
      steps.push({ after, h: h.toString('hex') })
    }
    const mixKey = (after: string, secret: Uint8Array): void => {
      const temporary = hmac(ck, secret)
      ck = hmac(temporary, Buffer.of(1))
      k = hmac(temporary, ck, Buffer.of(2))
      n = 0
      steps.push({ after, ck: ck.toString('hex'), k: k.toString('hex') })
    }
    const encryptAndHash = (after: string, plaintext: Uint8Array): Buffer => {
      const sealed = seal(k, n, { ad: h, plaintext })
      n += 1
      mixHash(after, sealed)
      return sealed
    }

    steps.push({ after: 'protocol name', h: h.toString('hex') })
    const labelled = [utf8('warren/1'), utf8(vector.meshId), ...vector.encrypters.map(utf8)]
    const prologue = Buffer.concat(labelled.map(lp))
    expect(prologue.toString('hex')).toBe(vector.prologue)
    mixHash('prologue', prologue)

    const { eI, sI, ek, eR, sR } = keys
    expect(a.equals(Buffer.concat([publicOf(eI), publicOf(ek)]))).toBe(true)
    mixHash('A.e', publicOf(eI))
    mixHash('A.e1', publicOf(ek))
    mixHash('A.payload', Buffer.alloc(0))

    mixHash('B.e', publicOf(eR))
    mixKey('B.ee', dh(eR, eI))
    const ct = unseal(k, n, b.subarray(32, 1136))
    const sealedCt = encryptAndHash('B.ekem1', ct)
    mixKey('B.ekem1', kemSecret(ek, ct))
    const sealedSR = encryptAndHash('B.s', publicOf(sR))
    mixKey('B.es', dh(sR, eI))
    expect(vector.messages[1]?.payloadHash).toBe(h.toString('hex'))
    expect(payloadB.equals(payloadOf(vector.responder, { role: 'R', h, payload: payloadB }))).toBe(
      true,
    )
    const sealedB = encryptAndHash('B.payload', payloadB)
    expect(b.equals(Buffer.concat([publicOf(eR), sealedCt, sealedSR, sealedB]))).toBe(true)

    const sealedSI = encryptAndHash('C.s', publicOf(sI))
    mixKey('C.se', dh(sI, eR))
    expect(vector.messages[2]?.payloadHash).toBe(h.toString('hex'))
    expect(payloadC.equals(payloadOf(vector.initiator, { role: 'I', h, payload: payloadC }))).toBe(
      true,
    )
    const sealedC = encryptAndHash('C.payload', payloadC)
    expect(c.equals(Buffer.concat([sealedSI, sealedC]))).toBe(true)

    expect(merged(steps)).toEqual(vector.steps)
    expect(h.toString('hex')).toBe(vector.handshakeHash)
    expect(hmac(ck, utf8('warren exporter v1'), h).toString('hex')).toBe(vector.exporter)
    const temporary = hmac(ck)
    const initiatorKey = hmac(temporary, Buffer.of(1))
    const responderKey = hmac(temporary, initiatorKey, Buffer.of(2))
    expect(initiatorKey.toString('hex')).toBe(vector.initiatorKey)
    expect(responderKey.toString('hex')).toBe(vector.responderKey)

    expect(vector.transport.map(({ from }) => from)).toEqual([
      ...Array.from({ length: 3 }, () => 'initiator'),
      ...Array.from({ length: 3 }, () => 'responder'),
    ])
    for (const [index, { from, plaintext, ciphertext }] of vector.transport.entries()) {
      const key = from === 'initiator' ? initiatorKey : responderKey
      const input = { ad: Buffer.alloc(0), plaintext: unhex(plaintext) }
      expect(seal(key, index % 3, input).toString('hex')).toBe(ciphertext)
    }
  },
)

function keysOf(vector: ChannelVector) {
  const { initiator, responder } = vector
  return {
    eI: privateKey('x25519', unhex(initiator.ephemeralPrivateKey)),
    sI: privateKey('x25519', unhex(initiator.staticPrivateKey)),
    ek: seedKey('ml-kem-768', unhex(initiator.mlKem768Randomness)),
    eR: privateKey('x25519', unhex(responder.ephemeralPrivateKey)),
    sR: privateKey('x25519', unhex(responder.staticPrivateKey)),
  }
}

/** The payload, all but the ML-DSA signature made anew; that one is hedged, and is verified where it stands. */
function payloadOf(
  side: SideVector,
  { role, h, payload }: { role: 'I' | 'R'; h: Buffer; payload: Buffer },
): Buffer {
  const ed25519 = privateKey('ed25519', unhex(side.ed25519Seed))
  const mlDsa = seedKey('ml-dsa-44', unhex(side.mlDsa44Seed))
  const staticKey = publicOf(privateKey('x25519', unhex(side.staticPrivateKey)))
  const signed = Buffer.concat([utf8('warren-session-v1:'), utf8(role), h])
  const behindSignature = 4 + 1312
  const signature = payload.subarray(-behindSignature - 2420, -behindSignature)
  expect(mlDsa44Verify(mlDsa, signed, { signature, context: utf8('warren') })).toBe(true)

  const extensions = Buffer.concat([
    ...side.streamMuxers.map((id) => Buffer.concat([Buffer.of(0x12, id.length), utf8(id)])),
    Buffer.concat([unhex('8a4040'), ed25519Sign(ed25519, signed)]),
    Buffer.concat([unhex('9240f412'), signature]),
    Buffer.concat([unhex('9a40a00a'), publicOf(mlDsa)]),
  ])
  const length = Buffer.of(0x80 | (extensions.length & 0x7f), extensions.length >> 7)
  const binding = Buffer.concat([utf8('noise-libp2p-static-key:'), staticKey])
  return Buffer.concat([
    Buffer.concat([unhex('0a2408011220'), publicOf(ed25519)]),
    Buffer.concat([unhex('1240'), ed25519Sign(ed25519, binding)]),
    Buffer.concat([unhex('22'), length, extensions]),
  ])
}

/** ekem1 has both a hash and a key; the vector holds them in one line. */
function merged(steps: readonly Record<string, string>[]): readonly Record<string, string>[] {
  const lines = new Map<string, Record<string, string>>()
  for (const step of steps) {
    const { after = '' } = step
    lines.set(after, { ...lines.get(after), ...step })
  }
  return [...lines.values()]
}
