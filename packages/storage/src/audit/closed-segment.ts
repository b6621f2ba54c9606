import { access } from 'node:fs/promises'
import { parseCheckpointLine } from './checkpoint-line.ts'
import { readLines } from './read-lines.ts'
import { segmentKeyPath, segmentPath } from './segment-name.ts'

/** A segment to which nothing is added any more. */
export interface ClosedSegment {
  /** The place of its first entry. */
  readonly first: number
  /** Whether its entries are there still. */
  readonly hasEntries: boolean
  /** Whether its key is there, and with it what was kept and the salts. */
  readonly hasValues: boolean
  /** The note of the checkpoint behind its last entry; undefined where what comes after was erased as well. */
  readonly checkpoint: string | undefined
}

/** What a closed segment holds; the one behind it begins with its last checkpoint. */
export async function closedSegment(
  directory: string,
  { first, next }: { readonly first: number; readonly next: number | undefined },
): Promise<ClosedSegment> {
  return {
    first,
    hasEntries: await isThere(segmentPath(directory, first)),
    hasValues: await isThere(segmentKeyPath(directory, first)),
    checkpoint: next === undefined ? undefined : await firstNote(segmentPath(directory, next)),
  }
}

async function firstNote(path: string): Promise<string | undefined> {
  if (!(await isThere(path))) return undefined
  for await (const [line] of readLines({ path })) {
    return line === undefined ? undefined : parseCheckpointLine(line.bytes)?.note
  }
  return undefined
}

async function isThere(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  )
}
