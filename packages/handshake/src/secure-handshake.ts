import type { CryptoSuite, MlKem768, X25519KeyPair } from '@warren/crypto'
import { equals } from 'uint8arrays/equals'
import { HandshakeError } from './handshake-error.ts'
import { decodePayload, encodePayload, PAYLOAD_BYTES_MAX } from './handshake-payload.ts'
import { NoiseHandshake } from './noise-handshake.ts'
import { type Role, XX_HFS } from './noise-pattern.ts'
import { type ChannelIdentity, signPosition, verifyPayload } from './payload-signatures.ts'
import { chooseStreamMuxer } from './stream-muxer.ts'
import type { TransportCipher } from './transport-cipher.ts'

/** The libp2p protocol id of this handshake, under which multistream-select offers it. */
export const SECURE_HANDSHAKE_PROTOCOL = '/warren/noise-mlkem768-hfs/1'

/** The Noise protocol name: what a channel reports as its suite. */
export const SECURE_HANDSHAKE_SUITE: string = XX_HFS.protocolName

const NOTHING = new Uint8Array(0)

export interface SecureHandshakeInit {
  readonly suite: CryptoSuite
  readonly role: Role
  /** As made by `prologue`. */
  readonly prologue: Uint8Array
  /** The X25519 static key of this process; used for many handshakes and not wiped here. */
  readonly staticKey: X25519KeyPair
  readonly identity: ChannelIdentity
  /** As made by `signStaticKey` for that identity and static key; kept by the caller, since it never changes. */
  readonly identitySignature: Uint8Array
  /** Protocol ids, preferred first, at most 8; empty when no muxer is to be chosen. */
  readonly streamMuxers: readonly string[]
  /** When it is known who was dialled, the handshake ends before this side has shown who it is. 32 bytes. */
  readonly expectedEd25519Key?: Uint8Array
  /** For test vectors only. */
  readonly ephemeralKey?: X25519KeyPair
  /** For test vectors only. */
  readonly kem?: MlKem768
}

/** The keys that the peer has proved to hold in this handshake. Whose they are, its DID document says. */
export interface RemoteIdentity {
  /** 32 bytes. */
  readonly ed25519Key: Uint8Array
  /** 1312 bytes. */
  readonly mlDsa44Key: Uint8Array
}

export interface SecureChannel {
  readonly send: TransportCipher
  readonly receive: TransportCipher
  /** 32 bytes, public, the same on both sides. */
  readonly handshakeHash: Uint8Array
  /** 32 secret bytes, the same on both sides; the caller wipes them when the channel ends. */
  readonly exporter: Uint8Array
  readonly remote: RemoteIdentity
  readonly streamMuxer: string | undefined
}

/**
 * One side of the handshake that opens every channel: XXhfs with the libp2p payload, signed twice over the transcript.
 *
 * Three messages, A and C by the initiator, B by the responder: `write` makes ours, `read` takes
 * theirs, `result` hands over the channel when `done`. After any throw the handshake is spent:
 * everything secret is wiped, every later call throws `spent`, and the caller closes the
 * connection. Nothing that the peer sends can make it throw anything but a `HandshakeError`.
 */
export class SecureHandshake {
  readonly #init: SecureHandshakeInit
  readonly #noise: NoiseHandshake
  #remote: RemoteIdentity | undefined
  #streamMuxer: string | undefined

  constructor(init: SecureHandshakeInit) {
    this.#init = init
    this.#noise = new NoiseHandshake({
      ...init,
      pattern: XX_HFS,
      payloadBytesMax: PAYLOAD_BYTES_MAX,
    })
  }

  get done(): boolean {
    return this.#noise.done
  }

  /** The next message, without the length that frames it. */
  write(): Uint8Array {
    return this.#guarded(() => {
      this.#noise.beginMessage()
      return this.#noise.finishMessage(this.#nextPayload())
    })
  }

  /** Takes the peer's next message, without the length that framed it, and verifies all that it claims. */
  read(message: Uint8Array): void {
    this.#guarded(() => {
      const label = this.#noise.message?.label
      const payload = this.#noise.read(message)
      if (label === 'B' || label === 'C') this.#accept(payload, label)
      else if (payload.length > 0) throw new HandshakeError('payload-malformed', 'A.payload')
    })
  }

  /** Hands the channel over, once; its secrets then belong to the caller. */
  result(): SecureChannel {
    return this.#guarded(() => {
      const { send, receive, handshakeHash, exporter } = this.#noise.result()
      const remote = this.#remote
      if (remote === undefined) throw new TypeError('the handshake is done without a remote side')
      return { send, receive, handshakeHash, exporter, remote, streamMuxer: this.#streamMuxer }
    })
  }

  /** Ends the handshake wherever it stands and wipes its secrets, but for what `result` has handed over. */
  wipe(): void {
    this.#noise.wipe()
  }

  #nextPayload(): Uint8Array {
    if (this.#noise.message?.label === 'A') return NOTHING
    const { role, identity, identitySignature, streamMuxers } = this.#init
    return encodePayload({
      ed25519Key: identity.ed25519.publicKey,
      identitySignature,
      streamMuxers,
      ...signPosition(identity, { role, payloadHash: this.#noise.payloadHash }),
      mlDsa44Key: identity.mlDsa44.publicKey,
    })
  }

  #accept(bytes: Uint8Array, label: 'B' | 'C'): void {
    const payload = decodePayload(bytes, label)
    const { suite, role, streamMuxers, expectedEd25519Key } = this.#init
    const { ed25519Key, mlDsa44Key } = payload
    if (expectedEd25519Key !== undefined && !equals(expectedEd25519Key, ed25519Key)) {
      throw new HandshakeError('identity-key-unexpected', `${label}.identity_key`)
    }
    verifyPayload(suite, payload, {
      label,
      role: role === 'initiator' ? 'responder' : 'initiator',
      payloadHash: this.#noise.payloadHash,
      staticKey: this.#noise.remoteStaticKey ?? NOTHING,
    })
    const offers = { role, ours: streamMuxers, theirs: payload.streamMuxers }
    this.#streamMuxer = chooseStreamMuxer(offers, `${label}.stream_muxers`)
    this.#remote = { ed25519Key, mlDsa44Key }
  }

  #guarded<T>(work: () => T): T {
    try {
      return work()
    } catch (error) {
      this.wipe()
      throw error
    }
  }
}
