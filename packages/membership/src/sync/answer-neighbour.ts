import { canonicalJson, isJsonObject, parseJson } from '@warren/core'
import { withoutProof } from '@warren/identity'
import { utf8Bytes } from '../byte-text.ts'
import { RECORD_LENGTH_MAX } from '../records/decode-record.ts'
import type { MeshRecord } from '../records/mesh-record.ts'
import type { RecordSet } from '../set/record-set.ts'
import { isVouched } from '../set/witnessed.ts'
import type { SyncLimits } from './sync-limits.ts'
import { encodeRecords, type Heads, RECORDS_FRAME_BYTES, type SyncMessage } from './sync-message.ts'

const DIGITS = 256
const BARE_LIMITS = { lengthMax: RECORD_LENGTH_MAX, depthMax: 16, keysMax: 4096 }

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

/** Answers with records, in as many messages as they fill; where that would be more than one answer has, whoever asks has to ask again. */
export function answerWant(
  set: RecordSet,
  { ids, bare }: Extract<SyncMessage, { type: 'want' }>,
  limits: SyncLimits,
): readonly Uint8Array[] {
  const records = ids.flatMap((id) => set.get(id) ?? [])
  const texts: string[] = []
  let length = 0
  for (const record of records) {
    const text = bare ? bareText(set, record) : record.text
    length += text.length
    if (texts.length > 0 && length > limits.answerLengthMax) break
    texts.push(text)
  }
  const end = texts.length === records.length ? 'last' : 'more'
  const groups = groupsOf(texts, limits)
  return groups.map((group, at) => encodeRecords(group, at === groups.length - 1 ? end : 'part'))
}

/** New records, unasked. */
export function announceRecords(
  records: readonly MeshRecord[],
  limits: SyncLimits,
): readonly Uint8Array[] {
  const texts = records.map(({ text }) => text)
  return groupsOf(texts, limits).map((group) => encodeRecords(group, 'none'))
}

/** A revocation that witnesses vouch for goes without its proofs: its id says all of it, and they have signed that. */
function bareText(set: RecordSet, record: MeshRecord): string {
  if (record.type !== 'revocation' || !isVouched(set, record.id)) return record.text
  const document = parseJson(record.text, BARE_LIMITS)
  return isJsonObject(document) ? canonicalJson(withoutProof(document)) : record.text
}

/** Texts as they stand in a message. At least one group, so that an answer has a last message. */
function groupsOf(
  texts: readonly string[],
  { messageBytesMax, idsMax }: SyncLimits,
): readonly (readonly Uint8Array[])[] {
  const groups: Uint8Array[][] = [[]]
  let bytes = RECORDS_FRAME_BYTES
  for (const text of texts) {
    const quoted = utf8Bytes(canonicalJson(text))
    const last = groups.at(-1) ?? []
    const isFull = bytes + quoted.length + 1 > messageBytesMax || last.length >= idsMax
    if (last.length > 0 && isFull) {
      groups.push([quoted])
      bytes = RECORDS_FRAME_BYTES
    } else {
      last.push(quoted)
    }
    bytes += quoted.length + 1
  }
  return groups
}
