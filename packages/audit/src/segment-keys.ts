import type { CryptoSuite } from '@warren/crypto'
import { fromString } from 'uint8arrays/from-string'

/** The keys of one segment; whoever erases them erases all that its digests and bodies could tell. */
export interface SegmentKeys {
  /** Makes the salts. */
  readonly salt: Uint8Array
  /** Encrypts the bodies. */
  readonly body: Uint8Array
}

const KEY_BYTES = 32
const NO_SALT = new Uint8Array(0)
const SALT_INFO = fromString('warren/audit/salt/v1', 'utf8')
const BODY_INFO = fromString('warren/audit/body/v1', 'utf8')

/** Derives the keys of a segment from its one secret of 32 random bytes. */
export function deriveSegmentKeys(suite: CryptoSuite, secret: Uint8Array): SegmentKeys {
  const derive = (info: Uint8Array): Uint8Array =>
    suite.hkdfSha256({ ikm: secret, salt: NO_SALT, info, length: KEY_BYTES })
  return { salt: derive(SALT_INFO), body: derive(BODY_INFO) }
}
