import { nodeSuite as suite } from '@warren/crypto'
import { decodeMultikey, IdentityError, isDid, multihashOf } from '@warren/identity'
import {
  CONTENT_ID_RULE,
  fitsRule,
  ISLAND_SERVERS_MAX,
  isPrintableLine,
  isPrintableName,
  REASON_LENGTH_MAX,
  URN_UUID_RULE,
} from '@warren/membership'
import type { DescribedMember } from '../control/records-protocol.ts'
import { LABEL_PATTERN, LABEL_RULE } from '../label.ts'
import { NodeError } from '../node-error.ts'

/** How a hash of a key begins: base58btc of a SHA-256 multihash, which no Multikey does. */
const KEY_HASH_PREFIX = 'zQm'

/**
 * The hash by which a revocation names a key, of a Multikey or of that hash itself. The hash of anything else would take
 * away nothing, and look as if it did.
 *
 * @throws NodeError `revoked-key-malformed`
 */
export function parseKeyHash(text: string): string {
  if (fitsRule(text, CONTENT_ID_RULE)) return text
  if (!text.startsWith(KEY_HASH_PREFIX) && isMultikey(text)) return `z${multihashOf(suite, text)}`
  throw new NodeError(
    'revoked-key-malformed',
    'a key is a Multikey ("z6Mk…" for Ed25519, "u…" for ML-DSA-44) or the hash of one ("zQm…", 47 characters)',
  )
}

function isMultikey(text: string): boolean {
  try {
    decodeMultikey(text)
    return true
  } catch (error) {
    if (error instanceof IdentityError) return false
    throw error
  }
}

/**
 * Refuses a reason that no record could hold.
 *
 * @throws NodeError `reason-malformed`
 */
export function checkReason(reason: string): void {
  if (reason.length <= REASON_LENGTH_MAX && isPrintableLine(reason)) return
  throw new NodeError(
    'reason-malformed',
    `a reason is one printable line of 1 to ${REASON_LENGTH_MAX} characters, without spaces around it`,
  )
}

/**
 * Refuses what is not the name of a credential.
 *
 * @throws NodeError `credential-malformed`
 */
export function checkCredentials(ids: readonly string[]): void {
  if (ids.every((id) => fitsRule(id, URN_UUID_RULE))) return
  throw new NodeError(
    'credential-malformed',
    'a credential is named by its "id", "urn:uuid:" and a UUID in lower case',
  )
}

/**
 * Refuses servers that no island grant could name.
 *
 * @throws NodeError `server-malformed`
 */
export function checkServers(servers: readonly string[]): void {
  if (servers.length > ISLAND_SERVERS_MAX || new Set(servers).size < servers.length) {
    const message = `name each server once, and at most ${ISLAND_SERVERS_MAX} of them`
    throw new NodeError('server-malformed', message)
  }
  if (servers.every((server) => LABEL_PATTERN.test(server))) return
  throw new NodeError('server-malformed', `the name of a server ${LABEL_RULE}`)
}

/**
 * Refuses what can be neither a DID nor the name of a member, whatever the mesh.
 *
 * @throws NodeError `no-such-member`
 */
export function checkWho(who: readonly string[]): void {
  if (who.every((each) => isDid(each) || isPrintableName(each))) return
  throw new NodeError('no-such-member', 'no member can have that name; use the DID')
}

/**
 * Refuses DIDs of which no membership is known here: one that is mistyped is as well formed as the right one.
 *
 * @throws NodeError `no-such-member`
 */
export function checkKnown(members: readonly DescribedMember[], who: readonly string[]): void {
  const stranger = who.find((each) => isDid(each) && members.every(({ did }) => did !== each))
  if (stranger === undefined) return
  throw new NodeError(
    'no-such-member',
    `this node knows of no member ${stranger}; compare it, or say --unknown if the node has yet to hear of it`,
  )
}
