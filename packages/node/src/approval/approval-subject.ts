import {
  canonicalJson,
  isJsonObject,
  JsonError,
  type JsonObject,
  type JsonValue,
} from '@warren/core'
import { isRequestId, paramsOf } from '@warren/mcp'
import type { JudgedMessage } from '../audit/call-audit.ts'
import type { CallFacts } from '../policy/call-facts.ts'
import { textDigest } from '../text-digest.ts'

/** UTF-16 code units of an id or progress token that nobody is shown. */
const ID_LENGTH_MAX = 64

/** What a person agrees to, and nothing else. */
export interface ApprovalSubject extends JsonObject {
  readonly caller: string
  /** Of the membership by which it calls: who was revoked and has come back is not who was approved before. */
  readonly generation: number
  readonly server: string
  readonly tool: string
  /** As the server would get them; null where it gets none. */
  readonly arguments: JsonValue
  /** All other parameters of the call, `_meta` among them, but for a short progress token. */
  readonly more: JsonObject
  /** What stands in the message beside its parameters, but for a short id. */
  readonly beside: JsonObject
  /** What the arguments mean on this machine, as the rules have seen it. */
  readonly facts: JsonObject
  /** The digest of the policy set. */
  readonly policy: string
}

/** A subject, and what names it. */
export interface NamedSubject {
  readonly subject: ApprovalSubject
  /** UTF-16 code units of its canonical form. */
  readonly length: number
  /** The SHA-256 of its canonical form (RFC 8785), base64url. */
  readonly hash: string
}

/** Names what would go on of a tool call; undefined for what is no such call, or has no canonical form. */
export function subjectOf(
  judged: JudgedMessage,
  call: CallFacts | undefined,
): NamedSubject | undefined {
  const { question, answer, kind, policy, gen } = judged
  const tool = typeof kind === 'object' ? kind.tool : undefined
  if (tool === undefined) return undefined
  const { name: _name, arguments: asked = null, ...more } = paramsOf(question.message)
  const given = answer.allowed ? answer.arguments : undefined
  const subject: ApprovalSubject = {
    caller: question.caller.did,
    generation: gen,
    server: question.server,
    tool,
    arguments: given ?? asked,
    more: withoutToken(more),
    beside: besideOf(question.message),
    facts: factsOf(call),
    policy,
  }
  const text = canonicalText(subject)
  if (text === undefined) return undefined
  const hash = textDigest(text)
  return { subject, length: text.length, hash }
}

/** Chosen anew for each request, a progress token says where notes go and not what is done: unless it has room for more. */
function withoutToken({ _meta: meta, ...more }: JsonObject): JsonObject {
  if (meta === undefined) return more
  if (!isJsonObject(meta)) return { ...more, _meta: meta }
  const { progressToken: token, ...rest } = meta
  if (token !== undefined && !isShortId(token)) return { ...more, _meta: meta }
  // Without it nothing may be left, which is what a host says that wants no notes.
  return Object.keys(rest).length === 0 ? more : { ...more, _meta: rest }
}

/** So it is with the id. */
function besideOf(message: JsonObject): JsonObject {
  const { jsonrpc: _version, id, method: _method, params: _params, ...beside } = message
  return id === undefined || isShortId(id) ? beside : { ...beside, id }
}

/** Most servers get id and token as the caller has sent them: what is not shown of them has to be too short to matter. */
function isShortId(value: JsonValue): boolean {
  return isRequestId(value) && (typeof value === 'number' || value.length <= ID_LENGTH_MAX)
}

function factsOf(call: CallFacts | undefined): JsonObject {
  return Object.fromEntries(
    [...(call?.reading.facts ?? [])].map(([name, fact]) => {
      const members: [string, JsonValue][] = Object.entries(fact)
      return [name, Object.fromEntries(members)]
    }),
  )
}

/** Text that is not well-formed has none. */
function canonicalText(subject: ApprovalSubject): string | undefined {
  try {
    return canonicalJson(subject)
  } catch (error) {
    if (error instanceof JsonError) return undefined
    throw error
  }
}
