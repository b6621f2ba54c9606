import { canonicalJson } from '@warren/core'
import { CHARTER_LENGTH_MAX, SIGNERS_MAX } from '../charter.ts'
import { BEACON_LENGTH_MAX } from '../freshness/decode-beacon.ts'
import { CONTENT_ID_RULE } from '../labels.ts'
import { MEMBERSHIP_LENGTH_MAX } from '../membership.ts'
import { parseRecord, type RecordReader } from '../record-reader.ts'
import { RECORD_LENGTH_MAX } from '../records/decode-record.ts'
import { type InclusionProof, PROOF_LENGTH_MAX } from '../set/inclusion-proof.ts'

/** What one witness says, and the proof that it says so of this member. */
export interface StapledWord {
  /** The beacon, as text. */
  readonly beacon: string
  /** That the member is among those to whom the beacon commits. */
  readonly proof: InclusionProof
}

/** Everything by which somebody who knows no more than a mesh id can tell that a DID is a member, and as of when. Nothing in it is verified. */
export interface Staple {
  readonly meshId: string
  /** The charter, as text. */
  readonly charter: string
  /** The admin changes in force, from the charter on. */
  readonly changes: readonly string[]
  /** What the membership rests on, where an enroller granted it. */
  readonly enroller: string | undefined
  readonly membership: string
  /** As many as it takes. */
  readonly words: readonly StapledWord[]
}

/** Characters of one staple. */
export const STAPLE_LENGTH_MAX = 4_194_304
/** Admin changes of one staple. */
export const STAPLE_CHANGES_MAX = 256
const MARK = 'staple'
const VERSION = 1

/** Writes a staple: canonical JSON (RFC 8785). */
export function encodeStaple(staple: Staple): string {
  const { meshId, charter, changes, enroller, membership, words } = staple
  return canonicalJson({
    warren: MARK,
    v: VERSION,
    mesh: meshId,
    charter,
    changes,
    ...(enroller === undefined ? {} : { enroller }),
    membership,
    witnesses: words.map(({ beacon, proof }) => ({ beacon, proof })),
  })
}

/**
 * Reads a staple: length, canonical form, exact members, the length of every part. Verifies nothing.
 *
 * @throws MembershipError `staple-too-large`, `staple-malformed`
 */
export function decodeStaple(text: string): Staple {
  const file = parseRecord('staple', text, STAPLE_LENGTH_MAX)
  file.members(
    ['warren', 'v', 'mesh', 'charter', 'changes', 'membership', 'witnesses'],
    ['enroller'],
  )
  file.constant('warren', MARK)
  file.constant('v', VERSION)
  return {
    meshId: file.text('mesh', CONTENT_ID_RULE),
    charter: file.text('charter', { lengthMax: CHARTER_LENGTH_MAX }),
    changes: file.texts('changes', { lengthMax: RECORD_LENGTH_MAX, countMax: STAPLE_CHANGES_MAX }),
    enroller: file.has('enroller')
      ? file.text('enroller', { lengthMax: RECORD_LENGTH_MAX })
      : undefined,
    membership: file.text('membership', { lengthMax: MEMBERSHIP_LENGTH_MAX }),
    words: file.children('witnesses', SIGNERS_MAX).map(readWord),
  }
}

function readWord(word: RecordReader): StapledWord {
  word.members(['beacon', 'proof'])
  return {
    beacon: word.text('beacon', { lengthMax: BEACON_LENGTH_MAX }),
    proof: word.text('proof', { lengthMax: PROOF_LENGTH_MAX }),
  }
}
