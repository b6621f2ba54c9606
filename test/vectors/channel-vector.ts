import { createHash } from 'node:crypto'
import { createNobleSuite, type CryptoSuite, nobleSuite, type Signer } from '@warren/crypto'
import {
  NoiseHandshake,
  prologue,
  type Role,
  type SecureChannel,
  SecureHandshake,
  signStaticKey,
  type TransportCipher,
  XX_HFS,
} from '@warren/handshake'
import { fromString } from 'uint8arrays/from-string'
import { type Derivation, hex, recordingSuite } from './recording-suite.ts'

export interface ChannelCase {
  readonly name: string
  readonly meshId: string
  readonly encrypters: readonly string[]
  readonly muxers: Readonly<Record<Role, readonly string[]>>
}

/** Everything secret and public of one side, in hexadecimal. */
export interface SideVector {
  readonly staticPrivateKey: string
  readonly ephemeralPrivateKey: string
  /** The seed d ‖ z of the initiator's key pair, or the m of the responder's encapsulation. */
  readonly mlKem768Randomness: string
  readonly ed25519Seed: string
  readonly mlDsa44Seed: string
  /** The rnd of the one signature that this side makes (FIPS 204 §5.2). */
  readonly mlDsa44Rnd: string
  readonly streamMuxers: readonly string[]
}

export interface MessageVector {
  readonly label: string
  readonly payload: string
  /** `h` in front of the payload: what the payload signs. */
  readonly payloadHash: string
  readonly message: string
}

export interface StepVector {
  readonly after: string
  readonly h?: string
  readonly ck?: string
  readonly k?: string
}

export interface TransportVector {
  readonly from: Role
  readonly plaintext: string
  readonly ciphertext: string
}

export interface ChannelVector {
  readonly protocolName: string
  readonly meshId: string
  readonly encrypters: readonly string[]
  readonly prologue: string
  readonly initiator: SideVector
  readonly responder: SideVector
  readonly messages: readonly MessageVector[]
  readonly steps: readonly StepVector[]
  readonly handshakeHash: string
  readonly exporter: string
  readonly initiatorKey: string
  readonly responderKey: string
  readonly streamMuxer: string | null
  readonly transport: readonly TransportVector[]
}

export const CHANNEL_CASES: readonly ChannelCase[] = [
  {
    name: 'channel',
    meshId: 'zQmMeshOfTheVectors',
    encrypters: ['/warren/noise-mlkem768-hfs/1'],
    muxers: {
      initiator: ['/mplex/6.7.0', '/yamux/1.0.0'],
      responder: ['/yamux/1.0.0', '/mplex/6.7.0'],
    },
  },
  {
    name: 'channel-without-muxer',
    meshId: 'z',
    encrypters: ['/warren/noise-mlkem768-hfs/1', '/another/2'],
    muxers: { initiator: [], responder: [] },
  },
]

/** Bytes that stand for randomness: SHAKE256 of a label, so that anyone can make them again. */
export function fixedBytes(label: string, length: number): Uint8Array {
  const digest = createHash('shake256', { outputLength: length }).update(`warren vector ${label}`)
  return Uint8Array.from(digest.digest())
}

export function bytes(text: string): Uint8Array {
  return fromString(text, 'hex')
}

export function sideVector(input: ChannelCase, role: Role): SideVector {
  const fixed = (what: string, length: number): string =>
    hex(fixedBytes(`${input.name} ${role} ${what}`, length))
  return {
    staticPrivateKey: fixed('static', 32),
    ephemeralPrivateKey: fixed('ephemeral', 32),
    mlKem768Randomness: fixed('ml-kem', role === 'initiator' ? 64 : 32),
    ed25519Seed: fixed('ed25519', 32),
    mlDsa44Seed: fixed('ml-dsa', 32),
    mlDsa44Rnd: fixed('ml-dsa rnd', 32),
    streamMuxers: input.muxers[role],
  }
}

/** One side that takes every random byte from its vector, on a suite of the caller's choice. */
export function sideOf(
  input: Pick<ChannelVector, 'meshId' | 'encrypters' | Role>,
  role: Role,
  suite: CryptoSuite,
): SecureHandshake {
  const side = input[role]
  const identity = { ed25519: suite.ed25519.signer(bytes(side.ed25519Seed)), mlDsa44: mlDsa(side) }
  const staticKey = suite.x25519.generate(bytes(side.staticPrivateKey))
  return new SecureHandshake({
    suite,
    role,
    identity,
    staticKey,
    prologue: prologue(input),
    identitySignature: signStaticKey(identity.ed25519, staticKey.publicKey),
    streamMuxers: side.streamMuxers,
    ephemeralKey: suite.x25519.generate(bytes(side.ephemeralPrivateKey)),
    kem: fixedKem(suite, bytes(side.mlKem768Randomness)),
  })
}

