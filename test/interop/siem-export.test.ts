import { existsSync, mkdirSync, readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import type { ExportTarget } from '@warren/node'
import { expect, test } from 'vitest'
import { LineReceiver } from './support/line-receiver.ts'
import {
  HEAD,
  arrivals,
  entriesOf,
  exporting,
  fileTarget,
  fill,
  linesOf,
  numbers,
  openLog,
  temporaryDirectory,
  until,
  untilArrived,
  untilFailing,
} from './support/siem.ts'

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
  { tags: ['AEX-1', 'AEX-2', 'AEX-3', 'THR-38'] },
  async ([manner, code]) => {
    const receiver = await LineReceiver.start()
    receiver.manner = manner
    const log = await openLog(6)
    const { siem } = await exporting({
      log,
      target: { ...HEAD, transport: 'tcp', port: receiver.port },
      limits: { windowMs: 2_000 },
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
    const first = await exporting({ log, target, directory })
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
