import { canonicalJson } from '@warren/core'
import { type CharterAdmin, readSigner } from '../charter.ts'
import { parseRecord } from '../record-reader.ts'
import { writeSigner } from '../records/write-records.ts'

/** Characters of such a file. */
export const PUBLIC_PAIR_LENGTH_MAX = 8_192
const MARK = 'public-keys'
const VERSION = 1

/** What others may know of an admin or a witness, as it stands in a file: DID, two keys, the commitment to the next ones. */
export function encodePublicPair(pair: CharterAdmin): string {
  return canonicalJson({ warren: MARK, v: VERSION, signer: writeSigner(pair) })
}

/**
 * Reads such a file. That the keys are whose they should be, the ceremony shows: their holder signs as well.
 *
 * @throws MembershipError `public-keys-too-large`, `public-keys-malformed`
 */
export function decodePublicPair(text: string): CharterAdmin {
  const file = parseRecord('public-keys', text, PUBLIC_PAIR_LENGTH_MAX)
  file.members(['warren', 'v', 'signer'])
  file.constant('warren', MARK)
  file.constant('v', VERSION)
  return readSigner(file.child('signer'))
}
