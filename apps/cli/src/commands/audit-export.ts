import { once } from 'node:events'
import { pipeline } from 'node:stream/promises'
import {
  type AuditArchive,
  decodeEntry,
  type Entry,
  type EntryRange,
  formatCef,
  formatJsonLine,
  formatOcsf,
  formatReport,
  formatSyslog,
  isClean,
  isInRange,
  openArchive,
  type ProvenEvent,
  proveEntry,
  readRange,
  ReportSummary,
  VERSION,
  verifyAudit,
} from '@warren/node/audit'
import type { Command } from 'commander'
import {
  givenSources,
  logDirectory,
  type LogOptions,
  type SourceOptions,
} from '../audit-options.ts'
import { entryPlace, entryRange } from '../audit-range.ts'
import { CommandError } from '../command-error.ts'
import { contextOf } from '../context.ts'
import { EXIT } from '../exit-code.ts'
import { visibleText } from '../visible-text.ts'
import { fillNew, writeNew } from '../write-new.ts'

const EVENTS_MAX = 1_000
const MODE = 0o600
const PRODUCT = { version: VERSION }

/** The forms of which a line is one entry. */
export const EXPORT_FORMATS = ['jsonl', 'ocsf', 'cef', 'syslog'] as const

type ExportFormat = (typeof EXPORT_FORMATS)[number]

interface RangeOptions {
  readonly from?: string
  readonly to?: string
}

interface ExportOptions extends LogOptions, RangeOptions {
  readonly format: ExportFormat
  readonly out?: string
}

/** `warren audit export`: entries in a form that other programs read, one a line. */
export async function auditExport(_options: unknown, command: Command): Promise<void> {
  const options = command.optsWithGlobals<ExportOptions>()
  const context = contextOf(options)
  const { out, json, format } = options
  const range = entryRange(options.from, options.to)
  if (json === true && out === undefined) {
    throw new CommandError('usage', 'with --json, stdout holds the result: name a file with --out')
  }
  const archive = await openArchive(logDirectory(context, options.log))
  if (out === undefined) {
    await printLines(linesOf(archive, range, format))
    return
  }
  let entries = 0
  await fillNew(out, MODE, (file) =>
    pipeline(
      linesOf(archive, range, format),
      async function* counted(lines) {
        for await (const line of lines) {
          entries += 1
          yield line
        }
      },
      file.createWriteStream(),
    ),
  )
  context.output.result({ file: out, format, entries }, [`wrote ${entries} entries to ${out}`])
}

async function* linesOf(
  archive: AuditArchive,
  range: EntryRange,
  format: ExportFormat,
): AsyncGenerator<string> {
  for await (const entry of readRange(archive, range)) yield lineOf(entry, format)
}

async function printLines(lines: AsyncIterable<string>): Promise<void> {
  const { stdout } = process
  for await (const line of lines) {
    const isFull = !stdout.write(stdout.isTTY ? visibleText(line) : line)
    if (isFull) await once(stdout, 'drain')
  }
}

function lineOf(entry: Entry, format: ExportFormat): string {
  if (format === 'jsonl') return formatJsonLine(entry)
  if (format === 'ocsf') return `${formatOcsf(entry, PRODUCT)}\n`
  if (format === 'cef') return `${formatCef(entry, PRODUCT)}\n`
  return `${formatSyslog(entry)}\n`
}

interface ReportOptions extends SourceOptions, RangeOptions {
  readonly out: string
  readonly event?: readonly string[]
}

/** `warren audit report`: one page for an auditor, with proofs of the events that were asked for. */
export async function auditReport(_options: unknown, command: Command): Promise<void> {
  const options = command.optsWithGlobals<ReportOptions>()
  const context = contextOf(options)
  const places = (options.event ?? []).map(entryPlace)
  if (places.length > EVENTS_MAX) {
    throw new CommandError('usage', `a report proves ${EVENTS_MAX} events at most`)
  }
  const range = entryRange(options.from, options.to)
  const directory = logDirectory(context, options.log)
  const nowMs = Date.now()
  const given = givenSources(options)
  const summary = new ReportSummary()
  const verdict = await verifyAudit({
    directory,
    ...given,
    nowMs,
    onEntry: (entry) => {
      if (isInRange(entry, range)) summary.add(entry)
    },
  })
  const events: ProvenEvent[] = []
  for (const seq of places) {
    const { text, proof, cosigners } = await proveEntry({ directory, seq, ...given, nowMs })
    events.push({ entry: decodeEntry(Buffer.from(text)), proof, cosigners })
  }
  const page = formatReport({
    summary,
    verification: verdict.verification,
    findings: verdict.findings,
    madeAt: new Date(nowMs).toISOString(),
    events,
    notChecked: verdict.notChecked,
  })
  await writeNew(options.out, page, MODE)
  const { count } = summary
  const clean = isClean(verdict)
  context.output.result({ file: options.out, clean, entries: count, events: events.length }, [
    `wrote a report of ${count} entries to ${options.out}`,
    ...(clean ? [] : ['The log is NOT what the node signed, or is not whole: see the findings.']),
  ])
  if (!clean) process.exitCode = EXIT.failed
}
