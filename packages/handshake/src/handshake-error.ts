import { CodedError } from '@warren/core'
import type { Token } from './noise-pattern.ts'

export type HandshakeErrorCode =
  | 'spent'
  | 'out-of-turn'
  | 'message-length'
  | 'key-agreement-failed'
  | 'kem-failed'
  | 'decryption-failed'
  | 'counter-exhausted'
  | 'cipher-wiped'
  | 'payload-malformed'
  | 'identity-key-malformed'
  | 'identity-key-unexpected'
  | 'signature-missing'
  | 'signature-invalid'
  | 'stream-muxer-none-common'
  | 'prologue-malformed'
  | 'hello-malformed'
  | 'key-confirmation-failed'
  | 'frame-length'
  | 'frame-type'
  | 'frame-after-end'
  | 'error-code-malformed'
  | 'truncated'
  | 'session-wiped'

/** A field of the payload of message B or C. */
export type PayloadField =
  | 'identity_key'
  | 'identity_sig'
  | 'extensions'
  | 'stream_muxers'
  | 'session_sig'
  | 'mldsa_sig'
  | 'mldsa_key'

/** Where a handshake, a transport cipher or a call session stopped: the message and the token or field in it. */
export type HandshakeStep =
  | `${'A' | 'B' | 'C'}.${Token | PayloadField | 'length' | 'payload'}`
  | 'setup'
  | 'turn'
  | 'transport.seal'
  | 'transport.open'
  | 'call.hello'
  | 'call.reply'
  | 'call.confirmation'
  | 'call.seal'
  | 'call.header'
  | 'call.body'
  | 'call.end'

const SENTENCES: Readonly<Record<HandshakeErrorCode, string>> = {
  spent: 'this handshake has ended or failed and cannot be used again',
  'out-of-turn': 'it is not this side that has to do this now',
  'message-length': 'the message is shorter or longer than its layout allows',
  'key-agreement-failed': 'the X25519 agreement gave no usable secret',
  'kem-failed': 'the ML-KEM-768 key or ciphertext is not valid',
  'decryption-failed': 'the authentication tag does not fit',
  'counter-exhausted': 'the key has sealed or opened as many messages as it may',
  'cipher-wiped': 'the key of this cipher has been wiped',
  'payload-malformed': 'the payload breaks the rules of its encoding',
  'identity-key-malformed': 'the identity key is not an Ed25519 key in the libp2p encoding',
  'identity-key-unexpected': 'the identity key is not the one that was dialled',
  'signature-missing': 'a signature or the key to check it with is missing',
  'signature-invalid': 'the signature does not verify',
  'stream-muxer-none-common': 'the two sides have no stream muxer in common',
  'prologue-malformed': 'the mesh id or an encrypter id is empty or too long',
  'hello-malformed': 'a hello is 1217 bytes and starts with the version byte 0x01',
  'key-confirmation-failed': 'key confirmation failed: the two sides do not hold the same keys',
  'frame-length': 'the length of the frame is outside the limits of its type',
  'frame-type': 'the frame has no type that this direction may carry',
  'frame-after-end': 'this direction has ended with a final or an error frame',
  'error-code-malformed': 'an error code is 1 to 64 characters of a-z, 0-9 and "-"',
  truncated: 'the stream ended without a final or an error frame',
  'session-wiped': 'the keys of this call session have been wiped',
}

/**
 * A handshake, a sealed transport message or a call session was refused.
 *
 * `step` names the message and the token or field at which it stopped. The text of the message is
 * fixed per code, so that it can carry neither secrets nor bytes of the peer.
 */
export class HandshakeError extends CodedError<HandshakeErrorCode> {
  override readonly name = 'HandshakeError'
  readonly step: HandshakeStep

  constructor(code: HandshakeErrorCode, step: HandshakeStep, options?: ErrorOptions) {
    super(code, `${code} at ${step}: ${SENTENCES[code]}`, options)
    this.step = step
  }
}
