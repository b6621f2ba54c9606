import type { JsonObject } from '@warren/core'
import type { CryptoSuite, Signer } from '@warren/crypto'
import { encodeMultikey } from '@warren/identity'
import { signByAdmins } from '../admin-signer.ts'
import type { CharterAdmin } from '../charter.ts'
import { MembershipError } from '../membership-error.ts'
import type { RequestedRecord } from './requested-record.ts'
import { createRequest, type SigningRequest } from './signing-request.ts'

/** A pair of keys at hand. Whose it is, the request says. */
export interface SigningPair {
  readonly ed25519: Signer
  readonly mlDsa44: Signer
}

export interface RequestSigning {
  readonly suite: CryptoSuite
  readonly request: SigningRequest
  readonly pair: SigningPair
  /** The mesh that the signer means, where they say it. */
  readonly meshId?: string | undefined
  readonly nowMs: number
}

/**
 * Adds both signatures of one pair of keys to every record of a request that asks for it.
 *
 * @throws MembershipError `request-foreign`, `not-asked`, `signed-already`
 */
export function signRequest(signing: RequestSigning): SigningRequest {
  const { suite, request, pair, meshId, nowMs } = signing
  if (meshId !== undefined && meshId !== request.meshId) {
    throw new MembershipError('request-foreign', 'the request belongs to another mesh')
  }
  const asking = request.records.filter(({ asked }) => asked.some((each) => isSame(each, pair)))
  if (asking.length === 0) {
    throw new MembershipError('not-asked', 'nobody asks these keys for a signature')
  }
  const open = asking.filter(({ signed }) => !signed.some((each) => isSame(each, pair)))
  if (open.length === 0) {
    throw new MembershipError('signed-already', 'these keys have signed the request already')
  }
  const records = request.records.map((record) =>
    open.includes(record) ? signedBy(suite, record, { pair, nowMs }) : record.document,
  )
  return createRequest({ suite, set: request.set, records })
}

function signedBy(
  suite: CryptoSuite,
  { document, asked }: RequestedRecord,
  { pair, nowMs }: { readonly pair: SigningPair; readonly nowMs: number },
): JsonObject {
  const signers = asked
    .filter((each) => isSame(each, pair))
    .map(({ did }) => ({ did, ed25519: pair.ed25519, mlDsa44: pair.mlDsa44 }))
  return signByAdmins({ suite, document, signers, createdMs: nowMs })
}

function isSame({ ed25519, mlDsa44 }: CharterAdmin, pair: SigningPair): boolean {
  return (
    ed25519.multikey === encodeMultikey({ type: 'ed25519', bytes: pair.ed25519.publicKey }) &&
    mlDsa44.multikey === encodeMultikey({ type: 'mldsa44', bytes: pair.mlDsa44.publicKey })
  )
}
