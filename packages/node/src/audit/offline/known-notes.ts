import { nodeSuite as suite } from '@warren/crypto/node-suite'
import { AuditArchive, readSharedFile } from '@warren/storage'
import { NOTE_BYTES_MAX } from '@warren/tlog'

/**
 * Cosigned checkpoints of one directory that are verified, the newest of them: more than a node keeps, so that of an
 * honest log all are, and of a file that somebody has filled no more than takes seconds.
 */
export const COSIGNED_NOTES_MAX = 8_192

/** Checkpoints of one directory that were not looked at. */
export interface LeftOutNotes {
  readonly directory: string
  readonly count: number
  /** The largest tree that one of them claims. */
  readonly sizeMax: number
}

/** What others have seen of a log, as far as it is looked at. */
export interface KnownNotes {
  readonly notes: readonly string[]
  readonly leftOut: readonly LeftOutNotes[]
}

export interface NoteSources {
  /** Files with checkpoints that others have kept. */
  readonly checkpoints?: readonly string[]
  /** Directories of other copies of the same log. */
  readonly copies?: readonly string[]
}

/**
 * Checkpoints that others have kept, of a log and of its copies; those that are given by name are all among them.
 *
 * @throws StorageError
 */
export async function readNotes(
  archive: AuditArchive,
  { checkpoints = [], copies = [] }: NoteSources,
): Promise<KnownNotes> {
  const given: string[] = []
  for (const path of checkpoints) given.push(`${await readSharedFile(path, NOTE_BYTES_MAX)}\n`)
  const parts = [await cosignedNotes(archive)]
  for (const directory of copies) {
    const copy = await AuditArchive.open(directory, suite)
    if (copy.checkpoint !== undefined) given.push(copy.checkpoint)
    parts.push(await cosignedNotes(copy))
  }
  return {
    notes: [...parts.flatMap(({ notes }) => notes), ...given],
    leftOut: parts.flatMap(({ leftOut }) => leftOut),
  }
}

/**
 * The newest cosigned checkpoints beside a log that are of so many entries at least.
 *
 * @throws StorageError
 */
export async function cosignedNotes(
  { cosigned, directory }: Pick<AuditArchive, 'cosigned' | 'directory'>,
  sizeMin = 0,
): Promise<KnownNotes> {
  const all = (await cosigned.all()).filter(({ size }) => size >= sizeMin)
  const notes = all.slice(-COSIGNED_NOTES_MAX).map(({ note }) => note)
  const old = all.slice(0, -COSIGNED_NOTES_MAX)
  if (old.length === 0) return { notes, leftOut: [] }
  const sizeMax = old.reduce((most, { size }) => Math.max(most, size), 0)
  return { notes, leftOut: [{ directory, count: old.length, sizeMax }] }
}
