import type { Entry } from '../entry.ts'
import { entrySentence } from '../forms/entry-sentence.ts'
import { formatJsonLine } from '../forms/json-line.ts'
import type { Finding } from '../verify/finding.ts'
import type { Verification } from '../verify/log-verifier.ts'
import type { Counts } from './counts.ts'
import { type Markup, markup } from './markup.ts'
import { REPORT_STYLE } from './report-style.ts'
import type { EntryExtract, ReportSummary } from './report-summary.ts'

/** An event that was asked for, with what proves it. */
export interface ProvenEvent {
  readonly entry: Entry
  /** The C2SP tlog-proof, which a verifier without Warren can check. */
  readonly proof: string
  /** Who has cosigned its checkpoint. */
  readonly cosigners: readonly string[]
}

/** What is wrong, or worth knowing: of the log itself, or of what lies beside it. */
export type ReportedFinding = Pick<Finding, 'severity' | 'sentence'> & { readonly code: string }

export interface ReportInput {
  readonly summary: ReportSummary
  readonly verification: Omit<Verification, 'findings'>
  /** All that verifying has found. */
  readonly findings: readonly ReportedFinding[]
  /** When the report was made, as it should be read. */
  readonly madeAt: string
  readonly events?: readonly ProvenEvent[]
  /** What was not checked, in sentences. */
  readonly notChecked?: readonly string[]
}

/** The report of an auditor: one page of HTML that needs nothing else, runs no script, and prints well. */
export function formatReport(input: ReportInput): string {
  const { summary, events = [], notChecked = [] } = input
  const node = summary.first?.node ?? 'no entry in this period'
  const { lists } = summary
  const page = markup`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<title>Audit report: ${node}</title>
<style>${REPORT_STYLE}</style>
</head>
<body>
<h1>Audit report</h1>
${overview(input, node)}
${findings(input)}
${counted('Entries by kind', summary.kinds)}
${counted('Refusals by reason and rule', summary.refusals)}
${counted('Calls allowed, by rule', summary.permits)}
${counted('How calls ended', summary.outcomes)}
${counted('What was asked for', summary.targets)}
${counted('Who asked', summary.callers)}
${counted('What hosts of this node asked of other nodes', summary.sent)}
${counted('How calls to other nodes ended', summary.sentOutcomes)}
${counted('Calls to other nodes that were not sent, by reason', summary.unsent)}
${listed('Membership and standing', lists.membership)}
${listed('Changes of policy and configuration', lists.changes)}
${listed('Starts and stops', lists.runs)}
${listed('Alerts', lists.alerts)}
${listed('Gaps: unfinished calls, erasures, missed copies', lists.gaps)}
${events.map((event) => proven(event))}
${limits(notChecked)}
</body>
</html>
`
  return page.text
}

function overview({ summary, verification, madeAt }: ReportInput, node: string): Markup {
  const { first, last, count } = summary
  const isEmpty = first === undefined || last === undefined
  const facts: readonly (readonly [string, string | number])[] = [
    ['Node', node],
    ['Period', isEmpty ? 'no entries' : `${first.at} to ${last.at}`],
    ['Entries', isEmpty ? 0 : `${count} (${first.seq} to ${last.seq})`],
    ['Size of the log', verification.size ?? 'not known'],
    ['Root of the log', verification.root?.toBase64() ?? 'not known'],
    ['Checkpoints', verification.checkpoints],
    ['Signatures verified', verification.signatures],
    ['Trees of others that agree', verification.matched],
    ['Made at', madeAt],
  ]
  const rows = facts.map(([name, value]) => markup`<tr><th>${name}</th><td>${value}</td></tr>`)
  return markup`<table class="facts">${rows}</table>`
}

function findings({ findings: found, verification: { more } }: ReportInput): Markup {
  const rows = found.map(
    ({ code, severity, sentence }) =>
      markup`<tr class="${severity}"><td>${severity}</td><td>${code}</td><td>${sentence}</td></tr>`,
  )
  if (rows.length > 0) return table('Findings', ['Severity', 'Code', 'What'], { rows, more })
  return markup`<h2>Findings</h2><p class="good">None: what is in the log is what was signed.</p>`
}

function counted(title: string, counts: Counts): Markup {
  const rows = counts
    .list()
    .map(([name, count]) => markup`<tr><td>${name}</td><td class="count">${count}</td></tr>`)
  return table(title, ['What', 'Count'], { rows, more: counts.others })
}

function listed(title: string, { entries, more }: EntryExtract): Markup {
  const rows = entries.map((entry) => {
    const { seq, at } = entry
    return markup`<tr><td class="count">${seq}</td><td>${at}</td><td>${entrySentence(entry)}</td></tr>`
  })
  return table(title, ['Entry', 'When', 'What'], { rows, more })
}

function table(
  title: string,
  columns: readonly string[],
  { rows, more }: { readonly rows: readonly Markup[]; readonly more: number },
): Markup {
  if (rows.length === 0) return markup`<h2>${title}</h2><p>None.</p>`
  const head = columns.map((column) => markup`<th>${column}</th>`)
  const rest = more === 0 ? markup`` : markup`<p>And ${more} more.</p>`
  return markup`<h2>${title}</h2><table><thead><tr>${head}</tr></thead>${rows}</table>${rest}`
}

function proven({ entry, proof, cosigners }: ProvenEvent): Markup {
  const cosigned = cosigners.length === 0 ? 'nobody' : cosigners.join(', ')
  // A newline is the one control character that a page may keep.
  const lines = proof.split('\n').map((line) => markup`${line}\n`)
  return markup`<section><h2>Event ${entry.seq}</h2>
<p>${entry.at}: ${entrySentence(entry)}</p>
<pre>${formatJsonLine(entry).trimEnd()}</pre>
<p>Cosigned by: ${cosigned}</p>
<pre>${lines}</pre></section>`
}

function limits(notChecked: readonly string[]): Markup {
  const always = [
    'The log proves what the node wrote, not that it wrote the truth: the log of the other side of a call is the cross-check.',
    'What lies behind the last cosigned checkpoint can be rewritten by whoever holds the node and its keys.',
  ]
  const items = [...always, ...notChecked].map((sentence) => markup`<li>${sentence}</li>`)
  return markup`<h2>What this report does not say</h2><ul>${items}</ul>`
}
