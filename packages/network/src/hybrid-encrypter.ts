import {
  type ConnectionEncrypter,
  type MessageStream,
  type PeerId,
  type SecureConnectionOptions,
  type SecuredConnection,
  type StreamMuxerFactory,
  UnexpectedPeerError,
} from '@libp2p/interface'
import { publicKeyFromRaw } from '@libp2p/crypto/keys'
import { peerIdFromPublicKey } from '@libp2p/peer-id'
import type { CryptoSuite, X25519KeyPair } from '@warren/crypto'
import {
  type ChannelIdentity,
  HandshakeError,
  prologue,
  type Role,
  SECURE_HANDSHAKE_PROTOCOL,
  type SecureChannel,
  SecureHandshake,
  signStaticKey,
} from '@warren/handshake'
import type { ChannelBindings } from './channel-binding.ts'
import { handshakeMessages } from './handshake-messages.ts'
import { NetworkError } from './network-error.ts'
import { SecuredStream } from './secured-stream.ts'

export interface HybridEncrypterInit {
  readonly suite: CryptoSuite
  readonly identity: ChannelIdentity
  /** Content id of the charter: nodes of another mesh do not get past the second message. */
  readonly meshId: string
  readonly bindings: ChannelBindings
}

/** The part of libp2p that this needs: which muxers there are. */
export interface HybridEncrypterComponents {
  readonly upgrader: { getStreamMuxers(): Map<string, StreamMuxerFactory> }
}

/** The only connection encrypter that a node offers: the hybrid handshake, with the muxer agreed inside it. */
export class HybridEncrypter implements ConnectionEncrypter {
  readonly protocol: string = SECURE_HANDSHAKE_PROTOCOL
  readonly [Symbol.toStringTag]: string = '@warren/hybrid-encrypter'
  readonly #init: HybridEncrypterInit
  readonly #components: HybridEncrypterComponents
  readonly #prologue: Uint8Array
  readonly #staticKey: X25519KeyPair
  readonly #identitySignature: Uint8Array

  constructor(components: HybridEncrypterComponents, init: HybridEncrypterInit) {
    this.#components = components
    this.#init = init
    this.#prologue = prologue({ meshId: init.meshId, encrypters: [SECURE_HANDSHAKE_PROTOCOL] })
    this.#staticKey = init.suite.x25519.generate()
    this.#identitySignature = signStaticKey(init.identity.ed25519, this.#staticKey.publicKey)
  }

  async secureOutbound(
    connection: MessageStream,
    options?: SecureConnectionOptions,
  ): Promise<SecuredConnection> {
    return this.#secure(connection, 'initiator', options)
  }

  async secureInbound(
    connection: MessageStream,
    options?: SecureConnectionOptions,
  ): Promise<SecuredConnection> {
    return this.#secure(connection, 'responder', options)
  }

  async #secure(
    connection: MessageStream,
    role: Role,
    options: SecureConnectionOptions = {},
  ): Promise<SecuredConnection> {
    const muxers =
      options.skipStreamMuxerNegotiation === true
        ? new Map<string, StreamMuxerFactory>()
        : this.#components.upgrader.getStreamMuxers()
    const handshake = this.#handshake(role, [...muxers.keys()], options.remotePeer)
    try {
      await run(handshake, role, handshakeMessages(connection, options.signal))
      return this.#bind(connection, role, { channel: handshake.result(), muxers })
    } catch (error) {
      throw asPeerError(error, options.remotePeer)
    } finally {
      handshake.wipe()
    }
  }

  #handshake(role: Role, streamMuxers: readonly string[], expected?: PeerId): SecureHandshake {
    const { suite, identity } = this.#init
    return new SecureHandshake({
      suite,
      role,
      identity,
      streamMuxers,
      prologue: this.#prologue,
      staticKey: this.#staticKey,
      identitySignature: this.#identitySignature,
      ...(expected?.publicKey === undefined ? {} : { expectedEd25519Key: expected.publicKey.raw }),
    })
  }

  #bind(
    connection: MessageStream,
    role: Role,
    agreed: { channel: SecureChannel; muxers: Map<string, StreamMuxerFactory> },
  ): SecuredConnection {
    const { send, receive, exporter, handshakeHash, remote, streamMuxer } = agreed.channel
    const muxer = streamMuxer === undefined ? undefined : agreed.muxers.get(streamMuxer)
    if (agreed.muxers.size > 0 && muxer === undefined) {
      throw new NetworkError('channel-muxer-missing', 'no muxer was agreed in the handshake')
    }
    const secured = new SecuredStream({ inner: connection, send, receive })
    secured.addEventListener('close', () => exporter.fill(0))
    this.#init.bindings.bind(connection.timeline, {
      role,
      handshakeHash,
      exporter,
      ed25519Key: remote.ed25519Key,
      mlDsa44Key: remote.mlDsa44Key,
      secured,
    })
    return {
      connection: secured,
      remotePeer: peerIdFromPublicKey(publicKeyFromRaw(remote.ed25519Key)),
      ...(muxer === undefined ? {} : { streamMuxer: muxer }),
    }
  }
}

async function run(
  handshake: SecureHandshake,
  role: Role,
  messages: ReturnType<typeof handshakeMessages>,
): Promise<void> {
  if (role === 'initiator') await messages.write(handshake.write())
  while (!handshake.done) {
    handshake.read(await messages.read())
    if (!handshake.done) await messages.write(handshake.write())
  }
  messages.unwrap()
}

/** libp2p knows a wrong peer by the name of the error and keeps nothing but the text of any other. */
function asPeerError(error: unknown, expected: PeerId | undefined): unknown {
  const isOther = error instanceof HandshakeError && error.code === 'identity-key-unexpected'
  return isOther ? new UnexpectedPeerError(`${error.message}: ${String(expected)}`) : error
}
