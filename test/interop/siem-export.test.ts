import {
  appendFileSync,
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createServer } from 'node:net'
import { createServer as createTlsServer } from 'node:tls'
import { once } from 'node:events'
import { setTimeout as pause } from 'node:timers/promises'
import { decodeEntry, type Entry } from '@warren/audit'
import { canonicalJson, isJsonObject, type JsonValue } from '@warren/core'
import { type ExportTarget, type NodeEvent, SiemExport, type SiemExportInit } from '@warren/node'
import type { AuditLimits, AuditStore } from '@warren/storage'
import { expect, onTestFinished, test } from 'vitest'
import { alert, openAudit } from '../../packages/storage/test/audit/audit-node.ts'
import { makeCertificates } from '../performance/certificates.ts'
import { LineReceiver } from './support/line-receiver.ts'

const UNTIL_MS = 20_000
const HEAD = { name: 'siem', format: 'jsonl', host: '127.0.0.1' } as const
const LIMITS = {
  windowEntriesMax: 4,
  windowMs: 300,
  idleMs: 5,
  quietMs: 20,
  settleMs: 60_000,
  retryMsMin: 5,
  retryMsMax: 20,
}

function temporaryDirectory(): string {
  const directory = mkdtempSync(join(tmpdir(), 'warren-siem-'))
  onTestFinished(() => rmSync(directory, { recursive: true, force: true }))
  return directory
}

async function openLog(entries: number, limits: AuditLimits = {}): Promise<AuditStore> {
  const log = await openAudit(join(temporaryDirectory(), 'audit'), { limits })
  onTestFinished(async () => log.stop())
  await fill(log, entries)
  return log
}

