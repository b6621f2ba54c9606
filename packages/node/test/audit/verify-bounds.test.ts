import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { nodeSuite as suite } from '@warren/crypto'
import { parseDid } from '@warren/identity'
import { createCharter } from '@warren/membership'
import { expect, test } from 'vitest'
import { cosignedHead, grow, keepHead, signedLog, verdictOn } from './signed-log.ts'

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
