import type { VerifiedHeads } from './cosigned-heads.ts'
import type { LeftOutNotes } from './known-notes.ts'
import type { AuditFinding } from './verify-audit.ts'

/** Findings of one kind that are said; the others are counted. */
const NAMED_MAX = 100

/** What came of what others have seen of a log, besides what can be compared. */
export type HeadFaults = Pick<VerifiedHeads, 'refused' | 'leftOut'> & {
  readonly unseen: readonly LeftOutNotes[]
  /** Key logs of cosigners that were not read. */
  readonly unread: number
}

/** Says which checkpoints and cosigners do not count, the first of each by its reason, and which were not looked at. */
export function headFindings(faults: HeadFaults): readonly AuditFinding[] {
  const { refused, leftOut, unseen, unread } = faults
  const wrong = refused.map(
    ({ reason }) =>
      `A checkpoint that was kept beside the log, or given, does not count: ${reason}.`,
  )
  const uncounted = leftOut.map(
    ({ name, reason }) => `A cosignature of ${name} was not counted: ${reason}.`,
  )
  // No node keeps so many: what is left out, somebody has pushed out.
  const old = unseen.map(
    ({ directory, count, sizeMax }) =>
      `Beside the log in "${directory}" lie more cosigned checkpoints than a node keeps: the oldest ${count} of them, of up to ${sizeMax} entries, were not looked at.`,
  )
  return [
    ...named('cosigned-wrong', 'error', wrong),
    ...named('cosigner-left-out', 'warn', uncounted),
    ...named('cosigned-left-out', 'error', old),
    ...named('cosigner-logs-left-out', 'error', unread === 0 ? [] : [logsLeftOut(unread)]),
  ]
}

function logsLeftOut(count: number): string {
  return `Beside the log lie more key logs of cosigners than a node keeps: ${count} of them were not read, and what these have cosigned does not count.`
}

function named(
  code: string,
  severity: AuditFinding['severity'],
  sentences: readonly string[],
): readonly AuditFinding[] {
  const more = sentences.length - NAMED_MAX
  const said = sentences.slice(0, NAMED_MAX)
  if (more > 0) said.push(`And ${more} more findings of this kind (${code}).`)
  return said.map((sentence) => ({ code, severity, sentence }))
}
