import { canonicalJson, type JsonObject } from '@warren/core'
import { parseMicros } from '../entry-time.ts'
import type { Entry } from '../entry.ts'
import type { Product } from './cef.ts'
import type { CopyMark } from './copy-mark.ts'
import { type EntryLevel, levelOf } from './entry-level.ts'
import { entrySentence } from './entry-sentence.ts'

/** The version of the schema that events keep to. */
export const OCSF_VERSION = '1.3.0'

const API_ACTIVITY = 6003
const DETECTION_FINDING = 2004
const CREATE = 1
const OTHER = 99
/** OCSF `severity_id`. */
const SEVERITIES: Readonly<Record<EntryLevel, number>> = {
  routine: 1,
  notable: 2,
  warning: 3,
  error: 4,
}
const STATUS_UNKNOWN = 0
const STATUS_SUCCESS = 1
const STATUS_FAILURE = 2
/** A finding that nobody has looked at. */
const STATUS_NEW = 1

/**
 * An entry as an OCSF event, one line of JSON without its newline: Detection Finding for refusals and alerts, API Activity
 * for everything else. The entry itself stands in `unmapped`, so nothing is lost.
 */
export function formatOcsf(entry: Entry, product: Product, mark: CopyMark = {}): string {
  const isFinding = entry.kind === 'alert' || (entry.kind === 'decision' && !entry.allowed)
  const event = isFinding ? detectionFinding(entry) : apiActivity(entry)
  const { metadata, ...rest } = common({ entry, product, mark })
  // The profile requires an action: what decides nothing is not of it.
  const profiles = 'action_id' in event ? { profiles: ['security_control'] } : {}
  return canonicalJson({ ...rest, ...event, metadata: { ...metadata, ...profiles } })
}

interface Copy {
  readonly entry: Entry
  readonly product: Product
  readonly mark: CopyMark
}

function common({ entry, product, mark }: Copy): JsonObject & { readonly metadata: JsonObject } {
  return {
    time: millisecondsOf(entry),
    severity_id: SEVERITIES[levelOf(entry)],
    message: entrySentence(entry),
    metadata: {
      version: OCSF_VERSION,
      product: { name: 'Warren', vendor_name: 'Warren', version: product.version },
      uid: uidOf(entry),
      sequence: entry.seq,
      original_time: entry.at,
      log_name: 'audit',
      ...(mark.resent === true ? { labels: ['resent'] } : {}),
      ...(callOf(entry) === undefined ? {} : { correlation_uid: callOf(entry) ?? '' }),
    },
    unmapped: { warren: entry },
  }
}

function detectionFinding(entry: Entry): JsonObject {
  const isRefusal = entry.kind === 'decision'
  const title = isRefusal ? 'A call was refused' : 'Alert of a node'
  return {
    category_uid: 2,
    class_uid: DETECTION_FINDING,
    activity_id: CREATE,
    type_uid: DETECTION_FINDING * 100 + CREATE,
    status_id: STATUS_NEW,
    is_alert: true,
    finding_info: {
      uid: uidOf(entry),
      title,
      desc: entrySentence(entry),
      created_time: millisecondsOf(entry),
      types: [typeOf(entry)],
    },
    ...(isRefusal ? { action_id: 2, disposition_id: 2, ...evidenceOf(entry) } : {}),
  }
}

function typeOf(entry: Entry): string {
  if (entry.kind === 'alert') return entry.code
  return entry.kind === 'decision' ? (entry.code ?? 'refused') : entry.kind
}

function evidenceOf(entry: Extract<Entry, { kind: 'decision' }>): JsonObject {
  return {
    evidences: [
      {
        actor: { user: { uid: entry.caller } },
        api: { operation: entry.method, service: { name: entry.server } },
      },
    ],
    resources: [{ type: 'tool', name: entry.tool ?? entry.server }],
  }
}

function apiActivity(entry: Entry): JsonObject {
  return {
    category_uid: 6,
    class_uid: API_ACTIVITY,
    activity_id: OTHER,
    activity_name: entry.kind,
    type_uid: API_ACTIVITY * 100 + OTHER,
    ...ofKind(entry),
  }
}

function ofKind(entry: Entry): JsonObject {
  if (entry.kind === 'decision') {
    return {
      ...by(entry.caller, entry.peerId),
      ...to(entry.node),
      api: {
        operation: entry.method,
        service: { name: entry.server },
        request: { uid: entry.call },
      },
      resources: [{ type: 'tool', name: entry.tool ?? entry.server }],
      status_id: STATUS_SUCCESS,
      action_id: 1,
      disposition_id: 1,
    }
  }
  if (entry.kind === 'request') return requestActivity(entry)
  if (entry.kind === 'result' || entry.kind === 'response') return endActivity(entry)
  return { ...by(entry.node), api: { operation: entry.kind }, status_id: STATUS_UNKNOWN }
}

/** Here the node is the source, and the provider the destination. */
function requestActivity(entry: Extract<Entry, { kind: 'request' }>): JsonObject {
  const { client, provider, server = 'unknown', tool = server } = entry
  return {
    ...by(entry.node),
    ...(provider === undefined ? {} : to(provider)),
    ...(client === undefined ? {} : { http_request: { user_agent: client } }),
    api: {
      operation: entry.method,
      service: { name: server },
      request: { uid: entry.call },
    },
    resources: [{ type: 'tool', name: tool }],
    status_id: entry.sent ? STATUS_SUCCESS : STATUS_FAILURE,
    ...(entry.code === undefined ? {} : { status_code: entry.code }),
  }
}

function endActivity(entry: Extract<Entry, { kind: 'result' | 'response' }>): JsonObject {
  return {
    ...by(entry.node),
    api: {
      operation: entry.kind,
      request: { uid: entry.call },
      response: { code: 0, message: entry.code ?? entry.outcome },
    },
    status_id: entry.outcome === 'answered' ? STATUS_SUCCESS : STATUS_FAILURE,
    status: entry.outcome,
    duration: Math.floor(entry.durationUs / 1000),
  }
}

function to(did: string): JsonObject {
  return { dst_endpoint: { uid: did } }
}

function by(did: string, endpoint = did): JsonObject {
  return { actor: { user: { uid: did } }, src_endpoint: { uid: endpoint } }
}

function callOf(entry: Entry): string | undefined {
  return 'call' in entry ? entry.call : undefined
}

function uidOf({ node, seq }: Entry): string {
  return `${node}#${seq}`
}

function millisecondsOf({ at }: Entry): number {
  return Math.floor(parseMicros(at) / 1000)
}
