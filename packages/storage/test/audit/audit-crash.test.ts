import { decodeEntry } from '@warren/audit'
import {
  leafHash,
  parseCheckpoint,
  TreeFrontier,
  verifyCheckpoint,
  verifyConsistency,
} from '@warren/tlog'
import { randomInt } from 'node:crypto'
import { readdirSync, statSync } from 'node:fs'
import { join } from 'node:path'
import type { AuditStore } from '@warren/storage'
import { expect, test } from 'vitest'
import { runChild } from '../run-child.ts'
import { temporaryDirectory } from '../temporary-directory.ts'
import { LOG, openAudit, suite } from './audit-node.ts'

/** A thousand take a quarter of an hour: `WARREN_KILLS=1000 pnpm test packages/storage/test/audit/audit-crash.test.ts`. */
const KILLS = Number(process.env['WARREN_KILLS'] ?? 25)
/** After every so many kills, and the last, all is read from the first entry on; after the others what is new. */
const KILLS_PER_WHOLE_READING = 25
const ACKNOWLEDGED_MAX = 300
const ONE_KILL_MS = 8_000

/** What was read up to the last checkpoint: what comes after it has to go on with that tree. */
interface Known {
  readonly tree: TreeFrontier
  readonly size: number
  readonly root: Uint8Array
}

test(
  'after each of many kills under load the log verifies, and holds all that was acknowledged',
  { tags: ['AFS-17'], timeout: KILLS * ONE_KILL_MS },
  async () => {
    const directory = join(await temporaryDirectory(), 'audit')
    const acknowledged = new Map<number, string>()
    let known: Known | undefined
    for (let round = 0; round < KILLS; round += 1) {
      const child = runChild('append-audit.ts', [directory, `${round}`])
      const awaited = randomInt(0, ACKNOWLEDGED_MAX)
      // Entries that were written and not told may lie between: this one is told at the latest some batches on.
      await child.waitFor(awaited === 0 ? 'open\n' : `\n${(known?.size ?? 0) + awaited} `)
      const lines = (await child.kill()).split('\n').slice(1, -1)
      for (const line of lines) {
        const [seq = '', rule = ''] = line.split(' ')
        expect(acknowledged.has(Number(seq)), `${line} was given twice`).toBe(false)
        acknowledged.set(Number(seq), rule)
      }
      const audit = await openAudit(directory)
      try {
        const isWhole = (round + 1) % KILLS_PER_WHOLE_READING === 0 || round === KILLS - 1
        known = await expectGoesOn(audit, known, {
          acknowledged,
          from: isWhole ? undefined : known,
        })
      } finally {
        await audit.stop()
      }
      expectClosed(directory)
    }
    console.log(
      `${KILLS} kills, ${acknowledged.size} acknowledged entries, ${known?.size} in the log`,
    )
  },
)

/**
 * Every entry reads, the tree of them all has the signed root, it begins with the tree before, and nothing told is missing.
 * Entries before `from` are not read again: that the log still begins with their tree is what the proof is for.
 */
async function expectGoesOn(
  audit: AuditStore,
  before: Known | undefined,
  { acknowledged, from }: Reading,
): Promise<Known | undefined> {
  let tree = from?.tree ?? TreeFrontier.empty(suite)
  const first = tree.size
  const checkpoint = audit.checkpoint === undefined ? undefined : signedTree(audit.checkpoint)
  const found = new Set<number>()
  for await (const { seq, bytes } of audit.entries(first)) {
    expect(seq).toBe(tree.size)
    tree = tree.append(leafHash(suite, bytes))
    const entry = decodeEntry(bytes)
    const rule = acknowledged.get(seq)
    if (rule === undefined || entry.kind !== 'decision') continue
    expect(entry.rule).toBe(rule)
    found.add(seq)
    if (entry.args.keep === 'all' && found.size % 50 === 0)
      expect((await audit.bodies(seq)).length).toBe(1)
  }
  expect([...acknowledged.keys()].filter((seq) => seq >= first && !found.has(seq))).toEqual([])
  if (checkpoint === undefined) return undefined
  const { size, root } = checkpoint
  expect([tree.size, tree.root()]).toEqual([size, root])
  if (before !== undefined) {
    const proof = await audit.consistencyProof(before.size)
    verifyConsistency(suite, proof, { oldSize: before.size, oldRoot: before.root, size, root })
  }
  return { tree, size, root }
}

interface Reading {
  readonly acknowledged: ReadonlyMap<number, string>
  /** Where to begin; at the first entry when absent. */
  readonly from: Known | undefined
}

function signedTree(text: string): { readonly size: number; readonly root: Uint8Array } {
  return verifyCheckpoint({ suite, checkpoint: parseCheckpoint(text), log: LOG })
}

function expectClosed(directory: string): void {
  const names = readdirSync(join(directory, 'segments')).toSorted()
  for (const name of names.slice(0, -1)) {
    expect(statSync(join(directory, 'segments', name)).mode & 0o777).toBe(0o400)
  }
}
