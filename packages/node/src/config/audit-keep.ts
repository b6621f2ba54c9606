import { isFieldPath, type Keep } from '@warren/audit'
import { z } from 'zod'
import type { KeepRule, ServerKeep } from '../audit/keep-rules.ts'

const FIELDS_MAX = 32
const TOOLS_MAX = 256
const TOOL_NAME_LENGTH_MAX = 512

const keep: z.ZodType<Keep> = z
  .union([
    z.enum(['hash', 'all', 'nothing']),
    z
      .array(z.string().refine(isFieldPath, 'must be a JSON Pointer such as /path'))
      .min(1)
      .max(FIELDS_MAX),
  ])
  .describe(
    '"hash" (default): a salted digest alone; "all": the value, encrypted, without what looks like a secret; "nothing"; or a list of JSON Pointers of what to keep.',
  )

const rule = {
  arguments: keep.optional(),
  results: keep.optional(),
}

const toolRule: z.ZodType<KeepRule> = z.strictObject(rule)

/** `audit` of a server: what the audit log keeps of calls beyond that they happened. That cannot be switched off. */
export const auditKeepSchema: z.ZodType<ServerKeep | undefined> = z
  .strictObject({
    ...rule,
    tools: z
      .record(z.string().min(1).max(TOOL_NAME_LENGTH_MAX), toolRule)
      .refine((tools) => Object.keys(tools).length <= TOOLS_MAX, `has more than ${TOOLS_MAX} tools`)
      .optional()
      .describe('Other rules for single tools.'),
  })
  .optional()
  .describe('What the audit log keeps of the arguments and results of calls.')
