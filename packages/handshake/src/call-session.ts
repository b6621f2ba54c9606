import type { CryptoSuite } from '@warren/crypto'
import { fromString } from 'uint8arrays/from-string'
import { toString } from 'uint8arrays/to-string'
import {
  FRAME_HEADER_BYTES,
  FRAME_TYPES,
  type Frame,
  type FrameType,
  readFrameHeader,
  writeFrameHeader,
} from './call-frame.ts'
import type { CallKeys } from './call-keys.ts'
import { CipherState } from './cipher-state.ts'
import { HandshakeError, type HandshakeStep } from './handshake-error.ts'

export interface CallSessionInit {
  readonly suite: CryptoSuite
  readonly side: 'opener' | 'answerer'
  /** Belong to the session from now on. */
  readonly keys: Pick<CallKeys, 'transcriptHash' | 'openerKey' | 'answererKey'>
  readonly framesMax?: number | undefined
}

/** What a frame said. */
export type CallMessage =
  | { readonly type: 'data'; readonly data: Uint8Array }
  | { readonly type: 'final'; readonly data: Uint8Array }
  | { readonly type: 'error'; readonly code: string }

const NOTHING = new Uint8Array(0)
const ERROR_CODE_PATTERN = /^[a-z0-9-]{1,64}$/

/**
 * One call: data in both directions under keys of its own, each direction ended by a `final` or an `error` frame.
 *
 * After any throw, and after `wipe`, the keys of both directions are wiped and every later call
 * throws `session-wiped`. The key of a direction is wiped as soon as that direction has ended.
 * Nothing that the peer sends makes `open` throw anything but a `HandshakeError`.
 */
export class CallSession {
  /** Names this call, on both sides and nowhere else: what a receipt is signed over. 32 bytes, public. */
  readonly transcriptHash: Uint8Array
  readonly #send: CipherState
  readonly #receive: CipherState
  readonly #sendType: FrameType
  readonly #receiveType: FrameType
  #sendEnded = false
  #receiveEnded = false
  #wiped = false

  constructor(init: CallSessionInit) {
    const { suite, keys, framesMax } = init
    const aead = suite.chaCha20Poly1305
    const opener = new CipherState({ aead, key: keys.openerKey, messagesMax: framesMax })
    const answerer = new CipherState({ aead, key: keys.answererKey, messagesMax: framesMax })
    const isOpener = init.side === 'opener'
    this.transcriptHash = keys.transcriptHash
    this.#send = isOpener ? opener : answerer
    this.#receive = isOpener ? answerer : opener
    this.#sendType = isOpener ? FRAME_TYPES.openerData : FRAME_TYPES.answererData
    this.#receiveType = isOpener ? FRAME_TYPES.answererData : FRAME_TYPES.openerData
  }

  /** Seals 1 to 65 486 bytes into a whole frame, header and ciphertext in one buffer. */
  sealData(plaintext: Uint8Array): Uint8Array {
    return this.#guarded('call.seal', () => this.#seal(this.#sendType, plaintext))
  }

  /** The frame that ends our direction, with its last 0 to 65 486 bytes. */
  sealFinal(plaintext: Uint8Array = NOTHING): Uint8Array {
    return this.#guarded('call.seal', () => this.#sealLast(FRAME_TYPES.final, plaintext))
  }

  /** The frame that ends our direction with an error; the code is 1 to 64 characters of a-z, 0-9 and "-". */
  sealError(code: string): Uint8Array {
    return this.#guarded('call.seal', (step) => {
      if (!ERROR_CODE_PATTERN.test(code)) throw new HandshakeError('error-code-malformed', step)
      return this.#sealLast(FRAME_TYPES.error, fromString(code, 'ascii'))
    })
  }

  /** Opens the peer's next frame. */
  open(frame: Frame): CallMessage {
    return this.#guarded('call.body', (step) => {
      const type = this.#readHeader(frame)
      const data = this.#receive.open({
        ciphertext: frame.body,
        associatedData: frame.header,
        step,
      })
      if (type === this.#receiveType) return { type: 'data', data }
      this.#receiveEnded = true
      this.#receive.wipe()
      return type === FRAME_TYPES.final
        ? { type: 'final', data }
        : { type: 'error', code: errorCodeOf(data, step) }
    })
  }

  /** Throws `truncated` when the stream has ended and the peer's direction has not. */
  requireFinal(): void {
    this.#guarded('call.end', (step) => {
      if (!this.#receiveEnded) throw new HandshakeError('truncated', step)
    })
  }

  /** Ends the call wherever it stands; the keys of both directions are erased. */
  wipe(): void {
    this.#wiped = true
    this.#send.wipe()
    this.#receive.wipe()
  }

  #readHeader(frame: Frame): FrameType {
    const step = 'call.header'
    if (this.#receiveEnded) throw new HandshakeError('frame-after-end', step)
    if (frame.header.length !== FRAME_HEADER_BYTES) throw new HandshakeError('frame-length', step)
    const { type, bodyBytes } = readFrameHeader(frame.header)
    if (bodyBytes !== frame.body.length) throw new HandshakeError('frame-length', step)
    if (type === this.#sendType) throw new HandshakeError('frame-type', step)
    return type
  }

  #seal(type: FrameType, plaintext: Uint8Array): Uint8Array {
    if (this.#sendEnded) throw new HandshakeError('frame-after-end', 'call.seal')
    const header = new Uint8Array(FRAME_HEADER_BYTES)
    writeFrameHeader(header, type, plaintext.length)
    const frame = this.#send.seal({
      plaintext,
      associatedData: header,
      step: 'call.seal',
      headroom: FRAME_HEADER_BYTES,
    })
    frame.set(header)
    return frame
  }

  #sealLast(type: FrameType, plaintext: Uint8Array): Uint8Array {
    const frame = this.#seal(type, plaintext)
    this.#sendEnded = true
    this.#send.wipe()
    return frame
  }

  #guarded<T>(step: HandshakeStep, work: (step: HandshakeStep) => T): T {
    if (this.#wiped) throw new HandshakeError('session-wiped', step)
    try {
      return work(step)
    } catch (error) {
      this.wipe()
      throw error
    }
  }
}

function errorCodeOf(plaintext: Uint8Array, step: HandshakeStep): string {
  const code = toString(plaintext, 'ascii')
  if (!ERROR_CODE_PATTERN.test(code)) throw new HandshakeError('error-code-malformed', step)
  return code
}
