/**
 * The hybrid Noise handshake that opens a channel, and the session with keys of its own that carries one call.
 *
 * Pure: bytes in, bytes out. Specified in docs/specs/handshake.md.
 *
 * @packageDocumentation
 */
export { CallEphemeral, type CallKeyPairs } from './call-ephemeral.ts'
export {
  ERROR_CODE_BYTES_MAX,
  FRAME_BYTES_MAX,
  FRAME_HEADER_BYTES,
  FRAME_PLAINTEXT_BYTES_MAX,
  type Frame,
} from './call-frame.ts'
export { CallInitiator, type CallInitiatorInit } from './call-initiator.ts'
export type { CallInit } from './call-keys.ts'
export { CALL_HELLO_BYTES, CALL_REPLY_BYTES } from './call-layout.ts'
export { type CallAnswer, CallResponder, type CallResponderInit } from './call-responder.ts'
export { type CallMessage, CallSession, type CallSessionInit } from './call-session.ts'
export { FrameDecoder } from './frame-decoder.ts'
export {
  HandshakeError,
  type HandshakeErrorCode,
  type HandshakeStep,
  type PayloadField,
} from './handshake-error.ts'
export {
  decodePayload,
  encodePayload,
  type HandshakePayload,
  PAYLOAD_BYTES_MAX,
  STREAM_MUXERS_MAX,
} from './handshake-payload.ts'
export {
  NOISE_MESSAGE_BYTES_MAX,
  NoiseHandshake,
  type NoiseHandshakeInit,
} from './noise-handshake.ts'
export {
  type NoiseMessage,
  type NoisePattern,
  type Role,
  type Token,
  XX,
  XX_HFS,
} from './noise-pattern.ts'
export type { NoiseResult } from './noise-result.ts'
export { type ChannelIdentity, signStaticKey } from './payload-signatures.ts'
export { prologue, type PrologueInput } from './prologue.ts'
export {
  type RemoteIdentity,
  SECURE_HANDSHAKE_PROTOCOL,
  SECURE_HANDSHAKE_SUITE,
  type SecureChannel,
  SecureHandshake,
  type SecureHandshakeInit,
} from './secure-handshake.ts'
export {
  TRANSPORT_CIPHERTEXT_BYTES_MAX,
  TRANSPORT_PLAINTEXT_BYTES_MAX,
  TransportCipher,
  type TransportCipherInit,
} from './transport-cipher.ts'
