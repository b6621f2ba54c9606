import { COSIGNER_LOGS_BYTES_MAX, COSIGNER_LOGS_MAX } from '@warren/storage'
import {
  existsSync,
  mkdirSync,
  readdirSync,
  statSync,
  truncateSync,
  utimesSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { AuditCopies } from '../../src/audit/audit-copies.ts'
import { temporaryDirectory } from '../temporary-directory.ts'

const SCID = `Qm${'e'.repeat(44)}`
const OTHER = `Qm${'f'.repeat(44)}`
const FILE_BYTES_MAX = 16 * 1_048_576

interface Case {
  readonly copies: AuditCopies
  readonly witness: string
}

/** A directory with so many key logs of cosigners, each written a second after the one before, all of them long ago. */
async function kept(count: number, bytes = 1): Promise<Case> {
  const directory = join(await temporaryDirectory(), 'audit')
  const witness = join(directory, 'witness')
  mkdirSync(witness, { recursive: true, mode: 0o700 })
  for (let number = 0; number < count; number += 1) {
    const path = join(witness, `${number}.jsonl`)
    writeFileSync(path, '', { mode: 0o600 })
    truncateSync(path, bytes)
    utimesSync(path, number, number)
  }
  return { copies: new AuditCopies(directory), witness }
}

test(
  'of the key logs of cosigners those that were written longest ago go where there are too many',
  { tags: ['AFS-21'] },
  async () => {
    const { copies, witness } = await kept(COSIGNER_LOGS_MAX - 1)
    expect(await copies.writeCosignerLog(SCID, 'one')).toBe(0)
    expect(readdirSync(witness)).toHaveLength(COSIGNER_LOGS_MAX)
    // The same one again is none more.
    expect(await copies.writeCosignerLog(SCID, 'one')).toBe(0)
    expect(await copies.writeCosignerLog(OTHER, 'other')).toBe(1)
    expect(readdirSync(witness)).toHaveLength(COSIGNER_LOGS_MAX)
    expect(existsSync(join(witness, '0.jsonl'))).toBe(false)
    expect(existsSync(join(witness, '1.jsonl'))).toBe(true)
    expect(await copies.readCosignerLog(SCID)).toBe('one')
  },
)

test('what is many more than there may be goes at once', { tags: ['AFS-21'] }, async () => {
  const { copies, witness } = await kept(COSIGNER_LOGS_MAX + 50)
  mkdirSync(join(witness, 'no-file.jsonl'))
  expect(await copies.writeCosignerLog(SCID, 'one')).toBe(51)
  expect(existsSync(join(witness, '50.jsonl'))).toBe(false)
  expect(existsSync(join(witness, '51.jsonl'))).toBe(true)
})

test.for([
  { written: 1, gone: 1 },
  { written: FILE_BYTES_MAX, gone: 1 },
])(
  'beside as many bytes as there may be, $written bytes more let $gone go',
  { tags: ['AFS-21'] },
  async ({ written, gone }) => {
    const count = COSIGNER_LOGS_BYTES_MAX / FILE_BYTES_MAX
    const { copies, witness } = await kept(count, FILE_BYTES_MAX)
    expect(await copies.writeCosignerLog(SCID, 'x'.repeat(written))).toBe(gone)
    const sizes = readdirSync(witness).map((name) => statSync(join(witness, name)).size)
    expect(sizes.reduce((sum, size) => sum + size, 0)).toBeLessThanOrEqual(COSIGNER_LOGS_BYTES_MAX)
    const tooLong = copies.writeCosignerLog(OTHER, 'x'.repeat(FILE_BYTES_MAX + 1))
    await expect(tooLong).rejects.toMatchObject({ code: 'file-too-large' })
    expect(existsSync(join(witness, `${OTHER}.jsonl`))).toBe(false)
  },
)
