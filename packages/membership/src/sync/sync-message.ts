import { canonicalJson, isJsonObject, JsonError, type JsonObject, parseJson } from '@warren/core'
import { concat } from 'uint8arrays/concat'
import { utf8Bytes, utf8Text } from '../byte-text.ts'
import type { Did } from '@warren/identity'
import { BEACON_LENGTH_MAX } from '../freshness/decode-beacon.ts'
import { CHALLENGE_LENGTH_MAX, RESPONSE_LENGTH_MAX } from '../freshness/fresh-response.ts'
import { CONTENT_ID_RULE } from '../labels.ts'
import { MembershipError } from '../membership-error.ts'
import { RecordReader, type TextRule } from '../record-reader.ts'
import { RECORD_LENGTH_MAX } from '../records/decode-record.ts'
import type { RecordClass } from '../records/mesh-record.ts'
import { COUNT_RULE, ROOT_RULE } from '../records/read-checkpoint.ts'
import type { TrieSummary } from '../set/id-trie.ts'

/** Root and number of one part of somebody's set. */
export interface PartHead {
  readonly root: string
  readonly count: number
}

export type Heads = Readonly<Record<RecordClass, PartHead>>

/** What neighbours say to each other. */
export type SyncMessage = RecordMessage | PulseMessage

/** What neighbours say to each other about records. */
export type RecordMessage =
  /** What the sender has; `reply` asks for the same in return. */
  | { readonly type: 'heads'; readonly heads: Heads; readonly reply: boolean }
  /** What stands below a prefix of a part? */
  | { readonly type: 'ask'; readonly part: RecordClass; readonly prefix: string }
  /** Ids where they are few, sums two digits further down where they are many. */
  | {
      readonly type: 'below'
      readonly part: RecordClass
      readonly prefix: string
      readonly ids: readonly string[]
      readonly sums: readonly TrieSummary[]
    }
  /** Give me these; `bare` leaves out proofs that witnesses make unnecessary. */
  | { readonly type: 'want'; readonly ids: readonly string[]; readonly bare: boolean }
  /** Records: those asked for, `last` with the end of the answer, `more` where the rest has to be asked for again; or new ones, unasked. */
  | {
      readonly type: 'records'
      readonly texts: readonly string[]
      readonly answer: 'part' | 'last' | 'more' | 'none'
    }
  /** The sender has these, and nobody needs to answer. */
  | { readonly type: 'have'; readonly ids: readonly string[] }

/** What neighbours say to each other about freshness. */
export type PulseMessage =
  /** The newest beacon of each witness that the sender has, by its number; `reply` asks for the same in return. */
  | { readonly type: 'seqs'; readonly seqs: readonly WitnessSeq[]; readonly reply: boolean }
  | { readonly type: 'beacons'; readonly texts: readonly string[] }
  /** To whoever is a witness, and `hops` neighbours further. */
  | { readonly type: 'challenge'; readonly text: string; readonly hops: number }
  /** Back along the way that the challenge of that nonce has come. */
  | {
      readonly type: 'answer'
      readonly nonce: string
      readonly text: string
      readonly beaconText: string
    }

export interface WitnessSeq {
  readonly witness: Did
  readonly seq: number
}

const PARTS: readonly RecordClass[] = ['checkpoint', 'removal', 'grant']
const PULSE_TYPES = ['seqs', 'beacons', 'challenge', 'answer'] as const
const TYPES = ['heads', 'ask', 'below', 'want', 'records', 'have', ...PULSE_TYPES] as const
const NONCE_RULE: TextRule = { lengthMax: 44, pattern: /^u[\w-]{43}$/ }
/** Witnesses that one message speaks of; a mesh has no more. */
export const WITNESSES_MAX = 16
const HOPS_RULE = { min: 0, max: 8 } as const
const SEQ_RULE = { min: 0, max: Number.MAX_SAFE_INTEGER } as const
const BEACONS_RULE = { lengthMax: BEACON_LENGTH_MAX, countMax: WITNESSES_MAX } as const
const ANSWERS = ['part', 'last', 'more', 'none'] as const
const PREFIX_RULE: TextRule = { lengthMax: 64, pattern: /^(?:[\da-f]{2})*$/ }
const MESSAGE_IDS_MAX = 512
const SUMS_MAX = 256
const TEXTS_MAX = 512
const COMMA = Uint8Array.of(0x2c)
const JSON_LIMITS = { depthMax: 4, keysMax: 2_048 } as const

export function encodeSyncMessage(message: SyncMessage): Uint8Array {
  const { type, ...rest } = message
  return utf8Bytes(canonicalJson({ type, ...asJson(rest) }))
}

/** What stands round the texts of a message with records. */
export const RECORDS_FRAME_BYTES = 64

/** Writes a message with records whose texts have been written as JSON already; they are most of what travels. */
export function encodeRecords(
  quoted: readonly Uint8Array[],
  answer: Extract<SyncMessage, { type: 'records' }>['answer'],
): Uint8Array {
  const pieces = quoted.flatMap((text, at) => (at === 0 ? [text] : [COMMA, text]))
  const head = utf8Bytes(`{"answer":"${answer}","texts":[`)
  return concat([head, ...pieces, utf8Bytes('],"type":"records"}')])
}

