import { TAG_BYTES } from './cipher-state.ts'
import { HandshakeError } from './handshake-error.ts'

/** n (u32 big-endian) ‖ type (1 byte). n counts the ciphertext with its tag, and nothing else. */
export const FRAME_HEADER_BYTES = 5

/**
 * Longest whole frame.
 *
 * With the 12 bytes of a yamux header in front it fills one transport message (65 519 bytes) exactly, so that
 * a large transfer is never cut in two on its way.
 */
export const FRAME_BYTES_MAX = 65_507

/** Longest plaintext of one frame: 65 486 bytes. */
export const FRAME_PLAINTEXT_BYTES_MAX: number = FRAME_BYTES_MAX - FRAME_HEADER_BYTES - TAG_BYTES

export const FRAME_TYPES = {
  /** Data from the side that opened the call. */
  openerData: 1,
  /** Data from the side that answered it. */
  answererData: 2,
  /** The explicit end of a direction, with its last bytes, if there are any. */
  final: 3,
  /** The explicit end of a direction that failed. The plaintext is an error code. */
  error: 4,
} as const

export type FrameType = (typeof FRAME_TYPES)[keyof typeof FRAME_TYPES]

/** One frame as it stands on the wire, not opened yet. */
export interface Frame {
  /** 5 bytes, authenticated together with the body. */
  readonly header: Uint8Array
  /** Ciphertext and tag. */
  readonly body: Uint8Array
}

const TYPE_OFFSET = 4
/** Longest error code, in characters of ASCII. */
export const ERROR_CODE_BYTES_MAX = 64

const PLAINTEXT_LIMITS: Readonly<
  Record<FrameType, { readonly min: number; readonly max: number }>
> = {
  [FRAME_TYPES.openerData]: { min: 1, max: FRAME_PLAINTEXT_BYTES_MAX },
  [FRAME_TYPES.answererData]: { min: 1, max: FRAME_PLAINTEXT_BYTES_MAX },
  [FRAME_TYPES.final]: { min: 0, max: FRAME_PLAINTEXT_BYTES_MAX },
  [FRAME_TYPES.error]: { min: 1, max: ERROR_CODE_BYTES_MAX },
}

/** Writes the header of a frame with that much plaintext. */
export function writeFrameHeader(
  header: Uint8Array,
  type: FrameType,
  plaintextBytes: number,
): void {
  const { min, max } = PLAINTEXT_LIMITS[type]
  if (plaintextBytes < min || plaintextBytes > max) {
    throw new HandshakeError('frame-length', 'call.seal')
  }
  new DataView(header.buffer, header.byteOffset).setUint32(0, plaintextBytes + TAG_BYTES)
  header[TYPE_OFFSET] = type
}

/** Reads the header of a frame: its type, and the length of its body within the limits of that type. */
export function readFrameHeader(header: Uint8Array): {
  readonly type: FrameType
  readonly bodyBytes: number
} {
  const type = frameTypeOf(header[TYPE_OFFSET])
  const bodyBytes = new DataView(header.buffer, header.byteOffset).getUint32(0)
  const { min, max } = PLAINTEXT_LIMITS[type]
  if (bodyBytes < min + TAG_BYTES || bodyBytes > max + TAG_BYTES) {
    throw new HandshakeError('frame-length', 'call.header')
  }
  return { type, bodyBytes }
}

function frameTypeOf(byte: number | undefined): FrameType {
  const type = Object.values(FRAME_TYPES).find((known) => known === byte)
  if (type === undefined) throw new HandshakeError('frame-type', 'call.header')
  return type
}
