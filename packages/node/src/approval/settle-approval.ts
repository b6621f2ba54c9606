import type { GateQuestion, Refusal } from '@warren/mcp'
import type { JudgedMessage } from '../audit/call-audit.ts'
import type { CallFacts } from '../policy/call-facts.ts'
import type { ApprovalDesk } from './approval-desk.ts'
import type { ApprovalQuestion } from './held-call.ts'
import { MESSAGE_BYTES_MAX } from './approval-limits.ts'
import { OUTDATED, unavailable } from './approval-sentences.ts'
import { type NamedSubject, subjectOf } from './approval-subject.ts'

/** A message as it was judged, and what was read of it for that. */
export interface Considered {
  readonly judged: JudgedMessage
  readonly asked: { readonly call?: CallFacts | Refusal }
}

/** How a message is judged. */
export interface Consideration<Result extends Considered> {
  /** Reads and judges it by what is known now. */
  readonly consider: () => Promise<Result>
  /** Why it does not mean any more what it meant when it was read. */
  readonly changed: (considered: Result) => Promise<Refusal | undefined>
}

/** The refusal that a person is told of where the node failed after the approval. */
const FAILED: Refusal = {
  allowed: false,
  code: 'engine-failure',
  sentence: 'refused: the node could not decide',
}

/**
 * Judges a message, and where that needs the approval of a person, waits for it and judges it once more: what goes on
 * is what the person has seen, under the standing, the policy and the facts of now.
 */
export async function settleApproval<Result extends Considered>(
  desk: Pick<ApprovalDesk, 'use' | 'hold'>,
  question: GateQuestion,
  { consider, changed }: Consideration<Result>,
): Promise<Result> {
  const first = await consider()
  const needed = needOf(first)
  if (needed === undefined) return first
  if ('allowed' in needed) return refuse(first, needed)
  const granted = desk.use(needed.hash)
  if (granted !== undefined) return withApproval(first, granted)
  const verdict = await desk.hold(needed, question.hold)
  const { id } = verdict
  if (!verdict.approved) return withApproval(refuse(first, verdict.refusal), id)
  try {
    const exchanged = await changed(first)
    const again = await consider()
    const isSame = exchanged === undefined && namedIn(again)?.hash === needed.hash
    const last = isSame ? again : refuse(again, exchanged ?? OUTDATED)
    const { answer } = last.judged
    verdict.conclude(answer.allowed ? undefined : answer)
    return withApproval(last, id)
  } finally {
    verdict.conclude(FAILED)
  }
}

/** What has to be approved before a message may go on, or why that cannot be; nothing where it needs no approval. */
function needOf(considered: Considered): ApprovalQuestion | Refusal | undefined {
  const { answer, obligations = [], rules = [], roles, enclave, kind, question } = considered.judged
  if (!answer.allowed || !obligations.includes('approve')) return undefined
  if (question.bytes > MESSAGE_BYTES_MAX) return unavailable(rules, 'too-long')
  const named = namedIn(considered)
  if (named !== undefined) return { ...named, rules, roles, enclave }
  const isToolCall = typeof kind === 'object' && kind.tool !== undefined
  return unavailable(rules, isToolCall ? 'too-long' : 'no-tool-call')
}

function namedIn({ judged, asked }: Considered): NamedSubject | undefined {
  const { call } = asked
  return subjectOf(judged, call !== undefined && 'reading' in call ? call : undefined)
}

/** What is refused already stays refused for its own reason. */
function refuse<Result extends Considered>(considered: Result, answer: Refusal): Result {
  if (!considered.judged.answer.allowed) return considered
  return { ...considered, judged: { ...considered.judged, answer } }
}

function withApproval<Result extends Considered>(
  considered: Result,
  approval: string | undefined,
): Result {
  if (approval === undefined) return considered
  return { ...considered, judged: { ...considered.judged, approval } }
}
