import { type JsonObject, type JsonValue, parseJson } from '@warren/core'
import { z } from 'zod'
import { APPROVAL, type ApprovalsRequest } from './approvals-protocol.ts'
import type { LimitsRequest } from './limits-protocol.ts'
import { AUDIT_SEARCH, type AuditRequest } from './audit-protocol.ts'
import { LABEL_PATTERN, LABEL_RULE } from '../label.ts'
import { NodeError } from '../node-error.ts'

/** Characters of one control line; an invitation or a tool's result is far below it. */
export const CONTROL_LINE_LENGTH_MAX: number = 8 * 1024 * 1024
const DEPTH_MAX = 64
const KEYS_MAX = 200_000
const ROLES_MAX = 16
const DAY_MS = 86_400_000
const INVITATION_MS_MAX = 30 * DAY_MS
const TOOL_LENGTH_MAX = 1024
/** What an entry of the audit log can name. */
const FIELD_PATH_LENGTH_MAX = 128
const CALL_MS_MAX = 3_600_000

/** What a local command may ask of the running node, one JSON line each. */
export type ControlRequest =
  | StateRequest
  | { readonly do: 'reload' | 'stop' }
  | { readonly do: 'tools'; readonly server?: string | undefined }
  /** The tools of a server of this node, as it lists them. */
  | { readonly do: 'definitions'; readonly server: string }
  | CallRequest
  | ExplainRequest
  | InviteRequest
  | RecordsRequest
  | AuditRequest
  | ApprovalsRequest
  | LimitsRequest
  /** Turns the connection into a raw MCP pipe to one server, or to all of them. */
  | { readonly do: 'connect'; readonly server?: string | undefined }

/** What is asked about how the node stands. */
export interface StateRequest {
  readonly do: 'status' | 'peers' | 'staple' | 'capabilities'
}

/** Tells the requests about how the node stands from the others. */
export function isStateRequest(request: ControlRequest): request is StateRequest {
  return ['status', 'peers', 'staple', 'capabilities'].includes(request.do)
}

/** What is asked about the records of the mesh. */
export type RecordsRequest =
  /** What the administrators' ceremony needs to know of the mesh, and its members. */
  | { readonly do: 'records' | 'members' }
  /** Records, signed, for the mesh. */
  | { readonly do: 'submit'; readonly texts: readonly string[] }
  /** Why a member stands as it does, or what its newest membership says; by DID, or by a name that one member alone has. */
  | { readonly do: 'why' | 'membership'; readonly who: string }

/** Tells the requests about records from the others. */
export function isRecordsRequest(request: ControlRequest): request is RecordsRequest {
  return ['records', 'members', 'submit', 'why', 'membership'].includes(request.do)
}

/** Tells the requests about one call of a tool from the others. */
export function isToolCallRequest(
  request: ControlRequest,
): request is CallRequest | ExplainRequest {
  return request.do === 'call' || request.do === 'explain'
}

/** A call of one tool. */
export interface CallRequest {
  readonly do: 'call'
  /** Alias of the server. */
  readonly server: string
  readonly tool: string
  readonly arguments: JsonObject
  readonly timeoutMs: number
}

/** What the node would decide of a call to a server of its own. */
export interface ExplainRequest {
  readonly do: 'explain'
  /** A DID. */
  readonly caller: string
  /** Name of the server in the configuration. */
  readonly server: string
  readonly tool: string
  readonly arguments: JsonObject
}

/** A wish for an invitation. */
export interface InviteRequest {
  readonly do: 'invite'
  readonly roles: readonly string[]
  /** That of this node when absent. */
  readonly enclave?: string | undefined
  readonly expiresInMs: number
}

/** Records of one submission, and characters of each. */
const SUBMITTED_MAX = 8
const RECORD_LENGTH_MAX = 262_144
const WHO_LENGTH_MAX = 256

const ALIAS = z.string().min(1).max(64)
const LABEL = z.string().regex(LABEL_PATTERN, LABEL_RULE)

