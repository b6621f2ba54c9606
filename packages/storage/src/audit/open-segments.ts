import { TreeFrontier } from '@warren/tlog'
import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { equals } from 'uint8arrays/equals'
import { ensurePrivateDirectory } from '../private-file.ts'
import { StorageError } from '../storage-error.ts'
import { ActiveSegment, type SegmentContext } from './active-segment.ts'
import { parseCheckpointLine } from './checkpoint-line.ts'
import { finishClosing, listSegments } from './closed-files.ts'
import type { CosignedFile } from './cosigned-file.ts'
import { readSlices } from './entry-reader.ts'
import { readLines } from './read-lines.ts'
import { segmentPath } from './segment-name.ts'
import { scanSegment } from './segment-scan.ts'
import { TileStore } from './tile-store.ts'

/** Where a log stood when its files were closed. */
export interface LogPosition {
  /** Computed from the entries. */
  readonly frontier: TreeFrontier
  /** The note of the newest checkpoint, and the bytes of the newest entry; undefined for a log without entries. */
  readonly end: { readonly checkpoint: string; readonly lastEntry: Uint8Array } | undefined
}

interface OpenInput {
  readonly context: SegmentContext
  readonly cosigned: CosignedFile
}

/** What was found on the disk, and is fit to go on with. */
export interface OpenedSegments {
  readonly firsts: readonly number[]
  readonly segment: ActiveSegment
  readonly tiles: TileStore
  readonly position: LogPosition
}

/**
 * Opens what is on the disk, or begins anew where nothing is.
 *
 * The tree is computed again from the entries of the last segment, and compared with every checkpoint in it, with the
 * tiles and with what others have cosigned.
 *
 * @throws StorageError `audit-damaged`, `audit-key-wrong`; AppendFailure
 */
export async function openSegments(
  context: SegmentContext,
  cosigned: CosignedFile,
): Promise<OpenedSegments> {
  const { directory } = context
  for (const name of ['.', 'segments', 'bodies', 'keys', 'tile']) {
    await ensurePrivateDirectory(join(directory, name))
  }
  const firsts = [...(await listSegments(directory))]
  const opened = await openLast({ context, cosigned }, firsts)
  for (const first of firsts.slice(0, -1)) await finishClosing(segmentPath(directory, first))
  return { firsts, ...opened }
}

async function openLast(
  input: OpenInput,
  firsts: number[],
): Promise<Omit<OpenedSegments, 'firsts'>> {
  const { context, cosigned } = input
  const first = firsts.at(-1)
  if (first === undefined) return begin(input, firsts)
  const path = segmentPath(context.directory, first)
  const tiles = await openTiles(context, firsts, first)
  const start = await tiles.frontier()
  const onBatch = async (leaves: readonly Uint8Array[]): Promise<void> => tiles.append(leaves)
  const scanned = await scanSegment({ path, suite: context.suite, start, onBatch })
  if (scanned.checkpoint === undefined && first > 0) {
    // A crash came between the making of the file and its first line: the segment before is still the last.
    await rm(path)
    firsts.pop()
    return openLast(input, firsts)
  }
  await checkNothingLost(tiles, cosigned)
  const segment = await ActiveSegment.open(context, start, scanned)
  const { frontier, checkpoint } = scanned
  const lastEntry = scanned.lastEntry ?? (await lastEntryBefore(context.directory, firsts, first))
  const end =
    checkpoint === undefined || lastEntry === undefined ? undefined : { checkpoint, lastEntry }
  return { segment, tiles, position: { frontier, end } }
}

async function begin(
  { context, cosigned }: OpenInput,
  firsts: number[],
): Promise<Omit<OpenedSegments, 'firsts'>> {
  const frontier = TreeFrontier.empty(context.suite)
  const tiles = await TileStore.open(context, 0)
  await checkNothingLost(tiles, cosigned)
  const segment = await ActiveSegment.create(context, frontier, undefined)
  firsts.push(0)
  return { segment, tiles, position: { frontier, end: undefined } }
}

/** The last entry of the segment before one that has none yet. */
async function lastEntryBefore(
  directory: string,
  firsts: readonly number[],
  first: number,
): Promise<Uint8Array | undefined> {
  if (first === 0) return undefined
  const source = { directory, firsts, active: { first, length: 0 } }
  let last: Uint8Array | undefined
  for await (const { entries } of readSlices(source, first - 1))
    last = entries.at(-1)?.bytes ?? last
  return last
}

/** The tiles as they were when the last segment began, made anew where they do not fit its first line. */
async function openTiles(
  context: SegmentContext,
  firsts: readonly number[],
  first: number,
): Promise<TileStore> {
  if (first === 0) return TileStore.open(context, 0)
  const root = await firstRoot(segmentPath(context.directory, first))
  try {
    const tiles = await TileStore.open(context, first)
    const frontier = await tiles.frontier()
    if (root === undefined || equals(frontier.root(), root)) return tiles
  } catch (error) {
    if (!(error instanceof StorageError) || error.code !== 'audit-damaged') throw error
  }
  return rebuildTiles(context, firsts.slice(0, -1))
}

async function rebuildTiles(
  context: SegmentContext,
  firsts: readonly number[],
): Promise<TileStore> {
  const tiles = await TileStore.open(context, 0)
  for (const first of firsts) {
    const path = segmentPath(context.directory, first)
    const start = await tiles.frontier()
    if (start.size !== first) {
      throw new StorageError('audit-damaged', `the segment before "${path}" has lost entries`)
    }
    const onBatch = async (leaves: readonly Uint8Array[]): Promise<void> => tiles.append(leaves)
    await scanSegment({ path, suite: context.suite, start, onBatch })
  }
  await tiles.seal()
  return tiles
}

async function firstRoot(path: string): Promise<Uint8Array | undefined> {
  for await (const [line] of readLines({ path })) {
    return line?.ended === true ? parseCheckpointLine(line.bytes)?.root : undefined
  }
  return undefined
}

/** A log whose end was cut off goes on well by itself: what is left of its end elsewhere gives it away. */
async function checkNothingLost(tiles: TileStore, cosigned: CosignedFile): Promise<void> {
  if (await tiles.hasMore()) throw rolledBack('there are tiles of entries that it does not have')
  for (const { size, root } of (await cosigned.all()).slice(-1)) {
    if (size > tiles.size) throw rolledBack(`others have cosigned ${size} entries of it`)
    const frontier = await tiles.frontier(size)
    if (!equals(frontier.root(), root)) throw rolledBack('others have cosigned other entries')
  }
}

function rolledBack(why: string): StorageError {
  return new StorageError(
    'audit-damaged',
    `the audit log has lost entries: ${why}; restore its newest copy, or move the audit directory away to begin a new log`,
  )
}
