import type { MessageStream } from '@libp2p/interface'
import { lpStream } from '@libp2p/utils'

const LENGTH_BYTES = 2
/** The longest message of the handshake has about 5 kB. */
const MESSAGE_BYTES_MAX = 16_384
/** What the peer may send ahead of our turn. */
const AHEAD_BYTES_MAX = 1_048_576

/** Reads and writes the messages of a handshake: u16 big-endian length, then the message. */
export interface HandshakeMessages {
  read(): Promise<Uint8Array>
  write(message: Uint8Array): Promise<void>
  /** Lets go of the connection; what was read too far goes back to it. */
  unwrap(): void
}

export function handshakeMessages(
  connection: MessageStream,
  signal: AbortSignal | undefined,
): HandshakeMessages {
  const options = signal === undefined ? {} : { signal }
  const messages = lpStream(connection, {
    lengthEncoder: encodeLength,
    lengthDecoder: decodeLength,
    maxLengthLength: LENGTH_BYTES,
    maxDataLength: MESSAGE_BYTES_MAX,
    maxBufferSize: AHEAD_BYTES_MAX,
  })
  return {
    read: async () => (await messages.read(options)).subarray(),
    write: async (message) => messages.write(message, options),
    unwrap: () => {
      messages.unwrap()
    },
  }
}

function encodeLength(length: number): Uint8Array {
  return Uint8Array.of(length >> 8, length & 0xff)
}
encodeLength.bytes = LENGTH_BYTES

function decodeLength(data: { byteLength: number; subarray(): Uint8Array }): number {
  // libp2p asks again with one byte more after a RangeError.
  if (data.byteLength < LENGTH_BYTES) throw new RangeError('a length has two bytes')
  const [high = 0, low = 0] = data.subarray()
  return high * 256 + low
}
decodeLength.bytes = LENGTH_BYTES
