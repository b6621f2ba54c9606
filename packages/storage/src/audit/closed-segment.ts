import { access } from 'node:fs/promises'
import { StorageError } from '../storage-error.ts'
import { parseCheckpointLine } from './checkpoint-line.ts'
import { readLines } from './read-lines.ts'
import { segmentKeyPath, segmentPath } from './segment-name.ts'

/** A segment to which nothing is added any more. */
export interface ClosedSegment {
  /** The place of its first entry. */
  readonly first: number
  /** The place behind its last entry. */
  readonly end: number
  /** Whether its entries are there still. */
  readonly hasEntries: boolean
  /** Whether its key is there, and with it what was kept and the salts. */
  readonly hasValues: boolean
  /**
   * The note of the checkpoint behind its last entry, or where what comes next was erased as well, of the first one later
   * that is there; its time is that or later.
   */
  readonly checkpoint: string | undefined
}

/** What segments hold that are closed, the oldest first; each one that is there begins with the last checkpoint before it. */
export async function closedSegments(
  directory: string,
  firsts: readonly number[],
): Promise<readonly ClosedSegment[]> {
  const found: ClosedSegment[] = []
  let end = firsts.at(-1)
  let checkpoint = end === undefined ? undefined : await firstNote(directory, end)
  for (const first of firsts.slice(0, -1).toReversed()) {
    const note = await firstNote(directory, first)
    found.push({
      first,
      end: end ?? first,
      hasEntries: await isThere(segmentPath(directory, first)),
      hasValues: await isThere(segmentKeyPath(directory, first)),
      checkpoint,
    })
    end = first
    checkpoint = note ?? checkpoint
  }
  return found.toReversed()
}

/** The checkpoint with which a segment begins; undefined where it is not there, or begins with one of another tree. */
async function firstNote(directory: string, first: number): Promise<string | undefined> {
  const path = segmentPath(directory, first)
  if (!(await isThere(path))) return undefined
  try {
    for await (const [line] of readLines({ path })) {
      const checkpoint = line === undefined ? undefined : parseCheckpointLine(line.bytes)
      return checkpoint?.size === first ? checkpoint.note : undefined
    }
  } catch (error) {
    // One that cannot be read dates none before it, and must not keep the others; whoever is to erase it is told.
    if (!(error instanceof StorageError)) throw error
  }
  return undefined
}

async function isThere(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  )
}
