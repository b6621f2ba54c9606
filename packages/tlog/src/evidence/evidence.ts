import { isJsonObject, type JsonObject, type JsonValue } from '@warren/core'
import { decodeBase64, encodeBase64 } from '../note/base64.ts'
import { formatCheckpoint, parseCheckpoint, type Checkpoint } from '../note/checkpoint.ts'
import { LINES_OF_PAIR } from '../note/verify-lines.ts'
import { TlogError } from '../tlog-error.ts'
import { HASH_BYTES } from '../tree/node-hash.ts'

/**
 * In which way a log contradicted itself: two roots of one size; a smaller tree signed after a larger one, though a log
 * never shrinks; a larger tree that, by its own hashes, once was another than the smaller one.
 */
export type EvidenceKind = 'two-roots' | 'went-back' | 'rewritten'

/** Two checkpoints that no honest log would both have signed, for everybody who knows the keys of the log. */
export interface Evidence {
  readonly kind: EvidenceKind
  readonly origin: string
  /** Both with the lines of the log alone, the smaller tree first. */
  readonly checkpoints: readonly [Checkpoint, Checkpoint]
  /** For `rewritten`: what the larger tree was at the size of the smaller one. */
  readonly history: readonly Uint8Array[]
}

const KINDS: readonly EvidenceKind[] = ['two-roots', 'went-back', 'rewritten']
const MEMBERS: ReadonlySet<string> = new Set(['kind', 'checkpoints', 'history'])
/** One hash for each level of the largest tree, and the one in front. */
const HISTORY_HASHES_MAX = 54

/** Writes evidence as a JSON object, to be put into whatever carries it. */
export function evidenceJson({ kind, checkpoints, history }: Evidence): JsonObject {
  return {
    kind,
    checkpoints: checkpoints.map((checkpoint) => formatCheckpoint(checkpoint)),
    history: history.map((hash) => encodeBase64(hash)),
  }
}

/**
 * Reads evidence that came from outside. It shows nothing before `verifyEvidence` has looked at it.
 *
 * @throws TlogError `evidence-malformed`, and as `parseCheckpoint` does
 */
export function parseEvidence(json: JsonValue): Evidence {
  if (!isJsonObject(json) || Object.keys(json).some((key) => !MEMBERS.has(key))) {
    throw malformed('it has other members')
  }
  const kind = KINDS.find((each) => each === json['kind'])
  if (kind === undefined) throw malformed('its kind is not known')
  const [first, second, ...more] = texts(json['checkpoints'])
  if (first === undefined || second === undefined || more.length > 0) {
    throw malformed('it has not two checkpoints')
  }
  const checkpoints = [parseCheckpoint(first), parseCheckpoint(second)] as const
  const history = texts(json['history']).map((text) => parseHash(text))
  if (history.length > HISTORY_HASHES_MAX) throw malformed('its history is too long')
  const [{ origin }] = checkpoints
  if (checkpoints.some(({ lines }) => lines.length !== LINES_OF_PAIR)) {
    throw malformed('a checkpoint has other lines than the two of its log')
  }
  return { kind, origin, checkpoints, history }
}

function texts(value: JsonValue | undefined): readonly string[] {
  if (!isArray(value)) throw malformed('a member is not a list')
  return value.map((text) => {
    if (typeof text !== 'string') throw malformed('a list holds something that is no text')
    return text
  })
}

function isArray(value: JsonValue | undefined): value is readonly JsonValue[] {
  return Array.isArray(value)
}

function parseHash(text: string): Uint8Array {
  const hash = decodeBase64(text)
  if (hash?.length !== HASH_BYTES) throw malformed('its history is not of hashes')
  return hash
}

function malformed(reason: string): TlogError {
  return new TlogError('evidence-malformed', `this is no evidence: ${reason}`)
}