/** ML-KEM whose one random draw is given: the suite's for key pairs, noble's for encapsulations, which takes them. */
export function fixedKem(suite: CryptoSuite, randomness: Uint8Array): CryptoSuite['mlKem768'] {
  const { mlKem768 } = createNobleSuite({ randomBytes: () => randomness.slice() })
  return {
    generate: () => suite.mlKem768.generate(randomness),
    encapsulate: (publicKey) => mlKem768.encapsulate(publicKey),
  }
}

function mlDsa(side: SideVector): Signer {
  const suite = createNobleSuite({ randomBytes: () => bytes(side.mlDsa44Rnd) })
  return suite.mlDsa44.signer(bytes(side.mlDsa44Seed))
}

/** Runs one handshake and writes down all that it was given and all that came of it. */
export function channelVector(input: ChannelCase): ChannelVector {
  const sides = {
    initiator: sideVector(input, 'initiator'),
    responder: sideVector(input, 'responder'),
  }
  const given = { meshId: input.meshId, encrypters: input.encrypters, ...sides }
  const recording = recordingSuite(nobleSuite)
  const initiator = sideOf(given, 'initiator', recording.suite)
  const responder = sideOf(given, 'responder', nobleSuite)
  const sent: Uint8Array[] = []
  for (const [from, to] of [
    [initiator, responder],
    [responder, initiator],
    [initiator, responder],
  ] as const) {
    const message = from.write()
    to.read(message)
    sent.push(message)
  }
  const [near, far] = [initiator.result(), responder.result()]
  const { steps, split } = stepsOf(recording.derivations)
  return {
    protocolName: XX_HFS.protocolName,
    ...given,
    prologue: hex(prologue(input)),
    messages: messagesOf(given, sent),
    steps,
    handshakeHash: hex(near.handshakeHash),
    exporter: hex(near.exporter),
    initiatorKey: split.slice(0, 64),
    responderKey: split.slice(64),
    streamMuxer: near.streamMuxer ?? null,
    transport: transportOf(near, far),
  }
}

/** The payloads, by replaying the messages into two bare Noise state machines. */
function messagesOf(
  given: Pick<ChannelVector, 'meshId' | 'encrypters' | Role>,
  sent: readonly Uint8Array[],
): readonly MessageVector[] {
  const bare = (role: Role): NoiseHandshake =>
    new NoiseHandshake({
      suite: nobleSuite,
      pattern: XX_HFS,
      role,
      prologue: prologue(given),
      staticKey: nobleSuite.x25519.generate(bytes(given[role].staticPrivateKey)),
      ephemeralKey: nobleSuite.x25519.generate(bytes(given[role].ephemeralPrivateKey)),
      kem: fixedKem(nobleSuite, bytes(given[role].mlKem768Randomness)),
    })
  const [initiator, responder] = [bare('initiator'), bare('responder')]
  return XX_HFS.messages.map(({ label, sender }, index) => {
    const message = sent[index] ?? new Uint8Array(0)
    const [writer, reader] =
      sender === 'initiator' ? [initiator, responder] : [responder, initiator]
    const payload = reader.read(message)
    writer.write(payload)
    return {
      label,
      payload: hex(payload),
      payloadHash: hex(reader.payloadHash),
      message: hex(message),
    }
  })
}

/** Names the derivations of one side by the token after which each stands. */
function stepsOf(derivations: readonly Derivation[]): {
  readonly steps: readonly StepVector[]
  readonly split: string
} {
  const rest = [...derivations]
  const steps: StepVector[] = [
    { after: 'protocol name', ...named(rest.shift()) },
    { after: 'prologue', ...named(rest.shift()) },
  ]
  for (const { label, tokens } of XX_HFS.messages) {
    for (const token of tokens) {
      const first = named(rest.shift())
      const second = token === 'ekem1' ? named(rest.shift()) : {}
      steps.push({ after: `${label}.${token}`, ...first, ...second })
    }
    steps.push({ after: `${label}.payload`, ...named(rest.shift()) })
  }
  const [last] = rest
  if (last === undefined || !('keys' in last) || rest.length !== 1) {
    throw new Error('the handshake has derived something that this list does not name')
  }
  return { steps, split: last.keys }
}

function named(derivation: Derivation | undefined): Omit<StepVector, 'after'> {
  if (derivation === undefined) throw new Error('the handshake has derived less than it has to')
  if ('hash' in derivation) return { h: derivation.hash }
  return { ck: derivation.keys.slice(0, 64), k: derivation.keys.slice(64) }
}

function transportOf(near: SecureChannel, far: SecureChannel): readonly TransportVector[] {
  const through = (from: Role, send: TransportCipher, receive: TransportCipher) =>
    ['', 'the second message', 'the third message'].map((text) => {
      const plaintext = fromString(text, 'utf8')
      const ciphertext = send.seal(plaintext)
      const sealed = hex(ciphertext)
      if (hex(receive.open(ciphertext)) !== hex(plaintext)) throw new Error('not the same text')
      return { from, plaintext: hex(plaintext), ciphertext: sealed }
    })
  return [
    ...through('initiator', near.send, far.receive),
    ...through('responder', far.send, near.receive),
  ]
}
