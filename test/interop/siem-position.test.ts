import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { canonicalJson, type JsonValue } from '@warren/core'
import { expect, test } from 'vitest'
import { LineReceiver } from './support/line-receiver.ts'
import {
  HEAD,
  arrivals,
  entriesOf,
  exporting,
  fileTarget,
  linesOf,
  numbers,
  openLog,
  temporaryDirectory,
  until,
  untilArrived,
} from './support/siem.ts'

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
  { tags: ['AEX-4', 'THR-38'] },
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
  'what a killed receiver had in memory comes again, though entries behind it were erased',
  { tags: ['AEX-1', 'AEX-2', 'AEX-4'] },
  async () => {
    const receiver = await LineReceiver.start()
    const log = await openLog(8, { segmentBytesMax: 1 })
    await log.erase({ segment: 4, what: 'entries' })
    await log.erase({ segment: 5, what: 'entries' })
    // Each file is a window of its own: four arrive, and the one behind the gap meets the end of the receiver.
    receiver.next.push('polite', 'polite', 'polite', 'polite', 'dying')
    const target = { ...HEAD, transport: 'tcp', port: receiver.port } as const
    const { siem } = await exporting({ log, target })
    await untilArrived(siem)
    expect(arrivals(receiver.lines())).toEqual(['3 again', '6 again', ...numbers(7, log.size)])
    expect((await entriesOf(log)).filter(({ kind }) => kind === 'export')).toMatchObject([
      { gap: [4, 6] },
    ])
  },
)

test(
  'entries that were erased after they had been sent leave no gap',
  { tags: ['AEX-4', 'THR-38'] },
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
