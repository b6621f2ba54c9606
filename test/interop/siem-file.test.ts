import { appendFileSync, existsSync, mkdirSync, renameSync, symlinkSync } from 'node:fs'
import { expect, test } from 'vitest'
import {
  arrivals,
  exporting,
  fileTarget,
  fill,
  linesOf,
  openLog,
  untilArrived,
  untilFailing,
} from './support/siem.ts'

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
