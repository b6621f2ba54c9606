import { inspect } from 'node:util'
import {
  type CryptoSuite,
  type HkdfInput,
  type MlKem768KeyPair,
  nodeSuite,
  type X25519KeyPair,
} from '@warren/crypto'
import {
  CallEphemeral,
  CallInitiator,
  CallResponder,
  type CallSession,
  FrameDecoder,
  prologue,
  type Role,
  SECURE_HANDSHAKE_PROTOCOL,
  type SecureChannel,
  SecureHandshake,
  signStaticKey,
  TransportCipher,
} from '@warren/handshake'
import { describe, expect, test } from 'vitest'
import { CipherState } from '../src/cipher-state.ts'

/** A suite that keeps hold of every secret that goes through it: the arrays themselves, and the key pairs. */
class RetainingSuite {
  readonly secrets: Uint8Array[] = []
  readonly pairs: (X25519KeyPair | MlKem768KeyPair)[] = []
  readonly suite: CryptoSuite = {
    ...nodeSuite,
    hkdfSha256: (input: HkdfInput) => {
      this.#keep(input.ikm)
      return this.#keep(nodeSuite.hkdfSha256(input))
    },
    hmacSha256: (...input: Parameters<CryptoSuite['hmacSha256']>) =>
      this.#keep(nodeSuite.hmacSha256(...input)),
    x25519: { generate: () => this.#x25519(nodeSuite.x25519.generate()) },
    mlKem768: {
      generate: () => this.#mlKem768(nodeSuite.mlKem768.generate()),
      encapsulate: (key: Uint8Array) => {
        const encapsulation = nodeSuite.mlKem768.encapsulate(key)
        this.#keep(encapsulation.sharedSecret)
        return encapsulation
      },
    },
  }

  #keep(secret: Uint8Array): Uint8Array {
    this.secrets.push(secret)
    return secret
  }

  #x25519(pair: X25519KeyPair): X25519KeyPair {
    const { publicKey } = pair
    const kept = {
      publicKey,
      agree: (key: Uint8Array) => this.#keep(pair.agree(key)),
      wipe: () => pair.wipe(),
    }
    this.pairs.push(kept)
    return kept
  }

  #mlKem768(pair: MlKem768KeyPair): MlKem768KeyPair {
    const { publicKey } = pair
    const kept = {
      publicKey,
      decapsulate: (ciphertext: Uint8Array) => this.#keep(pair.decapsulate(ciphertext)),
      wipe: () => pair.wipe(),
    }
    this.pairs.push(kept)
    return kept
  }
}

/** Nothing that was kept has a byte left, and no key pair can be used. */
function expectErased({ secrets, pairs }: RetainingSuite): void {
  expect(secrets.length + pairs.length).toBeGreaterThan(0)
  expect(secrets.filter((secret) => secret.some((byte) => byte !== 0))).toEqual([])
  for (const pair of pairs) {
    const use = (): unknown =>
      'agree' in pair ? pair.agree(new Uint8Array(32)) : pair.decapsulate(new Uint8Array(1088))
    expect(use).toThrow(expect.objectContaining({ code: 'key-wiped' }))
  }
}

const staticKey = nodeSuite.x25519.generate()
const identity = { ed25519: nodeSuite.ed25519.signer(), mlDsa44: nodeSuite.mlDsa44.signer() }

interface Side extends RetainingSuite {
  readonly handshake: SecureHandshake
}

function side(role: Role): Side {
  const retaining = new RetainingSuite()
  const handshake = new SecureHandshake({
    suite: retaining.suite,
    role,
    prologue: prologue({ meshId: 'zQmMesh', encrypters: [SECURE_HANDSHAKE_PROTOCOL] }),
    staticKey: {
      publicKey: staticKey.publicKey,
      agree: (key) => {
        const secret = staticKey.agree(key)
        retaining.secrets.push(secret)
        return secret
      },
      wipe: () => undefined,
    },
    identity,
    identitySignature: signStaticKey(identity.ed25519, staticKey.publicKey),
    streamMuxers: [],
  })
  return Object.assign(retaining, { handshake })
}

/** Goes as far as that many of the six steps of a handshake: write A, read A, write B, and so on. */
function advance(near: Side, far: Side, steps: number): Uint8Array {
  let message: Uint8Array = new Uint8Array(0)
  for (let step = 0; step < steps; step += 1) {
    const [writer, reader] = step % 4 < 2 ? [near, far] : [far, near]
    if (step % 2 === 0) message = writer.handshake.write()
    else reader.handshake.read(message)
  }
  return message
}

function flipped(bytes: Uint8Array, index: number): Uint8Array {
  const copy = bytes.slice()
  copy[index] = (copy[index] ?? 0) ^ 1
  return copy
}

