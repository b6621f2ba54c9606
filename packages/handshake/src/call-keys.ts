import type { CryptoSuite } from '@warren/crypto'
import { fromString } from 'uint8arrays/from-string'
import { concat } from 'uint8arrays/concat'
import { lengthPrefixed } from './length-prefixed.ts'
import type { Role } from './noise-pattern.ts'

/** What a call session is bound to: this channel, this protocol, this side of it. */
export interface CallInit {
  readonly suite: CryptoSuite
  /** The channel's exporter, 32 bytes; belongs to the channel, which wipes it. */
  readonly exporter: Uint8Array
  /** The channel's handshake hash, 32 bytes. */
  readonly handshakeHash: Uint8Array
  /** The protocol id of the stream. */
  readonly protocol: string
  /** Which role in the channel's handshake the side has that opens the call. Its letter is the call id. */
  readonly openerRole: Role
  /** Frames that one direction may carry; at most, and by default, 2^32 - 1. */
  readonly framesMax?: number
}

/** The two messages of the exchange, as they went over the wire, without the confirmation tag. */
export interface CallTranscript {
  readonly hello: Uint8Array
  readonly reply: Uint8Array
}

export interface CallSecrets {
  readonly mlKem768: Uint8Array
  readonly x25519: Uint8Array
}

export interface CallKeys {
  /** `th`: names this call, on both sides and nowhere else. 32 bytes, public. */
  readonly transcriptHash: Uint8Array
  readonly openerKey: Uint8Array
  readonly answererKey: Uint8Array
  readonly confirmationKey: Uint8Array
}

const KEY_BYTES = 32
const CALL_LABEL = fromString('warren/call/1', 'utf8')
const KEYS_LABEL = fromString('warren/call/1 keys', 'utf8')

/** One byte, so that a hello that is sent back to its sender leads to other keys. */
const CALL_IDS: Readonly<Record<Role, Uint8Array>> = {
  initiator: fromString('I', 'utf8'),
  responder: fromString('R', 'utf8'),
}

/** `th` over everything that both sides have seen. */
export function callTranscriptHash(init: CallInit, transcript: CallTranscript): Uint8Array {
  return init.suite.sha256(
    lengthPrefixed([
      CALL_LABEL,
      init.handshakeHash,
      fromString(init.protocol, 'utf8'),
      CALL_IDS[init.openerRole],
      transcript.hello,
      transcript.reply,
    ]),
  )
}

/** The keys of one call from both shared secrets and the channel's exporter. Wipes the secrets. */
export function deriveCallKeys(
  init: CallInit,
  transcript: CallTranscript,
  secrets: CallSecrets,
): CallKeys {
  const transcriptHash = callTranscriptHash(init, transcript)
  const ikm = new Uint8Array(secrets.mlKem768.length + secrets.x25519.length)
  ikm.set(secrets.mlKem768)
  ikm.set(secrets.x25519, secrets.mlKem768.length)
  secrets.mlKem768.fill(0)
  secrets.x25519.fill(0)
  const keys = init.suite.hkdfSha256({
    ikm,
    salt: init.exporter,
    info: concat([KEYS_LABEL, transcriptHash]),
    length: 3 * KEY_BYTES,
  })
  ikm.fill(0)
  return {
    transcriptHash,
    openerKey: keys.subarray(0, KEY_BYTES),
    answererKey: keys.subarray(KEY_BYTES, 2 * KEY_BYTES),
    confirmationKey: keys.subarray(2 * KEY_BYTES),
  }
}