function asJson(value: object): JsonObject {
  const entries: readonly (readonly [string, unknown])[] = Object.entries(value)
  const json: unknown = Object.fromEntries(entries)
  if (!isJsonObject(json)) throw new Error('a message is JSON')
  return json
}

/**
 * Reads a message of a neighbour.
 *
 * @throws MembershipError `sync-malformed`, whatever is wrong with it
 */
export function parseSyncMessage(bytes: Uint8Array, bytesMax: number): SyncMessage {
  try {
    if (bytes.length > bytesMax) throw new RangeError('it is too long')
    const text = utf8Text(bytes)
    if (text === undefined) throw new RangeError('it is no text')
    return readMessage(
      new RecordReader('record', parseJson(text, { ...JSON_LIMITS, lengthMax: bytesMax })),
    )
  } catch (cause) {
    const isTheirs =
      cause instanceof RangeError || cause instanceof JsonError || cause instanceof MembershipError
    if (!isTheirs) throw cause
    throw new MembershipError('sync-malformed', `not a message about records: ${cause.message}`, {
      cause,
    })
  }
}

type MessageReader = (message: RecordReader) => SyncMessage

const READERS: Readonly<Record<SyncMessage['type'], MessageReader>> = {
  heads: (message) => {
    message.members(['type', 'heads', 'reply'])
    const heads = readHeads(message.child('heads'))
    return { type: 'heads', heads, reply: message.flag('reply') }
  },
  ask: (message) => {
    message.members(['type', 'part', 'prefix'])
    return { type: 'ask', ...readPlace(message) }
  },
  below: (message) => {
    message.members(['type', 'part', 'prefix', 'ids', 'sums'])
    const sums = message.children('sums', SUMS_MAX).map(readSum)
    return { type: 'below', ...readPlace(message), ids: readIds(message), sums }
  },
  want: (message) => {
    message.members(['type', 'ids', 'bare'])
    return { type: 'want', ids: readIds(message), bare: message.flag('bare') }
  },
  records: (message) => {
    message.members(['type', 'texts', 'answer'])
    const texts = message.texts('texts', { lengthMax: RECORD_LENGTH_MAX, countMax: TEXTS_MAX })
    return { type: 'records', texts, answer: message.oneOf('answer', ANSWERS) }
  },
  have: (message) => {
    message.members(['type', 'ids'])
    return { type: 'have', ids: readIds(message) }
  },
  seqs: (message) => {
    message.members(['type', 'seqs', 'reply'])
    const seqs = message.children('seqs', WITNESSES_MAX).map(readSeq)
    return { type: 'seqs', seqs, reply: message.flag('reply') }
  },
  beacons: (message) => {
    message.members(['type', 'texts'])
    return { type: 'beacons', texts: message.texts('texts', BEACONS_RULE) }
  },
  challenge: (message) => {
    message.members(['type', 'text', 'hops'])
    const text = message.text('text', { lengthMax: CHALLENGE_LENGTH_MAX })
    return { type: 'challenge', text, hops: message.integer('hops', HOPS_RULE) }
  },
  answer: (message) => {
    message.members(['type', 'nonce', 'text', 'beaconText'])
    return {
      type: 'answer',
      nonce: message.text('nonce', NONCE_RULE),
      text: message.text('text', { lengthMax: RESPONSE_LENGTH_MAX }),
      beaconText: message.text('beaconText', { lengthMax: BEACON_LENGTH_MAX }),
    }
  },
}

/** Whether a message is about freshness. */
export function isPulse(message: SyncMessage): message is PulseMessage {
  return PULSE_TYPES.some((type) => type === message.type)
}

function readSeq(item: RecordReader): WitnessSeq {
  item.members(['witness', 'seq'])
  return { witness: item.did('witness'), seq: item.integer('seq', SEQ_RULE) }
}

function readMessage(message: RecordReader): SyncMessage {
  return READERS[message.oneOf('type', TYPES)](message)
}

function readPlace(message: RecordReader): {
  readonly part: RecordClass
  readonly prefix: string
} {
  return { part: message.oneOf('part', PARTS), prefix: message.text('prefix', PREFIX_RULE) }
}

function readIds(message: RecordReader): readonly string[] {
  return message.texts('ids', { ...CONTENT_ID_RULE, countMax: MESSAGE_IDS_MAX })
}

function readHeads(heads: RecordReader): Heads {
  heads.members(PARTS)
  const [checkpoint, removal, grant] = PARTS.map((part) => readHead(heads.child(part)))
  if (checkpoint === undefined || removal === undefined || grant === undefined) {
    throw heads.fault('a part is missing')
  }
  return { checkpoint, removal, grant }
}

function readHead(head: RecordReader): PartHead {
  head.members(['root', 'count'])
  return { root: head.text('root', ROOT_RULE), count: head.integer('count', COUNT_RULE) }
}

function readSum(sum: RecordReader): TrieSummary {
  sum.members(['prefix', 'count', 'digest'])
  return {
    prefix: sum.text('prefix', PREFIX_RULE),
    count: sum.integer('count', COUNT_RULE),
    digest: sum.text('digest', ROOT_RULE),
  }
}
