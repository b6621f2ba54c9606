const ALPHABET = /^[\dA-Za-z+/]*={0,2}$/

/** Writes base64 with padding (RFC 4648 §4). */
export function encodeBase64(bytes: Uint8Array): string {
  return bytes.toBase64()
}

/** Reads base64 with padding; undefined when the text is not the one encoding of its bytes. */
export function decodeBase64(text: string): Uint8Array | undefined {
  // The decoder would skip spaces and newlines.
  if (!ALPHABET.test(text)) return undefined
  try {
    return Uint8Array.fromBase64(text, { lastChunkHandling: 'strict' })
  } catch {
    // Missing padding, or bits that are left over: the caller names the rule that was broken.
    return undefined
  }
}
