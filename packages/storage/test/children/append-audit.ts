import { writeSync } from 'node:fs'
import { decision, openAudit } from '../audit/audit-node.ts'

const CALLERS = 24

/** Appends for ever, many at a time, and says of each entry where it lies as soon as it is told. */
const [directory = '', round = ''] = process.argv.slice(2)
writeSync(1, 'open\n')
const audit = await openAudit(directory, { limits: { segmentBytesMax: 60_000 } })
await Promise.all(Array.from({ length: CALLERS }, async (_, caller) => call(caller)))

async function call(caller: number): Promise<never> {
  for (let number = 0; ; number += 1) {
    const rule = `${round}.${caller}.${number}`
    const keep = number % 5 === 0 ? 'all' : 'hash'
    const { seq } = await audit.append(decision({ rule, args: { keep, value: { rule } } }))
    writeSync(1, `${seq} ${rule}\n`)
  }
}
