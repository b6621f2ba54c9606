import { mkdirSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { nodeSuite as suite } from '@warren/crypto'
import { parseDid } from '@warren/identity'
import { createCharter } from '@warren/membership'
import { COSIGNER_LOGS_BYTES_MAX, COSIGNER_LOGS_MAX } from '@warren/storage'
import { expect, test } from 'vitest'
import { cosignerCopies } from '../../src/audit/offline/cosigner-copies.ts'
import { cosignedHead, grow, keepHead, signedLog, verdictOn } from './signed-log.ts'
import { auditDirectory } from './test-log.ts'

const FOREIGN_NAMED_MAX = 100

test(
  'starts in another mesh are found, the first of them by their numbers and the others counted',
  { tags: ['AUD-30', 'ACM-2'] },
  async () => {
    const log = await signedLog()
    const charter = createCharter({
      suite,
      name: 'plant',
      admins: [
        {
          did: parseDid(`did:webvh:Qm${'c'.repeat(44)}:warren.internal`),
          ed25519: suite.ed25519.signer(new Uint8Array(32).fill(7)),
          mlDsa44: suite.mlDsa44.signer(new Uint8Array(32).fill(8)),
        },
      ],
      k: 1,
      nowMs: 0,
    })
    await log.store.copies.writeCharter(charter.text)
    const start = async (mesh: string, count: number): Promise<void> => {
      const draft = { kind: 'start', version: '1.0.0', mesh, size: 0 } as const
      await Promise.all(Array.from({ length: count }, async () => log.store.append(draft)))
    }
    const found = async (): Promise<readonly string[]> =>
      (await verdictOn(log)).verdict.findings
        .filter(({ code }) => code === 'mesh-foreign')
        .map(({ sentence }) => sentence)

    await start(charter.meshId, 2)
    expect(await found()).toEqual([])
    await start('zQmOther', FOREIGN_NAMED_MAX)
    expect(await found()).toHaveLength(FOREIGN_NAMED_MAX)
    expect((await verdictOn(log)).clean).toBe(false)
    await start('zQmOther', 25)
    const more = await found()
    expect(more).toHaveLength(FOREIGN_NAMED_MAX + 1)
    expect(more.at(-1)).toMatch(/^And 25 more entries say/)
    await log.store.stop()
  },
)

test(
  'a checkpoint that stands beside the log many times is looked at once',
  { tags: ['AUD-30', 'ACM-3'] },
  async () => {
    const log = await signedLog()
    await grow(log, 2)
    await keepHead(log, cosignedHead(log))
    await log.store.stop()
    const path = join(log.directory, 'cosigned.log')
    const line = readFileSync(path, 'utf8')
    writeFileSync(path, line.repeat(1_000))
    const { clean, verdict } = await verdictOn(log)
    expect(clean).toBe(true)
    expect(verdict.verification.matched).toBe(1)
    expect(verdict.cosigned?.checkpoint.size).toBe(2)
  },
)

test.for([
  { count: 0, read: 0, leftOut: 0 },
  { count: COSIGNER_LOGS_MAX, read: COSIGNER_LOGS_MAX, leftOut: 0 },
  { count: COSIGNER_LOGS_MAX + 1, read: COSIGNER_LOGS_MAX, leftOut: 1 },
  { count: COSIGNER_LOGS_MAX + 90, read: COSIGNER_LOGS_MAX, leftOut: 90 },
])(
  'of $count key logs of cosigners beside a log $read are read, and $leftOut left out',
  { tags: ['AUD-30', 'AFS-21'] },
  async ({ count, read, leftOut }) => {
    const directory = auditDirectory()
    const witness = join(directory, 'witness')
    mkdirSync(witness, { recursive: true })
    for (let number = 0; number < count; number += 1) {
      writeFileSync(join(witness, `${number}.jsonl`), '')
    }
    writeFileSync(join(witness, 'other.txt'), '')
    const copies = await cosignerCopies(directory)
    expect(copies.paths).toHaveLength(read)
    expect(copies.leftOut).toBe(leftOut)
  },
)

test(
  'key logs of cosigners are read up to so many bytes, and those behind them left out and told of',
  { tags: ['AUD-30', 'AFS-21'] },
  async () => {
    const log = await signedLog()
    await grow(log, 2)
    await keepHead(log, cosignedHead(log))
    await log.store.stop()
    const path = join(log.directory, 'witness', 'z.jsonl')
    writeFileSync(path, '')
    truncateSync(path, COSIGNER_LOGS_BYTES_MAX)
    const { verdict } = await verdictOn(log)
    expect(verdict.sources.cosignersLeftOut).toBe(1)
    expect(verdict.sources.cosigners).toHaveLength(1)
    const said = verdict.findings.filter(({ code }) => code === 'cosigner-logs-left-out')
    expect(said).toMatchObject([
      { severity: 'error', sentence: expect.stringContaining('1 of them were not read') },
    ])
    expect(verdict.cosigned?.checkpoint.size).toBe(2)
    rmSync(path)
    expect((await verdictOn(log)).codes).toEqual([])
  },
)
