import { canonicalJson, isJsonObject, parseJson } from '@warren/core'
import { withoutProof } from '@warren/identity'
import { RECORD_LENGTH_MAX } from '../records/decode-record.ts'
import type { MeshRecord } from '../records/mesh-record.ts'
import { areEnough } from '../set/is-granted.ts'
import type { RecordSet } from '../set/record-set.ts'
import type { SyncLimits } from './sync-limits.ts'
import { encodeSyncMessage, type Heads, type SyncMessage } from './sync-message.ts'

const DIGITS = 256
const BARE_LIMITS = { lengthMax: RECORD_LENGTH_MAX, depthMax: 16, keysMax: 4096 }
/** What stands round the texts of a message, and what escaping adds to each. */
const OVERHEAD_FACTOR = 1.25

/** What a set shows of itself. */
export function headsOf(set: RecordSet): Heads {
  const head = (part: 'checkpoint' | 'removal' | 'grant'): { root: string; count: number } => {
    const { root, count } = set.trie(part)
    return { root, count }
  }
  return { checkpoint: head('checkpoint'), removal: head('removal'), grant: head('grant') }
}

/** Answers what stands below a prefix. */
export function answerAsk(
  set: RecordSet,
  { part, prefix }: Extract<SyncMessage, { type: 'ask' }>,
  limits: SyncLimits,
): SyncMessage {
  const trie = set.trie(part)
  const isNamed = trie.summary(prefix).count <= limits.namedMax
  if (isNamed) return { type: 'below', part, prefix, ids: trie.idsBelow(prefix), sums: [] }
  const sums = Array.from({ length: DIGITS }, (_, digit) =>
    trie.summary(prefix + digit.toString(16).padStart(2, '0')),
  ).filter(({ count }) => count > 0)
  return { type: 'below', part, prefix, ids: [], sums }
}

/** Answers with records, in as many messages as they fill. */
export function answerWant(
  set: RecordSet,
  { ids, bare }: Extract<SyncMessage, { type: 'want' }>,
  limits: SyncLimits,
): readonly Uint8Array[] {
  const texts = ids.flatMap((id) => {
    const record = set.get(id)
    if (record === undefined) return []
    return [bare ? bareText(set, record) : record.text]
  })
  const groups = groupsOf(texts, limits)
  return groups.map((group, at) => {
    const answer = at === groups.length - 1 ? 'last' : 'part'
    return encodeSyncMessage({ type: 'records', texts: group, answer })
  })
}

/** New records, unasked. */
export function announceRecords(
  records: readonly MeshRecord[],
  limits: SyncLimits,
): readonly Uint8Array[] {
  const texts = records.map(({ text }) => text)
  return groupsOf(texts, limits).map((group) =>
    encodeSyncMessage({ type: 'records', texts: group, answer: 'none' }),
  )
}

/** A revocation that witnesses vouch for goes without its proofs: its id says all of it, and they have signed that. */
function bareText(set: RecordSet, record: MeshRecord): string {
  if (record.type !== 'revocation' || record.signers.length === 0) return record.text
  if (!areEnough(set, set.logs.witnessesOf(record.id))) return record.text
  const document = parseJson(record.text, BARE_LIMITS)
  return isJsonObject(document) ? canonicalJson(withoutProof(document)) : record.text
}

/** At least one group, so that an answer has a last message. */
function groupsOf(
  texts: readonly string[],
  { messageBytesMax }: SyncLimits,
): readonly (readonly string[])[] {
  const lengthMax = messageBytesMax / OVERHEAD_FACTOR
  const groups: string[][] = [[]]
  let length = 0
  for (const text of texts) {
    if (length > 0 && length + text.length > lengthMax) {
      groups.push([])
      length = 0
    }
    groups.at(-1)?.push(text)
    length += text.length
  }
  return groups
}
