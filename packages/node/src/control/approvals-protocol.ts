import type { Clock, JsonObject } from '@warren/core'
import { z } from 'zod'
import type { ApprovalDesk } from '../approval/approval-desk.ts'
import { FOR_SECONDS_MAX, TIMES_MAX } from '../approval/approval-limits.ts'
import { describeApprovals, describeHeld } from '../approval/describe-approvals.ts'
import { NodeError } from '../node-error.ts'

/** What is asked about calls that wait for a person. */
export type ApprovalsRequest =
  /** All that wait, in short, and what was approved for more than one call. */
  | { readonly do: 'approvals' }
  /** One of them, whole. */
  | { readonly do: 'approval'; readonly id: string }
  /** Lets one go on: the one of that hash alone, so that what was seen is what is approved. */
  | {
      readonly do: 'approve'
      readonly id: string
      readonly hash: string
      readonly times?: number | undefined
      readonly forSeconds?: number | undefined
    }
  /** Refuses one, or takes an approval back that is good for more calls. */
  | {
      readonly do: 'disapprove'
      readonly id: string
      readonly hash: string
      readonly reason?: string | undefined
    }

const REASON_LENGTH_MAX = 200
/** What the members of such a request may be. */
export const APPROVAL: {
  readonly id: z.ZodType<string>
  readonly hash: z.ZodType<string>
  readonly times: z.ZodType<number>
  readonly forSeconds: z.ZodType<number>
  readonly reason: z.ZodType<string>
} = {
  id: z.string().regex(/^[0-9a-f]{32}$/, 'an id has 32 hex digits'),
  hash: z.string().regex(/^[\w-]{43}$/, 'a hash has 43 characters'),
  times: z.int().min(1).max(TIMES_MAX),
  forSeconds: z.int().min(1).max(FOR_SECONDS_MAX),
  reason: z
    .string()
    .min(1)
    .max(REASON_LENGTH_MAX)
    .regex(/^[^\p{C}\p{Zl}\p{Zp}]*$/u, 'a reason is one printable line'),
}

/** Tells the requests about approvals from the others. */
export function isApprovalsRequest(
  request: ApprovalsRequest | { readonly do: string },
): request is ApprovalsRequest {
  return ['approvals', 'approval', 'approve', 'disapprove'].includes(request.do)
}

/**
 * Answers a request about approvals.
 *
 * @throws NodeError `approval-unknown`, `approval-mismatch`; StorageError, AuditError where an approval cannot be written down
 */
export async function answerAboutApprovals(
  { approvals, clock }: { readonly approvals: ApprovalDesk; readonly clock: Clock },
  request: ApprovalsRequest,
): Promise<JsonObject> {
  switch (request.do) {
    case 'approvals':
      return describeApprovals(approvals, clock)
    case 'approval': {
      const held = approvals.waiting.find((each) => each.id === request.id)
      if (held !== undefined) return describeHeld(held, approvals)
      throw new NodeError(
        'approval-unknown',
        'no call waits under this id, or it does not any more',
      )
    }
    case 'approve': {
      const refusal = await approvals.approve(request)
      if (refusal === undefined) return { id: request.id, wentOn: true }
      const { code, sentence } = refusal
      return { id: request.id, wentOn: false, code, sentence }
    }
    case 'disapprove':
      approvals.refuse(request)
      return { id: request.id }
    default:
      throw new NodeError('control-malformed', 'nothing of the kind can be asked about approvals')
  }
}
