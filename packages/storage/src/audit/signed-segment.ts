import { BATCH_MAX } from '@warren/audit'
import {
  parseCheckpoint,
  type Sha256,
  TlogError,
  type TreeFrontier,
  verifyConsistency,
} from '@warren/tlog'
import { setImmediate as nextTurn } from 'node:timers/promises'
import { StorageError } from '../storage-error.ts'
import { readTombstone } from './closed-files.ts'
import { segmentPath } from './segment-name.ts'
import { scanSegment, type ScannedSegment } from './segment-scan.ts'

/** The tree that the node has signed last, with what was stored of it, of which nothing is believed. */
export interface SignedTree {
  /** The note of the newest checkpoint. */
  readonly checkpoint: string | undefined
  /** The right edge of the tree of a size. */
  readonly frontier: (size: number) => Promise<TreeFrontier>
  readonly consistencyProof: (oldSize: number, size: number) => Promise<readonly Uint8Array[]>
}

export interface SegmentToVerify {
  readonly directory: string
  readonly suite: Sha256
  /** The place of its first entry. */
  readonly segment: number
  /** The place behind its last entry. */
  readonly to: number
  readonly tree: SignedTree
}

/**
 * Makes sure that a closed segment holds all entries up to a place, and that they are those which the node has signed: it
 * must not sign that it has erased what somebody else has. Everything else has its turn after every batch.
 *
 * @throws StorageError `audit-damaged`, with what is wrong; `audit-erased`
 */
export async function requireSigned(input: SegmentToVerify): Promise<void> {
  const { directory, suite, segment, to, tree } = input
  const path = segmentPath(directory, segment)
  const start = await tree.frontier(segment)
  const { frontier } = await scan(path, suite, start)
  if (frontier.size !== to) {
    const next = `the next segment begins with entry ${to}`
    throw notErased(path, `is as it was signed up to entry ${frontier.size - 1} only, and ${next}`)
  }
  if (!(await isOfTree(frontier, input))) {
    throw notErased(path, 'holds other entries than those that this node has signed')
  }
}

async function scan(path: string, suite: Sha256, start: TreeFrontier): Promise<ScannedSegment> {
  try {
    const batchMax = BATCH_MAX + 1
    return await scanSegment({ path, suite, start, batchMax, onBatch: async () => nextTurn() })
  } catch (error) {
    if (!(error instanceof StorageError) || error.code !== 'file-missing') throw error
    if ((await readTombstone(path)) === undefined) throw notErased(path, 'is missing')
    throw new StorageError('audit-erased', `the entries from ${start.size} on were erased before`)
  }
}

/** Whether the newest signed tree began with this one. */
async function isOfTree(
  frontier: TreeFrontier,
  { suite, tree }: SegmentToVerify,
): Promise<boolean> {
  if (tree.checkpoint === undefined) return false
  const { size, root } = parseCheckpoint(tree.checkpoint)
  const growth = { oldSize: frontier.size, oldRoot: frontier.root(), size, root }
  const proof = await tree.consistencyProof(frontier.size, size)
  try {
    verifyConsistency(suite, proof, growth)
    return true
  } catch (error) {
    if (error instanceof TlogError) return false
    throw error
  }
}

function notErased(path: string, why: string): StorageError {
  return new StorageError(
    'audit-damaged',
    `"${path}" ${why}: nothing of it was erased, since this node would sign what it has not done; let "warren audit verify" say what is missing, and restore it from a copy`,
  )
}
