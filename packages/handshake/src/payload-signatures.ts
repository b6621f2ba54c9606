import type { CryptoSuite, Signer, VerifyInput } from '@warren/crypto'
import { concat } from 'uint8arrays/concat'
import { fromString } from 'uint8arrays/from-string'
import { HandshakeError, type HandshakeStep } from './handshake-error.ts'
import type { HandshakePayload } from './handshake-payload.ts'
import type { Role } from './noise-pattern.ts'
import { refusing } from './refusing.ts'

const IDENTITY_LABEL = fromString('noise-libp2p-static-key:', 'utf8')
const SESSION_LABEL = fromString('warren-session-v1:', 'utf8')
const MLDSA_CONTEXT = fromString('warren', 'utf8')
const ROLE_LABELS: Readonly<Record<Role, Uint8Array>> = {
  initiator: fromString('I', 'utf8'),
  responder: fromString('R', 'utf8'),
}

/** The two keys that a node is known by; both must stand in its DID document. */
export interface ChannelIdentity {
  readonly ed25519: Signer
  readonly mlDsa44: Signer
}

/** The position that a payload signs: who signs, and the transcript in front of the payload. */
export interface Position {
  readonly role: Role
  readonly payloadHash: Uint8Array
}

/** What a payload must be signed over and by whom, besides what it says itself. */
export interface PayloadClaim extends Position {
  readonly label: 'B' | 'C'
  readonly staticKey: Uint8Array
}

/**
 * Ed25519 over the X25519 static key, as in libp2p noise. 64 bytes; the same for every handshake.
 *
 * It can be replayed by anyone who has seen it and so says nothing about a session: that is what
 * the session signatures are for.
 */
export function signStaticKey(ed25519: Signer, staticPublicKey: Uint8Array): Uint8Array {
  return ed25519.sign(concat([IDENTITY_LABEL, staticPublicKey]))
}

/** The two signatures over the transcript at this position, made with both keys. */
export function signPosition(
  identity: ChannelIdentity,
  position: Position,
): Pick<HandshakePayload, 'sessionSignature' | 'mlDsa44Signature'> {
  const message = sessionMessage(position)
  return {
    sessionSignature: identity.ed25519.sign(message),
    mlDsa44Signature: identity.mlDsa44.sign(message, MLDSA_CONTEXT),
  }
}

/** Verifies all three signatures of a payload, the cheap ones first; throws `signature-invalid` at the field. */
export function verifyPayload(
  suite: CryptoSuite,
  payload: HandshakePayload,
  claim: PayloadClaim,
): void {
  const message = sessionMessage(claim)
  verify(suite.ed25519, `${claim.label}.identity_sig`, {
    publicKey: payload.ed25519Key,
    message: concat([IDENTITY_LABEL, claim.staticKey]),
    signature: payload.identitySignature,
  })
  verify(suite.ed25519, `${claim.label}.session_sig`, {
    publicKey: payload.ed25519Key,
    message,
    signature: payload.sessionSignature,
  })
  verify(suite.mlDsa44, `${claim.label}.mldsa_sig`, {
    publicKey: payload.mlDsa44Key,
    message,
    signature: payload.mlDsa44Signature,
    context: MLDSA_CONTEXT,
  })
}

function sessionMessage(position: Position): Uint8Array {
  return concat([SESSION_LABEL, ROLE_LABELS[position.role], position.payloadHash])
}

function verify(
  algorithm: { verify(input: VerifyInput): boolean },
  step: HandshakeStep,
  input: VerifyInput,
): void {
  const valid = refusing('signature-invalid', step, () => algorithm.verify(input))
  if (!valid) throw new HandshakeError('signature-invalid', step)
}
