import type { CryptoSuite } from '@warren/crypto'
import type { HandshakeState } from './handshake-state.ts'
import type { Role } from './noise-pattern.ts'
import { TransportCipher } from './transport-cipher.ts'

export interface NoiseResult {
  readonly send: TransportCipher
  readonly receive: TransportCipher
  /** The transcript hash after the last message, the same on both sides (Noise §11.2). 32 bytes, public. */
  readonly handshakeHash: Uint8Array
  /** 32 secret bytes, the same on both sides, from which the channel's user may derive. Belongs to the caller, who wipes it. */
  readonly exporter: Uint8Array
  /** 32 bytes. */
  readonly remoteStaticKey: Uint8Array
}

/** Ends a handshake whose last message is through: its keys become two ciphers and an exporter, the rest is wiped. */
export function splitKeys(
  state: HandshakeState,
  side: { readonly suite: CryptoSuite; readonly role: Role },
): NoiseResult {
  const handshakeHash = state.symmetric.hash
  const remoteStaticKey = state.remoteStaticKey ?? new Uint8Array(0)
  const { initiatorKey, responderKey, exporter } = state.split()
  const aead = side.suite.chaCha20Poly1305
  const fromInitiator = new TransportCipher({ aead, key: initiatorKey })
  const fromResponder = new TransportCipher({ aead, key: responderKey })
  const isInitiator = side.role === 'initiator'
  return {
    send: isInitiator ? fromInitiator : fromResponder,
    receive: isInitiator ? fromResponder : fromInitiator,
    handshakeHash,
    exporter,
    remoteStaticKey,
  }
}

/** Wipes a result that nobody has taken. */
export function wipeResult(result: NoiseResult): void {
  result.send.wipe()
  result.receive.wipe()
  result.exporter.fill(0)
}
