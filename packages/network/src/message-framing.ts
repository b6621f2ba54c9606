import { concat } from 'uint8arrays/concat'
import { NetworkError } from './network-error.ts'
import type { StreamReader } from './stream-reader.ts'

const LENGTH_BYTES = 4

/** A message as it goes over the wire: u32 big-endian length, then the bytes. */
export function frameMessage(bytes: Uint8Array): Uint8Array {
  const length = new Uint8Array(LENGTH_BYTES)
  new DataView(length.buffer).setUint32(0, bytes.length)
  return concat([length, bytes])
}

/**
 * Reads one message; a length over the limit is refused before a byte of it is waited for.
 *
 * @throws NetworkError `message-too-long`, `stream-truncated`, `stream-reset`
 */
export async function readMessage(
  reader: StreamReader,
  bytesMax: number,
  signal: AbortSignal,
): Promise<Uint8Array> {
  const header = await reader.exactly(LENGTH_BYTES, signal)
  const length = new DataView(header.buffer, header.byteOffset).getUint32(0)
  if (length > bytesMax) {
    throw new NetworkError('message-too-long', `the message has more than ${bytesMax} bytes`)
  }
  return reader.exactly(length, signal)
}
