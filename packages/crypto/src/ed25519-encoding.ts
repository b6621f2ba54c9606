/** y of the points of order 1, 2, 4 and 8 on edwards25519, little-endian with the sign bit cleared. */
const SMALL_ORDER_Y: readonly Uint8Array[] = [
  Uint8Array.fromHex('0100000000000000000000000000000000000000000000000000000000000000'),
  Uint8Array.fromHex('ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f'),
  Uint8Array.fromHex('0000000000000000000000000000000000000000000000000000000000000000'),
  Uint8Array.fromHex('c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a'),
  Uint8Array.fromHex('26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05'),
]
const LAST = 31
const SIGN_BIT = 0x80
/** The last bytes of p = 2^255 - 19 in little-endian order: ed ff .. ff 7f. */
const P_FIRST_BYTE = 0xed
const P_LAST_BYTE = 0x7f

/**
 * Whether 32 bytes may stand for an Ed25519 public key: y below the prime (RFC 8032 §5.1.3) and not
 * of small order. Under a key of small order one signature fits many messages, and libraries
 * disagree about it. Says nothing about whether the point is on the curve.
 */
export function isAcceptableEd25519Key(publicKey: Uint8Array): boolean {
  return hasCanonicalY(publicKey) && !SMALL_ORDER_Y.some((y) => hasY(publicKey, y))
}

function hasCanonicalY(point: Uint8Array): boolean {
  if (((point[LAST] ?? 0) & ~SIGN_BIT) !== P_LAST_BYTE) return true
  for (let index = LAST - 1; index > 0; index -= 1) if (point[index] !== 0xff) return true
  return (point[0] ?? 0) < P_FIRST_BYTE
}

function hasY(point: Uint8Array, y: Uint8Array): boolean {
  if (((point[LAST] ?? 0) & ~SIGN_BIT) !== y[LAST]) return false
  for (let index = 0; index < LAST; index += 1) if (point[index] !== y[index]) return false
  return true
}
