import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { type ExportTarget, type NodeEvent, SiemExport } from '@warren/node'
import type { AuditStore } from '@warren/storage'
import { expect, onTestFinished, test } from 'vitest'
import { alert, decision, openAudit } from '../../packages/storage/test/audit/audit-node.ts'
import { hasRsyslog, type Input, Rsyslog } from './support/rsyslog.ts'
import { temporaryDirectory } from './support/siem.ts'

const EVENTS = Number(process.env['WARREN_SIEM_EVENTS'] ?? 5_000)
const RESTARTS = 6
const BATCH = 250
const ARRIVED_MS = 25_000 + EVENTS * 2
const TEST_MS = 2 * ARRIVED_MS + 60_000

const INPUTS: readonly { input: Input; modules: readonly string[] }[] = [
  { input: 'tcp', modules: ['imtcp'] },
  { input: 'tls', modules: ['imtcp', 'lmnsd_ossl'] },
  { input: 'relp', modules: ['imrelp'] },
  { input: 'relp-tls', modules: ['imrelp'] },
]
const there = INPUTS.filter(({ modules }) => hasRsyslog(...modules))
for (const { input } of INPUTS.filter((each) => !there.includes(each))) {
  console.log(`skipped, export over ${input}: rsyslog or a module of it is not on this machine`)
}

async function openLog(): Promise<AuditStore> {
  const log = await openAudit(join(temporaryDirectory(), 'audit'))
  onTestFinished(async () => log.stop())
  return log
}

function targetOf(rsyslog: Rsyslog, input: Input, format: 'syslog' | 'cef'): ExportTarget {
  const head = { name: 'siem', format, host: '127.0.0.1', port: rsyslog.port }
  if (input === 'tcp' || input === 'relp') return { ...head, transport: input }
  const [ca, cert, key] = ['ca.crt', 'client.crt', 'client.key'].map((name) =>
    join(rsyslog.directory, name),
  )
  return { ...head, transport: input, ca: ca!, cert, key }
}

interface Exporting {
  readonly siem: SiemExport
  readonly events: NodeEvent[]
}

async function exporting(
  log: AuditStore,
  directory: string,
  target: ExportTarget,
): Promise<Exporting> {
  const events: NodeEvent[] = []
  const siem = new SiemExport({
    log,
    directory,
    product: { version: '1.2.3' },
    clock: { wallMs: () => Date.now(), monotonicMs: () => performance.now() },
    report: (event) => events.push(event),
    limits: { windowEntriesMax: 500, idleMs: 50, quietMs: 50, retryMsMin: 50, retryMsMax: 200 },
  })
  onTestFinished(async () => siem.stop())
  await siem.configure([target])
  return { siem, events }
}

async function untilArrived(siem: SiemExport): Promise<void> {
  const untilMs = performance.now() + ARRIVED_MS
  while (siem.status().some(({ behind }) => behind > 0)) {
    if (performance.now() > untilMs) throw new Error(JSON.stringify(siem.status()))
    await pause(20)
  }
}

interface Copy {
  readonly seq: number
  readonly isMarked: boolean
}

/** What one message says of which entry it is. */
function copyOf(message: string): Copy {
  const seq = / seq="(\d+)"/.exec(message)?.[1] ?? / externalId=(\d+) /.exec(message)?.[1]
  if (seq === undefined) throw new Error(`no message: ${message.slice(0, 200)}`)
  return {
    seq: Number(seq),
    isMarked: /^[^\]]* resent="1"\]/.test(message.replaceAll(String.raw`\]`, '')),
  }
}

function tally(
  copies: readonly Copy[],
  size: number,
): { missing: number; twiceUnmarked: number; marked: number } {
  const unmarked = Array.from({ length: size }, () => 0)
  const seen = new Set<number>()
  for (const { seq, isMarked } of copies) {
    seen.add(seq)
    if (!isMarked) unmarked[seq] = (unmarked[seq] ?? 0) + 1
  }
  return {
    missing: size - seen.size,
    twiceUnmarked: unmarked.filter((count) => count > 1).length,
    marked: copies.filter(({ isMarked }) => isMarked).length,
  }
}

async function append(log: AuditStore, count: number): Promise<void> {
  for (let left = count; left > 0; left -= BATCH) {
    const entries = Array.from({ length: Math.min(left, BATCH) }, async () =>
      log.append(decision()),
    )
    await Promise.all(entries)
  }
}

const NASTY = [
  'a\nb',
  'a\r\n<13>1 - - - - - - b',
  '"] x [y z="',
  String.raw`\\"\]`,
  '\0\u0001\u001B[2J',
  '\u2028\u202E\uFEFF',
  '12 <13>1 short',
  ' act=allowed|CEF:0|',
  '😀'.repeat(256),
  '\u{10FFFF}'.repeat(256),
  'é'.repeat(512),
]

test.for(
  there.flatMap(({ input }) => (['syslog', 'cef'] as const).map((format) => ({ input, format }))),
)(
  'over $input in the form $format an entry is one message, whatever the caller has put into it',
  { tags: ['AEX-7', 'THR-39'], timeout: TEST_MS },
  async ({ input, format }) => {
    const rsyslog = await Rsyslog.start(temporaryDirectory(), input)
    const log = await openLog()
    for (const tool of NASTY) await log.append(decision({ tool, rule: tool.slice(0, 200) }))
    await log.append(alert('the last'))
    const { siem } = await exporting(log, temporaryDirectory(), targetOf(rsyslog, input, format))
    await untilArrived(siem)

    const copies = rsyslog.messages().map(copyOf)
    expect(copies).toEqual(
      Array.from({ length: NASTY.length + 1 }, (_, seq) => ({ seq, isMarked: false })),
    )
  },
)

test.for(there)(
  'over $input no entry is missing, and none is there twice without a mark, however rsyslog ends and comes back',
  { tags: ['AEX-1', 'AEX-2', 'AEX-3', 'THR-38'], timeout: TEST_MS },
  async ({ input }) => {
    const rsyslog = await Rsyslog.start(temporaryDirectory(), input)
    const log = await openLog()
    const { siem, events } = await exporting(
      log,
      temporaryDirectory(),
      targetOf(rsyslog, input, 'syslog'),
    )

    for (let restart = 0; restart < RESTARTS; restart += 1) {
      await append(log, Math.floor(EVENTS / RESTARTS))
      await pause(restart * 40)
      await rsyslog.stop(restart % 2 === 0 ? 'SIGKILL' : 'SIGTERM')
      await append(log, 3)
      await rsyslog.start()
    }
    await append(log, Math.max(1, EVENTS - log.size))
    await untilArrived(siem)

    const counts = tally(rsyslog.messages().map(copyOf), log.size)
    console.log(
      `export over ${input}: ${log.size} entries, ${RESTARTS} restarts, ${JSON.stringify(counts)}`,
    )
    expect(counts).toMatchObject({ missing: 0, twiceUnmarked: 0 })
    expect(events.map(({ event }) => event)).toContain('export-failing')
    expect(siem.status()).toMatchObject([{ behind: 0, since: null, trouble: null }])
  },
)
