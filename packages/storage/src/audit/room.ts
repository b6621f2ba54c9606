import type { FileHandle } from 'node:fs/promises'
import { StorageError } from '../storage-error.ts'

const CHUNK_BYTES = 65_536
/** The longest room that is looked through; what a log makes ahead is less than half of it. */
export const ROOM_BYTES_MAX: number = 16 * 1_048_576

/**
 * The length of a file without the zeros at its end, which are room that was made ahead.
 *
 * @throws StorageError `audit-damaged` where there are more of them than any log makes
 */
export async function lengthWithoutRoom(file: Pick<FileHandle, 'stat' | 'read'>): Promise<number> {
  const { size } = await file.stat()
  const chunk = Buffer.alloc(CHUNK_BYTES)
  for (let end = size; end > 0; end = Math.max(0, end - CHUNK_BYTES)) {
    if (size - end > ROOM_BYTES_MAX) throw tooMuchRoom()
    const start = Math.max(0, end - CHUNK_BYTES)
    const { bytesRead } = await file.read(chunk, 0, end - start, start)
    const last = chunk.subarray(0, bytesRead).findLastIndex((byte) => byte !== 0)
    if (last !== -1) return start + last + 1
  }
  return 0
}

/** Says that a segment has more zeros in a row than any log makes. */
export function tooMuchRoom(): StorageError {
  return new StorageError(
    'audit-damaged',
    `a segment has more than ${ROOM_BYTES_MAX} zeros in a row, which no log makes`,
  )
}
