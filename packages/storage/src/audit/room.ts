import type { FileHandle } from 'node:fs/promises'

const CHUNK_BYTES = 65_536

/** The length of a file without the zeros at its end, which are room that was made ahead. */
export async function lengthWithoutRoom(file: Pick<FileHandle, 'stat' | 'read'>): Promise<number> {
  let { size } = await file.stat()
  const chunk = Buffer.alloc(CHUNK_BYTES)
  while (size > 0) {
    const start = Math.max(0, size - CHUNK_BYTES)
    const { bytesRead } = await file.read(chunk, 0, size - start, start)
    const last = chunk.subarray(0, bytesRead).findLastIndex((byte) => byte !== 0)
    if (last !== -1) return start + last + 1
    size = start
  }
  return 0
}
