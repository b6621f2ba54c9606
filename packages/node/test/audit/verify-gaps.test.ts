import { appendFileSync, chmodSync, rmSync, statSync, truncateSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import {
  cosignedHead,
  grow,
  keepHead,
  linesOf,
  replaceSegment,
  signedLog,
  type SignedLog,
  verdictOn,
} from './signed-log.ts'

/** Zeros in a row that a log may have, how many are looked at together, and what takes minutes to read. */
const ROOM_BYTES_MAX = 16 * 1_048_576
const CHUNK_BYTES = 65_536
const SPARSE_BYTES = 2 ** 36

/** A log of three segments, the second of which was erased. */
async function logWithGap(): Promise<SignedLog> {
  const log = await signedLog()
  await grow(log, 14)
  const [, second = 0] = log.store.segments
  await log.store.erase({ segment: second, what: 'entries' })
  await log.store.stop()
  return log
}

function forged(lines: readonly string[]): readonly string[] {
  return lines.filter((line) => line.startsWith('{')).map((line) => line.replace('honest', 'other'))
}

test(
  'lines that were put before an erased stretch are found, though nothing but checkpoints went',
  { tags: ['AUD-16', 'AUD-20', 'ACM-2', 'THR-42'] },
  async () => {
    const log = await logWithGap()
    expect(await verdictOn(log)).toMatchObject({ clean: true, codes: [] })
    const honest = linesOf(log, 0)

    replaceSegment(log, 0, forged(honest))
    for (const everySignature of [false, true]) {
      const { clean, codes, verdict } = await verdictOn(log, { everySignature })
      expect(clean).toBe(false)
      expect(codes).toEqual(['checkpoint-missing', 'segment-missing'])
      expect(verdict.findings[0]).toMatchObject({
        seq: 0,
        place: { segment: 'segments/000000000000.log', line: 1 },
      })
    }

    const [line = ''] = forged(honest)
    replaceSegment(log, 0, [...honest, line])
    expect((await verdictOn(log)).codes).toEqual(['checkpoint-missing'])
  },
)

test(
  'a segment that was made up where one was erased is found, even of one line',
  { tags: ['AUD-20', 'ACM-2', 'THR-42'] },
  async () => {
    const log = await signedLog()
    await grow(log, 14)
    const lines = forged(linesOf(log, 0))
    const [, second = 0] = log.store.segments
    expect(lines).toHaveLength(second)
    await log.store.erase({ segment: 0, what: 'entries' })
    await log.store.stop()
    expect(await verdictOn(log)).toMatchObject({ clean: true, codes: [] })

    for (const count of [1, second - 1]) {
      replaceSegment(log, 0, lines.slice(0, count))
      const { clean, codes } = await verdictOn(log, { everySignature: true })
      expect(clean).toBe(false)
      expect(codes).toEqual(['checkpoint-missing'])
    }
    // As many as were erased: the signed root tells that they are others.
    replaceSegment(log, 0, lines)
    const { clean, codes } = await verdictOn(log)
    expect(clean).toBe(false)
    expect(codes).toContain('entry-changed')
  },
)

test(
  'a log that its node has rewritten is found as a fork also once the rewritten part was erased',
  { tags: ['AUD-19', 'AUD-29', 'ACM-3'] },
  async () => {
    const seen = await signedLog()
    await grow(seen, 2)
    const log = await signedLog()
    await grow(log, 12, 'rewritten')
    await keepHead(log, cosignedHead(seen))
    expect((await verdictOn(log)).codes).toEqual(['forked'])

    await log.store.erase({ segment: 0, what: 'entries' })
    await log.store.stop()
    const { clean, codes, verdict } = await verdictOn(log)
    expect(clean).toBe(false)
    expect(codes).toEqual(['forked'])
    expect(verdict.cosigned).toBeUndefined()
    expect(verdict.notChecked).toContainEqual(
      expect.stringContaining('No cosignature covers entries 0 to'),
    )
  },
)

test(
  'what was cosigned before it was erased still counts, and counts no more once no tile tells of it',
  { tags: ['AUD-29', 'ACM-3'] },
  async () => {
    const log = await signedLog()
    await grow(log, 3)
    await keepHead(log, cosignedHead(log))
    await grow(log, 10)
    await log.store.erase({ segment: 0, what: 'entries' })
    await log.store.stop()
    const honest = await verdictOn(log)
    expect(honest).toMatchObject({ clean: true, codes: [] })
    expect(honest.verdict.cosigned?.checkpoint.size).toBe(3)
    expect(honest.verdict.verification.matched).toBe(1)

    rmSync(join(log.directory, 'tile'), { recursive: true })
    const blind = await verdictOn(log)
    expect(blind.clean).toBe(false)
    expect(blind.codes).toEqual(
      expect.arrayContaining(['tree-unknown', 'cosigned-unchecked', 'segment-missing']),
    )
    expect(blind.verdict.cosigned).toBeUndefined()
  },
)

test(
  'a log from which what is old is erased again and again verifies, in whatever order that happens',
  { tags: ['AUD-15', 'ACM-2', 'ACM-7', 'AFS-23'] },
  async () => {
    const log = await signedLog()
    for (let generation = 0; generation < 3; generation += 1) {
      await grow(log, 12)
      const closed = await log.store.closedSegments()
      const old = closed.filter(({ hasEntries }) => hasEntries).map(({ first }) => first)
      const order = generation === 1 ? old.toReversed() : old
      for (const segment of order.slice(0, -1)) await log.store.erase({ segment, what: 'entries' })
      expect(await verdictOn(log)).toMatchObject({ clean: true, codes: [] })
    }
    await log.store.stop()
  },
)

test(
  'a segment that grew to many zeros, which cost nobody a disk, is a finding and is not read through',
  { tags: ['AUD-30', 'ACM-2'] },
  async () => {
    const log = await signedLog()
    await grow(log, 14)
    await log.store.stop()
    const [, second = 0] = log.store.segments
    const path = join(log.directory, 'segments', `${String(second).padStart(12, '0')}.log`)
    chmodSync(path, 0o600)
    const { size } = statSync(path)
    // As a crash in the middle of its closing leaves it, up to what no log makes.
    truncateSync(path, size + ROOM_BYTES_MAX)
    expect(await verdictOn(log)).toMatchObject({ clean: true, codes: [] })
    truncateSync(path, size + ROOM_BYTES_MAX + CHUNK_BYTES)
    expect((await verdictOn(log)).codes).toContain('segment-unreadable')
    truncateSync(path, size + SPARSE_BYTES)
    const ending = await verdictOn(log)
    expect(ending.clean).toBe(false)
    expect(ending.codes).toEqual(expect.arrayContaining(['segment-missing', 'segment-unreadable']))

    appendFileSync(path, 'x')
    const between = await verdictOn(log)
    expect(between.clean).toBe(false)
    expect(between.codes).toContain('segment-unreadable')
    truncateSync(path, size)
    expect(await verdictOn(log)).toMatchObject({ clean: true, codes: [] })
  },
)