function open(session: CallSession, bytes: Uint8Array): void {
  for (const frame of new FrameDecoder().push(bytes)) session.open(frame)
}

describe('a handshake leaves no secret behind', () => {
  test.for([1, 2, 3, 4, 5, 6])(
    'when it is given up after step %i of six',
    { tags: ['HS-14'] },
    (steps) => {
      const [near, far] = [side('initiator'), side('responder')]
      advance(near, far, steps)
      near.handshake.wipe()
      expectErased(near)
      far.handshake.wipe()
      if (steps > 2) expectErased(far)
    },
  )

  test.for([
    { what: 'the ephemeral key of B', steps: 3, at: 0 },
    { what: 'the KEM ciphertext of B', steps: 3, at: 40 },
    { what: 'the static key of B', steps: 3, at: 1140 },
    { what: 'the payload of B', steps: 3, at: 1200 },
    { what: 'the static key of C', steps: 5, at: 0 },
    { what: 'the payload of C', steps: 5, at: 60 },
  ])('when $what was changed', { tags: ['HS-14'] }, ({ steps, at }) => {
    const [near, far] = [side('initiator'), side('responder')]
    const message = advance(near, far, steps)
    const reader = steps === 3 ? near : far
    expect(() => reader.handshake.read(flipped(message, at))).toThrow(
      expect.objectContaining({ code: 'decryption-failed' }),
    )
    expectErased(reader)
  })

  test('when the peer is somebody else than was dialled', { tags: ['HS-14'] }, () => {
    const [near, far] = [side('initiator'), side('responder')]
    const retaining = new RetainingSuite()
    const dialled = new SecureHandshake({
      suite: retaining.suite,
      role: 'initiator',
      prologue: prologue({ meshId: 'zQmMesh', encrypters: [SECURE_HANDSHAKE_PROTOCOL] }),
      staticKey,
      identity,
      identitySignature: new Uint8Array(64),
      streamMuxers: [],
      expectedEd25519Key: new Uint8Array(32),
    })
    far.handshake.read(dialled.write())
    const answer = far.handshake.write()
    expect(() => dialled.read(answer)).toThrow(
      expect.objectContaining({ code: 'identity-key-unexpected' }),
    )
    expectErased(retaining)
    near.handshake.wipe()
  })

  test('but for what its result hands over, which its owner erases', { tags: ['HS-14'] }, () => {
    const [near, far] = [side('initiator'), side('responder')]
    advance(near, far, 6)
    for (const one of [near, far]) {
      const channel: SecureChannel = one.handshake.result()
      one.handshake.wipe()
      const alive = one.secrets.filter((secret) => secret.some((byte) => byte !== 0))
      expect(alive.map(({ length }) => length).toSorted((a, b) => a - b)).toEqual([32, 64])
      expect(alive).toContain(channel.exporter)
      channel.send.wipe()
      channel.receive.wipe()
      channel.exporter.fill(0)
      expectErased(one)
    }
  })
})

describe('a cipher erases its key', () => {
  const aead = nodeSuite.chaCha20Poly1305
  test.for([
    {
      end: 'when a message does not open',
      use: (cipher: TransportCipher) => cipher.open(new Uint8Array(16)),
      code: 'decryption-failed',
    },
    {
      end: 'when a message is too short',
      use: (cipher: TransportCipher) => cipher.open(new Uint8Array(15)),
      code: 'message-length',
    },
    {
      end: 'when a message is too long',
      use: (cipher: TransportCipher) => cipher.seal(new Uint8Array(65_520)),
      code: 'message-length',
    },
    {
      end: 'when its counter is exhausted',
      use: (cipher: TransportCipher) => [0, 1, 2].map(() => cipher.seal(new Uint8Array(1))),
      code: 'counter-exhausted',
    },
  ])('$end', { tags: ['HS-14'] }, ({ use, code }) => {
    const key = nodeSuite.randomBytes(32)
    const cipher = new TransportCipher({ aead, key, messagesMax: 2 })
    expect(() => use(cipher)).toThrow(expect.objectContaining({ code }))
    expect(key).toEqual(new Uint8Array(32))
    expect(() => cipher.seal(new Uint8Array(1))).toThrow(
      expect.objectContaining({ code: 'cipher-wiped' }),
    )
  })

  test('and never seals or opens under the zeros that are left', { tags: ['HS-14'] }, () => {
    const cipher = new CipherState({ aead, key: nodeSuite.randomBytes(32) })
    cipher.wipe()
    const shared = { associatedData: new Uint8Array(0), step: 'transport.seal' } as const
    const sealed = aead.seal({
      key: new Uint8Array(32),
      nonce: new Uint8Array(12),
      data: new Uint8Array(4),
      associatedData: new Uint8Array(0),
    })
    for (const use of [
      () => cipher.seal({ ...shared, plaintext: new Uint8Array(4) }),
      () => cipher.open({ ...shared, ciphertext: sealed }),
    ]) {
      expect(use).toThrow(expect.objectContaining({ code: 'cipher-wiped' }))
    }
  })
})

