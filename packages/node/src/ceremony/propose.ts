import type { JsonObject } from '@warren/core'
import { nodeSuite as suite } from '@warren/crypto'
import { type Did, encodeMultikey } from '@warren/identity'
import { createRequest, type SigningRequest } from '@warren/membership'
import type { MeshDescription } from '../control/records-protocol.ts'
import type { KeyPair } from './admin-keys.ts'

/**
 * A request for the admins of a mesh as its node describes it.
 *
 * @throws MembershipError as `createRequest`
 */
export function requestFor(mesh: MeshDescription, records: readonly JsonObject[]): SigningRequest {
  return createRequest({ suite, set: mesh.set, records })
}

/** The admin in force whose keys these are. */
export function adminOfKeys({ set }: MeshDescription, keys: KeyPair): Did | undefined {
  const ed25519 = encodeMultikey({ type: 'ed25519', bytes: keys.ed25519.publicKey })
  const mlDsa44 = encodeMultikey({ type: 'mldsa44', bytes: keys.mlDsa44.publicKey })
  return set.tree.tip.admins.find(
    (admin) => admin.ed25519.multikey === ed25519 && admin.mlDsa44.multikey === mlDsa44,
  )?.did
}
