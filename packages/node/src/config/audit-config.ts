import { z } from 'zod'
import type { RetentionRule } from '../audit/audit-retention.ts'
import { exportSchema } from '../audit/export/export-config.ts'
import type { ExportTarget } from '../audit/export/export-target.ts'

/** How the audit log is kept, and who gets copies of it. */
export interface AuditConfig {
  readonly segmentMiB: number
  readonly retention: RetentionRule
  readonly export: readonly ExportTarget[]
}

const SEGMENT_MIB_MAX = 1_024
const DAYS_MAX = 36_500

const days = z.int().min(1).max(DAYS_MAX).optional()

/** `audit` of `warren.yaml`. Nothing in it leaves calls unrecorded. */
export const auditSchema: z.ZodType<AuditConfig> = z
  .strictObject({
    segmentMiB: z
      .int()
      .min(1)
      .max(SEGMENT_MIB_MAX)
      .default(64)
      .describe('Size at which a file of the log is closed, besides every day.'),
    retention: z
      .strictObject({
        valuesDays: days.describe('Days after which kept values and all salts are erased.'),
        entriesDays: days.describe('Days after which entries are erased; their proofs stay.'),
      })
      .prefault({})
      .describe('How long closed files of the log are kept; for ever what is not said.'),
    export: exportSchema.default([]).describe('Who gets copies of the log as it grows.'),
  })
  .describe('How the audit log is kept, and who gets copies of it.')
