/** First byte of every hello: the version of this exchange. */
export const CALL_HELLO_VERSION: Uint8Array = Uint8Array.of(0x01)

/** Version 1 ‖ X25519 key 32 ‖ ML-KEM-768 key 1184. */
export const CALL_HELLO_BYTES = 1217

/** Where the fields of a hello start. */
export const HELLO_LAYOUT = { x25519: 1, mlKem768: 33 } as const

/** X25519 key 32 ‖ ML-KEM-768 ciphertext 1088 ‖ confirmation tag 16. */
export const CALL_REPLY_BYTES = 1136

/** Where the fields of a reply start, after the X25519 key. */
export const REPLY_LAYOUT = { ciphertext: 32, tag: 1120 } as const
