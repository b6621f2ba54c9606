import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { decodeEntry, type Entry } from '@warren/audit'
import { isJsonObject } from '@warren/core'
import { type ExportTarget, type NodeEvent, SiemExport, type SiemExportInit } from '@warren/node'
import type { AuditLimits, AuditStore } from '@warren/storage'
import { onTestFinished } from 'vitest'
import { alert, openAudit } from '../../../packages/storage/test/audit/audit-node.ts'

const UNTIL_MS = 20_000
/** A target on this machine, but for its transport. */
export const HEAD: { readonly name: string; readonly format: 'jsonl'; readonly host: string } = {
  name: 'siem',
  format: 'jsonl',
  host: '127.0.0.1',
}
const LIMITS = {
  windowEntriesMax: 4,
  windowMs: 20_000,
  idleMs: 5,
  quietMs: 20,
  settleMs: 60_000,
  retryMsMin: 5,
  retryMsMax: 20,
}

/** A directory that is gone when the test ends. */
export function temporaryDirectory(): string {
  const directory = mkdtempSync(join(tmpdir(), 'warren-siem-'))
  onTestFinished(() => rmSync(directory, { recursive: true, force: true }))
  return directory
}

/** A real audit log with so many entries. */
export async function openLog(entries: number, limits: AuditLimits = {}): Promise<AuditStore> {
  const log = await openAudit(join(temporaryDirectory(), 'audit'), { limits })
  onTestFinished(async () => log.stop())
  await fill(log, entries)
  return log
}

/** Writes entries, one after another. */
export async function fill(log: AuditStore, count: number): Promise<void> {
  for (let at = 0; at < count; at += 1) await log.append(alert(`entry ${log.size}`))
}

interface Exporting {
  readonly siem: SiemExport
  readonly events: NodeEvent[]
}

interface ExportInit {
  readonly log: AuditStore
  readonly target: ExportTarget
  readonly directory?: string
  readonly limits?: SiemExportInit['limits']
}

/** Copies a log to a target, in small windows and with short pauses. */
export async function exporting(init: ExportInit): Promise<Exporting> {
  const events: NodeEvent[] = []
  const siem = new SiemExport({
    log: init.log,
    directory: init.directory ?? temporaryDirectory(),
    product: { version: '1.2.3' },
    clock: { wallMs: () => 0, monotonicMs: () => performance.now() },
    report: (event) => events.push(event),
    limits: { ...LIMITS, ...init.limits },
  })
  onTestFinished(async () => siem.stop())
  await siem.configure([init.target])
  return { siem, events }
}

/** Waits for what has to come. */
export async function until(holds: () => boolean, what: string): Promise<void> {
  const untilMs = performance.now() + UNTIL_MS
  while (!holds()) {
    if (performance.now() > untilMs) throw new Error(`never: ${what}`)
    await pause(5)
  }
}

/** Waits until no receiver is behind. */
export async function untilArrived(siem: SiemExport): Promise<void> {
  await until(() => siem.status().every(({ behind }) => behind === 0), 'all has arrived')
}

/** Waits for a trouble. */
export async function untilFailing(siem: SiemExport, code: string): Promise<void> {
  await until(() => siem.status().some(({ trouble }) => trouble?.code === code), code)
}

/** The places of entries in the order of their arrival; `again` stands behind those that are marked. */
export function arrivals(lines: readonly string[]): readonly string[] {
  return lines.map((line) => {
    const value: unknown = JSON.parse(line)
    if (!isJsonObject(value)) throw new Error(line)
    return `${JSON.stringify(value['seq'])}${value['resent'] === true ? ' again' : ''}`
  })
}

/** The places of a range, each with a word behind it. */
export function numbers(from: number, to: number, word = ''): readonly string[] {
  return Array.from({ length: to - from }, (_, at) => `${from + at}${word}`)
}

/** All entries of a log. */
export async function entriesOf(log: AuditStore): Promise<readonly Entry[]> {
  const entries: Entry[] = []
  for await (const { bytes } of log.entries(0)) entries.push(decodeEntry(bytes))
  return entries
}

/** A target that is a file. */
export function fileTarget(): ExportTarget & { readonly path: string } {
  return {
    name: 'siem',
    format: 'jsonl',
    transport: 'file',
    path: join(temporaryDirectory(), 'out'),
  }
}

/** The whole lines of a file. */
export function linesOf(path: string): readonly string[] {
  return readFileSync(path, 'utf8').split('\n').slice(0, -1)
}