async function fill(log: AuditStore, count: number): Promise<void> {
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

async function exporting(init: ExportInit): Promise<Exporting> {
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

async function until(holds: () => boolean, what: string): Promise<void> {
  const untilMs = performance.now() + UNTIL_MS
  while (!holds()) {
    if (performance.now() > untilMs) throw new Error(`never: ${what}`)
    await pause(5)
  }
}

const untilArrived = async (siem: SiemExport): Promise<void> =>
  until(() => siem.status().every(({ behind }) => behind === 0), 'all has arrived')

const untilFailing = async (siem: SiemExport, code: string): Promise<void> =>
  until(() => siem.status().some(({ trouble }) => trouble?.code === code), code)

/** The places of entries in the order of their arrival, marked ones negative: `-0.5` is entry 0. */
function arrivals(lines: readonly string[]): readonly string[] {
  return lines.map((line) => {
    const value: unknown = JSON.parse(line)
    if (!isJsonObject(value)) throw new Error(line)
    return `${JSON.stringify(value['seq'])}${value['resent'] === true ? ' again' : ''}`
  })
}

const numbers = (from: number, to: number, word = ''): readonly string[] =>
  Array.from({ length: to - from }, (_, at) => `${from + at}${word}`)

async function entriesOf(log: AuditStore): Promise<readonly Entry[]> {
  const entries: Entry[] = []
  for await (const { bytes } of log.entries(0)) entries.push(decodeEntry(bytes))
  return entries
}

function fileTarget(): ExportTarget & { readonly path: string } {
  return {
    name: 'siem',
    format: 'jsonl',
    transport: 'file',
    path: join(temporaryDirectory(), 'out'),
  }
}

const linesOf = (path: string): readonly string[] =>
  readFileSync(path, 'utf8').split('\n').slice(0, -1)

test(
  'entries arrive in order, and those that are written later too',
  { tags: ['AEX-1'] },
  async () => {
    const receiver = await LineReceiver.start()
    const log = await openLog(10)
    const { siem } = await exporting({
      log,
      target: { ...HEAD, transport: 'tcp', port: receiver.port },
    })
    await untilArrived(siem)
    await fill(log, 5)
    await untilArrived(siem)
    expect(arrivals(receiver.lines())).toEqual(numbers(0, 15))
    expect(receiver.connections).toBeGreaterThanOrEqual(4)
  },
)

test(
  'a receiver that is not there keeps no entry from being written, and gets all of them in the end',
  { tags: ['AEX-1', 'AEX-3', 'AEX-12'] },
  async () => {
    const receiver = await LineReceiver.start()
    await receiver.stop()
    const log = await openLog(3)
    const { siem, events } = await exporting({
      log,
      target: { ...HEAD, transport: 'tcp', port: receiver.port },
    })
    await untilFailing(siem, 'receiver-unreachable')
    await fill(log, 7)
    const [first] = await entriesOf(log)
    expect(siem.status()).toEqual([
      {
        target: 'siem',
        format: 'jsonl',
        transport: 'tcp',
        behind: 10,
        since: first?.at,
        trouble: {
          code: 'receiver-unreachable',
          message: expect.stringContaining('ECONNREFUSED'),
          since: '1970-01-01T00:00:00.000Z',
        },
      },
    ])
    await receiver.start()
    await untilArrived(siem)
    // Nothing was sent while nobody listened, so nothing is marked.
    expect(arrivals(receiver.lines())).toEqual(numbers(0, 10))
    expect(events.map(({ event }) => event)).toEqual(['export-failing', 'export-recovered'])
    expect(siem.status()).toMatchObject([{ behind: 0, since: null, trouble: null }])
  },
)

test.for([
  ['silent', 'receiver-silent'],
  ['deaf', 'receiver-silent'],
  ['hasty', 'receiver-closed'],
] as const)(
  'a window whose connection a %s receiver does not end in order is sent again, marked',
  { tags: ['AEX-1', 'AEX-2', 'AEX-3'] },
  async ([manner, code]) => {
    const receiver = await LineReceiver.start()
    receiver.manner = manner
    const log = await openLog(6)
    const { siem } = await exporting({
      log,
      target: { ...HEAD, transport: 'tcp', port: receiver.port },
    })
    await untilFailing(siem, code)
    receiver.manner = 'polite'
    receiver.forget()
    await untilArrived(siem)
    const last = arrivals(receiver.lines()).slice(-6)
    expect(last).toEqual([...numbers(0, 4, ' again'), '4', '5'])
  },
)

test(
  'what arrived last is sent again, marked, when the receiver is gone before more has arrived',
  { tags: ['AEX-1', 'AEX-2'] },
  async () => {
    const receiver = await LineReceiver.start()
    const log = await openLog(8)
    const { siem } = await exporting({
      log,
      target: { ...HEAD, transport: 'tcp', port: receiver.port },
    })
    await untilArrived(siem)
    expect(arrivals(receiver.lines())).toEqual(numbers(0, 8))
    await receiver.stop()
    receiver.forget()
    await fill(log, 1)
    await untilFailing(siem, 'receiver-unreachable')
    await receiver.start()
    await untilArrived(siem)
    expect(arrivals(receiver.lines())).toEqual([...numbers(4, 8, ' again'), '8'])
  },
)

test(
  'after long enough without trouble the last window counts without another',
  { tags: ['AEX-1', 'AEX-2'] },
  async () => {
    const receiver = await LineReceiver.start()
    const log = await openLog(2)
    const directory = temporaryDirectory()
    const target: ExportTarget = { ...HEAD, transport: 'tcp', port: receiver.port }
    const { siem } = await exporting({ log, target, directory, limits: { settleMs: 1 } })
    const path = join(directory, 'siem.json')
    await until(
      () => existsSync(path) && readFileSync(path, 'utf8').includes('"settled":2'),
      'settled',
    )
    await siem.stop()
    const again = await exporting({ log, target, directory })
    await fill(log, 1)
    await untilArrived(again.siem)
    expect(arrivals(receiver.lines())).toEqual(['0', '1', '2'])
  },
)

test(
  'whatever a node had begun to send when it ended comes again, marked, and the rest unmarked',
  { tags: ['AEX-1', 'AEX-2'] },
  async () => {
    const receiver = await LineReceiver.start()
    receiver.manner = 'silent'
    const log = await openLog(10)
    const directory = temporaryDirectory()
    const target: ExportTarget = { ...HEAD, transport: 'tcp', port: receiver.port }
    const first = await exporting({ log, target, directory, limits: { windowMs: 60_000 } })
    await until(() => receiver.lines().length === 4, 'the first window is there')
    await first.siem.stop()
    receiver.manner = 'polite'
    const second = await exporting({ log, target, directory })
    await untilArrived(second.siem)
    expect(arrivals(receiver.lines())).toEqual([
      ...numbers(0, 4),
      ...numbers(0, 4, ' again'),
      ...numbers(4, 10),
    ])
  },
)

test('a marked line is the hashed bytes but for its mark', { tags: ['AEX-2'] }, async () => {
  const directory = temporaryDirectory()
  const log = await openLog(2)
  const target = fileTarget()
  writeFileSync(join(directory, 'siem.json'), '{"v":1,"settled":0,"sent":1}\n', { mode: 0o600 })
  const { siem } = await exporting({ log, target, directory })
  await untilArrived(siem)
  const [marked = '', plain] = linesOf(target.path)
  const { resent, ...entry } = JSON.parse(marked) as { readonly [name: string]: JsonValue }
  expect(resent).toBe(true)
  expect(Buffer.from(canonicalJson(entry))).toEqual(Buffer.from(await log.entry(0)))
  expect(Buffer.from(plain ?? '')).toEqual(Buffer.from(await log.entry(1)))
})

test('the mark of every other form', { tags: ['AEX-2'] }, async () => {
  const log = await openLog(1)
  const marks = {
    syslog: ' resent="1"] ',
    cef: ' [warren@32473 resent="1"] CEF:0|',
    ocsf: '"labels":["resent"]',
  } as const
  for (const format of ['syslog', 'cef', 'ocsf'] as const) {
    const directory = temporaryDirectory()
    writeFileSync(join(directory, 'siem.json'), '{"v":1,"settled":0,"sent":1}', { mode: 0o600 })
    const again = { ...fileTarget(), format }
    const plain = { ...fileTarget(), format }
    await untilArrived((await exporting({ log, target: again, directory })).siem)
    await untilArrived((await exporting({ log, target: plain })).siem)
    expect(linesOf(again.path)[0]).toContain(marks[format])
    expect(linesOf(plain.path)[0]).not.toContain('resent')
  }
})

test(
  'entries that were erased before they could be sent leave a gap in the log, told before it is passed',
  { tags: ['AEX-4'] },
  async () => {
    const log = await openLog(4, { segmentBytesMax: 1 })
    await log.erase({ segment: 0, what: 'entries' })
    await log.erase({ segment: 1, what: 'entries' })
    const target = fileTarget()
    const { siem } = await exporting({ log, target })
    await untilArrived(siem)
    const { size } = log
    expect(arrivals(linesOf(target.path))).toEqual(numbers(2, size))
    expect((await entriesOf(log)).filter(({ kind }) => kind === 'export')).toMatchObject([
      { kind: 'export', target: 'siem', gap: [0, 2] },
    ])
  },
)

test(
  'entries that were erased after they had been sent leave no gap',
  { tags: ['AEX-4'] },
  async () => {
    const log = await openLog(3, { segmentBytesMax: 1 })
    const target = fileTarget()
    const { siem } = await exporting({ log, target })
    await untilArrived(siem)
    await log.erase({ segment: 0, what: 'entries' })
    await untilArrived(siem)
    expect(arrivals(linesOf(target.path))).toEqual(numbers(0, 4))
    expect((await entriesOf(log)).map(({ kind }) => kind)).not.toContain('export')
  },
)

test(
  'a log that is shorter than what was sent is told of, and goes on being exported',
  { tags: ['AEX-5'] },
  async () => {
    const directory = temporaryDirectory()
    writeFileSync(join(directory, 'siem.json'), '{"v":1,"settled":4,"sent":9}', { mode: 0o600 })
    const log = await openLog(3)
    const target = fileTarget()
    const { siem } = await exporting({ log, target, directory })
    await until(() => log.size === 4, 'the alert')
    await untilArrived(siem)
    expect((await entriesOf(log))[3]).toMatchObject({
      kind: 'alert',
      code: 'export-ahead',
      severity: 'error',
      about: 'siem',
      sentence: expect.stringContaining('entries up to 8, and the log has 3'),
    })
    expect(arrivals(linesOf(target.path))).toEqual(['3'])
  },
)

test(
  'a log that is exactly as long as what was sent is as it should be',
  { tags: ['AEX-5'] },
  async () => {
    const directory = temporaryDirectory()
    writeFileSync(join(directory, 'siem.json'), '{"v":1,"settled":2,"sent":3}', { mode: 0o600 })
    const log = await openLog(3)
    const target = fileTarget()
    const { siem } = await exporting({ log, target, directory })
    await untilArrived(siem)
    expect(log.size).toBe(3)
    expect(arrivals(linesOf(target.path))).toEqual(['2 again'])
  },
)

test.for([
  '',
  '{',
  '{"v":2,"settled":0,"sent":0}',
  '{"v":1,"settled":2,"sent":1}',
  '{"v":1,"settled":-1,"sent":1}',
  `[${' '.repeat(2_000)}]`,
])(
  'a position that says %j leads to everything being sent again, marked',
  { tags: ['AEX-6'] },
  async (text) => {
    const directory = temporaryDirectory()
    writeFileSync(join(directory, 'siem.json'), text, { mode: 0o600 })
    const log = await openLog(3)
    const target = fileTarget()
    const { siem } = await exporting({ log, target, directory })
    await untilArrived(siem)
    expect(arrivals(linesOf(target.path))).toEqual(numbers(0, 3, ' again'))
  },
)

function certificates(): string | undefined {
  return makeCertificates(temporaryDirectory())
}

interface TlsReceiver {
  readonly port: number
  readonly text: () => string
}

async function tlsReceiver(directory: string): Promise<TlsReceiver> {
  let text = ''
  const at = (name: string): Buffer => readFileSync(join(directory, name))
  const server = createTlsServer({
    key: at('server.key'),
    cert: at('server.crt'),
    allowHalfOpen: false,
  })
  server.on('secureConnection', (socket) => {
    socket.on('data', (chunk) => {
      text += chunk.toString('utf8')
    })
    socket.on('error', () => {
      // The sender gave up.
    })
  })
  server.on('tlsClientError', () => {
    // The sender did not trust this receiver.
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  onTestFinished(() => {
    server.close()
  })
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('no port')
  return { port: address.port, text: () => text }
}

test(
  'a receiver over TLS gets the log when it proves its name, and nothing when it does not',
  { tags: ['AEX-9'] },
  async ({ skip }) => {
    const [own, other] = [certificates(), certificates()]
    if (own === undefined || other === undefined) {
      skip('no openssl command here')
      return
    }
    const { port, text } = await tlsReceiver(own)
    const log = await openLog(2)
    const target = { ...HEAD, transport: 'tls', port, ca: join(own, 'ca.crt') } as const
    for (const wrong of [
      { ...target, ca: join(other, 'ca.crt') },
      { ...target, serverName: 'siem.plant' },
    ]) {
      const { siem } = await exporting({ log, target: wrong })
      await untilFailing(siem, 'receiver-unreachable')
      await siem.stop()
    }
    const key = join(own, 'client.key')
    chmodSync(key, 0o644)
    const open = await exporting({ log, target: { ...target, cert: join(own, 'client.crt'), key } })
    await untilFailing(open.siem, 'credentials-unreadable')
    await open.siem.stop()
    expect(text()).toBe('')

    const { siem } = await exporting({ log, target: { ...target, serverName: 'localhost' } })
    await untilArrived(siem)
    expect(arrivals(text().split('\n').slice(0, -1))).toEqual(['0', '1'])
  },
)

/** Says `replies` to a sender of RELP, one for each chunk that comes. */
async function relpReceiver(replies: readonly string[]): Promise<number> {
  const server = createServer((socket) => {
    const left = [...replies]
    socket.on('data', () => socket.write(left.shift() ?? ''))
    socket.on('error', () => {
      // The sender gave up.
    })
    onTestFinished(() => {
      socket.destroy()
    })
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  onTestFinished(() => {
    server.close()
  })
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('no port')
  return address.port
}

const AGREED = '1 rsp 6 200 OK\n'

test.for([
  [['HTTP/1.1 400 Bad Request\r\n\r\n'], 'receiver-refused'],
  [['1 rsp 9 500 error\n'], 'receiver-refused'],
  [['2 rsp 6 200 OK\n'], 'receiver-refused'],
  [['1 rsp 4 2000\n'], 'receiver-refused'],
  [[`1 rsp 99999 ${'x'.repeat(70_000)}`], 'receiver-refused'],
  [[''], 'receiver-silent'],
  [[AGREED, '2 rsp 9 500 error\n'], 'receiver-refused'],
  [[AGREED, '2 rsp 6 200 OK\n2 rsp 6 200 OK\n'], 'receiver-refused'],
  [[AGREED, '0 serverclose 0\n'], 'receiver-closed'],
  [[AGREED, '2 rsp 6 200'], 'receiver-silent'],
] as const)(
  'a receiver of RELP that answers %j has taken nothing',
  { tags: ['AEX-10'] },
  async ([replies, code]) => {
    const port = await relpReceiver(replies)
    const log = await openLog(2)
    const { siem } = await exporting({
      log,
      target: { ...HEAD, format: 'syslog', transport: 'relp', port },
      limits: { retryMsMin: 1_000, retryMsMax: 1_000 },
    })
    await untilFailing(siem, code)
    expect(siem.status()).toMatchObject([{ behind: 2 }])
  },
)

test(
  'a receiver of RELP that accepts each message has taken them',
  { tags: ['AEX-10'] },
  async () => {
    const port = await relpReceiver([AGREED, '2 rsp 6 200 OK\n3 rsp 3 200\n'])
    const log = await openLog(2)
    const target: ExportTarget = { ...HEAD, format: 'syslog', transport: 'relp', port }
    const { siem } = await exporting({ log, target })
    await untilArrived(siem)
    expect(siem.status()).toMatchObject([{ behind: 0, trouble: null }])
  },
)

test('a file is appended to, anew where it was moved away', { tags: ['AEX-11'] }, async () => {
  const log = await openLog(2)
  const target = fileTarget()
  const { siem } = await exporting({ log, target })
  await untilArrived(siem)
  renameSync(target.path, `${target.path}.1`)
  await fill(log, 1)
  await untilArrived(siem)
  expect(arrivals(linesOf(`${target.path}.1`))).toEqual(['0', '1'])
  expect(arrivals(linesOf(target.path))).toEqual(['2'])
})

test('a torn line is ended before the next', { tags: ['AEX-11'] }, async () => {
  const log = await openLog(1)
  const target = fileTarget()
  appendFileSync(target.path, 'whole\n{"torn":')
  const { siem } = await exporting({ log, target })
  await untilArrived(siem)
  const [whole, torn, ...lines] = linesOf(target.path)
  expect([whole, torn]).toEqual(['whole', '{"torn":'])
  expect(arrivals(lines)).toEqual(['0'])
})

test(
  'nothing is written through a link, or into what is no file',
  { tags: ['AEX-11', 'AEX-3'] },
  async () => {
    const log = await openLog(1)
    const link = fileTarget()
    symlinkSync(`${link.path}.target`, link.path)
    const directory = fileTarget()
    mkdirSync(directory.path)
    for (const target of [link, directory]) {
      const { siem } = await exporting({ log, target })
      await untilFailing(siem, 'file-unwritable')
      await fill(log, 1)
      expect(siem.status()).toMatchObject([{ behind: log.size }])
    }
    expect(existsSync(`${link.path}.target`)).toBe(false)
  },
)

test('an outage that lasts is told of in the log, once', { tags: ['AEX-12'] }, async () => {
  const log = await openLog(1)
  const target = fileTarget()
  mkdirSync(target.path)
  const { siem } = await exporting({ log, target, limits: { alertMs: 30 } })
  await until(() => log.size === 2, 'the alert')
  await pause(60)
  expect((await entriesOf(log)).slice(1)).toMatchObject([
    { kind: 'alert', code: 'export-behind', severity: 'warn', about: 'siem' },
  ])
  rmSync(target.path, { recursive: true })
  await untilArrived(siem)
  expect(arrivals(linesOf(target.path))).toEqual(['0', '1'])
})

test('an outage that is short is not', { tags: ['AEX-12'] }, async () => {
  const log = await openLog(1)
  const target = fileTarget()
  mkdirSync(target.path)
  const { siem } = await exporting({ log, target, limits: { alertMs: 60_000 } })
  await untilFailing(siem, 'file-unwritable')
  rmSync(target.path, { recursive: true })
  await untilArrived(siem)
  expect(log.size).toBe(1)
})

test(
  'receivers come and go while the node runs, and those that stay are left alone',
  { tags: ['AEX-1'] },
  async () => {
    const log = await openLog(2)
    const [one, two] = [fileTarget(), { ...fileTarget(), name: 'two' }]
    const { siem } = await exporting({ log, target: one })
    await siem.configure([one, two])
    await untilArrived(siem)
    await siem.configure([two])
    await fill(log, 1)
    await untilArrived(siem)
    expect(siem.status().map(({ target }) => target)).toEqual(['two'])
    await siem.configure([two, one])
    await untilArrived(siem)
    for (const { path } of [one, two]) expect(arrivals(linesOf(path))).toEqual(['0', '1', '2'])
  },
)
