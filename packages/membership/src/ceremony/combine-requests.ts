import type { JsonObject } from '@warren/core'
import type { CryptoSuite } from '@warren/crypto'
import { MembershipError } from '../membership-error.ts'
import { RecordReader } from '../record-reader.ts'
import type { RequestedRecord } from './requested-record.ts'
import { createRequest, type SigningRequest } from './signing-request.ts'

const PROOFS_MAX = 32
const METHOD_RULE = { lengthMax: 512 } as const

/**
 * Two copies of one request with the signatures of both.
 *
 * @throws MembershipError `request-mismatch` when they do not ask for the same
 */
export function combineRequests(
  suite: CryptoSuite,
  left: SigningRequest,
  right: SigningRequest,
): SigningRequest {
  const same =
    left.meshId === right.meshId &&
    left.set?.tree.tip.head === right.set?.tree.tip.head &&
    idsOf(left) === idsOf(right)
  if (!same) {
    throw new MembershipError('request-mismatch', 'the two requests do not ask for the same')
  }
  const records = left.records.map((record, at) => union(record, right.records[at] ?? record))
  return createRequest({ suite, set: left.set, records })
}

function idsOf({ records }: SigningRequest): string {
  return records.map(({ id }) => id).join(' ')
}

/** Of one key that signed twice the proof on the left stays: both are valid, and one is enough. */
function union(left: RequestedRecord, right: RequestedRecord): JsonObject {
  const proofs = new Map<string, JsonObject>()
  for (const { document } of [right, left]) {
    if (document['proof'] === undefined) continue
    // Whoever is asked has two keys, and each signs in one suite.
    for (const proof of new RecordReader('record', document).children('proof', PROOFS_MAX)) {
      proofs.set(proof.text('verificationMethod', METHOD_RULE), proof.object)
    }
  }
  return proofs.size === 0 ? left.document : { ...left.document, proof: [...proofs.values()] }
}
