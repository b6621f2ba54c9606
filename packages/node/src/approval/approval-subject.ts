import { canonicalJson, JsonError, type JsonObject, type JsonValue } from '@warren/core'
import { paramsOf } from '@warren/mcp'
import type { JudgedMessage } from '../audit/call-audit.ts'
import type { CallFacts } from '../policy/call-facts.ts'
import { textDigest } from '../text-digest.ts'

/** What a person agrees to, and nothing else. */
export interface ApprovalSubject extends JsonObject {
  readonly caller: string
  readonly server: string
  readonly tool: string
  /** As the server would get them; null where it gets none. */
  readonly arguments: JsonValue
  /** What else the call asks of the server, without what the transport put beside it. */
  readonly more: JsonObject
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
  const { question, answer, kind, policy } = judged
  const tool = typeof kind === 'object' ? kind.tool : undefined
  if (tool === undefined) return undefined
  const { _meta, name: _name, arguments: asked = null, ...more } = paramsOf(question.message)
  const given = answer.allowed ? answer.arguments : undefined
  const subject: ApprovalSubject = {
    caller: question.caller.did,
    server: question.server,
    tool,
    arguments: given ?? asked,
    more,
    facts: factsOf(call),
    policy,
  }
  const text = canonicalText(subject)
  if (text === undefined) return undefined
  const hash = textDigest(text)
  return { subject, length: text.length, hash }
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
