import type { JsonValue } from '@warren/core'
import type { Digest } from './digest.ts'
import type {
  ApprovalBody,
  DecisionBody,
  Entry,
  EntryBody,
  EntryHead,
  RequestBody,
  ResponseBody,
  ResultBody,
} from './entry.ts'
import { TEXT_LENGTH_MAX } from './entry-rules.ts'
import {
  type Body,
  digestForwarded,
  keepValue,
  type ValueDraft,
  type ValueKeeper,
} from './keep-value.ts'

/** A decision with the arguments themselves, of which the entry holds digests. */
export type DecisionDraft = Omit<DecisionBody, 'args' | 'forwarded'> & {
  readonly args: ValueDraft
  /** Where the server got other arguments than were asked. */
  readonly forwarded?: JsonValue
}

/** A result with what was answered. */
export type ResultDraft = Omit<ResultBody, 'result'> & { readonly result: ValueDraft }

/** Of what goes to another node, and comes from there, a digest is all that is kept. */
interface SentValueDraft extends ValueDraft {
  readonly keep: 'hash' | 'nothing'
}

/** A request to another node, with the arguments themselves. */
export type RequestDraft = Omit<RequestBody, 'args'> & { readonly args: SentValueDraft }

/** The end of a request to another node, with what was answered. */
export type ResponseDraft = Omit<ResponseBody, 'result'> & { readonly result: SentValueDraft }

/** A body with a value in it, of which the entry holds a digest. */
type ValuedBody = DecisionBody | ResultBody | RequestBody | ResponseBody

/** What is to be written: an entry without its head, and with values in place of digests. */
export type EntryDraft =
  | DecisionDraft
  | ResultDraft
  | RequestDraft
  | ResponseDraft
  | Exclude<EntryBody, ValuedBody>

/** An entry that is to be written, and what is kept beside it. */
export interface DraftedEntry {
  readonly entry: Entry
  readonly bodies: readonly Body[]
}

/** Makes the entry of a draft: texts of others cut to what an entry can hold, values replaced by their digests. */
export function draftEntry(draft: EntryDraft, head: EntryHead, keeper: ValueKeeper): DraftedEntry {
  if (draft.kind === 'decision') {
    const { forwarded, ...asked } = draft
    const { digest, bodies } = keepValue(asked.args, head.seq, keeper)
    const value = {
      keep: asked.args.keep,
      ...(forwarded === undefined ? {} : { value: forwarded }),
    }
    const given = forwardedOf(value, head.seq, keeper)
    return { entry: { ...head, ...cutDecision(asked, digest), ...given }, bodies }
  }
  if (draft.kind === 'request') {
    const { digest, bodies } = keepValue(draft.args, head.seq, keeper)
    return { entry: { ...head, ...cutRequest(draft), args: digest }, bodies }
  }
  if (draft.kind === 'result' || draft.kind === 'response') {
    const { digest, bodies } = keepValue(draft.result, head.seq, keeper)
    return { entry: { ...head, ...draft, result: digest }, bodies }
  }
  return { entry: { ...head, ...cutTexts(draft) }, bodies: [] }
}

/**
 * Cuts text to a length, and says how long it was, so that nothing passes for the whole. Lone surrogates, which an
 * entry cannot hold, become U+FFFD.
 */
export function cutText(text: string, lengthMax: number): string {
  const wellFormed = text.toWellFormed()
  if (wellFormed.length <= lengthMax) return wellFormed
  const mark = `…(${text.length} characters)`
  return `${wellFormed.slice(0, lengthMax - mark.length).toWellFormed()}${mark}`
}

/** Whatever a caller can choose is cut; what the node itself says has to be right as it is. */
function cutDecision(draft: Omit<DecisionDraft, 'forwarded'>, args: Digest): DecisionBody {
  const { tool, rpcId, rule } = draft
  return {
    ...draft,
    args,
    server: cutText(draft.server, TEXT_LENGTH_MAX.server),
    method: cutText(draft.method, TEXT_LENGTH_MAX.method),
    ...(tool === undefined ? {} : { tool: cutText(tool, TEXT_LENGTH_MAX.tool) }),
    ...(typeof rpcId === 'string' ? { rpcId: cutText(rpcId, TEXT_LENGTH_MAX.rpcId) } : {}),
    ...(rule === undefined ? {} : { rule: cutText(rule, TEXT_LENGTH_MAX.rule) }),
  }
}

/** A host chooses its name, the method and the arguments; the provider has chosen the name of the server. */
function cutRequest(draft: RequestDraft): Omit<RequestBody, 'args'> {
  const { client, server, tool, rpcId } = draft
  return {
    ...draft,
    method: cutText(draft.method, TEXT_LENGTH_MAX.method),
    ...(client === undefined ? {} : { client: cutText(client, TEXT_LENGTH_MAX.client) }),
    ...(server === undefined ? {} : { server: cutText(server, TEXT_LENGTH_MAX.server) }),
    ...(tool === undefined ? {} : { tool: cutText(tool, TEXT_LENGTH_MAX.tool) }),
    ...(typeof rpcId === 'string' ? { rpcId: cutText(rpcId, TEXT_LENGTH_MAX.rpcId) } : {}),
  }
}

function forwardedOf(
  { keep, value }: ValueDraft,
  seq: number,
  keeper: ValueKeeper,
): Pick<DecisionBody, 'forwarded'> {
  return value === undefined ? {} : { forwarded: digestForwarded({ keep, value }, seq, keeper) }
}

function cutApproval(draft: ApprovalBody): ApprovalBody {
  const { server, tool, reason } = draft
  return {
    ...draft,
    server: cutText(server, TEXT_LENGTH_MAX.server),
    tool: cutText(tool, TEXT_LENGTH_MAX.tool),
    ...(reason === undefined ? {} : { reason: cutText(reason, TEXT_LENGTH_MAX.what) }),
  }
}

type Plain = Exclude<EntryBody, ValuedBody>

function cutTexts(draft: Plain): Plain {
  switch (draft.kind) {
    case 'alert':
      return { ...draft, sentence: cutText(draft.sentence, TEXT_LENGTH_MAX.sentence) }
    case 'approval':
      return cutApproval(draft)
    case 'config':
      return { ...draft, what: cutText(draft.what, TEXT_LENGTH_MAX.what) }
    case 'export':
      return { ...draft, target: cutText(draft.target, TEXT_LENGTH_MAX.what) }
    case 'policy':
      return {
        ...draft,
        files: draft.files.map(({ name, digest }) => ({
          name: cutText(name, TEXT_LENGTH_MAX.file),
          digest,
        })),
      }
    case 'start':
    case 'stop':
    case 'unfinished':
    case 'record':
    case 'standing':
    case 'retention':
    default:
      return draft
  }
}
