import type { JsonValue } from '@warren/core'
import type { AuditQuery } from '@warren/storage'
import { z } from 'zod'
import type { NodeAudit } from '../audit/node-audit.ts'
import { NodeError } from '../node-error.ts'
import { ENTRY_KINDS } from './entry-kinds.ts'

/** What is asked of the audit log of a running node; all else is read from its files. */
export type AuditRequest =
  /** Where the entries stand that a query finds, the newest first. */
  | { readonly do: 'audit-search'; readonly query: AuditSearch }
  /** The values that are kept beside an entry. */
  | { readonly do: 'audit-values'; readonly seq: number }
  /** What proves one value of an entry to somebody who is given both. */
  | { readonly do: 'audit-salt'; readonly seq: number; readonly path: string }
  /** Erases a closed segment: its kept values, or its entries too. */
  | {
      readonly do: 'audit-erase'
      readonly segment: number
      readonly what: 'bodies' | 'entries'
    }

/** What to look for; all that is said must hold. */
export type AuditSearch = { readonly [Name in keyof AuditQuery]: AuditQuery[Name] | undefined }

const TEXT_LENGTH_MAX = 512
const RESULTS_MAX = 1_000

const place = z.int().min(0)
const text = z.string().max(TEXT_LENGTH_MAX).optional()
/** The shape of a query. */
export const AUDIT_SEARCH: z.ZodType<AuditSearch> = z.strictObject({
  kind: z.enum(ENTRY_KINDS).optional(),
  direction: z.enum(['in', 'out']).optional(),
  call: text,
  caller: text,
  server: text,
  tool: text,
  decision: z.enum(['allowed', 'refused']).optional(),
  rule: text,
  code: text,
  since: text,
  until: text,
  text,
  before: place.optional(),
  limit: z.int().min(1).max(RESULTS_MAX).optional(),
})

/** Tells the requests about the audit log from the others. */
export function isAuditRequest(
  request: AuditRequest | { readonly do: string },
): request is AuditRequest {
  return ['audit-search', 'audit-values', 'audit-salt', 'audit-erase'].includes(request.do)
}

/**
 * Answers a request about the audit log.
 *
 * @throws StorageError
 */
export async function answerAboutAudit(
  { desk }: Pick<NodeAudit, 'desk'>,
  request: AuditRequest,
): Promise<JsonValue> {
  switch (request.do) {
    case 'audit-search':
      return { entries: await desk.search(said(request.query)) }
    case 'audit-values': {
      const values = await desk.store.bodies(request.seq)
      return { values: values.map(({ path, text: value }) => ({ path, text: value })) }
    }
    case 'audit-salt': {
      const { seq, path } = request
      const salt = await desk.store.salt({ seq, path })
      return { salt: Buffer.from(salt).toString('base64url') }
    }
    case 'audit-erase':
      await desk.store.erase({ segment: request.segment, what: request.what })
      return { segment: request.segment, what: request.what }
    default:
      throw new NodeError('control-malformed', 'nothing of the kind can be asked of the audit log')
  }
}

function said(query: AuditSearch): AuditQuery {
  return Object.fromEntries(Object.entries(query).filter(([, value]) => value !== undefined))
}