describe('a call leaves no secret behind', () => {
  const shared = {
    exporter: nodeSuite.randomBytes(32),
    handshakeHash: nodeSuite.randomBytes(32),
    protocol: '/warren/call/1',
    openerRole: 'initiator',
  } as const

  function call(): { opener: CallInitiator; near: RetainingSuite; far: RetainingSuite } {
    const [near, far] = [new RetainingSuite(), new RetainingSuite()]
    return { opener: new CallInitiator({ ...shared, suite: near.suite }), near, far }
  }

  function opened(): {
    near: RetainingSuite
    far: RetainingSuite
    sessions: readonly [CallSession, CallSession]
  } {
    const { opener, near, far } = call()
    const { reply, session } = new CallResponder({ ...shared, suite: far.suite }).answer(
      opener.hello(),
    )
    return { near, far, sessions: [opener.finish(reply), session] }
  }

  test('when it is given up before the reply', { tags: ['HS-14'] }, () => {
    const { opener, near } = call()
    opener.wipe()
    expectErased(near)
    const made = new RetainingSuite()
    const ahead = CallEphemeral.generate(made.suite)
    ahead.wipe()
    expectErased(made)
  })

  test.for([
    { what: 'the X25519 key', at: 0 },
    { what: 'the KEM ciphertext', at: 32 },
    { what: 'the confirmation tag', at: 1135 },
  ])('when $what of the reply was changed', { tags: ['HS-14'] }, ({ at }) => {
    const { opener, near, far } = call()
    const { reply } = new CallResponder({ ...shared, suite: far.suite }).answer(opener.hello())
    expect(() => opener.finish(flipped(reply, at))).toThrow(
      expect.objectContaining({ code: 'key-confirmation-failed' }),
    )
    expectErased(near)
  })

  test('when its hello is refused', { tags: ['HS-14'] }, () => {
    const hello = call().opener.hello()
    for (const [refused, code] of [
      [hello.subarray(1), 'hello-malformed'],
      [hello.slice().fill(0xff, 33), 'kem-failed'],
      [hello.slice().fill(0, 1, 33), 'key-agreement-failed'],
    ] as const) {
      const far = new RetainingSuite()
      const ephemeralKey = far.suite.x25519.generate()
      const responder = new CallResponder({ ...shared, suite: far.suite, ephemeralKey })
      expect(() => responder.answer(refused)).toThrow(expect.objectContaining({ code }))
      expectErased(far)
    }
  })

  test('when both directions have ended', { tags: ['HS-14'] }, () => {
    const { near, far, sessions } = opened()
    const [opener, answerer] = sessions
    open(answerer, opener.sealFinal())
    open(opener, answerer.sealError('tool-failed'))
    expectErased(near)
    expectErased(far)
  })

  test('when it is cut off, or a frame does not open', { tags: ['HS-14'] }, () => {
    const { near, far, sessions } = opened()
    const [opener, answerer] = sessions
    expect(() => open(answerer, flipped(opener.sealData(new Uint8Array(1)), 5))).toThrow(
      expect.objectContaining({ code: 'decryption-failed' }),
    )
    expectErased(far)
    expect(() => opener.requireFinal()).toThrow(expect.objectContaining({ code: 'truncated' }))
    expectErased(near)
  })

  test('when its owner wipes it', { tags: ['HS-14'] }, () => {
    const { near, far, sessions } = opened()
    for (const session of sessions) session.wipe()
    expectErased(near)
    expectErased(far)
  })
})

test('an error carries no bytes, of a key or of the peer', { tags: ['HS-14'] }, () => {
  const texts = [1, 2].map(() => {
    const [near, far] = [side('initiator'), side('responder')]
    const message = advance(near, far, 3)
    try {
      near.handshake.read(flipped(message, 50))
    } catch (error) {
      return { message: String(error), whole: inspect(error, { depth: 10, showHidden: true }) }
    }
    throw new Error('the changed message was taken')
  })
  const [first, second] = texts
  expect(first?.message).toBe(
    'HandshakeError: decryption-failed at B.ekem1: the authentication tag does not fit',
  )
  expect(second?.message).toBe(first?.message)
  expect(first?.whole).toContain('aead-open-failed')
  expect(first?.whole).not.toMatch(/Uint8Array|Buffer|[0-9a-f]{32}/)
})
