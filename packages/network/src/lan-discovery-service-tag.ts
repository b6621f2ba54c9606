import type { CryptoSuite } from '@warren/crypto'
import { fromString } from 'uint8arrays/from-string'
import { toString } from 'uint8arrays/to-string'

const LABEL = 'warren lan discovery v1'
/** RFC 6763 §7.2: a service name has at most 15 characters; one is the letter. */
const HEX_DIGITS = 14

/**
 * The name under which the nodes of one mesh look for each other, such as `_w0123456789abcd._udp.local`.
 *
 * Nodes of other meshes ask for other names. The name is the beginning of a hash, so that who
 * listens on the wire does not learn the mesh id, without which no handshake succeeds.
 */
export function lanServiceTag(suite: Pick<CryptoSuite, 'sha256'>, meshId: string): string {
  const digest = suite.sha256(fromString(LABEL), Uint8Array.of(0), fromString(meshId))
  return `_w${toString(digest, 'hex').slice(0, HEX_DIGITS)}._udp.local`
}
