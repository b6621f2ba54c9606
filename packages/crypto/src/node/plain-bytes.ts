/**
 * The same memory as a plain `Uint8Array`: a `Buffer` would show its neighbours' methods, and its
 * `slice` does not copy.
 */
export function plainBytes(buffer: Buffer): Uint8Array {
  return new Uint8Array(buffer.buffer, buffer.byteOffset, buffer.byteLength)
}
