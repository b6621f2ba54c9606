import type { Clock } from '@warren/core'
import { nodeSuite as suite } from '@warren/crypto/node-suite'
import { systemScheduler } from '@warren/mcp'
import type { AuditDesk } from '../audit/audit-desk.ts'
import type { Config } from '../config/load-config.ts'
import type { Report } from '../node-event.ts'
import { ApprovalDesk } from './approval-desk.ts'

export interface CreateApprovalsInit {
  readonly config: Pick<Config, 'approvals'>
  readonly clock: Clock
  readonly report: Report
  readonly audit: { readonly desk: Pick<AuditDesk, 'append' | 'note'> }
}

/** The place of a node where calls wait for a person. */
export function createApprovals({
  config,
  clock,
  report,
  audit,
}: CreateApprovalsInit): ApprovalDesk {
  const { waitSeconds, waitingMax, waitingPerMemberMax } = config.approvals
  // Whatever is configured, one member alone cannot take every place.
  const waitingPerCallerMax = Math.min(waitingPerMemberMax, Math.max(1, waitingMax - 1))
  return new ApprovalDesk({
    clock,
    report,
    random: suite,
    scheduler: systemScheduler,
    limits: { waitMs: waitSeconds * 1000, waitingMax, waitingPerCallerMax },
    audit: {
      append: async (entry) => audit.desk.append(entry),
      note: (entry) => audit.desk.note(entry),
    },
  })
}
