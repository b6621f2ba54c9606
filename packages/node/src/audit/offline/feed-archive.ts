import { statSync } from 'node:fs'
import { join } from 'node:path'
import type { LogVerifier } from '@warren/audit'
import { type AuditArchive, StorageError } from '@warren/storage'

/** A segment that was not read to its end, and why. */
export interface UnreadSegment {
  /** The place of its first entry. */
  readonly first: number
  /** Its file, below the directory of the log. */
  readonly name: string
  readonly reason: string
}

/**
 * Gives a verifier all segments of an archive, and tells which it could not be given whole.
 *
 * @throws StorageError `file-unreadable`
 */
export async function feedArchive(
  verifier: LogVerifier,
  archive: AuditArchive,
  onProgress: ((done: number) => void) | undefined,
): Promise<readonly UnreadSegment[]> {
  const total = archive.segments.reduce((sum, first) => sum + bytesOf(archive, first), 0)
  const unread: UnreadSegment[] = []
  let done = 0
  const onBytes = (count: number): void => {
    done += count
    onProgress?.(total === 0 ? 1 : Math.min(1, done / total))
  }
  for (const first of archive.segments) {
    try {
      await feedSegment({ verifier, archive, first, onBytes })
    } catch (error) {
      if (!(error instanceof StorageError) || error.code !== 'audit-damaged') throw error
      unread.push({ first, name: nameOf(first), reason: error.message })
    }
  }
  return unread
}

interface SegmentToFeed {
  readonly verifier: LogVerifier
  readonly archive: AuditArchive
  readonly first: number
  readonly onBytes: (count: number) => void
}

async function feedSegment({ verifier, archive, first, onBytes }: SegmentToFeed): Promise<void> {
  let begun = false
  for await (const bytes of archive.segmentBytes(first)) {
    // One that was erased, or is not there, shows as a gap.
    if (!begun) verifier.beginSegment(nameOf(first))
    begun = true
    verifier.push(bytes)
    onBytes(bytes.length)
  }
}

function nameOf(first: number): string {
  return `segments/${String(first).padStart(12, '0')}.log`
}

function bytesOf({ directory }: AuditArchive, first: number): number {
  return statSync(join(directory, nameOf(first)), { throwIfNoEntry: false })?.size ?? 0
}