const REQUEST: z.ZodType<ControlRequest> = z.discriminatedUnion('do', [
  z.strictObject({ do: z.enum(['status', 'peers', 'staple', 'capabilities', 'reload', 'stop']) }),
  z.strictObject({ do: z.literal('tools'), server: ALIAS.optional() }),
  z.strictObject({ do: z.literal('definitions'), server: ALIAS }),
  z.strictObject({
    do: z.literal('call'),
    server: ALIAS,
    tool: z.string().min(1).max(TOOL_LENGTH_MAX),
    arguments: z.record(z.string(), z.json()),
    timeoutMs: z.int().min(1).max(CALL_MS_MAX),
  }),
  z.strictObject({
    do: z.literal('explain'),
    caller: z.string().min(1).max(WHO_LENGTH_MAX),
    server: ALIAS,
    tool: z.string().min(1).max(TOOL_LENGTH_MAX),
    arguments: z.record(z.string(), z.json()),
  }),
  z.strictObject({
    do: z.literal('invite'),
    roles: z.array(LABEL).max(ROLES_MAX),
    enclave: LABEL.optional(),
    expiresInMs: z.int().min(1000).max(INVITATION_MS_MAX),
  }),
  z.strictObject({ do: z.enum(['records', 'members']) }),
  z.strictObject({
    do: z.literal('submit'),
    texts: z.array(z.string().max(RECORD_LENGTH_MAX)).min(1).max(SUBMITTED_MAX),
  }),
  z.strictObject({ do: z.enum(['why', 'membership']), who: z.string().min(1).max(WHO_LENGTH_MAX) }),
  z.strictObject({ do: z.literal('audit-search'), query: AUDIT_SEARCH }),
  z.strictObject({ do: z.literal('audit-values'), seq: z.int().min(0) }),
  z.strictObject({
    do: z.literal('audit-salt'),
    seq: z.int().min(0),
    path: z.string().max(FIELD_PATH_LENGTH_MAX),
  }),
  z.strictObject({
    do: z.literal('audit-erase'),
    segment: z.int().min(0),
    what: z.enum(['bodies', 'entries']),
  }),
  z.strictObject({ do: z.literal('approvals') }),
  z.strictObject({ do: z.literal('approval'), id: APPROVAL.id }),
  z.strictObject({
    do: z.literal('approve'),
    id: APPROVAL.id,
    hash: APPROVAL.hash,
    times: APPROVAL.times.optional(),
    forSeconds: APPROVAL.forSeconds.optional(),
  }),
  z.strictObject({
    do: z.literal('disapprove'),
    id: APPROVAL.id,
    hash: APPROVAL.hash,
    reason: APPROVAL.reason.optional(),
  }),
  z.strictObject({ do: z.literal('limits') }),
  z.strictObject({ do: z.literal('lift'), who: z.string().min(1).max(WHO_LENGTH_MAX) }),
  z.strictObject({ do: z.literal('connect'), server: ALIAS.optional() }),
])

/** One line that answers a request. */
export type ControlAnswer =
  | { readonly ok: true; readonly value: JsonValue }
  | { readonly ok: false; readonly code: string; readonly message: string }

/** Reads one request line. */
export function parseControlRequest(line: string): ControlRequest {
  const value = parseJson(line, {
    lengthMax: CONTROL_LINE_LENGTH_MAX,
    depthMax: DEPTH_MAX,
    keysMax: KEYS_MAX,
  })
  const parsed = REQUEST.safeParse(value)
  if (!parsed.success) {
    throw new NodeError(
      'control-malformed',
      `not a control request: ${z.prettifyError(parsed.error)}`,
    )
  }
  return parsed.data
}

const ANSWER: z.ZodType<ControlAnswer> = z.discriminatedUnion('ok', [
  z.strictObject({ ok: z.literal(true), value: z.json() }),
  z.strictObject({ ok: z.literal(false), code: z.string(), message: z.string() }),
])

/** Reads one answer line. */
export function parseControlAnswer(line: string): ControlAnswer {
  const value = parseJson(line, {
    lengthMax: CONTROL_LINE_LENGTH_MAX,
    depthMax: DEPTH_MAX,
    keysMax: KEYS_MAX,
  })
  const parsed = ANSWER.safeParse(value)
  if (!parsed.success) throw new NodeError('control-malformed', 'the node gave no valid answer')
  return parsed.data
}
