import { isJsonObject, type JsonValue } from '@warren/core'
import { isDid } from '@warren/identity'
import { BASE64URL_256 } from './digest.ts'
import { isMicros } from './entry-time.ts'
import type { EntryBody, EntryKind } from './entry.ts'
import {
  type Check,
  count,
  either,
  listOf,
  matching,
  members,
  type Members,
  objectOf,
  oneOf,
  optional,
  type Optional,
  positive,
  range,
  text,
} from './member-rules.ts'

/** UTF-16 code units that text of others may have in an entry; what is longer is cut before it gets there. */
export const TEXT_LENGTH_MAX = {
  enclave: 64,
  role: 64,
  method: 128,
  rpcId: 256,
  server: 256,
  tool: 512,
  rule: 256,
  client: 64,
  path: 128,
  file: 64,
  what: 256,
  sentence: 1024,
} as const
/** A membership has no more. */
const ROLES_MAX = 64
export const FIELDS_MAX = 32
/** Whoever has more files says in `more` how many. */
export const FILES_MAX = 128
/** Whoever has more of them writes more entries. */
export const UNFINISHED_MAX = 1024
export const NAMES_MAX = 100

const boolean: Check = (value) => typeof value === 'boolean'
const did: Check = (value) => typeof value === 'string' && isDid(value)
const time: Check = (value) => typeof value === 'string' && isMicros(value)
const digest = matching(BASE64URL_256)
const id128 = matching(/^[0-9a-f]{32}$/)
/** A code of ours: it never changes, so it may be matched by whoever reads the log. */
const code = matching(/^[a-z0-9][a-z0-9-]{0,63}$/)
/** A DID, a content id, a key hash, a peer id: visible ASCII. */
const name = matching(/^[\x21-\x7E]{1,256}$/)
const names = listOf(name, NAMES_MAX)
/** The transcript hash of a call session. */
const session = matching(/^[0-9a-f]{1,128}$/)
const outcome = oneOf('answered', 'error', 'cancelled', 'failed', 'refused')
/** JSON-RPC allows fractions; whole numbers that a double does not hold exactly are not let in. */
const rpcId = either(
  text(TEXT_LENGTH_MAX.rpcId),
  (value) => Number.isFinite(value) && (!Number.isInteger(value) || Number.isSafeInteger(value)),
)

const DIGESTS: ReadonlyMap<JsonValue | undefined, Check> = new Map([
  ['nothing', objectOf({ keep: oneOf('nothing') })],
  ['hash', objectOf({ keep: oneOf('hash'), digest })],
  ['all', objectOf({ keep: oneOf('all'), digest, secrets: optional(positive) })],
  [
    'fields',
    objectOf({
      keep: oneOf('fields'),
      digest,
      fields: listOf(
        objectOf({ path: text(TEXT_LENGTH_MAX.path), digest, secrets: optional(positive) }),
        FIELDS_MAX,
      ),
    }),
  ],
])
const valueDigest: Check = (value) =>
  isJsonObject(value) && DIGESTS.get(value['keep'])?.(value) === true
/** Of a value of which no part is kept. */
const wholeDigest: Check = (value) =>
  isJsonObject(value) && value['keep'] !== 'all' && value['keep'] !== 'fields' && valueDigest(value)

const HEAD = {
  v: oneOf(1),
  seq: count,
  node: did,
  boot: id128,
  at: time,
  monoUs: count,
  beacon: optional(name),
  meshAt: optional(time),
  island: optional(oneOf(true)),
}

const BODIES: { readonly [Kind in EntryKind]: BodyTable<Kind> } = {
  start: {
    version: text(64),
    mesh: name,
    size: count,
    reason: optional(text(TEXT_LENGTH_MAX.what)),
  },
  stop: {},
  decision: {
    call: id128,
    caller: name,
    actingFor: optional(name),
    peerId: optional(name),
    session: optional(session),
    roles: listOf(text(TEXT_LENGTH_MAX.role), ROLES_MAX),
    enclave: text(TEXT_LENGTH_MAX.enclave),
    server: text(TEXT_LENGTH_MAX.server),
    tool: optional(text(TEXT_LENGTH_MAX.tool)),
    method: text(TEXT_LENGTH_MAX.method),
    rpcId: optional(rpcId),
    allowed: boolean,
    code: optional(code),
    rule: optional(text(TEXT_LENGTH_MAX.rule)),
    approval: optional(id128),
    policy: digest,
    args: valueDigest,
    forwarded: optional(wholeDigest),
    credentials: optional(names),
    bytes: count,
  },
  result: {
    call: id128,
    decision: count,
    outcome,
    isError: optional(boolean),
    code: optional(code),
    bytes: count,
    durationUs: count,
    result: valueDigest,
  },
  request: {
    call: id128,
    door: oneOf('stdio', 'http', 'command'),
    client: optional(text(TEXT_LENGTH_MAX.client)),
    provider: optional(did),
    enclave: optional(text(TEXT_LENGTH_MAX.enclave)),
    server: optional(text(TEXT_LENGTH_MAX.server)),
    tool: optional(text(TEXT_LENGTH_MAX.tool)),
    method: text(TEXT_LENGTH_MAX.method),
    rpcId: optional(rpcId),
    session: optional(session),
    sent: boolean,
    code: optional(code),
    args: wholeDigest,
    bytes: count,
  },
  response: {
    call: id128,
    request: count,
    outcome,
    isError: optional(boolean),
    code: optional(code),
    bytes: count,
    durationUs: count,
    result: wholeDigest,
  },
  unfinished: {
    decisions: listOf(count, UNFINISHED_MAX),
    requests: optional(listOf(count, UNFINISHED_MAX)),
  },
  policy: {
    from: optional(digest),
    to: digest,
    files: listOf(objectOf({ name: text(TEXT_LENGTH_MAX.file), digest }), FILES_MAX),
    more: optional(positive),
    set: optional(
      objectOf({ name: text(64), version: positive, manifest: name, signers: listOf(did, 16) }),
    ),
  },
  config: { what: text(TEXT_LENGTH_MAX.what) },
  record: { id: name, type: code, about: optional(names), by: optional(names) },
  standing: { did: name, status: code, code: optional(code), records: optional(names) },
  alert: {
    code,
    severity: oneOf('info', 'warn', 'error'),
    about: optional(name),
    sentence: text(TEXT_LENGTH_MAX.sentence),
  },
  approval: {
    approval: id128,
    event: oneOf('held', 'approved', 'refused', 'expired', 'cancelled', 'withdrawn'),
    caller: name,
    server: text(TEXT_LENGTH_MAX.server),
    tool: text(TEXT_LENGTH_MAX.tool),
    by: optional(name),
    reason: optional(text(TEXT_LENGTH_MAX.what)),
    times: optional(positive),
    forSeconds: optional(positive),
  },
  retention: {
    segment: count,
    from: count,
    to: count,
    what: oneOf('bodies', 'entries'),
    digest,
  },
  export: { target: text(TEXT_LENGTH_MAX.what), gap: range },
}

/** All members of an entry, by its kind. */
export const ENTRY_MEMBERS: ReadonlyMap<string, Members> = new Map(
  Object.entries(BODIES).map(([kind, body]) => [
    kind,
    members({ ...HEAD, kind: oneOf(kind), ...body }),
  ]),
)

/** One rule for every member of a body, and for nothing else. */
type BodyTable<Kind extends EntryKind> = {
  readonly [Member in Exclude<keyof Extract<EntryBody, { kind: Kind }>, 'kind'>]-?: Check | Optional
}
